"""The signs that a checkpoint keeps: laid along a plan, saved, refused when damaged, and used without being asked."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_checkpoint import save_toy_checkpoint, toy_checkpoint

from signgen.errors import CheckpointError
from signgen.nn.checkpoint import load_tensors, save_tensors
from signgen.signdw.checkpoint.export import export_checkpoint
from signgen.signdw.checkpoint.folder import load_checkpoint
from signgen.signdw.checkpoint.library import CODES, NAMES, load_library, save_library, with_own_signs
from signgen.signdw.network.batch import NO_SLOT
from signgen.signdw.network.copying import shown
from signgen.signdw.network.plan import LEAD_IN, LEAD_OUT, Plan
from signgen.signdw.settings import DrawSettings
from signgen.signdw.signing.texts import sign_texts

TEXT = "The dogs eat."


def test_a_step_is_shown_the_step_of_its_clip():
    clips = torch.arange(1.0, 6).view(1, 5, 1)
    slots = torch.tensor([[1, 1, 1, 3, NO_SLOT]])
    places = torch.tensor([[0, 1, 1, 1, 1, 2, 3, 3]])
    steps = torch.tensor([[0, 0, 1, 2, 3, 0, 0, -1]])
    # No clip 0 and 2, clip 1 has three steps, clip 3 one; padding belongs to none.
    assert shown(clips, slots, places, steps)[0, :, 0].tolist() == [0, 1, 2, 3, 0, 0, 4, 0]


def own_signs(checkpoint, count: int = 1) -> dict[str, torch.Tensor]:
    rng = torch.Generator().manual_seed(0)
    names = checkpoint.glosses.names[5 : 5 + count]
    sizes = checkpoint.model.sizes
    return {name: torch.stack([torch.randint(n, (3,), generator=rng) for n in sizes], 1) for name in names}


def test_signs_are_read_as_they_were_written(tmp_path):
    checkpoint = toy_checkpoint(is_retrieving=True)
    library = own_signs(checkpoint)
    assert load_library(tmp_path, checkpoint.model.sizes) == {}
    save_library(tmp_path, library)
    found = load_library(tmp_path, checkpoint.model.sizes)
    assert {gloss: codes.tolist() for gloss, codes in found.items()} == {
        gloss: codes.tolist() for gloss, codes in library.items()
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: {"codes": t["codes"]}, "not signs of this network"),
        (lambda t: {**t, "codes": t["codes"][:, 1:]}, "not signs of this network"),
        (lambda t: {**t, "lengths": -t["lengths"]}, "lengths of signs are damaged"),
        (lambda t: {**t, "codes": t["codes"][1:]}, "do not go together"),
        (lambda t: {**t, "codes": t["codes"] + 9999}, "another tokenizer"),
    ],
)
def test_damaged_signs_are_refused(tmp_path, change, words):
    checkpoint = toy_checkpoint(is_retrieving=True)
    save_library(tmp_path, own_signs(checkpoint))
    tensors, _ = load_tensors(tmp_path / CODES)
    save_tensors(tmp_path / CODES, change(tensors))
    with pytest.raises(CheckpointError, match=words):
        load_library(tmp_path, checkpoint.model.sizes)


def test_signs_without_names_are_refused(tmp_path):
    checkpoint = toy_checkpoint(is_retrieving=True)
    save_library(tmp_path, own_signs(checkpoint))
    (tmp_path / NAMES).unlink()
    with pytest.raises(CheckpointError, match="missing or damaged"):
        load_library(tmp_path, checkpoint.model.sizes)


def test_plans_get_the_signs_of_their_glosses():
    checkpoint = toy_checkpoint(is_retrieving=True)
    ((gloss, codes),) = own_signs(checkpoint).items()
    checkpoint = replace(checkpoint, library={gloss: codes})
    number = checkpoint.glosses.encode([gloss])[0]
    condition = checkpoint.encoding.condition([TEXT], [None])
    plan = Plan(8, (LEAD_IN, number, number, LEAD_OUT), (1, 3, 3, 1))
    given, plans = with_own_signs(checkpoint, condition, DrawSettings(), (1,), [plan])
    assert plans == [plan]
    assert given.slots.tolist() == [[1, 1, 1, 2, 2, 2]]
    assert torch.equal(given.retrieved[0, 3:], codes)
    # What a lexicon has retrieved stays.
    assert with_own_signs(checkpoint, given, DrawSettings(), (1,))[0] is given


def test_a_checkpoint_keeps_and_uses_its_signs(tmp_path):
    folder = save_toy_checkpoint(tmp_path / "a", is_retrieving=True)
    save_library(folder, own_signs(toy_checkpoint(is_retrieving=True), 4))
    loaded = load_checkpoint(export_checkpoint(folder, tmp_path / "b"))
    assert list(loaded.library) == list(loaded.glosses.names[5:])
    signed = sign_texts(loaded, [TEXT], DrawSettings(), [1])[0]
    bare = sign_texts(replace(loaded, library={}), [TEXT], DrawSettings(), [1])[0]
    # The plan is the same with and without them, the movement is not.
    assert signed.glosses == bare.glosses
    assert len(signed.poses) == len(bare.poses)
    assert not np.allclose(signed.poses.keypoints, bare.poses.keypoints)
