"""What a translator sees of poses: origin, unit, rate, what is missing, and how clips are changed for training."""

import numpy as np
import pytest
import torch

from signgen.errors import ConfigError, DataError, PoseError
from signgen.pose.layout import LEFT_HAND, LEFT_WRIST, NECK, RIGHT_HAND
from signgen.pose.sequence import PoseSequence
from signgen.slt.augment import Augmentation, augmented, frame_positions, similarity
from signgen.slt.clips import load_clips, training_id
from signgen.slt.features import features
from signgen.slt.frontends import in_parts

STILL = Augmentation(scale=0, shift=0, rotate=0, warp=0, drop=0, jitter=0)


def signer(frames=8, fps=25.0, scale=1.0, shift=(0.0, 0.0)):
    keypoints = np.zeros((frames, 128, 3), np.float32)
    keypoints[..., :2] = (
        np.random.default_rng(0).uniform(50, 250, (128, 2)) + np.arange(frames)[:, None, None]
    )
    keypoints[:, (NECK, 2, 5), :2] = (200, 150), (160, 150), (240, 150)
    keypoints[..., :2] = keypoints[..., :2] * scale + shift
    keypoints[..., 2] = 0.8
    return PoseSequence(keypoints, fps, 800, 800)


def test_origin_and_unit():
    found = features(signer(), 25)
    np.testing.assert_allclose(found[:, NECK, :2], 0, atol=1e-6)
    np.testing.assert_allclose(found[:, 2, :2], (-0.5, 0) * np.ones((8, 1)), atol=1e-6)
    np.testing.assert_allclose(found[..., 2], 0.8, atol=1e-6)


def test_place_and_size_of_the_signer_do_not_matter():
    np.testing.assert_allclose(
        features(signer(), 25), features(signer(scale=1.7, shift=(90, -20)), 25), atol=1e-5
    )


@pytest.mark.parametrize(("fps", "frames"), [(25, 8), (12.5, 4), (10, 3)])
def test_rate(fps, frames):
    assert features(signer(), fps).shape == (frames, 128, 3)


def test_missing_stays_missing_and_outliers_count_as_missing():
    keypoints = signer().keypoints.copy()
    keypoints[:, LEFT_HAND] = 0
    keypoints[3, 100, :2] = 5000, 5000
    found = features(PoseSequence(keypoints, 25, 800, 800), 25)
    assert not found[:, LEFT_HAND].any()
    assert not found[3, 100].any()
    assert found[2, 100, 2] > 0


@pytest.mark.parametrize(
    ("poses", "message"),
    [
        (signer(fps=5), "5 fps is too few for a model of 12.5 fps"),
        (PoseSequence(np.zeros((0, 128, 3)), 25, 10, 10), "no frames"),
        (PoseSequence(np.zeros((3, 128, 3)), 25, 10, 10), "no frame shows both"),
    ],
)
def test_what_cannot_be_seen_is_refused(poses, message):
    with pytest.raises(PoseError, match=message):
        features(poses)


def test_parts_are_seen_from_their_roots():
    frames = torch.rand(2, 3, 128, 3) + 0.1
    frames[0, 0, LEFT_HAND.start] = 0  # the body's wrist stands in
    frames[1, 1, [RIGHT_HAND.start, 4]] = 0  # nothing does
    found = in_parts(frames)
    torch.testing.assert_close(found[..., :18, :], frames[..., :18, :])
    expected = 4 * (frames[0, 0, 20, :2] - frames[0, 0, LEFT_WRIST, :2])
    torch.testing.assert_close(found[0, 0, 20, :2], expected)
    torch.testing.assert_close(found[0, 1, 20, :2], 4 * (frames[0, 1, 20, :2] - frames[0, 1, 18, :2]))
    assert not found[1, 1, RIGHT_HAND].any()
    assert not found[0, 0, LEFT_HAND.start].any()


def test_no_augmentation_changes_nothing():
    found = features(signer(), 25)
    assert augmented(found, STILL, np.random.default_rng(0)) is found


