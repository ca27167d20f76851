"""Poses piece by piece are those of the whole."""

import numpy as np
import pytest
import torch
from toy_checkpoint import save_toy_checkpoint, toy_checkpoint

from signgen.errors import ConfigError, DataError
from signgen.signdw.settings import DrawSettings
from signgen.signdw.signing.streaming import MARGIN, poses_piecewise, stream_text
from signgen.signdw.signing.texts import sign_texts
from signgen.text2pose.signdw import SignDWSource

TEXTS = ["The dogs eat.", "The cats sleep. The dogs read and eat. Mothers sleep."]


@pytest.fixture(scope="module")
def checkpoint():
    return toy_checkpoint()


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("is_smooth", [True, False])
def test_joined_they_are_the_whole(checkpoint, text, is_smooth):
    whole = sign_texts(checkpoint, [text], DrawSettings(), [5], is_smooth=is_smooth)[0].poses
    pieces = list(stream_text(checkpoint, text, DrawSettings(), 5, is_smooth=is_smooth))
    joined = np.concatenate([piece.keypoints for piece in pieces])
    assert joined.shape == whole.keypoints.shape
    assert np.array_equal(joined[..., 2], whole.keypoints[..., 2])
    # Pixels.
    assert np.abs(joined - whole.keypoints).max() < 1e-2


def test_a_piece_waits_for_what_it_depends_on_and_no_longer(checkpoint):
    """After n steps all poses are there but those of the last MARGIN; with the tokenizer's reach, not by chance."""
    taken = 0

    def codes():
        nonlocal taken
        generator = torch.Generator().manual_seed(0)
        for _ in range(40):
            taken += 1
            yield torch.randint(8, (1, len(checkpoint.motion.streams)), generator=generator)

    shown = 0
    for piece in poses_piecewise(checkpoint, codes(), (512, 512)):
        shown += len(piece)
        assert shown == 4 * (taken - MARGIN) or (taken, shown) == (40, 160)
    assert shown == 160


def test_the_source_streams(tmp_path):
    source = SignDWSource(checkpoint=str(save_toy_checkpoint(tmp_path / "toy")), handed="left")
    whole = source(TEXTS[1], seed=2)
    joined = np.concatenate([piece.keypoints for piece in source.stream(TEXTS[1], seed=2)])
    assert np.abs(joined - whole.keypoints).max() < 1e-2


def test_refusals(checkpoint, tmp_path):
    with pytest.raises(ConfigError, match="use causal"):
        next(stream_text(checkpoint, TEXTS[0], DrawSettings(mode="masked")))
    with pytest.raises(DataError, match="empty"):
        next(stream_text(checkpoint, " ", DrawSettings()))
    folder = save_toy_checkpoint(tmp_path / "toy")
    with pytest.raises(ConfigError, match="24 frames a second"):
        SignDWSource(checkpoint=str(folder), fps=30.0).stream(TEXTS[0])
