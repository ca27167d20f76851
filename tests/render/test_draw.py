"""Pictures against the recorded originals, OpenCV, the real package where it is installed, and calculus."""

import importlib.util
import math
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from cv2_pictures import SINCE_CLIPPED_LINES, controlnet_picture, mimicmotion_picture, wan_picture

from signgen.errors import ConfigError
from signgen.pose.sequence import PoseSequence
from signgen.render.draw import draw, draw_into, fitted, frame_size, painter

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "drawing"
CANVASES = [(512, 512), (576, 1024), (768, 512)]
needs_recordings = pytest.mark.skipif(not RECORDED.exists(), reason="no recorded pictures")


def signer(width, height, frames=1, seed=0, spread=1.0):
    """Keypoints in loose clusters, as a body has them; beyond the canvas where ``spread`` is above 1."""
    rng = np.random.default_rng(seed)
    size = np.array([width, height])
    centre = size / 2 + rng.normal(0, 0.2 * spread, (frames, 4, 2)) * size
    reach = np.array([0.35, 0.08, 0.08, 0.1])[:, None] * size * spread
    parts = [slice(0, 18), slice(18, 39), slice(39, 60), slice(60, 128)]
    points = np.zeros((frames, 128, 3), dtype=np.float32)
    for i, part in enumerate(parts):
        count = part.stop - part.start
        points[:, part, :2] = centre[:, i, None] + rng.normal(0, 1, (frames, count, 2)) * reach[i]
    points[..., 2] = rng.uniform(0, 1, (frames, 128))
    points[rng.uniform(size=(frames, 128)) < 0.1] = 0
    return PoseSequence(points, 24, width, height)


def blank(width=64, height=64, frames=1):
    return PoseSequence(np.zeros((frames, 128, 3)), 24, width, height)


def recorded(style, width, height):
    """Frame number, keypoints and the original's picture."""
    with np.load(RECORDED / "keypoints.npz", allow_pickle=False) as arrays:
        keypoints, names = arrays[f"keypoints_h{height}_w{width}"], arrays["names"]
    for i, name in enumerate(names):
        (path,) = RECORDED.glob(f"{style}_h{height}_w{width}_{i:02d}_{name}.png")
        yield i, np.ascontiguousarray(keypoints[i]), cv2.imread(str(path))[..., ::-1]


@needs_recordings
@pytest.mark.parametrize("style", ["controlnet", "mimicmotion"])
@pytest.mark.parametrize(("width", "height"), CANVASES)
def test_pictures_equal_the_recorded_originals(style, width, height):
    paint = painter(style, width, height)
    frame = np.empty((height, width, 3), np.uint8)
    prefix = {"controlnet": "controlnet_aux", "mimicmotion": "mimicmotion"}[style]
    for i, points, picture in recorded(prefix, width, height):
        paint(points, frame)
        assert np.array_equal(frame, picture), i


@needs_recordings
@pytest.mark.parametrize("style", ["controlnet", "mimicmotion"])
def test_draw_equals_the_recorded_originals(style):
    prefix = {"controlnet": "controlnet_aux", "mimicmotion": "mimicmotion"}[style]
    cases = [case for case in recorded(prefix, 576, 1024) if case[0] != 1]  # 1 has confidences above 1
    poses = PoseSequence(np.stack([points for _, points, _ in cases]), 24, 576, 1024)
    for frame, (i, _, picture) in zip(draw(poses, style), cases, strict=True):
        assert np.array_equal(frame, picture), i


@pytest.mark.skipif(not SINCE_CLIPPED_LINES, reason="OpenCV before 4.13 cuts lines in another way")
@pytest.mark.parametrize("spread", [0.5, 1.0, 3.0])
@pytest.mark.parametrize(("width", "height"), [(256, 256), (384, 640), (640, 358), (98, 130)])
def test_controlnet_equals_opencv(width, height, spread):
    poses = signer(width, height, frames=20, seed=3, spread=spread)
    for points, frame in zip(poses.keypoints, draw(poses, "controlnet"), strict=True):
        assert np.array_equal(frame, controlnet_picture(points, width, height))


@pytest.mark.skipif(not SINCE_CLIPPED_LINES, reason="OpenCV before 4.13 cuts lines in another way")
@pytest.mark.parametrize(
    ("width", "height"), [(256, 256), (576, 1024), (640, 358), (1080, 1080), (1300, 1600), (2160, 2160)]
)
def test_mimicmotion_equals_opencv(width, height):
    poses = signer(width, height, frames=4, seed=5, spread=1.5)
    for points, frame in zip(poses.keypoints, draw(poses, "mimicmotion"), strict=True):
        assert np.array_equal(frame, mimicmotion_picture(points, width, height))


