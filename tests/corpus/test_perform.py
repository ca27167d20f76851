"""Sentences signed: what each setting of a style does to the poses, measured."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest

from signgen.corpus.grammar import Sentence, SignedGloss
from signgen.corpus.grammar_file import read_grammar
from signgen.corpus.movement import scale_movement
from signgen.corpus.perform import Performer
from signgen.corpus.settings import STYLES, Style, prepare
from signgen.corpus.signer import make_signers
from signgen.errors import ConfigError, PoseError
from signgen.pose.layout import (
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)
from signgen.text2pose.stitching.assemble import Run

CLEAN = STYLES["dictionary"]
TEXT = Sentence(
    "Tomorrow I will not eat bread.",
    tuple(
        SignedGloss(gloss, marks)
        for gloss, marks in [
            ("TOMORROW", ()), ("WONT", ("negation",)), ("EAT", ("negation",)), ("BREAD", ("negation",)),
        ]
    ),
)  # fmt: skip


@cache
def clean_performer():
    return Performer(read_grammar("english-small"), "ase", CLEAN, 0)


def signed(style, *, sentence=TEXT, seed=0):
    performer = dataclasses.replace(clean_performer(), style=style)
    # What reads the lexicon is the same for all styles of one rate: it need not be read for each.
    vars(performer).update(stitcher=clean_performer().stitcher, vocabulary=clean_performer().vocabulary)
    return performer(sentence, np.random.default_rng(seed))


def poses_of(*, seed=0, **changes):
    return signed(dataclasses.replace(CLEAN, **changes), seed=seed).poses


def lengths(poses, a, b):
    """Length in space of the bone from ``a`` to ``b`` in every frame, in shoulder widths of a clean signer."""
    points = np.concatenate([poses.xy, poses.depth[..., None]], axis=-1).astype(np.float64)
    return np.linalg.norm(points[:, a] - points[:, b], axis=1) / (0.3 * 512)


# --- movement -----------------------------------------------------------------------------------------------------


def an_arm(frames=60):
    """An arm whose wrist circles twice, in two signs, round (0.5, 0.2, -0.6); upper arm 0.9, forearm 0.8."""
    points, confidence = np.zeros((frames, 128, 3)), np.zeros((frames, 128))
    phase = np.linspace(0, 4 * np.pi, frames)
    wrist = np.stack([0.1 * np.cos(phase) - 0.5, 0.2 + 0.1 * np.sin(phase), np.full(frames, -0.6)], axis=1)
    shoulder = np.array([-0.5, 0.0, 0.0])
    way = wrist - shoulder
    reach = np.linalg.norm(way, axis=1, keepdims=True)
    near = (0.9**2 + reach**2 - 0.8**2) / (2 * reach)
    down = np.array([0.0, 1.0, 0.0]) - (way[:, 1:2] / reach**2) * way
    down /= np.linalg.norm(down, axis=1, keepdims=True)
    points[:, RIGHT_SHOULDER], points[:, RIGHT_WRIST] = shoulder, wrist
    points[:, RIGHT_ELBOW] = shoulder + near * way / reach + np.sqrt(0.81 - near**2) * down
    points[:, RIGHT_HAND] = wrist[:, None] + np.linspace(0, 0.2, 21)[None, :, None]
    confidence[:, [RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST]] = confidence[:, RIGHT_HAND] = 1
    return points, confidence, [Run("sign", 0, 30, 0), Run("sign", 30, 60, 1)]


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.3])
def test_movement_within_signs_is_scaled_about_its_middle(factor):
    points, confidence, runs = an_arm()
    out = scale_movement(points, confidence, runs, factor)
    for run in runs:
        before, after = (x[run.start : run.end, RIGHT_WRIST] for x in (points, out))
        np.testing.assert_allclose(after.mean(axis=0), before.mean(axis=0), atol=1e-9)
        np.testing.assert_allclose(np.diff(after, axis=0), factor * np.diff(before, axis=0), atol=1e-9)
    for a, b in ((RIGHT_SHOULDER, RIGHT_ELBOW), (RIGHT_ELBOW, RIGHT_WRIST)):
        bone = np.linalg.norm(out[:, a] - out[:, b], axis=1)
        np.testing.assert_allclose(bone, np.linalg.norm(points[:, a] - points[:, b], axis=1), atol=1e-9)
    hand = out[:, RIGHT_HAND] - out[:, RIGHT_WRIST, None]
    np.testing.assert_allclose(hand, points[:, RIGHT_HAND] - points[:, RIGHT_WRIST, None], atol=1e-12)
    assert not out[:, LEFT_HAND].any()


def test_an_arm_is_not_stretched_beyond_its_length():
    points, confidence, runs = an_arm()
    out = scale_movement(points, confidence, runs, 20.0)
    reach = np.linalg.norm(out[:, RIGHT_WRIST] - out[:, RIGHT_SHOULDER], axis=1)
    assert reach.max() <= 1.7 + 1e-9
    assert np.isfinite(out).all()
    np.testing.assert_allclose(np.linalg.norm(out[:, RIGHT_ELBOW] - out[:, RIGHT_SHOULDER], axis=1), 0.9)


# --- styles -------------------------------------------------------------------------------------------------------


def test_a_clean_sentence_is_the_same_whoever_signs_it():
    a, b = poses_of(seed=0, depth=True), poses_of(seed=9, depth=True)
    np.testing.assert_array_equal(a.keypoints, b.keypoints)
    assert lengths(a, RIGHT_SHOULDER, RIGHT_ELBOW).std() < 1e-3


def test_amplitude_scales_the_way_of_the_hands():
    def way(poses):
        speed = np.linalg.norm(np.diff(poses.xy[:, RIGHT_WRIST].astype(float), axis=0), axis=1)
        return speed.sum()

    ways = [way(poses_of(amplitude=(a, a))) for a in (0.5, 0.75, 1.0, 1.2)]
    assert ways == sorted(ways)
    # Only the signs move less; what lies between them does not.
    assert 0.5 < ways[0] / ways[2] < 0.95


def test_tempo_divides_the_duration():
    slow, normal, fast = (len(poses_of(tempo=(t, t), retime=True)) for t in (0.7, 1.0, 1.4))
    # Rest at both ends and transitions of whole frames keep it from being exact.
    assert normal / slow == pytest.approx(0.7, abs=0.08)
    assert fast / normal == pytest.approx(1 / 1.4, abs=0.08)


def test_citation_forms_last_longer_than_signs_in_sentences():
    assert len(poses_of(retime=False)) > len(poses_of(retime=True))


def test_short_transitions_and_eaten_ends_make_it_shorter():
    whole = len(poses_of())
    assert len(poses_of(transitions=(0.5, 0.5))) < whole
    assert len(poses_of(crop=0.4)) < whole


def test_prosody_changes_durations_from_sentence_to_sentence():
    assert len({len(poses_of(prosody=0.3, seed=seed)) for seed in range(6)}) > 2


def test_signers_have_bones_of_their_own_and_keep_them():
    clean = poses_of(depth=True)
    style = dataclasses.replace(CLEAN, shape=0.08, signers=5, depth=True)
    names = set()
    for seed in range(8):
        made = signed(style, seed=seed)
        names.add(made.signer.name)
        for a, b in ((RIGHT_SHOULDER, RIGHT_ELBOW), (RIGHT_ELBOW, RIGHT_WRIST)):
            expected = lengths(clean, a, b).mean() * made.signer.factors[b]
            np.testing.assert_allclose(lengths(made.poses, a, b), expected, rtol=5e-3)
    assert len(names) > 2


def test_signers_differ_as_much_as_asked_for():
    factors = np.log([signer.bones for signer in make_signers(Style(signers=2000, shape=0.05), 0)])
    # Four standard errors of 2000 draws of sd 0.05.
    np.testing.assert_allclose(factors.std(axis=0), 0.05, atol=4 * 0.05 / np.sqrt(4000))
    np.testing.assert_allclose(factors.mean(axis=0), 0, atol=4 * 0.05 / np.sqrt(2000))


def test_views_make_the_shoulders_narrower_and_keep_bones():
    widths = []
    for seed in range(8):
        poses = poses_of(yaw=40.0, pitch=10.0, depth=True, seed=seed)
        assert lengths(poses, RIGHT_SHOULDER, RIGHT_ELBOW).std() < 2e-3
        across = poses.xy[:, LEFT_SHOULDER] - poses.xy[:, RIGHT_SHOULDER]
        widths.append(float(np.linalg.norm(across, axis=1).mean()))
    front = 0.3 * 512
    assert front * np.cos(np.radians(41)) < min(widths) < 0.97 * front
    assert max(widths) <= front * 1.01


def test_size_and_place_stay_in_their_ranges():
    for seed in range(6):
        poses = poses_of(shoulders=(0.1, 0.2), shift=0.1, seed=seed)
        across = np.linalg.norm(poses.xy[0, LEFT_SHOULDER] - poses.xy[0, RIGHT_SHOULDER])
        assert 0.1 * 512 - 1 <= across <= 0.2 * 512 + 1
        middle = (poses.xy[0, LEFT_SHOULDER, 0] + poses.xy[0, RIGHT_SHOULDER, 0]) / 2
        assert abs(middle - 256) <= 0.1 * 512 + 1


def test_noise_has_the_spread_that_is_asked_for():
    clean, noisy = poses_of(), poses_of(noise=0.02)
    spread = (noisy.xy - clean.xy)[clean.confidence > 0].std() / (0.3 * 512)
    assert spread == pytest.approx(0.02, rel=0.02)


def test_dropouts_lose_whole_hands_for_some_frames():
    clean, lossy = poses_of(), poses_of(dropouts=2.0, dropout_frames=4)
    lost = (lossy.confidence[:, RIGHT_HAND] == 0) & (clean.confidence[:, RIGHT_HAND] > 0)
    assert 0 < lost.any(axis=1).mean() < 1
    assert (lost.any(axis=1) == lost.all(axis=1)).all()
    np.testing.assert_array_equal(clean.keypoints[:, LEFT_SHOULDER], lossy.keypoints[:, LEFT_SHOULDER])


def test_missing_keypoints_are_as_many_as_asked_for():
    clean, holes = poses_of(), poses_of(missing=0.1)
    share = (holes.confidence == 0)[clean.confidence > 0].mean()
    assert share == pytest.approx(0.1, abs=0.01)


def test_left_handed_signers_sign_with_the_left_hand():
    def height(poses, wrist):
        return float(poses.xy[:, wrist, 1].min())

    right, left = poses_of(), poses_of(left_handed=1.0)
    assert height(right, RIGHT_WRIST) == pytest.approx(height(left, LEFT_WRIST), abs=0.01)


def test_negation_shakes_the_head():
    plain = dataclasses.replace(TEXT, signs=tuple(SignedGloss(sign.gloss) for sign in TEXT.signs))
    still, shaken = (signed(CLEAN, sentence=s).poses.xy[:, 0, 0] for s in (plain, TEXT))
    # 0.16 of a face to either side, about 0.4 shoulder widths high.
    assert np.ptp(shaken - still) > 0.16 * 0.4 * 0.3 * 512
    np.testing.assert_array_equal(shaken[:10], still[:10])


def test_fingerspelled_names_and_pauses_are_signed():
    plain = Sentence("", (SignedGloss("BREAD"), SignedGloss("EAT")))
    paused = Sentence("", (SignedGloss("BREAD"), SignedGloss(","), SignedGloss("EAT")))
    assert len(signed(CLEAN, sentence=paused).poses) >= len(signed(CLEAN, sentence=plain).poses) + 5


def test_poses_without_depth_have_no_other_view():
    from signgen.pose.views import rotate

    with pytest.raises(PoseError, match="no depth"):
        rotate(poses_of(depth=False), 10)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"preset": "reel"}, "preset: 'reel' is unknown; did you mean 'real'?"),
        ({"sentences": 0}, "sentences: input should be greater than or equal to 1"),
        ({"style": {"tempo": [1.3, 0.8]}}, "style.tempo: expected two numbers from 0.25 to 4"),
        ({"style": {"amplitude": [0.5, float("nan")]}}, "style.amplitude"),
        ({"style": {"nose": 1}}, "style.nose: unknown setting; did you mean 'noise'?"),
        ({"style": 3}, "style: expected settings by name"),
        ({"disjoint": "texts"}, "disjoint"),
        ({"sentence": 3}, "sentence: unknown setting; did you mean 'sentences'?"),
    ],
)
def test_wrong_settings_are_refused(values, said):
    with pytest.raises(ConfigError) as error:
        prepare(values)
    assert said in str(error.value)


def test_presets_are_what_they_say():
    clean, real = prepare({"preset": "dictionary"}).style, prepare({}).style
    assert (clean, real) == (STYLES["dictionary"], STYLES["real"])
    assert prepare({"style": {"noise": 0.05}}).style == dataclasses.replace(real, noise=0.05)
