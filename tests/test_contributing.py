"""The templates of CONTRIBUTING.md are real parts: they register, pass the checks and work together."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from signgen.lexicon.rules.base import Clause, Word, rule_sets
from signgen.render.base import renderers
from signgen.text2pose.base import sources

PAGE = Path(__file__).parents[1] / "CONTRIBUTING.md"
TEMPLATES = re.findall(
    r"```python\n# (signgen/\S+)\.py\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL
)


@pytest.fixture
def templates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every template, loaded as the module that its first line names; forgotten after the test."""
    registries = (sources, renderers, rule_sets)
    for registry in registries:
        monkeypatch.setattr(registry, "_parts", {name: registry.get(name) for name in registry.names()})
    for path, code in TEMPLATES:
        module = ModuleType(path.replace("/", "."))
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(compile(code, f"{path}.py", "exec"), module.__dict__)


def test_there_is_one_template_for_each_kind_of_part():
    assert [path for path, _ in TEMPLATES] == [
        "signgen/text2pose/wave",
        "signgen/render/stars",
        "signgen/lexicon/rules/backwards",
    ]


@pytest.mark.usefixtures("templates")
def test_source_and_renderer_work_together():
    poses = sources.build({"name": "wave", "fps": 10, "size": 65})("two words")
    frames = list(renderers.build({"name": "stars", "brightness": 7})(poses))
    assert (len(poses), len(frames)) == (20, 20)
    assert {frame.shape for frame in frames} == {(66, 66, 3)}
    assert np.unique(frames).tolist() == [0, 7]
    assert (np.array(frames) > 0).any(axis=-1).sum(axis=(1, 2)).tolist() == [4] * 20


@pytest.mark.usefixtures("templates")
def test_rule_set_returns_every_token():
    words = tuple(Word(text, text, (index,)) for index, text in enumerate(("one", "two", "three")))
    arranged = rule_sets.build({"name": "backwards"})(Clause(words))
    assert [wanted.text for wanted in arranged.wanted] == ["three", "two", "one"]
    assert sorted(token for wanted in arranged.wanted for token in wanted.tokens) == [0, 1, 2]


@pytest.mark.usefixtures("templates")
@pytest.mark.parametrize(("registry", "name"), [(sources, "wave"), (renderers, "stars")])
def test_settings_are_documented(registry, name):
    assert all(setting.doc and setting.default for setting in registry.settings(name))
