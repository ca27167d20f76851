"""Schedules: shares over time, settings, one table from many trainings, the command."""

import json
from pathlib import Path

import numpy as np
import pytest
from toy_signing import write_corpus

from signgen.cli.main import main
from signgen.config import load_yaml
from signgen.errors import ConfigError
from signgen.judge.ablation import ablation_table
from signgen.judge.text.resample import Resampling
from signgen.slt.ablation import Row, run_schedules
from signgen.slt.material import load_material
from signgen.slt.schedules import BUILT_IN, Schedule, Stage, schedule_named, schedule_of, shares_at
from signgen.slt.settings import PRESETS, prepare

CONFIGS = Path(__file__).parents[2] / "configs" / "slt"
SIZES = {"real": 100, "stitched": 300}


@pytest.mark.parametrize(
    ("stage", "progress", "expected"),
    [
        (Stage(), 0.5, {"real": 0.25, "stitched": 0.75}),
        (Stage({"real": 1}), 0.9, {"real": 1}),
        (
            Stage({"real": 1, "stitched": 3}, until={"real": 1, "stitched": 0}),
            0,
            {"real": 0.25, "stitched": 0.75},
        ),
        (Stage({"real": 1, "stitched": 3}, until={"real": 1, "stitched": 0}), 1, {"real": 1, "stitched": 0}),
        (
            Stage({"real": 0, "stitched": 2}, until={"real": 5, "stitched": 0}),
            0.5,
            {"real": 0.5, "stitched": 0.5},
        ),
    ],
)
def test_shares(stage, progress, expected):
    assert shares_at(stage, SIZES, progress) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"stages": []}, r"schedules\.x\.stages: expected a list"),
        ({"stages": [{"share": {}}]}, "unknown setting; did you mean 'shares'"),
        ({"stages": [{"shares": {"a": -1}}]}, "a share is a number from 0"),
        ({"stages": [{"shares": {"a": 0}}]}, "all shares are 0"),
        ({"stages": [{"shares": {"a": 1}, "until": {"b": 1}}]}, "name the same sources"),
        ({"stages": [{"steps": 0}]}, r"schedules\.x\.stages\.steps"),
        ({"tagged": True}, r"schedules\.x\.tagged: unknown setting"),
        ({"is_tagged": 1}, "expected true or false"),
        (3, r"schedules\.x: expected stages"),
    ],
)
def test_schedules_are_strict(values, message):
    with pytest.raises(ConfigError, match=message):
        schedule_of("x", values)


def test_unknown_names():
    with pytest.raises(ConfigError, match="no schedule 'joined'; did you mean 'joint'"):
        schedule_named("joined")
    with pytest.raises(ConfigError, match=r"no source 'stitched' in data\.sources"):
        BUILT_IN["joint"].sources(["real"])


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_config_is_valid(path):
    values = load_yaml(path)
    schedules = values.pop("schedules", {})
    prepare(values)
    for name, schedule in schedules.items():
        assert schedule_of(name, schedule) == BUILT_IN[name]
    assert not schedules or set(schedules) | {"all"} == set(BUILT_IN)


def test_tiny_yaml_writes_out_every_default_but_the_beam():
    values = load_yaml(CONFIGS / "tiny.yaml")
    assert values["decode"].pop("beam") == 5
    assert prepare(values) == prepare()
    lines = [
        line
        for line in (CONFIGS / "tiny.yaml").read_text(encoding="utf-8").splitlines()
        if ":" in line.split("#")[0]
    ]
    assert not [line for line in lines if "#" not in line and line != "seed: 0" and not line.endswith(":")]


def test_slt_yaml_names_its_preset():
    assert prepare(load_yaml(CONFIGS / "slt.yaml")).model == PRESETS["slt"]


@pytest.fixture(scope="module")
def sources(small_corpus, tmp_path_factory):
    return {
        "real": str(small_corpus),
        "stitched": str(write_corpus(tmp_path_factory.mktemp("stitched"), 30, 3, seed=4)),
    }


def settings_for(sources, steps=4):
    train = {"steps": steps, "validate_every": 50, "batch": 4, "warmup": 2, "pool": 2}
    return prepare({"data": {"sources": sources}, "tokens": {"kind": "words"}, "train": train})


