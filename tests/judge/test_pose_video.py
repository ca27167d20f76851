"""Flicker and drift of frames that were changed by a known amount."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from made_up_signer import signer

from signgen.errors import PoseError, RenderError
from signgen.judge.pose.ssim import shrunk, similarity
from signgen.judge.pose.video import (
    background_drift,
    background_mask,
    flicker,
    histogram,
    identity_drift,
    luma,
    overlap,
)
from signgen.pose.layout import FACE

SIGNER = signer(6)
RNG = np.random.default_rng(3)
PICTURE = cv2.GaussianBlur(RNG.integers(0, 256, (512, 512, 3), dtype=np.uint8), (9, 9), 2)


def film(frames=6):
    return np.repeat(PICTURE[None], frames, axis=0)


def test_flicker_is_the_mean_change_of_still_pixels():
    mask = background_mask(SIGNER)
    frames = np.full((6, 512, 512, 3), 100, np.uint8)
    frames[:, ~mask] = RNG.integers(0, 256, (6, (~mask).sum(), 3))
    assert flicker(frames, mask) == 0
    frames[1::2, mask] += 5
    assert flicker(frames, mask) == pytest.approx(5, rel=1e-4)


@pytest.mark.parametrize(
    ("colour", "level"), [((255, 255, 255), 255), ((255, 0, 0), 76.245), ((0, 255, 0), 149.685)]
)
def test_luma(colour, level):
    assert luma(np.full((1, 2, 2, 3), colour, np.uint8)) == pytest.approx(np.full((1, 2, 2), level), rel=1e-4)


def test_the_background_is_beside_and_above_the_signer():
    mask = background_mask(SIGNER)
    xy = SIGNER.xy.reshape(-1, 2)
    left, right, top = xy[:, 0].min() - 50, xy[:, 0].max() + 50, xy[:, 1].min() - 50
    assert not mask[511, 256]
    assert not mask[round(top) + 2, 256]
    assert mask[round(top) - 3, 256]
    assert mask[511, round(left) - 3]
    assert not mask[511, round(left) + 3]
    assert mask[511, round(right) + 3]
    with pytest.raises(PoseError, match="nobody is seen"):
        background_mask(SIGNER.replace(keypoints=np.zeros((2, 128, 3))))


def test_a_still_background_does_not_drift():
    found = background_drift(film(), background_mask(SIGNER))
    assert found.histogram == pytest.approx(np.ones(6))
    assert found.structure == pytest.approx(np.ones(6))


def test_a_background_that_changes_drifts():
    frames = film()
    frames[3:] = 255 - frames[3:]
    frames[1] = np.clip(frames[1] + RNG.normal(0, 25, frames[1].shape), 0, 255)
    found = background_drift(frames, background_mask(SIGNER))
    assert found.structure[0] == pytest.approx(1)
    assert found.structure[1] < 0.8
    assert found.structure[3] < 0.3
    other = background_drift(frames, background_mask(SIGNER), first=255 - PICTURE)
    assert other.structure[3] == pytest.approx(1)


def test_a_face_that_changes_drifts_and_one_that_moves_does_not():
    keypoints = SIGNER.keypoints.copy()
    frames = np.full((6, 512, 512, 3), 200, np.uint8)
    for t in range(6):
        keypoints[t, FACE, 0] += 10 * t
        x, y = keypoints[t, FACE, :2].mean(axis=0).round().astype(int)
        x, y = int(256 + 10 * t), 110
        frames[t, y - 40 : y + 40, x - 40 : x + 40] = (
            PICTURE[:80, :80] if t != 4 else PICTURE[100:180, :80] // 2
        )
    poses = SIGNER.replace(keypoints=keypoints)
    found = identity_drift(frames, poses)
    assert found.structure[[1, 2, 3, 5]] == pytest.approx(np.ones(4), abs=1e-6)
    assert found.histogram[4] < 0.6
    assert found.structure[4] < 0.7


def test_frames_without_a_face_say_nothing():
    keypoints = SIGNER.keypoints.copy()
    keypoints[2, FACE] = 0
    found = identity_drift(film(), SIGNER.replace(keypoints=keypoints))
    assert np.isnan(found.structure[2])
    assert np.isfinite(found.structure[[0, 1, 3]]).all()
    keypoints[:, FACE] = 0
    assert np.isnan(identity_drift(film(), SIGNER.replace(keypoints=keypoints)).histogram).all()


def test_similarity_is_wangs():
    """The formula with windows made by OpenCV."""
    a = PICTURE[:60, :70, 0].astype(float)
    b = np.clip(a + RNG.normal(0, 12, a.shape), 0, 255)

    def blurred(x):
        return cv2.GaussianBlur(x, (11, 11), 1.5, borderType=cv2.BORDER_REFLECT)

    ma, mb = blurred(a), blurred(b)
    va, vb, cab = blurred(a * a) - ma**2, blurred(b * b) - mb**2, blurred(a * b) - ma * mb
    c1, c2 = 6.5025, 58.5225
    each = (2 * ma * mb + c1) * (2 * cab + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))
    assert similarity(a, b) == pytest.approx(each[5:-5, 5:-5].mean(), abs=1e-9)
    assert similarity(a, a) == pytest.approx(1)
    mask = np.zeros(a.shape, bool)
    mask[:20] = True
    assert similarity(a, b, mask) == pytest.approx(each[:20].mean(), abs=1e-9)
    assert np.isnan(similarity(a, b, np.zeros(a.shape, bool)))


@pytest.mark.parametrize("shape", [(64, 64), (100, 130), (31, 200), (8, 8)])
def test_shrinking_is_by_area(shape):
    picture = PICTURE[: shape[0], : shape[1]]
    found = shrunk(picture, 16)
    assert found.shape == (16, 16, 3)
    if min(shape) >= 16:
        expected = cv2.resize(picture, (16, 16), interpolation=cv2.INTER_AREA)
        assert np.abs(found.astype(int) - expected).max() <= 1
    assert found.mean() == pytest.approx(picture.mean(), abs=0.6)


def test_histograms():
    red, blue = np.full((10, 3), (255, 0, 0), np.uint8), np.full((30, 3), (0, 0, 255), np.uint8)
    assert overlap(histogram(red), histogram(blue)) == 0
    assert overlap(histogram(red), histogram(np.concatenate([red, blue]))) == 0.25
    assert histogram(red).sum() == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: flicker(film().astype(float), np.ones((512, 512), bool)),
        lambda: flicker(film()[..., 0], np.ones((512, 512), bool)),
        lambda: flicker(film(), np.ones((4, 4), bool)),
        lambda: background_drift(film(), np.ones((512, 512), np.uint8)),
        lambda: identity_drift(film(5), SIGNER),
    ],
)
def test_frames_that_do_not_fit_are_refused(call):
    with pytest.raises(RenderError):
        call()


def test_too_little_to_say():
    assert np.isnan(flicker(film(1), np.ones((512, 512), bool)))
    assert np.isnan(flicker(film(), np.zeros((512, 512), bool)))
    assert np.isnan(background_drift(film(), np.zeros((512, 512), bool)).structure).all()
    assert len(background_drift(film(0), np.ones((512, 512), bool)).structure) == 0
