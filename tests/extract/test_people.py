"""Who is who and who signs, on crowds whose members are known."""

import numpy as np
import pytest

from signgen.data.people import follow, tracks
from signgen.extract.base import Detections
from signgen.extract.people import Switch, gather

FPS, WIDTH, HEIGHT = 24.0, 640, 480
_SHAPE = np.random.default_rng(3).uniform(-1, 1, (128, 2))


def person(x, y=240.0, size=100.0, confidence=0.9):
    """(128, 3) keypoints of someone whose middle is (x, y), always of one form."""
    points = np.full((128, 3), confidence, np.float32)
    points[:, :2] = (x, y) + size * _SHAPE
    return points


def crowd(*ways, seed=0):
    """Detections of people on their ways, (T,) x each or None, in another order in each frame."""
    rng = np.random.default_rng(seed)
    for t in range(len(ways[0])):
        people = [way[t] for way in ways if way[t] is not None]
        order = rng.permutation(len(people))
        yield Detections(np.array([people[i] for i in order], np.float32).reshape(-1, 128, 3))


def middles(poses):
    return poses.keypoints[:, :, 0].mean(axis=1)


def test_people_who_cross_keep_their_identity():
    steps = np.arange(60)
    right, left = [person(120 + 6 * t) for t in steps], [person(500 - 6 * t, 250) for t in steps]
    first, second = (track for track in tracks([d.keypoints for d in crowd(right, left)]))
    ways = sorted((first[:, :, 0].mean(axis=1), second[:, :, 0].mean(axis=1)), key=lambda way: way[0])
    assert (np.diff(ways[0]) > 0).all()
    assert (np.diff(ways[1]) < 0).all()


def test_someone_hidden_for_a_while_is_the_same_when_back():
    steps = np.arange(50)
    way = [None if 20 <= t < 30 else person(200 + 2 * t) for t in steps]
    found = follow(d.keypoints for d in crowd(way, [person(500)] * 50))
    assert [len(track.frames) for track in found] == [40, 50]


def test_someone_elsewhere_is_somebody_else():
    found = follow([person(100, size=30)[None], person(500, size=30)[None]])
    assert len(found) == 2


def test_a_crossing_passer_by_does_not_take_the_signing_over():
    signer = [person(320)] * 96
    passing = [person(-40 + 9 * t, 200, 130, 0.95) if t < 80 else None for t in range(96)]
    found = gather(list(crowd(signer, passing)), FPS, WIDTH, HEIGHT)
    assert found.switches == ()
    assert np.ptp(middles(found.signer)) < 1
    assert (len(found.people), found.crowd) == (2, 2)


def test_a_cut_to_another_signer_is_followed_and_said():
    first = [person(320) if t < 60 else None for t in range(120)]
    second = [person(150, 300, 60) if t >= 60 else None for t in range(120)]
    found = gather(list(crowd(first, second)), FPS, WIDTH, HEIGHT)
    assert found.switches == (Switch(60, 0, 1),)
    assert (found.signer.confidence > 0).all()


@pytest.mark.parametrize("count", [0, 1, 5])
def test_nobody(count):
    found = gather([Detections(np.zeros((0, 128, 3), np.float32))] * count, FPS, WIDTH, HEIGHT)
    assert (len(found.signer), found.switches, found.crowd) == (count, (), 0)
    assert not found.signer.confidence.any()


def test_what_is_seen_for_a_moment_is_nobody():
    flashes = [person(60, size=20) if t == 7 else None for t in range(48)]
    found = gather(list(crowd([person(320)] * 48, flashes)), FPS, WIDTH, HEIGHT)
    assert len(found.people) == 1


def test_the_large_one_in_the_middle_signs():
    middle, edge, small = [person(320)] * 30, [person(60)] * 30, [person(330, 100, 40)] * 30
    found = gather(list(crowd(edge, small, middle)), FPS, WIDTH, HEIGHT)
    assert middles(found.signer)[0] == pytest.approx(person(320)[:, 0].mean(), abs=0.5)
    assert len(found.people) == 3


def test_z_becomes_depth_from_the_neck():
    z = np.zeros((1, 128), np.float32)
    frame = Detections(person(320)[None], z)
    found = gather([frame] * 3, FPS, WIDTH, HEIGHT)
    assert found.signer.depth is not None
    assert found.signer.depth[0, 1] == 0
