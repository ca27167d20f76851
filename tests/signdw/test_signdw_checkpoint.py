"""A checkpoint comes back as it was written, half of it is half the bytes, and what is damaged is refused."""

import shutil

import pytest
import torch
import yaml
from toy_signdw_corpus import make_corpus, make_tokenizer, run_of

from signgen.errors import CheckpointError, ResourceError
from signgen.nn.checkpoint import load_tensors, save_tensors
from signgen.signdw.checkpoint.card import CONFIG, checkpoint_named
from signgen.signdw.checkpoint.export import export_checkpoint
from signgen.signdw.checkpoint.folder import (
    PIECES,
    WEIGHTS,
    WORDS,
    load_checkpoint,
    memory_errors,
)
from signgen.signdw.motion.folder import load_tokenizer
from signgen.signdw.training.train import train_signdw


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signdw")
    run = run_of(make_corpus(folder / "corpus"), make_tokenizer(folder / "motion"))
    return train_signdw(run, folder / "run", device="cpu").checkpoint


@pytest.fixture
def copy(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "copy")


def test_it_comes_back(trained):
    loaded = load_checkpoint(trained)
    tensors, _ = load_tensors(trained / WEIGHTS)
    for name, value in loaded.model.state_dict().items():
        assert torch.equal(value, tensors[f"model.{name}"])
    motion = load_tokenizer(trained.parents[1] / "motion")
    for name, value in loaded.motion.state_dict().items():
        if not name.endswith((".counts", ".sums")):
            assert torch.equal(value, motion.state_dict()[name])
    names = {"EAT", "READ", "SLEEP", "CATS", "DOGS", "MOTHERS", "TEACHERS"}
    assert set(loaded.glosses.names[5:]) == names
    assert {"dogs", "the", "read"} <= loaded.words
    assert loaded.card.licence == "CC0-1.0"
    assert loaded.id == load_checkpoint(trained).id
    assert not loaded.model.training


def test_a_name_is_looked_for(trained, tmp_path, monkeypatch):
    monkeypatch.setenv("SIGNGEN_CHECKPOINTS", str(tmp_path))
    shutil.copytree(trained, tmp_path / "mine" / "best")
    assert checkpoint_named("mine") == tmp_path / "mine" / "best"
    assert checkpoint_named(trained) == trained
    with pytest.raises(CheckpointError, match="checkpoint 'yours': no such folder"):
        checkpoint_named("yours")


def test_half_precision_is_half_the_bytes(trained, tmp_path):
    folder = export_checkpoint(trained.parent, tmp_path / "half")
    sizes = [(place / WEIGHTS).stat().st_size for place in (folder, trained)]
    assert sizes[0] < 0.62 * sizes[1]
    whole, half = load_checkpoint(trained), load_checkpoint(folder)
    for name, value in whole.model.state_dict().items():
        torch.testing.assert_close(half.model.state_dict()[name], value, rtol=1e-3, atol=1e-6)
    assert half.id != whole.id
    assert {path.name for path in folder.iterdir()} == {path.name for path in trained.iterdir()}
    with pytest.raises(CheckpointError, match="is the checkpoint itself"):
        export_checkpoint(folder, folder)


def changed_card(folder, **changes):
    path = folder / CONFIG
    card = yaml.safe_load(path.read_text())
    for name, value in changes.items():
        keys = name.split("__")
        inner = card
        for key in keys[:-1]:
            inner = inner[key]
        if value is None:
            del inner[keys[-1]]
        else:
            inner[keys[-1]] = value
    path.write_text(yaml.safe_dump(card))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"expects__layout": "openpose-137"}, "made for layout 'openpose-137', but 'dwpose-128' is needed"),
        ({"expects__fps": 25.0}, "made for fps 25.0, but 24.0 is needed"),
        ({"expects__keypoints": 133}, "made for keypoints 133"),
        ({"expects": None}, "does not say what poses it makes"),
        ({"kind": "slt"}, "not the card of a signdw checkpoint"),
        ({"model__width": 20}, "weights of another model"),
        ({"motion__code_width": 8}, "weights of another model"),
        ({"words": 3}, "the card counts 3 words, the vocabulary"),
        ({"glosses": 900}, "the card counts 900 glosses"),
        ({"model__layers": "two"}, "damaged .model.layers"),
        ({"extra": 1}, "damaged .extra: unknown setting"),
    ],
)
def test_cards_that_lie_are_refused(copy, changes, message):
    changed_card(copy, **changes)
    with pytest.raises(CheckpointError, match=message) as found:
        load_checkpoint(copy)
    assert "\n" not in str(found.value)


def damaged_weights(folder):
    path = folder / WEIGHTS
    path.write_bytes(path.read_bytes()[:-100])


def rewritten(change):
    def damage(folder):
        tensors, note = load_tensors(folder / WEIGHTS)
        change(tensors)
        save_tensors(folder / WEIGHTS, tensors, note)

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damaged_weights, "not a whole safetensors file"),
        (lambda folder: (folder / WEIGHTS).unlink(), "no such file"),
        (lambda folder: (folder / PIECES).unlink(), "tokenizer.model"),
        (lambda folder: (folder / PIECES).write_bytes(b"\xff\x00no"), "not a sentencepiece model"),
        (lambda folder: (folder / WORDS).write_bytes(b"\xff\xfe"), "words.txt: damaged"),
        (lambda folder: (folder / CONFIG).write_text(": ["), "config.yaml"),
        (lambda folder: (folder / CONFIG).write_text("[1]"), "config.yaml"),
        (rewritten(lambda t: t["model.nothing"].fill_(torch.nan)), "weights that are no numbers"),
        (rewritten(lambda t: t.pop("model.nothing")), "weights of another model"),
        (rewritten(lambda t: t.update({"rest.x": torch.zeros(1)})), "has weights of something else"),
    ],
)
def test_damage_is_refused(copy, damage, message):
    damage(copy)
    with pytest.raises(CheckpointError, match=message) as found:
        load_checkpoint(copy)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried"),
        torch.OutOfMemoryError("CUDA out of memory."),
    ],
)
def test_no_memory_is_one_line(error):
    with pytest.raises(ResourceError, match="signdw: not enough memory"), memory_errors("signdw"):
        raise error
    with pytest.raises(RuntimeError, match="something else"), memory_errors("signdw"):
        raise RuntimeError("something else")


def test_a_card_of_a_giant_is_refused_before_memory_is_taken(copy):
    """The sizes of a card are compared with the weights before anything is allocated."""
    changed_card(copy, model__width=8192, model__heads=64, model__layers=128)
    with pytest.raises(CheckpointError, match="weights of another model"):
        load_checkpoint(copy)
