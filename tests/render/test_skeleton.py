"""The settings of the skeleton renderer."""

import numpy as np
import pytest

from signgen.errors import ConfigError
from signgen.pose.sequence import PoseSequence
from signgen.render.base import renderers
from signgen.render.draw import draw
from signgen.render.skeleton import Skeleton


def pose(width, height):
    points = np.zeros((1, 128, 3))
    points[0, :18] = (width / 2, height / 2, 1)
    points[0, 4] = (width / 4, height / 3, 1)
    return PoseSequence(points, 24, width, height)


@pytest.mark.parametrize(
    ("canvas", "settings", "shape"),
    [
        ((640, 480), {}, (480, 640, 3)),
        ((640, 480), {"size": 96}, (96, 128, 3)),
        ((480, 640), {"size": 96}, (128, 96, 3)),
        ((480, 640), {"size": 97}, (130, 98, 3)),
        ((480, 640), {"width": 96}, (128, 96, 3)),
        ((480, 640), {"height": 64, "width": 96}, (64, 96, 3)),
    ],
)
def test_size_of_the_frames(canvas, settings, shape):
    (frame,) = renderers.build({"name": "skeleton", **settings})(pose(*canvas))
    assert frame.shape == shape


@pytest.mark.parametrize("style", ["openpose", "controlnet", "mimicmotion", "wan"])
def test_the_style_is_that_of_draw(style):
    (frame,) = Skeleton(style=style)(pose(64, 64))
    (expected,) = draw(pose(64, 64), style)
    assert np.array_equal(frame, expected)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"size": 8}, "renderer.size"),
        ({"size": 100_000}, "renderer.size"),
        ({"style": "stick"}, "renderer.style"),
        ({"background": (0, 0, 300)}, "renderer.background"),
        ({"colour": "red"}, "renderer.colour: unknown setting"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(ConfigError, match=message):
        renderers.build({"name": "skeleton", **settings})


def test_size_and_width_exclude_each_other():
    with pytest.raises(ConfigError, match="give size, or width and height, not both"):
        Skeleton(size=64, width=64)(pose(64, 64))
