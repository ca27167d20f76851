"""What the measures say of real signing: fluent beside stitched, and changes whose effect is known."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise

import numpy as np
import pytest

from signgen.data.poses import read_pose
from signgen.data.skels import read_skels
from signgen.judge.pose.score import score_poses
from signgen.judge.pose.tally import resample_indices
from signgen.judge.pose.verdict import verdict
from signgen.pose.layout import LEFT_HAND, LEFT_WRIST, RIGHT_HAND, RIGHT_WRIST
from signgen.pose.motion import low_pass
from signgen.pose.sequence import PoseSequence
from signgen.text2pose.stitching.clip import Clip, make_clip
from signgen.text2pose.stitching.sentence import Sign, StitchSettings, stitch

# The two files of the other four pairs are the same.
DIFFERENT = [n for n in range(1, 17) if n not in (5, 13, 14, 15)]
FPS = 25.0


def scored(pairs, **settings):
    drawn = resample_indices(len(pairs), 200)
    return {score.name: score for score in score_poses(pairs, resamples=drawn, **settings)}


def folder_of(shared_data, name):
    folder = shared_data / name
    if not folder.is_dir():
        pytest.skip(f"no {name} here")
    return folder


@pytest.fixture(scope="module")
def real() -> dict[str, PoseSequence]:
    """Sequences of PHOENIX14T by name, and the starts and ends of their signs."""
    return {}


@pytest.fixture
def sequences(shared_data, real):
    folder = folder_of(shared_data, "pt150")
    if not real:
        for split in ("train", "dev"):
            names = (folder / f"{split}.files").read_text().split()
            real.update(zip(names, read_skels(folder / f"{split}.skels.gz", FPS), strict=True))
    return real


def test_stitched_citation_forms_are_not_fluent(shared_data):
    """Dictionary forms are 2 to 4 times too long and travel too far; those who hear jerk alone do not notice."""
    folder = folder_of(shared_data, "dgs_pairs")
    pairs = [
        tuple(read_pose(folder / f"train_{n}_{kind}.pose") for kind in ("updated", "original"))
        for n in DIFFERENT
    ]
    stitched, fluent = scored(pairs), scored([(reference, reference) for _, reference in pairs])
    assert (stitched["duration ratio"].each > 1.9).all()
    assert verdict(stitched["duration ratio"]) == "too long"
    for part, least in (("wrists", 1.8), ("fingertips", 1.9)):
        assert (stitched[f"Total Distance {part}"].each > least).all()
        assert verdict(stitched[f"Total Distance {part}"]) == "too much motion"
    for name in ("DTW-MJE all", "DTW-MJE body", "DTW-MJE hands-wrist", "DTWp hands", "PA-MPJPE hands"):
        assert (fluent[name].each == pytest.approx(0, abs=1e-5)) or name == "PA-MPJPE hands"
        assert stitched[name].interval[0] > 0
    assert stitched["jerk ratio wrists"].value > 1.1
    # 12 sentences do not tell jerk or arc length of the two apart: the interval reaches across 1 and 0.
    assert stitched["jerk ratio wrists"].interval[0] < 1 < stitched["jerk ratio wrists"].interval[1]
    assert (
        stitched["SPARC difference wrists"].interval[0] < 0 < stitched["SPARC difference wrists"].interval[1]
    )
    # What is missing is not filled, and told.
    assert 0.02 < stitched["DTWp hands masked"].value < 0.1


def changed(poses, change):
    keypoints = poses.keypoints.astype(np.float64)
    keypoints[..., :2] = change(keypoints[..., :2])
    keypoints[poses.confidence == 0] = 0
    return poses.replace(keypoints=keypoints, depth=None)


def nearer_the_mean(factor):
    return lambda xy: xy.mean(axis=0) + factor * (xy - xy.mean(axis=0))


def frozen_hands(xy):
    """Wrists go their way, the hands keep the shape of the first frame."""
    xy = xy.copy()
    for wrist, hand in ((LEFT_WRIST, LEFT_HAND), (RIGHT_WRIST, RIGHT_HAND)):
        xy[:, hand] = xy[:, [wrist]] + (xy[:1, hand] - xy[:1, [wrist]])
    return xy


@pytest.mark.parametrize("factor", [0.75, 0.5, 0.25, 0.0])
def test_regression_to_the_mean_shows_in_total_distance_and_jerk(sequences, factor):
    found = scored([(changed(p, nearer_the_mean(factor)), p) for p in sequences.values()])
    # Shoulders move a little, and the unit with them.
    assert found["Total Distance wrists"].value == pytest.approx(factor, abs=0.02)
    assert found["jerk ratio wrists"].value == pytest.approx(factor, abs=0.02)
    assert found["duration ratio"].value == 1


def test_the_ladder_orders_as_expected(sequences):
    poses = list(sequences.values())
    ladder = [
        scored([(changed(p, nearer_the_mean(factor)), p) for p in poses])["DTW-MJE all"].value
        for factor in (1.0, 0.75, 0.5, 0.25, 0.0)
    ]
    shuffled = scored([(poses[i - 1], poses[i]) for i in range(len(poses))])["DTW-MJE all"].value
    assert ladder[0] == 0
    assert sorted(ladder) == ladder
    assert shuffled > ladder[-1]


def test_frozen_hands_show_in_their_own_row(sequences):
    found = scored([(changed(p, frozen_hands), p) for p in sequences.values()])
    assert found["Total Distance wrists"].value == pytest.approx(1, abs=0.02)
    assert found["jerk ratio wrists"].value == pytest.approx(1, abs=0.02)
    assert found["DTW-MJE body"].value == pytest.approx(0, abs=1e-3)
    assert found["DTW-MJE hands-wrist"].value > 0.08
    assert found["PA-MPJPE hands"].value > 0.04
    assert verdict(found["Total Distance fingertips"]) == "too little motion"
    assert verdict(found["jerk ratio fingertips"]) == "too smooth"


def test_too_smooth_and_too_rough_both_fail(sequences):
    poses = list(sequences.values())
    smooth = scored([(low_pass(p, 2, 2), p) for p in poses])
    noise = np.random.default_rng(0)
    rough = scored([(changed(p, lambda xy: xy + noise.normal(0, 4, xy.shape)), p) for p in poses])
    assert verdict(smooth["jerk ratio wrists"]) == verdict(smooth["jerk ratio fingertips"]) == "too smooth"
    assert verdict(rough["jerk ratio wrists"]) == verdict(rough["jerk ratio fingertips"]) == "too rough"
    assert smooth["SPARC difference wrists"].interval[0] > 0
    assert smooth["DTW-MJE all"].value < 0.1


def test_repeated_and_dropped_frames(sequences):
    twice = [
        (p.replace(keypoints=np.repeat(p.keypoints, 2, axis=0), depth=None), p) for p in sequences.values()
    ]
    found = scored(twice)
    assert found["DTW-MJE all"].value == 0
    assert found["duration ratio"].value == 2
    assert found["Total Distance wrists"].value == pytest.approx(1, abs=1e-5)
    halved = scored([(p[::2], p) for p in sequences.values()])
    assert 0 < halved["DTW-MJE all"].value < 0.05
    assert 0.7 < halved["Total Distance wrists"].value < 1


def signs_of(shared_data):
    """Name -> first and last frame of each sign, by the alignments of PHOENIX14T."""
    found = {}
    for split in ("train", "dev"):
        path = folder_of(shared_data, "phoenix14t") / f"{split}.jsonl.gz"
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                states = np.array(row["alignments"]["pami0"].split(), dtype=int)
                models = np.where(states > 0, (states - 1) // 3, -1)
                edges = [0, *(np.flatnonzero(np.diff(models)) + 1).tolist(), len(models)]
                spans = pairwise(edges)
                found[row["name"]] = [(a, b) for a, b in spans if models[a] >= 0 and b - a > 1]
    return found


def on_canvas(clip: Clip) -> PoseSequence:
    keypoints = np.concatenate([clip.points[..., :2] * 100 + 256, clip.confidence[..., None]], axis=-1)
    keypoints[clip.confidence == 0] = 0
    return PoseSequence(keypoints, clip.fps, 512, 512)


def test_real_signs_stitched_again(sequences, shared_data):
    """As clean stitching should score: far nearer to the sentence than another one, smoother, with as much motion.

    The signs already hold their transitions; the stitcher adds its own, so it is too long.
    """
    spans, pairs = signs_of(shared_data), []
    for name, poses in sequences.items():
        signs = [
            Sign((make_clip(poses[a:b], 24.0, is_cut=True),), seconds=(b - a) / FPS) for a, b in spans[name]
        ]
        if signs:
            pairs.append((on_canvas(stitch(signs, StitchSettings(crop=False)).clip), poses))
    assert len(pairs) == 9
    found = scored(pairs, fps=24.0)
    others = scored([(pairs[i - 1][1], pairs[i][1]) for i in range(9)], fps=24.0)
    assert found["DTW-MJE all"].value < 0.5 * others["DTW-MJE all"].value
    assert found["DTW-MJE hands-wrist"].value < 0.4 * others["DTW-MJE hands-wrist"].value
    assert found["PA-MPJPE hands"].value < 0.3 * others["PA-MPJPE hands"].value
    assert found["jerk ratio wrists"].interval[1] < 1
    assert 1 <= found["Total Distance wrists"].value < 1.5
    assert found["duration ratio"].value > 1.1
    # These skeletons have no face.
    assert found["DTW-MJE face-nose masked"].value == 1