def test_tagged_schedules_tell_the_target_apart(sources):
    settings = settings_for(dict(reversed(sources.items())))
    settings = prepare({"data": {"sources": sources, "target": "stitched"}, "tokens": {"kind": "words"}})
    material = load_material(settings, BUILT_IN["tagged-joint"])
    assert {name: source.tag for name, source in material.sources.items()} == {"stitched": 0, "real": 1}
    assert material.tags == 2
    assert load_material(settings, BUILT_IN["joint"]).tags == 0
    assert list(load_material(settings, BUILT_IN["real-only"]).sources) == ["real"]


def test_all_schedules_run_and_are_not_run_again(sources, tmp_path):
    settings = settings_for(sources)
    schedules = [BUILT_IN[name] for name in BUILT_IN]
    lines = []
    rows = run_schedules(settings, tmp_path, schedules, [3], report=lines.append)
    assert [row.schedule for row in rows] == list(BUILT_IN)
    assert all(row.steps == 4 for row in rows)
    assert all(row.names == rows[0].names for row in rows)
    saved = (tmp_path / "joint" / "seed-3" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(saved[0])["reference"] == rows[0].references[0]
    again = run_schedules(settings, tmp_path, schedules[:2], [3])
    assert [row.hypotheses for row in again] == [row.hypotheses for row in rows[:2]]
    with pytest.raises(ConfigError, match="name each once"):
        run_schedules(settings, tmp_path, schedules, [3, 3])


def row(schedule, seed, texts, names="abcdefgh"):
    references = tuple(f"the weather of day {name} is fine ." for name in names)
    values = np.full(len(names), -2.0)
    return Row(schedule, seed, Path(), 1, tuple(names), references, texts or references, values,
               np.full(len(names), 4), 0.0, "", None)  # fmt: skip


def test_table_pairs_clips():
    wrong = ("the weather of night x was bad .",) * 8
    rows = [
        row("real-only", 0, wrong),
        row("real-only", 1, wrong),
        row("joint", 0, ()),
        row("joint", 1, wrong),
    ]
    first, second = ablation_table(rows, "en", how=Resampling(200, 200))
    assert first.against is None
    assert first.spread == 0
    assert second.each[0] == pytest.approx(100)
    assert second.each[1] == first.each[0]
    assert second.against.interval[0] > 0
    assert second.log_likelihood == pytest.approx(-2 / len("the weather of day a is fine ."))
    with pytest.raises(ConfigError, match="cannot be compared"):
        ablation_table([row("real-only", 0, ()), row("joint", 1, ())], "en")


def test_a_schedule_that_says_nothing_has_its_line():
    lines = ablation_table(
        [row("real-only", 0, ()), row("joint", 0, ("",) * 8)], "en", how=Resampling(50, 50)
    )
    assert [line.mean for line in lines] == pytest.approx([100, 0])
    assert lines[1].against.difference == pytest.approx(-100)


def test_command_trains_and_compares(sources, tmp_path, capsys):
    flags = ["train", "slt", "-o", str(tmp_path), "--set", "tokens.kind=words", "--set", "train.steps=2",
             "--set", "train.batch=4", *(f"--data={name}={folder}" for name, folder in sources.items())]  # fmt: skip
    assert main([*flags, "--schedule", "real-only", "--schedule", "joint", "--seeds", "0,1"]) == 0
    out = capsys.readouterr()
    assert [line.split()[0] for line in out.out.splitlines()[1:3]] == ["real-only", "joint"]
    assert "joint seed 1: update 2  loss" in out.err
    assert main([*flags[:3], str(tmp_path / "one"), *flags[4:], "--json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)["updates"] == 2


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        (["--data", "real"], 2, "--data 'real': expected name=folder"),
        (["--seeds", "a", "--data", "r=x"], 2, "--seeds 'a'"),
        ([], 2, "data.sources: name at least one folder"),
        (["--data", "real=nowhere"], 4, "nowhere/train: no such folder"),
        (["--schedule", "joint", "--data", "real=nowhere"], 2, "no source 'stitched'"),
    ],
)
def test_command_refuses_in_one_line(flags, code, message, tmp_path, capsys):
    assert main(["train", "slt", "-o", str(tmp_path / "run"), *flags]) == code
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_shares_of_all_sources_count_for_a_schedule_without_names():
    assert Schedule("all").sources(["a", "b"]) == ("a", "b")
