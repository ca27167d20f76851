"""Every row of every shape against OpenCV's own drawing."""

import math

import cv2
import numpy as np
import pytest
from cv2_pictures import SINCE_CLIPPED_LINES

from signgen.render.kernels.disc import disc_rows
from signgen.render.kernels.limb import COS, limb_rows
from signgen.render.kernels.line import line_rows
from signgen.render.kernels.rows import scratch

WIDTH, HEIGHT = 96, 71


def mask(first, last, rows, width=WIDTH, height=HEIGHT):
    out = np.zeros((height, width), np.uint8)
    for y in range(first, last + 1):
        if rows[y, 1] >= rows[y, 0]:
            out[y, rows[y, 0] : rows[y, 1] + 1] = 255
    return out


def places(count, spread, whole):
    """Pairs of points, ``spread`` times as far out as the canvas, half of the pairs close together."""
    rng = np.random.default_rng(count + spread)
    low, high = -(spread - 1) * 30, np.array([WIDTH, HEIGHT]) * spread
    a = rng.uniform(low, high, (count, 2))
    b = rng.uniform(low, high, (count, 2))
    b[::2] = a[::2] + rng.uniform(-12, 12, (len(a[::2]), 2))
    if spread == 1:
        a, b = np.clip(a, 6, high - 6), np.clip(b, 6, high - 6)
    return [
        (p.tolist(), q.tolist())
        for p, q in zip(np.trunc(a) if whole else a, np.trunc(b) if whole else b, strict=True)
    ]


def limb(a, b, width, height, rows, corners, stick=4):
    out = np.zeros((height, width), np.uint8)
    part, parts = 0, 1
    while part < parts:
        first, last, parts = limb_rows(*a, *b, stick, part, width, height, rows, corners)
        out |= mask(first, last, rows, width, height)
        part += 1
    return out


def limb_mask(a, b, width, height, stick=4):
    (xa, ya), (xb, yb) = a, b
    half = int(((ya - yb) ** 2 + (xa - xb) ** 2) ** 0.5 / 2)
    angle = int(math.degrees(math.atan2(ya - yb, xa - xb)))
    middle = int((xa + xb) / 2), int((ya + yb) / 2)
    out = np.zeros((height, width), np.uint8)
    return cv2.fillConvexPoly(out, cv2.ellipse2Poly(middle, (half, stick), angle, 0, 360, 1), 255)


def test_sine_table_is_opencvs():
    # With axes (1e7, 0) and no centre the corners of the polygon are the table itself, to its last decimal.
    corners = cv2.ellipse2Poly((0, 0), (10_000_000, 0), 0, 0, 360, 1)
    assert [x for x, _ in corners.tolist()][:90] == np.rint(1e7 * COS[:90]).astype(int).tolist()


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("spread", [1, 2, 4])
def test_limbs_equal_opencv(spread, whole):
    rows, corners = scratch(HEIGHT)
    for a, b in places(1500, spread, whole):
        assert np.array_equal(limb(a, b, WIDTH, HEIGHT, rows, corners), limb_mask(a, b, WIDTH, HEIGHT)), (
            a,
            b,
        )


@pytest.mark.parametrize("spread", [1, 2, 4])
@pytest.mark.parametrize("stick", [1, 2, 3])
def test_thin_limbs_equal_opencv(stick, spread):
    rows, corners = scratch(HEIGHT)
    for a, b in places(1000, spread, whole=False):
        got = limb(a, b, WIDTH, HEIGHT, rows, corners, stick)
        assert np.array_equal(got, limb_mask(a, b, WIDTH, HEIGHT, stick)), (a, b)


def test_giant_limbs_over_the_edge_equal_opencv():
    rows, corners = scratch(300)
    ends = np.random.default_rng(0).uniform(-1500, 1800, (8000, 4)).tolist()
    for xa, ya, xb, yb in ends:
        got = limb((xa, ya), (xb, yb), 300, 300, rows, corners)
        assert np.array_equal(got, limb_mask((xa, ya), (xb, yb), 300, 300)), (xa, ya, xb, yb)


@pytest.mark.parametrize("angle", range(-180, 181, 9))
def test_long_limbs_equal_opencv(angle):
    rows, corners = scratch(1200)
    for length in (0, 1, 2, 7, 30, 101, 555, 1100):
        a = (600.5, 599.25)
        b = (600.5 - length * math.cos(math.radians(angle)), 599.25 - length * math.sin(math.radians(angle)))
        assert np.array_equal(limb(a, b, 1200, 1200, rows, corners), limb_mask(a, b, 1200, 1200)), (
            length,
            angle,
        )


@pytest.mark.parametrize(
    "spread",
    [
        1,
        pytest.param(2, marks=pytest.mark.skipif(not SINCE_CLIPPED_LINES, reason="OpenCV before 4.13")),
        pytest.param(4, marks=pytest.mark.skipif(not SINCE_CLIPPED_LINES, reason="OpenCV before 4.13")),
    ],
)
@pytest.mark.parametrize("thick", [1, 2])
def test_lines_equal_opencv(thick, spread):
    rows, _ = scratch(HEIGHT)
    for a, b in places(4000, spread, whole=True):
        a, b = [int(v) for v in a], [int(v) for v in b]
        got = mask(*line_rows(*a, *b, thick, WIDTH, HEIGHT, rows), rows)
        assert np.array_equal(got, cv2.line(np.zeros_like(got), a, b, 255, thick)), (a, b)


@pytest.mark.parametrize("radius", [1, 2, 3, 4])
def test_discs_equal_opencv(radius):
    rows, _ = scratch(HEIGHT)
    for x in range(-6, WIDTH + 6):
        for y in (*range(-6, 8), 35, *range(HEIGHT - 8, HEIGHT + 6)):
            got = mask(*disc_rows(x, y, radius, WIDTH, HEIGHT, rows), rows)
            assert np.array_equal(got, cv2.circle(np.zeros_like(got), (x, y), radius, 255, -1)), (x, y)


@pytest.mark.parametrize(
    ("size", "out"), [(2160, 512), (3840, 1024), (2160, 2160), (1440, 720), (2160, 1301), (9, 4)]
)
def test_resize_equals_opencv(size, out):
    from signgen.render.kernels.paint import sample_axis

    line = np.random.default_rng(size).integers(0, 256, (1, size), dtype=np.uint8)
    axis = sample_axis(size, out, clamp=True)
    levels = line[0].astype(int)[axis.coordinates].reshape(out, 2)
    mean = ((axis.weights * levels).sum(axis=1) >> 4) * 2048 >> 16
    assert np.array_equal(mean + 2 >> 2, cv2.resize(line, (out, 1))[0])