def test_augmentation_keeps_what_is_missing_and_is_repeatable():
    found = features(signer(40), 25)
    found[5:12, 30] = 0
    one, other = (augmented(found, Augmentation(), np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    gone = one[..., 2] == 0
    assert gone[:, 30].any()
    assert not one[gone].any()
    assert not gone[:, 29].any()


def test_similarity_keeps_angles_and_lengths_alike():
    matrix = similarity(Augmentation(scale=0.3, rotate=40, shift=1), np.random.default_rng(1))
    scale = np.sqrt(np.linalg.det(matrix[:, :2]))
    assert 0.7 <= scale <= 1.3
    np.testing.assert_allclose(matrix[:, :2] @ matrix[:, :2].T, np.eye(2) * scale**2, atol=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_time_runs_forward_within_the_clip(seed):
    positions = frame_positions(50, 0.5, 0.3, np.random.default_rng(seed))
    assert (np.diff(positions) > 0).all()
    assert positions[0] >= 0
    assert positions[-1] <= 49
    assert 15 <= len(positions) <= 75


def test_positions_between_frames_are_interpolated_where_both_are_seen():
    from signgen.slt.augment_kernels import move

    keypoints = np.array([[[0, 0, 1], [0, 0, 0]], [[2, 4, 0.5], [3, 3, 1]]], np.float32)
    out = np.empty((2, 2, 3), np.float32)
    move(
        keypoints,
        np.array([0.25, 0.75]),
        np.eye(2, 3, dtype=np.float32),
        np.empty((0, 2, 2), np.float32),
        out,
    )
    np.testing.assert_allclose(out, [[[0.5, 1, 0.5], [0, 0, 0]], [[1.5, 3, 0.5], [3, 3, 1]]])


def test_clips_of_a_corpus(corpus, tmp_path):
    clips = load_clips(corpus / "train", 12.5)
    assert len(clips) == 160
    assert clips.lengths.tolist() == [18] * 160
    assert clips.infos[0]["signed_language"] == "xxx"
    for _ in range(2):
        cached = load_clips(corpus / "train", 12.5, cache=tmp_path)
        np.testing.assert_array_equal(cached.keypoints, clips.keypoints)
        assert (cached.texts, cached.glosses, cached.names) == (clips.texts, clips.glosses, clips.names)
    assert training_id([clips]) == training_id([cached]) != training_id([load_clips(corpus / "dev", 12.5)])
    data = next(tmp_path.glob("*.f16"))
    data.write_bytes(data.read_bytes()[:-2])
    with pytest.raises(DataError, match="damaged; delete this file"):
        load_clips(corpus / "train", 12.5, cache=tmp_path)


def test_folder_without_shards(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        load_clips(tmp_path / "none", 12.5)


def test_noise_is_nearly_normal_and_independent():
    from signgen.slt.augment_kernels import shake

    noise, other = np.empty(200_000, np.float32), np.empty(200_000, np.float32)
    shake(noise, 12345678901234567, 0.01)
    shake(other, 12345678901234568, 0.01)
    assert noise.mean() == pytest.approx(0, abs=4 * 0.01 / len(noise) ** 0.5)
    assert noise.std() == pytest.approx(0.01, rel=0.01)
    # A normal distribution has 0.6827 within one deviation and 0.9545 within two.
    for deviations, share in ((1, 0.6827), (2, 0.9545)):
        assert np.mean(np.abs(noise) < 0.01 * deviations) == pytest.approx(share, abs=0.015)
    for a, b in (
        (noise, other),
        (noise[1:], noise[:-1]),
        (noise[2:], noise[:-2]),
        (noise[256:], noise[:-256]),
    ):
        assert np.corrcoef(a, b)[0, 1] == pytest.approx(0, abs=4 / len(a) ** 0.5)


def test_augmentation_settings_are_checked():
    from signgen.slt.settings import prepare

    with pytest.raises(ConfigError, match=r"augment\.scale"):
        prepare({"augment": {"scale": 1.5}})
