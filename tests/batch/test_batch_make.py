"""Batches from Python: plain settings and paths in, a data set out."""

from __future__ import annotations

import json

import pytest

import signgen
from signgen.batch.output.read import read_samples
from signgen.batch.told import told
from signgen.errors import ConfigError, DataError
from signgen.workflow.settings import prepare

SMALL = {"source": {"width": 128, "height": 128, "fps": 12}}


def test_plan_run_verify(tmp_path):
    folder = str(tmp_path / "batch")
    settings = {**SMALL, "vary": {"look.signer": [None, 5], "seed": [0]}}
    plan = signgen.plan_batch(["Hello.", " Thank you. "], folder, settings, vary={"look.yaw": [0, -20]})
    assert (plan.kind, plan.samples, len(plan.shards)) == ("poses", 8, 1)
    ran = signgen.run_batch(folder, workers=0)
    assert (ran.made, ran.failed, ran.is_complete) == (8, 0, True)
    checked = signgen.verify_batch(folder, deep=True)
    assert (checked.samples, checked.damage, checked.is_finished) == (8, (), True)
    rows = [json.loads(line) for line in (tmp_path / "batch" / "index.jsonl").read_text().splitlines()]
    told_apart = {(row["text"], row["source"], row["signer"], row["view"]) for row in rows}
    assert told_apart == {
        (text, "stitch", signer, view)
        for text in ("Hello.", "Thank you.")
        for signer in ("", "seed:5")
        for view in ("", "yaw -20")
    }
    for stored in read_samples(next((tmp_path / "batch" / "data").glob("*.tar"))):
        assert stored.record["signed_language"] == "ase"


def test_lines_and_files_plan_the_same(tmp_path):
    (tmp_path / "texts.txt").write_text("Hello.\nThank you.\n", encoding="utf-8")
    plans = [
        signgen.plan_batch(texts, tmp_path / name, SMALL, vary={"seed": [1]}, shard_size=1)
        for name, texts in (("a", ["Hello.", "Thank you."]), ("b", tmp_path / "texts.txt"))
    ]
    assert plans[0] == plans[1]
    assert len(plans[0].shards) == 2


@pytest.mark.parametrize(
    ("texts", "settings", "error", "says"),
    [
        ([], SMALL, DataError, "texts: none are given"),
        (["Hello.", "  "], SMALL, DataError, "text 2: "),
        (["Hello."], {"look": {"yow": 2}}, ConfigError, "look.yow: unknown setting"),
        (["Hello."], {"vary": {"seed": 3}}, ConfigError, "vary: expected a list"),
    ],
)
def test_what_is_refused(tmp_path, texts, settings, error, says):
    with pytest.raises(error) as raised:
        signgen.plan_batch(texts, tmp_path / "batch", settings)
    assert says in str(raised.value)
    assert not (tmp_path / "batch" / "plan.json").exists()


@pytest.mark.parametrize(
    ("settings", "is_drawn", "expected"),
    [
        ({}, False, ("stitch", "", "", "")),
        ({}, True, ("stitch", "ada", "", "avatar")),
        ({"renderer": {"signer": "bola", "yaw": 30, "pitch": -5}}, True, ("stitch", "bola", "yaw 30 pitch -5", "avatar")),  # noqa: E501
        ({"renderer": {"name": "skeleton"}, "look": {"signer": 0}}, True, ("stitch", "seed:0", "", "skeleton")),
        ({"source": "signdw"}, False, ("signdw", "", "", "")),
    ],
)  # fmt: skip
def test_what_samples_say_of_themselves(settings, is_drawn, expected):
    assert tuple(told(prepare(settings).config, is_drawn=is_drawn).values()) == expected
