"""Contacts when lifting: hands before the face and before each other, by how sure their depth is."""

import numpy as np
import pytest

from signgen.body.lift_contact import FLESH, settle_contacts
from signgen.pose.layout import FACE, LEFT_HAND, RIGHT_HAND

CONTACT = 0.03


def scene(right=(0.0, -0.2, -0.10), left=(0.3, 0.3, -0.2), spread=0.03):
    """A flat face at depth -0.05 and two hands, each in one point, whose depth is sure to ``spread``."""
    points = np.zeros((1, 128, 3))
    points[0, FACE] = (0.0, -0.2, -0.05)
    points[0, RIGHT_HAND], points[0, LEFT_HAND] = right, left
    return points, np.full((1, 128), spread), np.ones((1, 128), bool)


def test_a_hand_on_the_face_comes_to_its_skin_by_its_share_of_the_doubt():
    points, uncertainty, seen = scene()
    settle_contacts(points, uncertainty, seen)
    # The gap to the skin, a finger's flesh before -0.05, is 0.038; two equal doubts share it, and the larger it is
    # beside twice both doubts together, the less it is believed.
    gap, both = 0.05 - FLESH, 0.03**2 + CONTACT**2
    share = 0.5 * (1 - gap**2 / (4 * both))
    assert points[0, RIGHT_HAND, 2] == pytest.approx(-0.10 + share * gap)
    assert uncertainty[0, RIGHT_HAND] == pytest.approx(0.03 * np.sqrt(1 - share))
    assert points[0, LEFT_HAND, 2] == pytest.approx(-0.2)


def test_contacts_begin_and_end_without_a_jump():
    ways = []
    for x in np.linspace(0.0, 0.03, 61):
        points, uncertainty, seen = scene(right=(x, -0.2, -0.10))
        settle_contacts(points, uncertainty, seen)
        ways.append(points[0, RIGHT_HAND.start, 2])
    assert np.ptp(ways) > 0.01
    assert np.abs(np.diff(ways)).max() < 0.2 * np.ptp(ways)


@pytest.mark.parametrize(
    "where",
    [
        {"right": (0.0, -0.2, -0.3)},  # far before the face: it passes by
        {"right": (0.1, -0.2, -0.08)},  # beside it
        {"spread": 0.0},  # its depth is known
    ],
)
def test_what_does_not_touch_stays(where):
    points, uncertainty, seen = scene(**where)
    before = points.copy()
    settle_contacts(points, uncertainty, seen)
    assert np.array_equal(points, before)


def test_a_hand_that_is_not_seen_touches_nothing():
    points, uncertainty, seen = scene()
    seen[:, RIGHT_HAND] = False
    before = points.copy()
    settle_contacts(points, uncertainty, seen)
    assert np.array_equal(points, before)


def test_two_hands_meet_between_their_doubts():
    points, uncertainty, seen = scene(right=(0.3, 0.3, -0.25), left=(0.3, 0.3, -0.2), spread=0.04)
    settle_contacts(points, uncertainty, seen)
    right, left = points[0, RIGHT_HAND.start, 2], points[0, LEFT_HAND.start, 2]
    assert -0.25 < right <= left < -0.2
    assert right + left == pytest.approx(-0.45)
