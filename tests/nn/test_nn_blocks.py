"""Attention, norms, tokenizers and checkpoints that every model here is made of."""

import numpy as np
import pytest
import torch
from torch import nn

from signgen.errors import CheckpointError, ConfigError, DataError, DependencyError
from signgen.nn.attention import Attention, sinusoids
from signgen.nn.checkpoint import load_into, load_tensors, save_tensors
from signgen.nn.device import device_named
from signgen.nn.extra import need
from signgen.nn.tokenizer import END, Glosses, Pieces, Words, load_glosses, load_tokenizer
from signgen.nn.transformer import MaskedNorm

TEXTS = ["the cat sees the dog .", "the dog sees a bird .", "a bird sings .", "Müller sagt: 你好 !"] * 5


# So small a share leaves out nothing, but takes the way of training.
@pytest.mark.parametrize("dropout", [0, 1e-12], ids=["fused", "training"])
@pytest.mark.parametrize("is_causal", [False, True])
def test_attention_is_that_of_torch(dropout, is_causal):
    torch.manual_seed(0)
    own, known = Attention(16, 4, dropout), nn.MultiheadAttention(16, 4, batch_first=True)
    with torch.no_grad():
        known.in_proj_weight.copy_(torch.cat([own.query.weight, own.key.weight, own.value.weight]))
        known.in_proj_bias.copy_(torch.cat([own.query.bias, own.key.bias, own.value.bias]))
        known.out_proj.load_state_dict(own.output.state_dict())
    x, memory = torch.randn(2, 5, 16), torch.randn(2, 7, 16)
    mask = torch.arange(7)[None] < torch.tensor([[7], [4]])
    if is_causal:
        later = torch.ones(5, 5, dtype=torch.bool).triu(1)
        expected = known(x, x, x, attn_mask=later, need_weights=False)[0]
        torch.testing.assert_close(own(x, own.project(x), is_causal=True), expected)
    else:
        expected = known(x, memory, memory, key_padding_mask=~mask, need_weights=False)[0]
        torch.testing.assert_close(own(x, own.project(memory), mask), expected)


@pytest.mark.parametrize(
    ("position", "feature", "value"), [(3, 0, np.sin(3)), (3, 1, np.cos(3)), (5, 2, np.sin(0.05))]
)
def test_sinusoids(position, feature, value):
    assert sinusoids(8, 4)[position, feature] == pytest.approx(value, rel=1e-5)


def test_masked_norm_sees_real_frames_alone():
    x = torch.randn(2, 4, 3)
    mask = torch.tensor([[1, 1, 1, 0], [1, 1, 0, 0]], dtype=torch.bool)
    real = x[mask]
    expected = (real - real.mean(0)) / (real.var(0, unbiased=False) + 1e-5).sqrt()
    x[~mask] = 1e6
    normed = MaskedNorm(3)(x, mask)
    torch.testing.assert_close(normed[mask], expected)
    assert not normed[~mask].any()


@pytest.mark.parametrize(
    "make", [lambda: Words.train(TEXTS), lambda: Pieces.train(TEXTS, 60)], ids=["words", "pieces"]
)
def test_tokenizer_round_trip_and_saving(make, tmp_path):
    tokenizer = make()
    tokenizer.save(tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert len(loaded) == len(tokenizer)
    for text in TEXTS[:4]:
        numbers = loaded.encode(text)
        assert numbers == tokenizer.encode(text)
        assert min(numbers) > END
        assert loaded.decode([2, *numbers, 3, 1]) == text


def test_words_are_ranked_and_unknown_ones_show():
    words = Words.train(["b b a c", "a b"], size=6)
    assert words.words[4:] == ("b", "a")
    assert words.decode(words.encode("a zebra b")) == "a <unk> b"


def test_glosses(tmp_path):
    glosses = Glosses.train(["A B A", "C"])
    glosses.save(tmp_path)
    loaded = load_glosses(tmp_path)
    assert loaded.glosses == ("<blank>", "<unk>", "A", "B", "C")
    assert loaded.encode("C X A") == [4, 1, 2]
    assert loaded.decode([0, 4, 0, 2]) == "C A"
    assert load_glosses(tmp_path / "none") is None


def test_too_little_text_for_pieces():
    with pytest.raises(DataError, match=r"tokens\.kind: words"):
        Pieces.train([], 50)


def test_checkpoint_round_trip(tmp_path):
    model, other = nn.Linear(3, 2), nn.Linear(3, 2)
    save_tensors(tmp_path / "w.safetensors", model.state_dict(), "a note")
    tensors, note = load_tensors(tmp_path / "w.safetensors")
    load_into(other, tensors, "w")
    assert note == "a note"
    assert torch.equal(other.weight, model.weight)
    with pytest.raises(CheckpointError, match=r"^w: weights of another model \(weight do not fit\)"):
        load_into(nn.Linear(4, 2), tensors, "w")


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-7], lambda b: b"\xff" * 8 + b[8:], lambda b: b"", lambda b: b"PK" * 40]
)
def test_damaged_checkpoint_is_refused(tmp_path, damage):
    path = tmp_path / "w.safetensors"
    save_tensors(path, nn.Linear(3, 2).state_dict())
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CheckpointError, match=r"w\.safetensors: not a whole safetensors file"):
        load_tensors(path)


def test_missing_things_are_named(tmp_path):
    with pytest.raises(CheckpointError, match="no such file"):
        load_tensors(tmp_path / "none")
    with pytest.raises(CheckpointError, match="no tokenizer"):
        load_tokenizer(tmp_path)
    (tmp_path / "text.model").write_bytes(b"nonsense")
    with pytest.raises(CheckpointError, match="not a sentencepiece model"):
        load_tokenizer(tmp_path)
    with pytest.raises(DependencyError, match=r"needs no_such_package; run: pip install .signgen\[torch\]"):
        need("torch", "no_such_package")
    with pytest.raises(ConfigError, match="'gpu9' cannot be used here"):
        device_named("gpu9")
    assert device_named("cpu").type == "cpu"
