"""Windows against the facts of MimicMotion's pipeline and the promises of `plan_windows`."""

from itertools import pairwise

import numpy as np
import pytest

from signgen.errors import ConfigError
from signgen.render.diffusion.windows import plan_windows, triangle

CASES = [
    (count, size, overlap, reference)
    for count in (1, 2, 3, 7, 8, 9, 15, 20, 23, 100)
    for size in (2, 3, 8, 16)
    for overlap in (0, 1, 3, 6)
    for reference in (False, True)
    if overlap < size - reference
]


def frames_of(*args, **kwargs):
    return [list(window.frames) for window in plan_windows(*args, **kwargs)]


# The windows that MimicMotion's pipeline was seen to use, with tiles of 8.
@pytest.mark.parametrize(
    ("count", "overlap", "starts"),
    [(8, 3, [1]), (9, 3, [1, 2]), (15, 0, [1, 8]), (20, 3, [1, 6, 11, 13]), (23, 3, [1, 6, 11, 16])],
)
def test_windows_of_the_original(count, overlap, starts):
    expected = [[0, *range(start, start + 7)] for start in starts]
    assert frames_of(count, 8, overlap, original=True) == expected


def test_the_original_is_refused_where_it_leaves_frames_out():
    with pytest.raises(ConfigError, match="use 1 or more"):
        plan_windows(17, 8, 0, original=True)


@pytest.mark.parametrize(("count", "size", "overlap", "reference"), CASES)
def test_every_frame_has_a_window(count, size, overlap, reference):
    windows = plan_windows(count, size, overlap, reference=reference)
    body = [window.frames[reference:] for window in windows]
    assert {frame for window in windows for frame in window.frames} == set(range(count))
    assert windows[-1].frames[-1] == count - 1
    assert all(len(window.frames) == min(size, count) for window in windows)
    assert all(list(part) == list(range(part[0], part[0] + len(part))) for part in body if part)
    assert all(window.frames[0] == 0 for window in windows if reference)
    shared = [len(set(one) & set(other)) for one, other in pairwise(body)]
    assert all(share == overlap for share in shared[:-1])
    assert all(share >= overlap for share in shared[-1:])
    assert all((window.weights > 0).all() for window in windows)


def test_a_clip_of_nothing_has_no_window():
    assert plan_windows(0, 8, 3) == ()


@pytest.mark.parametrize(
    ("size", "expected"), [(1, [1]), (2, [0.5, 0.5]), (3, [1 / 3, 1, 1 / 3]), (4, [0.25, 0.75, 0.75, 0.25])]
)
def test_weights_are_a_triangle(size, expected):
    np.testing.assert_allclose(triangle(size), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("size", "overlap", "reference", "message"),
    [
        (0, 0, False, "too few"),
        (1, 0, True, "use 2"),
        (8, 8, False, "0 to 7"),
        (8, 7, True, "0 to 6"),
        (8, -1, False, "0 to 7"),
    ],
)
def test_what_cannot_be(size, overlap, reference, message):
    with pytest.raises(ConfigError, match=message):
        plan_windows(100, size, overlap, reference=reference)
