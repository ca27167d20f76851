"""BLEURT by local path, with a tiny model made here: against the model run pair by pair, and every refusal."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from signgen.cli.main import main
from signgen.errors import CheckpointError, DataError
from signgen.judge.text.bleurt import load_bleurt

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

WORDS = [
    "the",
    "sun",
    "shines",
    "in",
    "south",
    "north",
    "rain",
    "comes",
    "tomorrow",
    "it",
    "is",
    "cold",
    "and",
    "wind",
    "blows",
]
REFERENCES = ["the sun shines in the south", "rain comes tomorrow", "it is cold and the wind blows", "rain"]
HYPOTHESES = ["the sun shines", "rain comes in the north tomorrow", "", "cold wind"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A BERT of 16 features with random weights, saved as transformers saves it."""
    made = tmp_path_factory.mktemp("models") / "tiny-bleurt"
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=5 + len(WORDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=24, num_labels=1, initializer_range=0.5,
    )  # fmt: skip
    transformers.BertForSequenceClassification(config).save_pretrained(made)
    (made / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]))
    transformers.BertTokenizerFast(vocab=str(made / "vocab.txt")).save_pretrained(made)
    return made


def by_hand(folder, hypothesis, reference):
    """One pair, its tokens put together here: [CLS] reference [SEP] hypothesis [SEP]."""
    model = transformers.BertForSequenceClassification.from_pretrained(folder).eval()
    first, second = ([5 + WORDS.index(word) for word in text.split()] for text in (reference, hypothesis))
    tokens = [2, *first, 3, *second, 3]
    kinds = [0] * (len(first) + 2) + [1] * (len(second) + 1)
    with torch.no_grad():
        return float(model(torch.tensor([tokens]), token_type_ids=torch.tensor([kinds])).logits[0, 0])


def test_scores_are_the_models_pair_by_pair(folder):
    bleurt = load_bleurt(folder, "cpu")
    found = bleurt.measure(HYPOTHESES, REFERENCES)
    each = [by_hand(folder, ours, theirs) for ours, theirs in zip(HYPOTHESES, REFERENCES, strict=True)]
    np.testing.assert_allclose(found.score().each, each, atol=1e-5)
    assert found.value == pytest.approx(np.mean(each), abs=1e-5)
    assert len(set(np.round(each, 4))) == 4
    assert f"bleurt:tiny-bleurt|weights:{bleurt.id}" in found.signature


def test_long_pairs_are_cut_to_what_the_model_can_read(folder):
    bleurt = load_bleurt(folder, "cpu")
    assert bleurt.longest == 24
    found = bleurt.measure([" ".join(WORDS)] * 2, [" ".join(WORDS)] * 2)
    assert np.isfinite(found.value)


def broken(folder, tmp_path, **changes):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, **changes}))
    return copy


BAD = {
    "no folder": (lambda folder: folder.rename(folder.with_name("gone")), {}, "has no config.json"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), {}, "has no model.safetensors"),
    "cut weights": (
        lambda folder: (folder / "model.safetensors").write_bytes(b"\0" * 99),
        {},
        "not a whole model of transformers",
    ),
    "no tokenizer": (
        lambda folder: [(folder / name).unlink() for name in ("vocab.txt", "tokenizer.json")],
        {},
        "has no tokenizer",
    ),
    "a classifier": (lambda folder: None, {"id2label": {"0": "a", "1": "b"}}, "with 2 labels"),
    "another model": (lambda folder: None, {"architectures": ["BertModel"]}, "BertModel with 1 labels"),
    "code of its own": (
        lambda folder: None,
        {"auto_map": {"AutoModel": "x.Y"}},
        "asks to run code of its own",
    ),
    "other sizes": (lambda folder: None, {"hidden_size": 32}, "copy"),
    "no config": (lambda folder: (folder / "config.json").write_text("["), {}, "config.json"),
    "a layer too many": (lambda folder: None, {"num_hidden_layers": 3}, "lacks 16 weights"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_bleurt_is_refused_in_one_line(folder, tmp_path, case):
    spoil, changes, message = BAD[case]
    copy = broken(folder, tmp_path, **changes)
    spoil(copy)
    with pytest.raises((CheckpointError, DataError), match=message) as caught:
        load_bleurt(copy, "cpu")
    assert "\n" not in str(caught.value)


def test_unequal_texts_are_refused(folder):
    with pytest.raises(DataError, match="hypotheses: 1 for 2 references"):
        load_bleurt(folder, "cpu").measure(["a"], ["a", "b"])


def test_the_command_adds_it_to_a_table_and_says_nothing_else(folder, tmp_path, capsys):
    made, true = tmp_path / "made.txt", tmp_path / "true.txt"
    made.write_text("\n".join(HYPOTHESES) + "\n")
    true.write_text("\n".join(REFERENCES) + "\n")
    args = ["score", "texts", str(made), "--ref", str(true), "--language", "en", "--profile", "wmt-slt"]
    expected = np.mean([by_hand(folder, *pair) for pair in zip(HYPOTHESES, REFERENCES, strict=True)])
    capsys.readouterr()
    assert main([*args, "--bleurt", str(folder), "--device", "cpu"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].split()[:2] == ["BLEURT", f"{expected:.2f}"]
    assert err == ""
    assert main([*args, "--bleurt", str(tmp_path)]) != 0
    assert capsys.readouterr().err.count("\n") == 1
