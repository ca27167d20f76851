"""Figures and card: sums that can be worked out by hand."""

from __future__ import annotations

import dataclasses

import pytest
import yaml
from corpus import SETTINGS

from signgen.dataset.build import build_dataset
from signgen.dataset.card import card
from signgen.dataset.manifest import Sample, write_manifest
from signgen.dataset.reasons import REASONS, Reason
from signgen.dataset.stats import Figures, read_statuses, stats
from signgen.dataset.status import CAPTIONS, POSES, TOLD, VERDICT, StageRecord, Status
from signgen.errors import DataError


def video(name, frames, fps, hands, face, reasons=(), notes=(), text=True, **more):
    sample = {name: value for name, value in more.items() if name in TOLD}
    facts = {"frames": frames, "fps": fps, "seconds": frames / fps, "any_hand": hands, "face": face}
    facts |= {name: value for name, value in more.items() if name not in TOLD}
    stages = {
        CAPTIONS: StageRecord("", {}, facts={"has_text": text}),
        POSES: StageRecord("", {}, facts=facts, notes=tuple(Reason(note) for note in notes)),
        VERDICT: StageRecord("", {}, reasons=tuple(Reason(reason) for reason in reasons)),
    }
    return Status(name, sample, stages)


STATUSES = [
    video("a", 100, 25.0, 1.0, 0.5, split="train", signed_language="ase"),
    video("b", 300, 25.0, 0.5, 1.0, split="train", signed_language="gsg", notes=["rotated"], text=False),
    video("c", 90000, 25.0, 0.0, 0.0, split="dev"),
    video("d", 500, 25.0, 1.0, 1.0, reasons=["too-short", "jitter"]),
    video("e", 500, 25.0, 1.0, 1.0, reasons=["jitter"], notes=["rotated"]),
    Status("f", {}, {}),
]


def test_figures():
    found = stats(STATUSES)
    assert found.whole == Figures(
        3, 90400, round(3616 / 3600, 6), round(250 / 90400, 4), round(350 / 90400, 4), 2
    )
    assert found.groups["split"] == {
        "dev": Figures(1, 90000, 1.0, 0.0, 0.0, 1),
        "train": Figures(2, 400, round(16 / 3600, 6), 0.625, 0.875, 1),
    }
    assert list(found.groups["signed_language"]) == ["ase", "gsg", "unknown"]
    assert list(found.rejected.items()) == [("jitter", 2), ("too-short", 1)]
    assert (found.noted, found.rejects, found.pending) == ({"rotated": 1}, 2, 1)


def test_card():
    config = {"extractor": {"name": "blobs", "scale": 0.4}}
    text = card(STATUSES, [], config)
    head = yaml.safe_load(text.split("---\n")[1])
    assert (head["language"], head["size_categories"]) == (["ase", "gsg"], "n<1K")
    assert "| hours | 1.00 |" in text
    assert "| train | 2 | 0.004 | 400 | 62.5% | 87.5% |" in text
    assert f"| jitter | {REASONS['jitter']} | 2 | rejected |" in text
    assert "| rotated |" in text
    assert "not a replacement for interpreters" in text


def test_the_card_credits_weights_once():
    weights = [{"name": "dw.onnx", "licence": "Apache-2.0", "sha256": "ab" * 32, "source": ""}]
    videos = [
        video("a", 10, 25.0, 1, 1, crowd=1, weights=weights),
        video("b", 10, 25.0, 1, 1, crowd=1, weights=weights),
    ]
    text = card(videos, [], {"extractor": {"name": "dwpose"}})
    assert text.count(f"Weights `dw.onnx`: licence Apache-2.0, sha256 {'ab' * 32}.") == 1


def test_a_cell_cannot_break_the_table():
    found = card([video("a", 10, 25.0, 1, 1, signer="A | B\n# C `x`")], [], {"extractor": {"name": "x"}})
    assert "| A \\| B # C 'x' | 1 |" in found


def test_a_data_set_that_is_not_finished_has_figures_too(samples, tmp_path):
    broken = dataclasses.replace(samples[1], video=tmp_path / "none.mp4")
    write_manifest([samples[0], broken, Sample("z")], tmp_path / "m.jsonl")
    build_dataset(tmp_path / "m.jsonl", tmp_path / "out", SETTINGS, stages=["captions", "poses"], workers=0)
    found = stats(read_statuses(tmp_path / "out"))
    assert (found.whole.videos, found.rejected) == (1, {"missing": 1, "no-source": 1})


def test_no_data_set(tmp_path):
    with pytest.raises(DataError, match="no data set here"):
        list(read_statuses(tmp_path))