@pytest.mark.skipif(not SINCE_CLIPPED_LINES, reason="OpenCV before 4.13 cuts lines in another way")
@pytest.mark.parametrize("spread", [0.5, 1.0, 3.0])
@pytest.mark.parametrize(("width", "height"), [(96, 72), (480, 832), (1280, 720), (800, 960), (1000, 1180)])
def test_wan_equals_its_law(width, height, spread):
    poses = signer(width, height, frames=8, seed=11, spread=spread)
    for points, frame in zip(poses.keypoints, draw(poses, "wan"), strict=True):
        assert np.array_equal(frame, wan_picture(points, width, height))


def test_wan_draws_what_is_half_sure():
    for confidence, light in ((0.499, 0), (0.5, 255)):
        points = np.zeros((1, 128, 3))
        points[0, 18], points[0, 70] = (20, 20, confidence), (40, 40, 1)
        (frame,) = draw(PoseSequence(points, 24, 64, 64), "wan")
        assert frame[20, 20].tolist() == [0, 0, light]
        assert not frame[40, 40].any()  # the face is not drawn


def package_file():
    """controlnet_aux's drawing module, loaded by its path: its package imports torch and every detector."""
    spec = importlib.util.find_spec("controlnet_aux")
    if spec is None or importlib.util.find_spec("matplotlib") is None:
        pytest.skip("controlnet_aux or matplotlib is not installed")
    path = Path(spec.submodule_search_locations[0]) / "dwpose" / "util.py"
    file = importlib.util.spec_from_file_location("controlnet_aux_drawing", path)
    module = importlib.util.module_from_spec(file)
    file.loader.exec_module(module)
    return module


@pytest.mark.skipif(not SINCE_CLIPPED_LINES, reason="OpenCV before 4.13 cuts lines in another way")
@pytest.mark.filterwarnings("ignore")
def test_controlnet_equals_the_real_package():
    original = package_file()
    import matplotlib.colors  # noqa: F401  (the original uses it without importing it)

    poses = signer(512, 384, frames=40, seed=8)
    for points, frame in zip(poses.keypoints.astype(np.float64), draw(poses, "controlnet"), strict=True):
        places = points[:, :2] / (512, 384)
        subset = np.where(points[:18, 2] > 0.3, np.arange(18), -1)[None]
        places[18:][points[18:, 2] < 0.3] = -1
        canvas = original.draw_bodypose(np.zeros((384, 512, 3), np.uint8), places[:18], subset)
        canvas = original.draw_handpose(canvas, [places[18:39], places[39:60]])
        canvas = original.draw_facepose(canvas, [places[60:]])
        assert np.array_equal(frame, canvas)


def one_stroke(a, b, radius, size=64):
    from signgen.render.kernels.smooth import draw_strokes

    points = np.zeros((128, 3), dtype=np.float32)
    points[0], points[1] = (*a, 1), (*b, 1)
    frame = np.empty((size, size, 3), np.uint8)
    rows = np.array([(0, 1, radius, 255, 255, 255, 1, -1)], dtype=np.float32)
    draw_strokes(frame, points, rows, 1.0, np.zeros(3, np.uint8))
    return frame[..., 0] / 255


@pytest.mark.parametrize("angle", [0, 1, 17, 45, 61, 89, 90, 135, 180, 269.5, 300])
@pytest.mark.parametrize(("radius", "length"), [(1.5, 0), (1.5, 12.3), (4, 0.2), (4, 20), (9, 5)])
def test_a_stroke_covers_its_area(angle, radius, length):
    a = np.array([32.3, 31.6])
    b = a + length * np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
    area = math.pi * radius**2 + 2 * radius * length
    assert one_stroke(a, b, radius).sum() == pytest.approx(area, rel=0.03)


@pytest.mark.parametrize(("shift", "cover"), [(0.0, 1.0), (0.25, 0.75), (0.5, 0.5), (1.0, 0.0)])
def test_an_edge_is_as_light_as_it_covers(shift, cover):
    # A vertical stroke of radius 3 whose left edge lies ``shift`` into the pixel column 29.
    column = one_stroke((32 + shift, 10), (32 + shift, 50), 3)[20:40, 29]
    assert column == pytest.approx(np.full(20, cover), abs=0.01)


def test_a_stroke_is_centred_and_cut_at_the_canvas():
    whole = one_stroke((32, 32), (32, 32), 5)
    assert np.array_equal(whole, whole[::-1])
    assert np.array_equal(whole, whole[:, ::-1])
    corner = one_stroke((0, 0), (0, 0), 5)
    assert np.array_equal(corner[:32, :32], whole[32:, 32:])


def test_openpose_fades_with_confidence():
    def light(confidence):
        points = np.zeros((1, 128, 3))
        points[0, 2:4] = (10, 10, confidence), (50, 40, confidence)
        (frame,) = draw(PoseSequence(points, 24, 64, 64), background=(0, 0, 0))
        return int(frame.max())

    assert light(0.05) == 0
    assert 0 < light(0.25) < light(0.5) == light(1.0)


