"""Selection from clips on disk to lists, a page and shards that train; and every refusal in between."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from signgen.cli.main import main
from signgen.data.columnar import Clip, Columnar, write_columnar
from signgen.errors import ConfigError, DataError
from signgen.judge import controls
from signgen.judge.selection import GLOSS_WER, LOG_LIKELIHOOD, PCK, Rule
from signgen.workflow.select import choose
from signgen.workflow.selection_measures import Sources

sys.path.insert(0, str(Path(__file__).parents[1] / "judge"))
from nearest_judge import Nearest, corpus, judge

TRUE, TRUE_TEXTS = corpus(24, 11)
MADE, MADE_TEXTS = corpus(20, 12)
BAD = [1, 4, 9, 16]


def shards(folder: Path, clips, texts, prefix: str, each: int = 8) -> Path:
    folder.mkdir(parents=True)
    rows = [Clip(f"{prefix}-{i}", *pair) for i, pair in enumerate(zip(clips, map(info, texts), strict=True))]
    for number, start in enumerate(range(0, len(rows), each)):
        write_columnar(rows[start : start + each], folder / f"train-{number:05d}.col")
    return folder


def info(text: str) -> dict[str, str]:
    return {"text": text, "spoken_language": "en"}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    frozen = controls.wrong_signs(MADE, 1.0, np.random.default_rng(0))
    made = [frozen[i] if i in BAD else clip for i, clip in enumerate(MADE)]
    shards(folder / "made" / "train", made, MADE_TEXTS, "made")
    return Sources(folder / "made", shards(folder / "true", TRUE, TRUE_TEXTS, "true"))


@pytest.fixture(scope="module")
def chosen(sources, tmp_path_factory):
    output = tmp_path_factory.mktemp("out") / "selection"
    return choose(sources, output, [judge()], Rule(), writes_shards=True), output


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_bad_clips_are_rejected_with_their_reasons(chosen):
    account, output = chosen
    kept, rejected = lines(output / "kept.jsonl"), lines(output / "rejected.jsonl")
    assert {f"made-{i}" for i in BAD} <= {row["name"] for row in rejected}
    assert len(kept) + len(rejected) == 20 == account["clips"]
    assert len(kept) == account["kept"] >= 12
    assert all(not row["reasons"] for row in kept)
    assert all("log-likelihood" in row["reasons"][0] for row in rejected)
    assert account["calibration"]["good"]["share"] >= 0.9
    assert account["calibration"]["curve"]["areas"]["another text"] == 1.0
    page = (output / "selection.html").read_text()
    assert "<svg" in page
    assert "<script" not in page
    assert "src=" not in page


def test_shards_hold_the_kept_clips_alone(chosen, sources):
    account, output = chosen
    kept = {row["name"] for row in lines(output / "kept.jsonl")}
    found = {}
    for path in account["shards"]:
        with Columnar(output / path) as ours, Columnar(sources.clips / path) as theirs:
            for number, entry in enumerate(ours.clips):
                found[entry.name] = entry.info["text"]
                number_there = theirs.find(entry.name)
                assert np.array_equal(ours.read(number).keypoints, theirs.read(number_there).keypoints)
    assert found.keys() == kept


def test_a_stopped_run_goes_on_to_the_same_bytes(chosen, sources, tmp_path):
    whole = files(chosen[1])
    output = tmp_path / "again"
    asked = []

    class Stops(Nearest):
        def log_likelihood(self, poses, texts):
            asked.append(len(poses))
            if len(asked) == 7:
                raise KeyboardInterrupt
            return super().log_likelihood(poses, texts)

    with pytest.raises(KeyboardInterrupt):
        choose(sources, output, [judge(translator=Stops())], Rule(), writes_shards=True)
    assert not (output / "kept.jsonl").exists()
    with (output / "scores.jsonl").open("ab") as file:
        file.write(b'{"key": "cut off')
    choose(sources, output, [judge(translator=Stops())], Rule(), writes_shards=True)
    again = files(output)
    assert {name: again[name] for name in whole if name != "scores.jsonl"} == {
        name: data for name, data in whole.items() if name != "scores.jsonl"
    }
    # Five stages of the calibration and one shard were on disk; two shards were left.
    assert len(asked) == 9
    with pytest.raises(ConfigError, match="exists already"):
        choose(sources, output, [judge()], Rule())


def test_thresholds_by_hand(sources, tmp_path):
    account = choose(
        Sources(sources.clips), tmp_path / "o", [judge()], Rule(thresholds={LOG_LIKELIHOOD: -1e9})
    )
    assert (account["kept"], account["calibration"]) == (20, None)
    account = choose(sources, tmp_path / "p", [judge()], Rule(thresholds={LOG_LIKELIHOOD: 0.0}))
    assert account["kept"] == 0
    assert account["calibration"]["good"]["count"] == 0


def test_poses_of_videos_are_compared_to_what_was_asked(sources, tmp_path):
    found = list(MADE)
    found[0] = controls.frozen_hands([MADE[0]])[0]
    extracted = shards(
        tmp_path / "found", [clip for i, clip in enumerate(found) if i != 2], MADE_TEXTS[:-1], "made"
    )
    rule = Rule(thresholds={PCK: 0.8})
    account = choose(Sources(sources.clips, extracted=extracted), tmp_path / "o", [judge()], rule)
    by_name = {row["name"]: row["reasons"] for row in lines(tmp_path / "o" / "rejected.jsonl")}
    assert "PCK" in by_name["made-0"][0]
    assert by_name["made-19"] == ["has no extracted poses"]
    assert account["reasons"]["has no extracted poses"] == 1


@pytest.mark.parametrize(
    ("change", "rule", "judges", "error", "message"),
    [
        ({"true": None}, {}, {}, ConfigError, "give true clips with --calibrate"),
        ({"extracted": "true"}, {}, {}, ConfigError, "PCK: has no threshold"),
        ({}, {"thresholds": {PCK: 0.5}}, {}, ConfigError, "--min-pck: needs poses"),
        ({}, {"thresholds": {GLOSS_WER: 40.0}}, {"glosses": 0}, ConfigError, "reads no glosses"),
        ({}, {"thresholds": {GLOSS_WER: 40.0}}, {}, ConfigError, "has glosses"),
        (
            {},
            {},
            {"names": ("made-3",), "texts": (MADE_TEXTS[3],)},
            ConfigError,
            "trained on 1 of the 20 clips",
        ),
        ({}, {}, {"names": ("true-3",), "texts": (TRUE_TEXTS[3],)}, ConfigError, "1 of the 24 true clips"),
        ({"clips": "nowhere"}, {}, {}, DataError, "nowhere"),
    ],
)
def test_refusals_leave_nothing(sources, tmp_path, change, rule, judges, error, message):
    paths = {"true": sources.true, None: None, "nowhere": tmp_path / "nowhere"}
    values = {**vars(sources), **{key: paths[value] for key, value in change.items()}}
    with pytest.raises(error, match=message):
        choose(Sources(**values), tmp_path / "o", [judge(**judges)], Rule(**rule))
    assert not list((tmp_path / "o").glob("*")) or files(tmp_path / "o").keys() == {"scores.jsonl"}


def test_a_judge_that_reports_may_not_select(sources, tmp_path, monkeypatch):
    monkeypatch.setattr("signgen.workflow.select.check_report", lambda values, where: None)
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"judges": [{"card": {"id": "nearest"}}]}))
    with pytest.raises(ConfigError, match="judge nearest: also reports in"):
        choose(Sources(sources.clips, sources.true, reports=(report,)), tmp_path / "o", [judge()], Rule())


def test_what_is_no_report_is_refused(sources, tmp_path):
    report = tmp_path / "report.json"
    report.write_text("{}")
    with pytest.raises(DataError, match="no report"):
        choose(Sources(sources.clips, sources.true, reports=(report,)), tmp_path / "o", [judge()], Rule())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--calibrate", "t"], "judge: none given"),
        (["--judge", "j", "--keep-share", "0.5", "--target-precision", "0.9"], "not several"),
        (["--judge", "j", "--keep-share", "2"], "keep-share"),
        (["--judge", "nobody-here"], "no such folder"),
    ],
)
def test_refusals_of_the_command(arguments, message, tmp_path, capsys):
    assert main(["select", str(tmp_path), "-o", str(tmp_path / "o"), *arguments]) != 0
    assert message in capsys.readouterr().err
