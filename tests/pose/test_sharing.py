"""A `PoseSequence` copies what anybody could change or what keeps much more memory alive, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from signgen.pose.sequence import PoseSequence


def frozen(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array


def view_of_writable() -> np.ndarray:
    view = np.zeros((4, 128, 3), np.float32)[:]
    view.setflags(write=False)
    return view


@pytest.mark.parametrize(
    ("keypoints", "is_shared"),
    [
        (frozen(np.zeros((4, 128, 3), np.float32)), True),
        (frozen(np.zeros((4, 128, 3), np.float32))[:3], True),
        (frozen(np.zeros((4, 128, 3), np.float32))[:1], False),
        (frozen(np.zeros((4, 128, 3), np.float64)), False),
        (frozen(np.zeros((8, 128, 3), np.float32))[::2], False),
        (np.zeros((4, 128, 3), np.float32), False),
        (view_of_writable(), False),
    ],
    ids=["read-only", "most of it", "a part", "float64", "every second", "writable", "view of writable"],
)
def test_what_is_shared(keypoints, is_shared):
    poses = PoseSequence(keypoints, 24, 512, 512)
    assert np.shares_memory(poses.keypoints, keypoints) == is_shared
    assert not poses.keypoints.flags.writeable


def test_replacing_the_rate_copies_nothing():
    poses = PoseSequence(np.zeros((4, 128, 3)), 24, 512, 512)
    assert np.shares_memory(poses.replace(fps=25).keypoints, poses.keypoints)
