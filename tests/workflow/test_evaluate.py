"""From clips on disk to a report, a page and a comparison; and every refusal in between."""

from __future__ import annotations

import json
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from signgen.cli.main import main
from signgen.data.columnar import Clip, write_columnar
from signgen.data.poses import write_poses
from signgen.errors import CheckpointError, ConfigError, DataError
from signgen.judge import controls
from signgen.judge.evaluation import evaluate
from signgen.judge.report import check_report
from signgen.judge.trial import Options
from signgen.workflow.evaluate import compare_files, evaluate_files, trial_of, write_report
from signgen.workflow.evaluation_inputs import read_clips

sys.path.insert(0, str(Path(__file__).parents[1] / "judge"))
from nearest_judge import Nearest, corpus, judge

CLIPS, TEXTS = corpus(16, 3)
NAMES = [f"clip-{i:02d}" for i in range(len(CLIPS))]
OPTIONS = Options(resamples=100)


def shards(folder: Path, clips=CLIPS, texts=TEXTS, names=NAMES, **info) -> Path:
    folder.mkdir()
    rows = [{"text": text, "spoken_language": "en", **info} for text in texts]
    write_columnar([Clip(*row) for row in zip(names, clips, rows, strict=True)], folder / "0.col")
    return folder


@pytest.fixture(scope="module")
def references(tmp_path_factory):
    return shards(tmp_path_factory.mktemp("true") / "ref")


def report(folder: Path, name: str, share: float, references: Path, options: Options = OPTIONS) -> Path:
    spoiled = controls.wrong_signs(CLIPS, share, np.random.default_rng(1))
    made = shards(folder / name, spoiled)
    trial = trial_of(read_clips(made), read_clips(references), None)
    output = folder / f"{name}.json"
    write_report(evaluate(trial, [judge()], options), output, output.with_suffix(".html"))
    return output


@pytest.fixture(scope="module")
def reports(tmp_path_factory, references):
    folder = tmp_path_factory.mktemp("reports")
    return report(folder, "good", 0.1, references), report(folder, "bad", 0.9, references)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.links = set(), []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.links += [value for name, value in attrs if name in ("src", "href")]


def test_report_is_whole_and_its_page_needs_nothing_else(reports):
    values = json.loads(reports[0].read_text())
    check_report(values, "report")
    assert values["test"]["clips"] == 16
    assert 0 < values["judges"][0]["normalised"][0]["value"] <= 1
    page = Tags()
    page.feed(reports[0].with_suffix(".html").read_text())
    assert {"svg", "table", "polyline", "figure"} <= page.seen
    assert page.links == []
    assert not {"script", "link", "img", "iframe"} & page.seen


