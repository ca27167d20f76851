"""Of several drafts the one is kept that the judge finds likeliest, and the record says so."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from made_up_signer import signer

from signgen.data.sidecar import read_sidecar
from signgen.errors import ConfigError
from signgen.text2pose.base import sources
from signgen.workflow import n_best
from signgen.workflow.generate import generate_poses
from signgen.workflow.n_best import best_of


@dataclass(frozen=True)
class Lengths:
    """A source whose clips are as long as their seed says."""

    def __call__(self, text, *, seed=0):
        return signer(10 + seed)


def judge(best: int, name: str):
    """Finds clips of ``best`` frames likeliest."""

    def log_likelihood(poses, texts):
        found = [
            [-abs(len(clip) - best) * len(text), len(text)] for clip, text in zip(poses, texts, strict=True)
        ]
        return SimpleNamespace(statistics=np.array(found, float))

    return SimpleNamespace(log_likelihood=log_likelihood, card=SimpleNamespace(id=name))


@pytest.fixture
def judges(monkeypatch):
    known = {"one": (judge(14, "a"),), "two": (judge(12, "a"), judge(15, "b"), judge(15, "c"))}
    monkeypatch.setattr(n_best, "_judges", lambda spec: known[spec])


@pytest.mark.parametrize(
    ("spec", "seed", "count", "frames"),
    [("one", 0, 8, 14), ("one", 0, 3, 12), ("one", 6, 3, 16), ("two", 0, 9, 15), ("one", 4, 1, 14)],
)
def test_the_likeliest_is_kept(judges, spec, seed, count, frames):
    made = best_of(Lengths(), "four", seed=seed, count=count, judge=spec)
    assert len(made.poses) == frames
    account = made.report["n_best"]
    assert account["seed"] == frames - 10
    assert len(account["log_likelihood_per_character"]) == count
    if spec == "one":
        wanted = [-abs(seed + n + 10 - 14) for n in range(count)]
        assert account["log_likelihood_per_character"] == pytest.approx(wanted)


def test_a_judge_must_be_named():
    with pytest.raises(ConfigError, match="name one with --judge"):
        best_of(Lengths(), "x", seed=0, count=2, judge="")


def test_generate_keeps_the_best_and_says_so(judges, monkeypatch, tmp_path):
    monkeypatch.setitem(sources._parts, "lengths", Lengths)
    config = {"source": {"name": "lengths"}, "n_best": 6, "judge": "one"}
    result = generate_poses("four", tmp_path / "a.npz", config)
    assert result.frames == 14
    record = read_sidecar(result.outputs[-1])
    assert record.account["report"]["n_best"]["seed"] == 4
    assert record.config["n_best"] == 6
