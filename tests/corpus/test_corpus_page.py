"""docs/corpus.md says what the program does."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from signgen.config import load_yaml
from signgen.corpus.grammar_file import built_in, read_grammar
from signgen.corpus.look import facts, samples
from signgen.corpus.settings import STYLES, CorpusSettings, Style, prepare

PAGE = (Path(__file__).parents[2] / "docs" / "corpus.md").read_text(encoding="utf-8")


def test_the_grammar_of_the_page_can_be_read(tmp_path):
    path = tmp_path / "page.yaml"
    path.write_text(re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1], encoding="utf-8")
    texts = {line["text"] for line in samples(read_grammar(path), 300, 0)}
    assert {"Last week, Anna ate an apple.", "She eats bread.", "What do I eat?"} <= texts


def written(value):
    if isinstance(value, tuple):
        return value[0] if value[0] == value[1] else f"{value[0]:g}, {value[1]:g}"
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


@pytest.mark.parametrize("field", dataclasses.fields(Style), ids=lambda field: field.name)
def test_every_setting_of_a_style_is_on_the_page_with_its_values(field):
    row = next(line for line in PAGE.splitlines() if re.match(rf"\| .*`{field.name}`", line))
    names, clean, real, _ = (cell.strip() for cell in row.strip("|").split("|"))
    place = re.findall(r"`(\w+)`", names).index(field.name)
    for preset, cell in (("dictionary", clean), ("real", real if real != "the same" else clean)):
        cells = [cell] if "," not in names else cell.split(", ")
        shown, value = cells[place], written(getattr(STYLES[preset], field.name))
        assert shown == (f"{value:g}" if isinstance(value, float) else str(value))


@pytest.mark.parametrize("name", built_in())
def test_the_sizes_of_the_grammars_are_right(name):
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}`"))
    found = facts(read_grammar(name))
    numbers = [int(number) for number in re.findall(r"\b\d+\b", row.split("|")[2])]
    assert sum(numbers) == found["glosses"]
    assert float(row.split("|")[3].replace(",", "")) == pytest.approx(found["derivations"], rel=0.02)


CONFIGS = Path(__file__).parents[2] / "configs" / "corpus"


def test_the_config_writes_out_every_default():
    values = load_yaml(CONFIGS / "real.yaml")
    assert prepare(values) == prepare()
    assert set(values) == {field.name for field in dataclasses.fields(CorpusSettings)}
    assert set(values["style"]) == {field.name for field in dataclasses.fields(Style)}


def test_the_smoke_config_is_valid():
    assert prepare(load_yaml(CONFIGS / "smoke.yaml")).counts() == {"train": 8, "dev": 1, "test": 1}