def test_names_and_texts_are_escaped(tmp_path):
    class Rude(Nearest):
        def translate(self, poses):
            return [type(said)(f"{said.text} <img src=x>") for said in super().translate(poses)]

    found = read_clips(shards(tmp_path / "evil", names=[f"<script>{i}" for i in range(16)]))
    made = evaluate(trial_of(found, found, None), [judge(translator=Rude())], OPTIONS)
    write_report(made, tmp_path / "r.json", tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text()
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;img src=x&gt;" in page


@pytest.mark.parametrize(
    "spoil",
    [
        lambda values: values["judges"][0]["panel"]["floors"].pop(),
        lambda values: values["judges"][0]["panel"]["ceilings"].pop(),
        lambda values: values["judges"][0].pop("panel"),
        lambda values: values["judges"].clear(),
        lambda values: values["judges"][0]["texts"].pop(),
        lambda values: values.update(kind="other"),
        lambda values: values["test"].update(resamples=1 << 40),
    ],
)
def test_a_report_without_its_panel_is_none(reports, spoil):
    values = json.loads(reports[0].read_text())
    spoil(values)
    with pytest.raises(DataError, match="report"):
        check_report(values, "x.json")


def test_comparison_finds_the_better_system(reports):
    found = compare_files(*reports)
    (differences,) = found.judges.values()
    assert all(item.difference > 0 and item.p_randomised < 0.05 for item in differences)
    assert "good.json is better in BLEU-4; RANKING UNPROVEN: 1 architecture, 1 seed" in found.verdict
    assert {item.name: item.difference < 0 for item in found.poses}["DTW-MJE all"]
    same = compare_files(reports[0], reports[0])
    assert same.verdict.startswith("no difference found in BLEU-4; RANKING UNPROVEN")


def test_comparison_refuses_unequal_signatures(tmp_path, references, reports):
    other = report(tmp_path, "other", 0.5, references, Options(resamples=100, profile="slt"))
    with pytest.raises(ConfigError, match=r"different recipes .*profile:signgen.* against .*profile:slt"):
        compare_files(reports[0], other)
    seeded = report(tmp_path, "seeded", 0.5, references, Options(resamples=100, seed=7))
    with pytest.raises(ConfigError, match="'seed:0' against 'seed:7'"):
        compare_files(reports[0], seeded)


def test_the_command_compares_and_says_in_one_line_what_is_wrong(reports, tmp_path, capsys):
    assert main(["eval", "compare", *map(str, reports)]) == 0
    assert "is better in BLEU-4" in capsys.readouterr().out
    (tmp_path / "broken.json").write_text("{}")
    assert main(["eval", "compare", str(reports[0]), str(tmp_path / "broken.json")]) == 4
    assert capsys.readouterr().err.count("\n") == 1


def test_clips_come_from_shards_lists_folders_and_files(tmp_path):
    for name, clip in zip(NAMES[:3], CLIPS, strict=False):
        write_poses(clip, tmp_path / f"{name}.npz")
    assert list(read_clips(tmp_path)) == NAMES[:3]
    assert list(read_clips(tmp_path / "clip-00.npz")) == ["clip-00"]
    lines = [{"name": f"n{i}", "poses": f"{name}.npz", "text": "t"} for i, name in enumerate(NAMES[:3])]
    (tmp_path / "index.jsonl").write_text("\n".join(map(json.dumps, lines)))
    found = read_clips(tmp_path)
    assert {name: clip.info["text"] for name, clip in found.items()} == {"n0": "t", "n1": "t", "n2": "t"}


BAD = {
    "outside": ('{"poses": "../x.npz"}', "outside the list's folder"),
    "no file": ('{"name": "a"}', "names no file"),
    "a video": ('{"poses": "a.mp4"}', "name it as 'video'"),
    "not JSON": ("{", "line 1"),
    "empty": ("", "no clips"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_lists_are_refused(tmp_path, case):
    line, message = BAD[case]
    (tmp_path / "index.jsonl").write_text(line)
    with pytest.raises(DataError, match=message):
        read_clips(tmp_path)


def test_unequal_sides_and_missing_texts_are_refused(tmp_path, references):
    true = read_clips(references)
    fewer = dict(list(true.items())[:-1])
    with pytest.raises(DataError, match="hypotheses: 15 clips, but none named 'clip-15'"):
        trial_of(fewer, true, None)
    with pytest.raises(DataError, match="references: 15 clips, but none named 'clip-15'"):
        trial_of(true, fewer, None)
    with pytest.raises(DataError, match="clip 'clip-00' has no text"):
        trial_of(true, read_clips(shards(tmp_path / "bare", texts=[""] * 16)), None)
    with pytest.raises(DataError, match="name it with --language"):
        trial_of(true, read_clips(shards(tmp_path / "mute", spoken_language="")), None)


def test_clips_of_one_source_are_drawn_together(tmp_path):
    found = read_clips(shards(tmp_path / "docs", document="film"))
    assert trial_of(found, found, None).documents is None
    one = dict(found)
    one["clip-00"] = type(one["clip-00"])(one["clip-00"].poses, {**one["clip-00"].info, "document": "other"})
    assert trial_of(one, one, None).documents == ("other", *["film"] * 15)


def test_nothing_is_written_without_a_judge(tmp_path, references):
    for judges, error, message in (
        ([], ConfigError, "judge: none given"),
        ([str(tmp_path / "nobody")], CheckpointError, "no such folder"),
        ([str(references)], CheckpointError, "cannot be read|missing|no such"),
    ):
        with pytest.raises(error, match=message):
            evaluate_files(references, references, tmp_path / "r.json", judges)
    with pytest.raises(ConfigError, match=r"name a .json file"):
        evaluate_files(references, references, tmp_path / "r.txt", ["x"])
    assert list(tmp_path.iterdir()) == []
