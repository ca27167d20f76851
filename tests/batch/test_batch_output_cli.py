"""``signgen batch verify``, ``card`` and ``merge``: exit codes, and what they print where."""

import json

import pytest
from finished_batches import make_batch

from signgen.cli.main import main


@pytest.fixture
def batch(tmp_path):
    return make_batch(tmp_path / "b", 1, 2)


def run(capsys, *words):
    code = main(["batch", *map(str, words)])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_verify_ends_with_7_and_names_what_is_damaged(batch, capsys):
    assert run(capsys, "verify", batch, "--deep") == (0, "", "signgen: 1 shards, 2 samples: 0 damaged\n")
    path = batch / "data" / "train-00000-of-00001.tar"
    path.write_bytes(path.read_bytes()[:-1])
    code, out, _ = run(capsys, "verify", batch)
    assert code == 7
    assert out.startswith("data/train-00000-of-00001.tar  changed")
    code, out, _ = run(capsys, "verify", batch, "--json")
    assert (code, json.loads(out)["damage"][0]["name"]) == (7, "data/train-00000-of-00001.tar")


def test_card_and_merge_print_the_folder(batch, tmp_path, capsys):
    code, out, err = run(capsys, "card", batch, "--title", "Mine", "--no-parquet")
    assert (code, out) == (0, f"{batch}\n")
    assert "licence: CC-BY-4.0" in err
    assert "# Mine" in (batch / "README.md").read_text()
    assert not (batch / "index.parquet").exists()
    other = make_batch(tmp_path / "o", 1, 1, "z")
    code, out, _ = run(capsys, "merge", batch, other, "-o", tmp_path / "all")
    assert (code, out) == (0, f"{tmp_path / 'all'}\n")
    assert len((tmp_path / "all/index.jsonl").read_text().splitlines()) == 3


@pytest.mark.parametrize("words", [["verify"], ["card"], ["merge", "-o", "new"]])
def test_a_folder_that_is_no_batch_is_told_in_one_line(tmp_path, capsys, words):
    target = [words[0], tmp_path, *words[1:]]
    code, out, err = run(capsys, *target)
    assert code not in (0, 1)
    assert out == ""
    assert len(err.splitlines()) == 1
