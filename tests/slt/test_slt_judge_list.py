"""What users see of the judges and checkpoints at hand."""

from __future__ import annotations

import json
import shutil

import pytest

from signgen.cli.main import main
from signgen.data.checkpoints import load_index
from signgen.slt.settings import prepare
from signgen.slt.train import train


@pytest.fixture
def folder(small_corpus, tmp_path, monkeypatch):
    """A folder of checkpoints: one training, a folder of two, a damaged one and one that is no judge."""
    model = {"width": 16, "inner": 16, "heads": 2, "encoder_layers": 1, "decoder_layers": 1}
    values = {
        "data": {"sources": {"real": str(small_corpus)}},
        "tokens": {"kind": "words"},
        "model": model,
        "train": {"steps": 1, "batch": 4, "validate_every": 1},
    }
    train(prepare(values), tmp_path / "toy", device="cpu")
    for member in ("a", "b"):
        shutil.copytree(tmp_path / "toy" / "best", tmp_path / "two" / member)
    shutil.copytree(tmp_path / "toy" / "best", tmp_path / "torn")
    (tmp_path / "torn" / "model.safetensors").write_bytes(b"\0" * 64)
    (tmp_path / "pictures").mkdir()
    monkeypatch.setenv("SIGNGEN_CHECKPOINTS", str(tmp_path))
    return tmp_path


def shown(capsys, *arguments: str) -> list[dict[str, str]]:
    assert main(["show", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_judges_at_hand(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder / "pictures")
    rows = {row["name"]: row for row in shown(capsys, "judges")}
    assert rows.keys() - {"ase"} == {"toy", "two", "torn"}
    assert (rows["toy"]["fps"], rows["toy"]["members"], rows["two"]["members"]) == ("12.5", "1", "2")
    assert rows["toy"]["languages"] == "xxx to en"
    assert rows["toy"]["architecture"] == "linear"
    assert rows["torn"]["architecture"] == "damaged"
    card = json.loads((folder / "toy" / "best" / "card.json").read_text())
    assert float(rows["toy"]["dev BLEU"]) == pytest.approx(card["dev"]["bleu"], abs=0.01)


def test_members_of_a_judge(folder, capsys):
    rows = shown(capsys, "judges", "two")
    assert [row["member"] for row in rows] == ["a", "b"]
    assert {row["training clips"] for row in rows} == {"20"}
    assert {row["extractors"] for row in rows} == {"made up"}
    assert main(["show", "judges", "nobody"]) == 5
    assert "no such folder" in capsys.readouterr().err


def test_checkpoints(folder, capsys):
    name, known = next(iter(load_index().items()))
    (folder / known.file).write_bytes(b"weights")
    rows = {row["name"]: row for row in shown(capsys, "checkpoints")}
    assert rows.keys() == load_index().keys()
    assert rows[name]["state"] == str(folder / known.file)
    # One model for video is built in.
    assert {row["name"] for row in rows.values() if row["state"] != "not here"} == {name, "tiny-flow"}
    assert [row["name"] for row in shown(capsys, "checkpoints", name)] == [name]
    assert main(["show", "checkpoints", "nothing"]) == 2
