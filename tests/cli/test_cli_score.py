"""``signgen score``: any prediction file under any convention, against sacrebleu and by hand; and every refusal."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from made_up_signer import signer
from sacrebleu.metrics import BLEU, CHRF

from signgen.cli.main import main
from signgen.data.poses import write_poses
from signgen.judge.text.profiles import PROFILES

REFERENCES = [
    "am Tag scheint die Sonne im Süden .",
    "im Norden regnet es am Abend .",
    "morgen wird es überall kalt .",
    "der Wind weht schwach bis mäßig .",
]
HYPOTHESES = [
    "am Tag scheint die Sonne im Norden .",
    "im Norden Regnet es heute .",
    "",
    "der Wind weht schwach bis mäßig .",
]


def run(capsys, *args):
    code = main(["score", *map(str, args)])
    out, err = capsys.readouterr()
    return code, out, err


def written(path: Path, texts) -> Path:
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path):
    return written(tmp_path / "hyp.txt", HYPOTHESES), written(tmp_path / "ref.txt", REFERENCES)


def scored(capsys, *args):
    code, out, err = run(capsys, "texts", *args, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def bleu(hypotheses, references, order=4, **how):
    return (
        BLEU(max_ngram_order=order, effective_order=False, **how).corpus_score(hypotheses, [references]).score
    )


def no_stop(text):
    return text.removesuffix(" .")


def glued(text):
    return text.replace(" .", ".")


SACREBLEU = {
    "signgen": (str, {}),
    "slt": (str, dict(tokenize="none", lowercase=True, smooth_method="floor", smooth_value=0.0)),
    "slrtp": (str, dict(tokenize="none", smooth_method="floor", smooth_value=0.0)),
    "gfslt": (no_stop, dict(tokenize="13a")),
    "unisign": (no_stop, dict(tokenize="13a")),
    "spamo": (glued, dict(tokenize="13a", lowercase=True)),
    "wmt-slt": (str, dict(tokenize="none")),
}


def test_every_convention_is_sacrebleus_and_the_spread_is_between_them(files, capsys):
    found = scored(capsys, files[0], "--ref", files[1], "--language", "de", "--resamples", "40")
    assert set(found["profiles"]) == set(PROFILES) == set(SACREBLEU)
    values = {}
    for name, (prepare, how) in SACREBLEU.items():
        ours, theirs = ([prepare(text) for text in texts] for texts in (HYPOTHESES, REFERENCES))
        scores = {score["name"]: score["value"] for score in found["profiles"][name]["scores"]}
        for order in (1, 4):
            assert scores[f"BLEU-{order}"] == pytest.approx(bleu(ours, theirs, order, **how), abs=1e-9), name
        constants = [bleu([text] * 4, theirs, **how) for text in theirs]
        assert found["profiles"][name]["constant"] == pytest.approx(max(constants), abs=1e-9)
        values[name] = scores["BLEU-1"]
    assert found["spread"]["BLEU-1"] == pytest.approx(max(values.values()) - min(values.values()))
    chrf = CHRF().corpus_score(HYPOTHESES, [REFERENCES]).score
    assert found["profiles"]["signgen"]["scores"][4]["value"] == pytest.approx(chrf)
    assert (found["language"], found["texts"]) == ("de", 4)


def test_tables_for_people(files, capsys):
    code, out, _ = run(capsys, "texts", files[0], "--ref", files[1], "--language", "de", "--resamples", "40")
    lines = out.splitlines()
    assert code == 0
    assert [line.split()[0] for line in lines[1:]] == [*PROFILES, "spread"]
    assert "adaptive, " in lines[1 + list(PROFILES).index("unisign")]
    _, out, _ = run(capsys, "texts", *files[:1], "--ref", files[1], "--language", "de", "--profile", "slt")
    assert "tok:none|smooth:floor[0.00]" in out
    assert out.splitlines()[-1].startswith("the best constant answer: BLEU-4 ")


def test_lines_of_json_and_tables_say_the_same_as_lines_of_text(files, tmp_path, capsys):
    plain = scored(capsys, files[0], "--ref", files[1], "--language", "de", "--profile", "signgen")
    rows = [
        {"name": f"c{i}", "said": said, "text": text, "spoken_language": "de"}
        for i, (said, text) in enumerate(zip(HYPOTHESES, REFERENCES, strict=True))
    ]
    true, made = tmp_path / "true.jsonl", tmp_path / "made.jsonl"
    true.write_text("\n".join(json.dumps({**row, "said": row["text"]}) for row in rows))
    made.write_text("\n".join(map(json.dumps, reversed(rows))))
    # By name, and so in any order; the language is what the references say.
    assert scored(capsys, made, "--ref", true, "--column", "said", "--profile", "signgen") == plain
    table = tmp_path / "made.csv"
    table.write_text("said,n\r\n" + "".join(f'"{text}",1\r\n' for text in HYPOTHESES), encoding="utf-8-sig")
    (tmp_path / "true.tsv").write_text("said\tn\n" + "".join(f"{text}\t1\n" for text in REFERENCES))
    args = (table, "--ref", tmp_path / "true.tsv", "--column", "said", "--language", "de")
    assert scored(capsys, *args, "--profile", "signgen") == plain


ROW = '{"text": "a", "name": "x"}\n'
BAD_TEXTS = {
    "missing": (None, None, 4, "hyp.txt: cannot be read: No such file"),
    "empty": ("hyp.txt", "", 4, "hyp.txt: no texts"),
    "unequal": ("hyp.txt", "a\nb\n", 4, "hypotheses: 2 for 4 references"),
    "all empty": ("hyp.txt", "\n\n\n\n", 4, "hypotheses: all 4 are empty"),
    "not UTF-8": ("hyp.txt", b"a\nb\xff\n", 4, "hyp.txt: line 2 is not UTF-8"),
    "another kind": ("hyp.pt", "a\n", 4, "give predictions as .txt"),
    "no JSON": ("hyp.jsonl", "{\n", 4, "hyp.jsonl, line 1"),
    "no such column": ("hyp.jsonl", '{"said": "a"}\n', 4, "has no 'text', only said; name it with --column"),
    "no text": ("hyp.jsonl", '{"text": NaN}\n', 4, "hyp.jsonl, line 1"),
    "a number": ("hyp.jsonl", '{"text": 3}\n', 4, "entry 1 has 3 as 'text', which is no text"),
    "twice": ("hyp.jsonl", ROW * 2, 4, "has clip 'x' twice"),
    "a torn table": ("hyp.csv", 'text,n\n"a,1\n', 4, "hyp.csv: line 1: not a table"),
    "too many fields": ("hyp.csv", "text\na,b\n", 4, "entry 1 has not the 1 fields"),
    "columns of one name": ("hyp.csv", "text,text\na,b\n", 4, "two columns have one name"),
    "too long": ("hyp.txt", "a" * 10_001 + "\nb\nc\nd\n", 4, "more than 10,000"),
}


@pytest.mark.parametrize("case", BAD_TEXTS)
def test_bad_predictions_are_one_line(case, files, tmp_path, capsys):
    name, content, code, message = BAD_TEXTS[case]
    files[0].unlink()
    if name:
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    found = run(capsys, "texts", tmp_path / (name or "hyp.txt"), "--ref", files[1], "--language", "de")
    assert (found[0], found[1], found[2].count("\n")) == (code, "", 1)
    assert message in found[2]


BAD_WAYS = {
    "no language": ([], 2, "name it with --language"),
    "no such profile": (["--language", "de", "--profile", "mine"], 2, "profile 'mine': unknown"),
    "resamples": (["--language", "de", "--resamples", "3"], 2, "--resamples"),
}


@pytest.mark.parametrize("case", BAD_WAYS)
def test_bad_options_are_one_line(case, files, capsys):
    args, code, message = BAD_WAYS[case]
    found = run(capsys, "texts", files[0], "--ref", files[1], *args)
    assert (found[0], found[1]) == (code, "")
    assert message in found[2]


def test_an_empty_reference_and_names_that_differ_are_refused(files, tmp_path, capsys):
    written(files[1], ["a", "", "c", "d"])
    _, _, err = run(capsys, "texts", files[0], "--ref", files[1], "--language", "de")
    assert "references: number 2 is empty" in err
    for name, clip in (("a.jsonl", "x"), ("b.jsonl", "y")):
        (tmp_path / name).write_text(json.dumps({"name": clip, "text": "a"}))
    _, _, err = run(capsys, "texts", tmp_path / "a.jsonl", "--ref", tmp_path / "b.jsonl", "--language", "de")
    assert "none named 'x'" in err


def test_13a_is_refused_on_chinese_and_characters_are_taken(tmp_path, capsys):
    made, true = written(tmp_path / "h.txt", ["今天天气很好"]), written(tmp_path / "r.txt", ["今天天气不好"])
    found = scored(capsys, made, "--ref", true, "--language", "zh", "--profile", "slt")
    # 5 of 6 characters.
    assert found["profiles"]["slt"]["scores"][0]["value"] == pytest.approx(100 * 5 / 6)
    code, _, err = run(capsys, "texts", made, "--ref", true, "--language", "de", "--profile", "gfslt")
    assert code == 2
    assert "written without spaces between words; name their language" in err


def clips(folder: Path, count: int, change=lambda poses: poses, fps=25.0) -> Path:
    folder.mkdir()
    for number in range(count):
        write_poses(change(signer(40 + number, fps)), folder / f"clip-{number}.npz")
    return folder


def slower(poses):
    """Every frame twice at the same rate."""
    return poses.replace(keypoints=np.repeat(poses.keypoints, 2, axis=0), depth=None)


def test_poses_by_two_conventions(tmp_path, capsys):
    true, made = clips(tmp_path / "true", 8), clips(tmp_path / "made", 8, slower)
    code, out, _ = run(capsys, "poses", made, "--ref", true, "--resamples", "40", "--json")
    scores = {score["name"]: score for score in json.loads(out)["scores"]}
    assert code == 0
    assert scores["duration ratio"]["value"] == pytest.approx(2)
    assert scores["DTW-MJE all"]["value"] == pytest.approx(0, abs=1e-6)
    assert scores["Total Distance wrists"]["value"] == pytest.approx(1)
    assert scores["duration ratio"]["interval"] == pytest.approx([2, 2])
    code, out, _ = run(capsys, "poses", made, "--ref", true, "--profile", "slrtp")
    assert code == 0
    assert out.splitlines()[0].startswith("8 clips, slrtp")
    assert "25fps[::2]" in out


def test_few_pairs_have_no_intervals(tmp_path, capsys):
    true = clips(tmp_path / "true", 3)
    _, out, _ = run(capsys, "poses", true, "--ref", true, "--json")
    assert {score["interval"] for score in json.loads(out)["scores"]} == {None}


def test_poses_that_cannot_be_scored_are_one_line(tmp_path, capsys):
    true, slow = clips(tmp_path / "true", 2), clips(tmp_path / "slow", 2, fps=20.0)
    one = clips(tmp_path / "one", 1)
    (tmp_path / "nothing").mkdir()
    for made, args, message in (
        (one, [], "none named 'clip-1'"),
        (slow, [], "25"),
        (tmp_path / "nothing", [], "no clips"),
        (tmp_path / "absent", [], "absent"),
        (true, ["--profile", "mine"], "profile: expected one of"),
        (slow, ["--profile", "slrtp"], "takes 25, 12.5 or 12 fps"),
    ):
        code, out, err = run(capsys, "poses", made, "--ref", true, *args)
        assert (code in (2, 4), out, err.count("\n")) == (True, "", 1)
        assert message in err
    code, _, _ = run(capsys, "poses", slow, "--ref", true, "--rate", "12.5")
    assert code == 0