@pytest.mark.parametrize("style", ["openpose", "controlnet", "mimicmotion", "wan"])
def test_nothing_seen_leaves_the_background(style):
    (frame,) = draw(blank(), style)
    assert (frame == frame[0, 0]).all()
    assert frame[0, 0].tolist() == ([17, 19, 26] if style == "openpose" else [0, 0, 0])


def test_background_is_the_one_asked_for():
    (frame,) = draw(blank(), background=(250, 240, 5))
    assert (frame == (250, 240, 5)).all()


@pytest.mark.parametrize("background", [(17, 19, 26), (0, 0, 0), (255, 255, 255), (200, 220, 210)])
def test_every_stroke_stands_out_from_the_background(background):
    from signgen.render.look import LUMA, strokes

    colours = strokes(background)[:, 3:6]
    lines = colours[(colours != background).any(axis=1)]
    assert len(lines) > 120
    assert np.abs(lines @ LUMA - np.dot(background, LUMA)).min() > 45


@pytest.mark.parametrize("style", ["openpose", "controlnet", "mimicmotion", "wan"])
@pytest.mark.parametrize("far", [40_000, 1e9, 3e38])
def test_keypoints_at_the_end_of_the_world_cost_nothing(style, far):
    points = signer(64, 64, frames=3).keypoints.copy()
    for sign, frame in zip((1, -1), points, strict=False):
        frame[::3, 0] = sign * far
        frame[1::3, 1] = sign * far
    points[points[..., 2] == 0] = 0
    assert len(list(draw(PoseSequence(points, 24, 64, 64), style))) == 3


@pytest.mark.parametrize("style", ["openpose", "controlnet", "mimicmotion", "wan"])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 2), (17, 401), (2160, 16)])
def test_odd_and_tiny_canvases(style, width, height):
    poses = signer(width, height, frames=2)
    frames = list(draw(poses, style))
    assert {frame.shape for frame in frames} == {(height + height % 2, width + width % 2, 3)}


@pytest.mark.parametrize(
    ("canvas", "asked", "size"),
    [
        ((512, 512), (None, None), (512, 512)),
        ((511, 301), (None, None), (512, 302)),
        ((640, 480), (320, None), (320, 240)),
        ((640, 480), (None, 360), (480, 360)),
        ((640, 480), (100, 75), (100, 76)),
        ((1080, 1920), (576, 1024), (576, 1024)),
        ((3, 1000), (None, 100), (2, 100)),
    ],
)
def test_frame_sizes(canvas, asked, size):
    assert frame_size(blank(*canvas), *asked) == size


@pytest.mark.parametrize(
    ("canvas", "size", "place", "expected"),
    [
        ((100, 100), (200, 200), (50, 25), (100, 50)),
        ((100, 100), (300, 200), (50, 25), (150, 50)),  # centred
        ((100, 50), (50, 100), (100, 50), (50, 62.5)),
        ((101, 51), (102, 52), (33, 44), (33, 44)),  # made even: nothing moves
    ],
)
def test_poses_are_fitted_without_stretching(canvas, size, place, expected):
    points = np.zeros((1, 128, 3))
    points[0, 5] = (*place, 1)
    out = fitted(PoseSequence(points, 24, *canvas), *size)
    assert out[0, 5].tolist() == [*expected, 1]
    assert not out[0, :5].any()


@pytest.mark.parametrize("style", ["openpose", "controlnet", "mimicmotion", "wan"])
def test_draw_into_equals_draw(style):
    poses = signer(96, 64, frames=3)
    frames = np.full((3, 64, 96, 3), 77, np.uint8)
    draw_into(poses.keypoints, frames, style)
    assert np.array_equal(frames, np.stack(list(draw(poses, style))))


def test_no_poses_no_frames():
    assert list(draw(blank(frames=0))) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"style": "openpos"}, "style: no style called 'openpos'; did you mean 'openpose'?"),
        ({"style": "controlnet", "background": (1, 2, 3)}, "background: controlnet pictures are black"),
        ({"style": "mimicmotion", "width": 2162}, "at most 2160 px on the short side"),
        ({"style": "wan", "width": 1200}, "at most 1199 px on the short side"),
        ({"width": 0}, "width: a frame needs at least 1 pixel"),
        ({"width": 60_000, "height": 60_000}, "too many for a frame; ask for a smaller size"),
    ],
)
def test_bad_settings_are_refused_before_the_first_frame(settings, message):
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
        draw(blank(), **settings)


def test_a_huge_canvas_is_refused_before_it_is_allocated():
    with pytest.raises(ConfigError, match="65536 x 65536 pixels are too many"):
        draw(blank(65536, 65536))


def test_numba_loads_with_the_first_frame_only():
    code = (
        "import sys; from signgen.render.base import renderers; "
        "renderers.build({'name': 'skeleton'}); assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
