"""The commands that train: from a corpus to a checkpoint that signs, and what they say of wrong arguments."""

import json

import pytest
from toy_signdw_corpus import MODEL, make_corpus
from typer.testing import CliRunner

from signgen.cli.main import app
from signgen.signdw.checkpoint.folder import load_checkpoint
from signgen.text2pose.base import sources

TOKENIZER = ("rvq=1", "width=16", "code_width=4", "body_size=8", "hand_size=8", "face_size=4")


def run(*arguments) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["train", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def sets(prefix, *items):
    return [word for item in items for word in ("--set", f"{prefix}.{item}")]


def test_from_a_corpus_to_a_checkpoint(tmp_path):
    corpus = make_corpus(tmp_path / "corpus")
    small = ("steps=2", "batch=4", "validate_every=2", "warmup=0")
    code, out = run(
        "tokenizer", "--data", corpus, "-o", tmp_path / "t", "--device", "cpu", "--json", "--quiet",
        *sets("model", *TOKENIZER), *sets("train", *small, "begin=2"),
    )  # fmt: skip
    assert code == 0
    assert json.loads(out)["updates"] == 2
    arguments = (
        "signdw", "--data", f"toy={corpus}", "--tokenizer", tmp_path / "t", "-o", tmp_path / "s", "--device", "cpu",
        "--json", "--quiet", *sets("model", *(f"{k}={v}" for k, v in MODEL.items())),
        *sets("train", *small, "samples=1"),
    )  # fmt: skip
    code, out = run(*arguments, "--stop-after", 1)
    assert json.loads(out)["updates"] == 1
    code, out = run(*arguments)
    assert code == 0
    assert json.loads(out)["updates"] == 2
    assert {path.name for path in (tmp_path / "s" / "samples").iterdir()} == {"0000002-0.mp4", "true-0.mp4"}
    code, out = run("export", tmp_path / "s", "-o", tmp_path / "small", "--quiet")
    assert out.strip() == str(tmp_path / "small")
    assert load_checkpoint(tmp_path / "small").card.facts["step"] == 2
    source = sources.build({"name": "signdw", "checkpoint": str(tmp_path / "small")})
    assert len(source("The cats eat.")) > 0


@pytest.mark.parametrize("data", ["corpus", "=corpus", "a="])
def test_sources_have_names(data, tmp_path):
    from signgen.errors import ConfigError

    with pytest.raises(ConfigError, match="expected name=folder"):
        run("signdw", "--data", data, "-o", tmp_path)
