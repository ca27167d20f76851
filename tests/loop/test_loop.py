"""The whole loop with the smoke config: what it leaves, that it goes on after any stop, that its figures are true."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

sacrebleu = pytest.importorskip("sacrebleu")
pytest.importorskip("accelerate")

from signgen.cli.main import main  # noqa: E402
from signgen.config import load_yaml, merge  # noqa: E402
from signgen.corpus.near import words_of  # noqa: E402
from signgen.errors import ConfigError, DataError, SignGenError  # noqa: E402
from signgen.loop.ledger import FILE, Ledger, Stopped  # noqa: E402
from signgen.loop.run import run_loop  # noqa: E402
from signgen.loop.settings import prepare  # noqa: E402
from signgen.loop.texts import sentences_of  # noqa: E402

CONFIGS = Path(__file__).parents[2] / "configs" / "loop"
SMOKE = load_yaml(CONFIGS / "smoke.yaml")
STEPS = ("real", "texts", "made", "chosen", "trained", "judged", "compared")


def run(folder: Path, **changes: object) -> dict:
    return run_loop(merge(SMOKE, changes), folder, workers=0, device="cpu")


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Path, dict]:
    folder = tmp_path_factory.mktemp("loop") / "done"
    return folder, run(folder)


def predictions(folder: Path, schedule: str, seed: int = 0) -> list[dict]:
    path = folder / "trained" / schedule / f"seed-{seed}" / "test.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_step_leaves_a_line_and_what_it_made(finished):
    folder, report = finished
    steps = json.loads((folder / FILE).read_text(encoding="utf-8"))["steps"]
    assert set(steps) == set(STEPS)
    assert all(step["is_done"] and step["seconds"] >= 0 for step in steps.values())
    assert report["facts"]["real"] == {"train": 20, "dev": 10, "test": 10}
    assert report["facts"]["texts"]["texts"] == report["facts"]["made"]["samples"] == 16
    kept = report["facts"]["chosen"]["kept"]
    assert 0 < kept <= 16
    assert len((folder / "chosen" / "kept.jsonl").read_text(encoding="utf-8").splitlines()) == kept


def test_scores_are_those_of_sacrebleu_on_the_predictions(finished):
    folder, report = finished
    for line in report["facts"]["compared"]["lines"]:
        rows = predictions(folder, line["schedule"])
        assert len(rows) == 10
        texts = [row["hypothesis"] for row in rows], [[row["reference"] for row in rows]]
        assert line["bleu"][0]["value"] == pytest.approx(
            sacrebleu.BLEU().corpus_score(*texts).score, abs=1e-9
        )
        assert line["pooled"]["BLEU-4"]["value"] == pytest.approx(line["bleu"][0]["value"])
        assert line["pooled"]["chrF2"]["value"] == pytest.approx(sacrebleu.CHRF().corpus_score(*texts).score)
        characters = sum(len(row["reference"]) for row in rows)
        chance = sum(row["log_likelihood"] for row in rows) / characters
        assert line["pooled"]["log-likelihood"]["value"] == pytest.approx(chance)


def test_gains_are_differences_of_scores_with_intervals_around_them(finished):
    compared = finished[1]["facts"]["compared"]
    scores = {line["schedule"]: line["pooled"]["BLEU-4"]["value"] for line in compared["lines"]}
    pairs = [(gain["first"], gain["second"]) for gain in compared["gains"]]
    assert pairs == [
        ("pretrain-finetune", "real-only"),
        ("by-chance", "real-only"),
        ("shuffled-control", "real-only"),
        ("pretrain-finetune", "by-chance"),
        ("pretrain-finetune", "shuffled-control"),
    ]
    for gain in compared["gains"]:
        low, high = gain["pooled"]["interval"]
        assert gain["pooled"]["value"] == pytest.approx(scores[gain["first"]] - scores[gain["second"]])
        assert low <= high
        assert 0 < gain["p_value"] <= 1


def test_all_schedules_have_the_same_updates(finished):
    trainings = finished[1]["facts"]["trained"]["trainings"]
    assert {training["updates"] for training in trainings} == {4}
    assert [training["schedule"] for training in trainings] == SMOKE["trained"]["schedules"]


def test_report_files_stand_alone(finished):
    folder, report = finished
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "http" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    root = ElementTree.parse(folder / "report.svg").getroot()
    bars = [rect for rect in root.iter("{http://www.w3.org/2000/svg}rect") if rect.get("class") != "bg"]
    assert len(bars) == 4
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert all(line in text for line in report["verdict"])


def test_the_same_again_does_nothing_and_says_the_same(finished):
    folder, report = finished
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.suffix in (".col", ".tar")}
    again = run(folder)
    assert again["facts"] == report["facts"]
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_it_goes_on_after_a_stop_at_each_step(finished, tmp_path, monkeypatch):
    done = Ledger.run
    runs = 0

    def one_more(self, step, before):
        was = self.steps.get(step.name, {}).get("is_done", False)
        key = done(self, step, before)
        if not was:
            raise Stopped
        return key

    monkeypatch.setattr(Ledger, "run", one_more)
    for _ in STEPS:
        with pytest.raises(Stopped):
            run(tmp_path / "new")
        runs += 1
    report = run(tmp_path / "new")
    assert runs == len(STEPS)
    assert report["facts"] == finished[1]["facts"]
    assert report["verdict"] == finished[1]["verdict"]


def test_a_step_that_died_under_way_is_done_again(finished, tmp_path, monkeypatch):
    folder = tmp_path / "new"
    shutil.copytree(finished[0], folder)
    ledger = Ledger.of(folder)
    ledger.steps["made"]["is_done"] = False
    for name in ("chosen", "trained", "judged", "compared"):
        del ledger.steps[name]
    ledger._note("made", ledger.steps["made"])
    for name in ("made/SHA256SUMS", "made/index.jsonl", "chosen/selection.json"):
        (folder / name).unlink()
    shutil.rmtree(folder / "trained")
    assert run(folder)["facts"] == finished[1]["facts"]


def test_more_seeds_later(finished, tmp_path):
    folder = tmp_path / "new"
    shutil.copytree(finished[0], folder)
    report = run(folder, trained={"seeds": [0, 1], "schedules": ["real-only"]})
    line = report["facts"]["compared"]["lines"][0]
    assert line["bleu"][0] == finished[1]["facts"]["compared"]["lines"][0]["bleu"][0]
    assert len(line["bleu"]) == 2


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"real": {"corpus": {"seed": 9}}}, "real"),
        ({"texts": {"count": 12}}, "texts"),
        ({"made": {"looks": 2}}, "made"),
        ({"chosen": {"seed": 1}}, "chosen"),
        ({"trained": {"slt": {"train": {"steps": 5}}}}, "trained"),
    ],
)
def test_a_folder_of_other_settings_is_refused(finished, changes, step):
    with pytest.raises(ConfigError, match=f"its step '{step}' was done with other settings"):
        run(finished[0], **changes)


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(ConfigError, match="holds other files"):
        run(tmp_path)


def test_novel_sentences_say_nothing_that_is_held_out(finished):
    folder, _ = finished
    held_out = {
        tuple(sorted(words_of(sentence.text)))
        for split in ("dev", "test")
        for sentence in sentences_of(folder / "real", split)
    }
    rows = (folder / "texts" / "texts.jsonl").read_text(encoding="utf-8").splitlines()
    novel = [tuple(sorted(words_of(json.loads(row)["text"]))) for row in rows]
    assert len(held_out) == 20
    assert not held_out & set(novel)
    assert len(set(novel)) == 16


def test_what_a_list_leaks_is_found(finished, tmp_path):
    from signgen.loop.settings import TextSettings
    from signgen.loop.texts import write_texts

    real = finished[0] / "real"
    test, train = sentences_of(real, "test"), sentences_of(real, "train")
    reordered = " ".join(reversed(test[0].text.lower().strip(".?").split()))
    near = test[1].text.rstrip(".?") + " really."
    rows = [
        {"text": reordered},
        {"text": "A paraphrase in other words.", "gloss": test[2].gloss},
        {"text": train[0].text.upper()},
        {"text": near},
        {"text": "Zebras sing.", "name": "z", "split": "test"},
        {"text": "zebras sing!"},
    ]
    path = tmp_path / "list.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    facts = write_texts(TextSettings(file=path), real, tmp_path / "out")
    assert facts == {
        "texts": 2,
        "refused": {
            "in the real training set": 1,
            "says what a held-out sentence says": 2,
            "twice in the list": 1,
        },
        "one_word_from_held_out": 1,
    }
    kept = [json.loads(row) for row in (tmp_path / "out" / "texts.jsonl").read_text().splitlines()]
    assert [row["text"] for row in kept] == [near, "Zebras sing."]
    assert "split" not in kept[1]
    stricter = write_texts(TextSettings(file=path, apart=2), real, tmp_path / "strict")
    assert stricter["texts"] == 1
    path.write_text(json.dumps(rows[0]) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="no sentence that is novel"):
        write_texts(TextSettings(file=path), real, tmp_path / "none")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reel": {}}, "reel: unknown setting; did you mean 'real'"),
        ({"real": {"folder": "x"}}, "real: give one of folder and grammar"),
        ({"real": {"grammar": "english-smal"}}, "english-smal"),
        ({"real": {"corpus": {"sentences": 3, "test": 0.1}}}, "real.corpus: no sentence would be in test"),
        ({"real": {"corpus": {"sentense": 3}}}, "real.corpus: sentense: unknown setting"),
        ({"texts": {"file": "a.txt"}}, "texts: give one of file and grammar"),
        ({"texts": {"file": "gone.txt", "grammar": ""}}, "texts.file: gone.txt: no such file"),
        ({"texts": {"count": 0}}, "texts.count"),
        ({"made": {"settings": {"source": {"speeed": 2}}}}, "speeed"),
        ({"made": {"vary": {"source.speed": [0.5, 400]}}}, "made: "),
        ({"made": {"max_failures": "some"}}, "--max-failures"),
        ({"chosen": {"judge": ["nobody"]}}, "judge 'nobody'"),
        ({"chosen": {"keep_share": 0.5}}, "give one of a share to keep"),
        ({"chosen": {"thresholds": {"taste": 1}}}, "threshold of 'taste'"),
        ({"scored": {"judge": ["ase/temporal-0"]}}, "temporal-0 also chooses"),
        ({"scored": {"split": "train"}}, "scored.split"),
        ({"scored": {"language": ""}}, "language ''"),
        ({"trained": {"schedules": ["real-onli"]}}, "did you mean 'real-only'"),
        ({"trained": {"schedules": ["joint"]}}, "real-only comes first"),
        ({"trained": {"seeds": [1, 1]}}, "trained.seeds: name at least one, and each once"),
        ({"trained": {"seeds": []}}, "trained.seeds"),
        ({"trained": {"pretrain": 1}}, "trained.pretrain"),
        ({"trained": {"slt": {"model": {"preset": "tinny"}}}}, "tinny"),
        (
            {"trained": {"slt": {"data": {"sources": {"a": "b"}}}}},
            "trained.slt.data.sources: the loop sets it",
        ),
    ],
)
def test_refused_before_anything_is_made(tmp_path, changes, message):
    with pytest.raises(SignGenError) as error:
        run(tmp_path / "new", **changes)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "new").exists()


def test_a_device_that_is_not_there_is_refused_at_once(tmp_path):
    with pytest.raises(SignGenError, match="abacus"):
        run_loop(SMOKE, tmp_path / "new", device="abacus")
    assert not (tmp_path / "new").exists()


def test_nothing_good_enough(finished, tmp_path):
    folder = tmp_path / "new"
    shutil.copytree(finished[0], folder)
    ledger = Ledger.of(folder)
    for name in ("chosen", "trained", "judged", "compared"):
        del ledger.steps[name]
    ledger._note("made", ledger.steps["made"])
    with pytest.raises(DataError, match="no clip is good enough, most of all for log-likelihood"):
        run(folder, chosen={"thresholds": {"log-likelihood": 5.0}})


def test_real_folder_without_a_split_is_refused(finished, tmp_path):
    config = {key: value for key, value in SMOKE.items() if key != "real"}
    (tmp_path / "corpus").mkdir()
    with pytest.raises(DataError, match="corpus"):
        run_loop({**config, "real": {"folder": str(tmp_path / "corpus")}}, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_config_is_valid(path):
    prepare(load_yaml(path))


def test_command_line(finished, capsys):
    folder, report = finished
    code = main(["loop", str(CONFIGS / "smoke.yaml"), "-o", str(folder), "--json", "-q", "--device", "cpu"])
    assert code == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == report["verdict"]
    assert main(["loop", str(CONFIGS / "smoke.yaml"), "-o", str(folder), "-q"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].startswith("schedule")
    assert report["verdict"][0] in out
    assert main(["loop", str(CONFIGS / "smoke.yaml"), "-o", str(folder), "--set", "texts.count=0"]) == 2


def test_without_a_judge_at_hand_one_is_trained_on_the_real_set(tmp_path):
    trained = {"schedules": ["real-only"]}
    report = run(tmp_path / "new", chosen={"judge": []}, trained=trained, scored={"judge": []})
    assert [judge["name"] for judge in report["facts"]["chosen"]["judges"]] == ["judge"]
    assert (tmp_path / "new" / "judge" / "best").is_dir()
    assert report["facts"]["judged"]["rows"] == []
    assert report["facts"]["judged"]["gloss_errors"]["made"] > 0


def figure(value: float, low: float = 0.0, high: float = 1.0) -> dict:
    return {"value": value, "interval": [low, high]}


@pytest.mark.parametrize(
    ("factors", "controls", "selection", "faults"),
    [
        ([2.0, 3.0], [4.9, -1.0], figure(-1, -2, 0.1), 0),
        ([1.9, 3.0], [4.9, 4.9], figure(0), 1),
        ([2.0, 3.0], [5.0, 4.9], figure(0), 1),
        ([2.0, 3.0], [0.0, 0.0], figure(-2, -3, -0.1), 1),
        ([None, 3.0], [0.0, 0.0], figure(1), 0),
    ],
)
def test_goals_of_the_benchmark_can_fail(factors, controls, selection, faults, monkeypatch):
    monkeypatch.syspath_prepend(str(CONFIGS.parents[1] / "benchmarks"))
    import loop

    gains = [
        {"first": "pretrain-finetune", "second": "real-only", "factor": factors, "each": [figure(10)] * 2},
        {"first": "shuffled-control", "second": "real-only", "each": [figure(value) for value in controls]},
        {"first": "pretrain-finetune", "second": "unselected", "pooled": selection},
    ]
    assert len(loop.faults_of({"seeds": [0, 1], "gains": gains})) == faults
