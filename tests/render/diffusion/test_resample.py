"""Boxes cut out and resized: exact on what is linear, the mean where it shrinks."""

import numpy as np
import pytest

from signgen.render.diffusion.resample import Box, covering, resample, to_bytes


def ramp(height=20, width=30):
    """The place of each pixel's centre."""
    y, x = np.mgrid[:height, :width] + 0.5
    return np.stack([x, y], axis=2)


def test_the_whole_picture_is_itself():
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    assert np.array_equal(to_bytes(resample(picture, Box(0, 0, 30, 20), 30, 20)), picture)


@pytest.mark.parametrize(
    "box", [Box(3, 4, 13, 12), Box(3.25, 4.75, 9.5, 8.0), Box(5.0, 3.0, 5.5, 3.25)], ids=str
)
@pytest.mark.parametrize(("width", "height"), [(10, 8), (7, 50), (40, 3)])
def test_places_are_kept(box, width, height):
    found = resample(ramp(), box, width, height)
    x = box.left + (np.arange(width) + 0.5) * box.width / width
    y = box.top + (np.arange(height) + 0.5) * box.height / height
    # Linear between pixels, so what is linear stays so wherever no border is near.
    assert found[..., 0] == pytest.approx(np.broadcast_to(x, (height, width)), abs=1e-4)
    assert found[..., 1] == pytest.approx(np.broadcast_to(y[:, None], (height, width)), abs=1e-4)


def test_shrinking_averages():
    picture = np.random.default_rng(1).normal(size=(32, 32, 1))
    small = resample(picture, Box(0, 0, 32, 32), 2, 2)
    noise = np.abs(small).max()
    assert noise < 0.3
    assert small.mean() == pytest.approx(picture.mean(), abs=0.05)


def test_the_border_goes_on_outside():
    found = resample(ramp(), Box(-10, -10, 0, 0), 4, 4)
    assert found == pytest.approx(np.full((4, 4, 2), 0.5))


@pytest.mark.parametrize(
    ("sizes", "middle", "expected"),
    [
        ((200, 100, 1, 1), None, Box(50, 0, 150, 100)),
        ((200, 100, 1, 1), (0, 0), Box(0, 0, 100, 100)),
        ((200, 100, 1, 1), (160, 50), Box(100, 0, 200, 100)),
        ((100, 300, 50, 100), (50, 290), Box(0, 100, 100, 300)),
    ],
)
def test_covering(sizes, middle, expected):
    assert covering(*sizes, middle) == expected
