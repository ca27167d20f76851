"""The z-buffer against calculus, and its promises: no cracks, no double cover, same bytes."""

import numpy as np
import pytest
from shapes import cube, sphere, wall

from signgen.errors import ConfigError
from signgen.render.mesh.backdrop_kernel import coarse_shadow, throw
from signgen.render.mesh.camera import Camera, portrait, turn
from signgen.render.mesh.model import Material, plain
from signgen.render.mesh.painter import Painter, Shadows
from signgen.render.mesh.raster_kernel import clear, fill, place

GREY = Material((0.6, 0.6, 0.6))


def painter(vertices, triangles, camera, **settings):
    return Painter(plain(triangles, len(vertices), GREY), camera, **settings)


def parallel(size=200, scale=200.0):
    return Camera(size, size, scale, (size / 2, size / 2), is_parallel=True)


def rays(camera):
    """Unit direction of each pixel's centre, in camera axes."""
    x, y = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    ways = np.stack(
        [(x - camera.centre[0]) / camera.focal, (y - camera.centre[1]) / camera.focal, np.ones_like(x)], -1
    )
    return ways


@pytest.mark.parametrize("samples", [1, 2, 4])
def test_sphere_seen_in_parallel(samples):
    vertices, triangles = sphere(radius=0.4)
    shown = painter(vertices, triangles, parallel(), samples=samples).measure(vertices)
    x, y = np.meshgrid((np.arange(200) + 0.5 - 100) / 200, (np.arange(200) + 0.5 - 100) / 200)
    radius = np.hypot(x, y)
    area = shown.alpha.sum() / 200**2
    assert area == pytest.approx(np.pi * 0.4**2, rel=0.003)
    assert shown.alpha[radius < 0.39].min() == 1
    assert shown.alpha[radius > 0.41].max() == 0
    inside = radius < 0.36
    z = -np.sqrt(0.16 - radius**2, where=inside, out=np.zeros_like(radius))
    assert np.abs(shown.depth - z)[inside].max() < 0.003
    expected = np.stack([x, y, z], -1) / 0.4
    assert (shown.normals * expected).sum(-1)[inside].min() > 0.999


def test_sphere_seen_by_a_pinhole():
    vertices, triangles = sphere(radius=0.4)
    camera = portrait(240, 240, distance=1.5, tall=1.2)
    shown = painter(vertices, triangles, camera).measure(vertices)
    ways = rays(camera)
    # |s d - c| = r with the centre c = (0, 0, 1.5): the nearer root, whose depth is s as d has z = 1.
    a, b, c = (ways**2).sum(-1), 1.5, 1.5**2 - 0.16
    root = b**2 - a * c
    # The silhouette is the circle of half angle asin(r / distance).
    edge = camera.focal * np.tan(np.arcsin(0.4 / 1.5))
    assert shown.alpha.sum() == pytest.approx(np.pi * edge**2, rel=0.003)
    inside = root > 0.05
    s = (b - np.sqrt(np.where(inside, root, 0))) / a
    assert np.abs(shown.depth - s)[inside].max() < 0.003
    normals = (ways * s[..., None] - (0, 0, 1.5)) / 0.4
    assert (shown.normals * normals).sum(-1)[inside].min() > 0.999


def test_perspective_correct_uv():
    vertices, triangles = wall(0.0, half=0.5)
    uv = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=np.float64)
    camera = portrait(200, 200, distance=1.5, tall=1.4).orbited(np.zeros(3), yaw=50)
    shown = painter(vertices, triangles, camera).measure(vertices)
    inside = shown.alpha == 1
    values = shown.look_up(uv[triangles])[inside]
    # Unproject: pixel and depth back to the wall, where uv are the coordinates themselves.
    places = (rays(camera) * shown.depth[..., None])[inside]
    world = (places - camera.translation) @ camera.rotation
    assert np.abs(world[:, 2]).max() < 3e-4
    assert np.abs(world[:, :2] + 0.5 - values).max() < 1e-3


def coverage(points, triangles, size=64):
    """How many fronts cover each sample, each triangle drawn alone."""
    count = np.zeros((size, size), dtype=int)
    view = np.array([1.0, 0.0, 0.0, 1.0, 0.05])
    seen, fixed = np.empty_like(points), np.empty((len(points), 2), dtype=np.int32)
    near = np.empty(len(points), dtype=np.float32)
    place(points, np.eye(3), np.zeros(3), view, seen, fixed, near)
    for triangle in np.ascontiguousarray(triangles):
        z, ids = np.empty((size, size), dtype=np.float32), np.empty((size, size), dtype=np.int32)
        clear(z, ids)
        fill(fixed, near, triangle[None], False, 0, size, z, ids)
        count += ids >= 0
    return count


@pytest.mark.parametrize("kind", ["even", "on the samples", "shaken", "folded"])
def test_neighbours_leave_no_gap_and_no_overlap(kind):
    """A grid of triangles over the whole picture, its inner points shaken: every sample belongs to one.

    Where shaking folds the grid over, each sample is still seen once more from the front than from behind.
    """
    rng = np.random.default_rng(4)
    steps = np.linspace(-8, 72, 13)
    x, y = (grid.copy() for grid in np.meshgrid(steps, steps))
    reach = {"even": 0, "on the samples": 0, "shaken": 1.6, "folded": 9}[kind]
    x[1:-1, 1:-1] += rng.uniform(-reach, reach, (11, 11))
    y[1:-1, 1:-1] += rng.uniform(-reach, reach, (11, 11))
    if kind == "on the samples":
        x, y = np.floor(x) + 0.5, np.floor(y) + 0.5
    points = np.stack([x.ravel(), y.ravel(), np.ones(x.size)], -1).astype(np.float32)
    at = np.arange(169).reshape(13, 13)
    a, b, c, d = at[:-1, :-1].ravel(), at[:-1, 1:].ravel(), at[1:, 1:].ravel(), at[1:, :-1].ravel()
    triangles = np.concatenate([np.stack([a, c, b], -1), np.stack([a, d, c], -1)]).astype(np.int32)
    fronts, backs = coverage(points, triangles), coverage(points, triangles[:, ::-1])
    assert (fronts - backs == 1).all()
    assert (backs.max() > 0) == (kind == "folded")


def test_a_closed_mesh_shows_as_many_fronts_as_backs():
    vertices, triangles = sphere(12, 16)
    points = (vertices * 60 + (32, 32, 0)).astype(np.float32)
    fronts, backs = coverage(points, triangles), coverage(points, triangles[:, ::-1])
    assert fronts.max() == 1
    assert np.array_equal(fronts, backs)


def test_the_nearer_wall_hides_the_farther_whatever_the_order():
    far, triangles = wall(0.5)
    near, _ = wall(-0.5, half=0.2)
    points = np.concatenate([far, near])
    both = np.concatenate([triangles, triangles + 4])
    for order in (both, both[::-1].copy()):
        shown = painter(points, order, portrait(100, 100, distance=2.0, tall=1.0)).measure(points)
        # The near square is 0.4 m wide at 1.5 m: 0.4 * 200 / 1.5 = 53.3 px.
        assert (shown.depth < 2).sum() == pytest.approx(53.33**2, rel=0.03)
        assert {round(float(z), 4) for z in np.unique(shown.depth)} == {1.5, 2.5}


def test_what_reaches_behind_the_camera_is_cut_at_the_near_plane():
    """A floor from behind the camera to far away: it fills the picture below its horizon."""
    points = np.array([(-50, 0.5, -50), (50, 0.5, -50), (50, 0.5, 50), (-50, 0.5, 50)], dtype=np.float32)
    triangles = np.array([(0, 1, 2), (0, 2, 3)], dtype=np.int32)
    camera = Camera(100, 100, 100.0, (50.0, 50.0))
    shown = painter(points, triangles, camera).measure(points)
    rows = np.arange(100) + 0.5
    # A point at depth z lies 0.5 * 100 / z below the middle; the floor ends at 50 m, 1 px below the horizon.
    assert (shown.alpha[52:] == 1).all()
    assert not shown.alpha[:51].any()
    assert shown.depth[60:, 50] == pytest.approx(50 / (rows[60:] - 50), rel=1e-3)
    assert painter(points, triangles, camera).paint(points).any()


def test_what_lies_outside_the_picture_costs_nothing_and_writes_nothing():
    vertices, triangles = cube()
    camera = portrait(64, 64)
    for shift in ((50, 0, 0), (0, -50, 0), (0, 0, -90), (1e7, 1e7, 1e3)):
        points = (vertices + np.array(shift)).astype(np.float32)
        assert not painter(vertices, triangles, camera).measure(points).alpha.any()


def test_borders_clip():
    vertices, triangles = sphere(radius=0.4)
    camera = parallel(100, 200.0)  # sees 0.5 m of 0.8 m
    shown = painter(vertices, triangles, camera).measure(vertices)
    assert shown.alpha[50].min() == shown.alpha[:, 50].min() == 1
    corner = np.hypot(49.5, 49.5) / 200 < 0.4
    assert (shown.alpha[0, 0] == 1) == corner


def test_same_bytes_twice_and_by_bands():
    vertices, triangles = sphere(30, 40)
    camera = portrait(96, 96)
    draw = painter(vertices, triangles, camera)
    first = draw.paint(vertices)
    draw.paint(vertices * np.float32(0.5))
    assert np.array_equal(first, draw.paint(vertices))
    assert np.array_equal(first, painter(vertices, triangles, camera).paint(vertices))
    surface = draw.z_buffer.draw(vertices, draw.model)
    z, ids = np.empty((192, 192), dtype=np.float32), np.empty((192, 192), dtype=np.int32)
    clear(z, ids)
    for band in range(4):
        fill(surface.fixed, surface.near, triangles, False, 48 * band, 48 * band + 48, z, ids)
    assert np.array_equal(ids, draw.z_buffer.ids)
    assert np.array_equal(z, draw.z_buffer.nearness)


def test_project_is_where_the_mesh_is_drawn():
    vertices, triangles = sphere(20, 30, 0.05)
    camera = portrait(200, 160, distance=2, tall=1).orbited(np.array([0.1, 0, 0]), yaw=25, pitch=10, roll=5)
    centre = np.array([0.2, -0.1, 0.1])
    shown = painter(vertices, triangles, camera).measure((vertices + centre).astype(np.float32))
    y, x = np.nonzero(shown.alpha)
    weights = shown.alpha[y, x]
    drawn = (weights @ (x + 0.5), weights @ (y + 0.5)) / weights.sum()
    assert drawn == pytest.approx(camera.project(centre)[:2], abs=0.3)


@pytest.mark.parametrize(
    ("angles", "point", "expected"),
    [
        # Walking to the right of the picture brings what was right of the signer nearer.
        ((90, 0, 0), (1, 0, 0), (0, 0, -1)),
        # From above, the top comes nearer.
        ((0, 90, 0), (0, -1, 0), (0, 0, -1)),
        # The camera tilts clockwise, the picture the other way.
        ((0, 0, 90), (0, -1, 0), (-1, 0, 0)),
    ],
)
def test_turn(angles, point, expected):
    assert turn(*angles) @ point == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Camera(0, 5, 1.0, (0, 0)),
        lambda: Camera(5, 5, float("nan"), (0, 0)),
        lambda: Camera(5, 5, 1.0, (0, 0), near=0.0),
        lambda: turn(181, 0),
        lambda: painter(*cube(), portrait(5, 5), samples=5),
        lambda: painter(*cube(), portrait(20000, 20000)),
        lambda: painter(*cube(), portrait(5, 5), backdrop=np.zeros((4, 5, 3), dtype=np.float32)),
    ],
)
def test_nonsense_is_refused_in_a_line(make):
    with pytest.raises(ConfigError) as error:
        make()
    assert "\n" not in str(error.value)


def test_key_light_falls_off_as_the_cosine_and_shadows_are_dark():
    vertices, triangles = sphere(radius=0.4)
    dark = (0.0, 0.0, 0.0)
    from signgen.render.mesh.colour import to_linear
    from signgen.render.mesh.lights import Lights

    lights = Lights(key_way=(0, 0, -1), key=(0.9, 0.9, 0.9), fill=dark, rim=dark, sky=dark, ground=dark)
    model = plain(triangles, len(vertices), Material((1.0, 1.0, 1.0)))
    frame = Painter(model, parallel(), lights).paint(vertices)
    light = to_linear(frame[100, 100:175, 0] / 255)
    x = (np.arange(100, 175) + 0.5 - 100) / 200
    assert light == pytest.approx(0.9 * np.sqrt(1 - (x / 0.4) ** 2), abs=0.012)
    # A small ball in front of the large one takes its light away, but not where the map is switched off.
    small = vertices * np.float32(0.2) - np.array([0.0, 0.0, 0.8], dtype=np.float32)
    pair = plain(np.concatenate([triangles, triangles + len(vertices)]), 2 * len(vertices), GREY)
    points = np.concatenate([vertices, small])
    aside = parallel().orbited(np.zeros(3), yaw=40)
    with_map = Painter(pair, aside, lights).paint(points)
    without = Painter(pair, aside, lights, shadows=Shadows(0)).paint(points)
    shaded = (without.astype(int) - with_map > 60).any(axis=-1).sum()
    # The shadow is a disc of radius 0.08 m seen at 40 degrees, a little of it hidden or bent.
    assert shaded == pytest.approx(np.pi * 16**2 * np.cos(np.radians(40)), rel=0.25)


@pytest.mark.parametrize(("width", "height"), [(64, 48), (61, 45)])
def test_the_shadow_on_the_wall(width, height):
    from signgen.render.mesh.colour import curve, to_linear

    ids = np.full((2 * height, 2 * width), -1, dtype=np.int32)
    wall = np.full((height, width, 3), 0.5, dtype=np.float32)
    empty = np.full((height, width, 3), 7, dtype=np.uint8)
    frame = np.zeros_like(empty)
    throw(wall, empty, coarse_shadow(ids, 2, 1, 1, 1), 0.4, curve(), frame)
    assert (frame == 7).all()
    ids[:] = 0
    throw(wall, empty, coarse_shadow(ids, 2, 1, 1, 1), 0.4, curve(), frame)
    assert to_linear(frame / 255) == pytest.approx(0.3, abs=0.005)
    # One covered square: all of the light that the wall loses is its area times the strength.
    ids[:] = -1
    ids[32:64, 32:64] = 0
    throw(wall, np.full_like(empty, 188), coarse_shadow(ids, 2, 0, 0, 1), 0.4, curve(), frame)
    lost = (0.5 - to_linear(frame[..., 0] / 255)).sum()
    assert lost == pytest.approx(0.5 * 0.4 * 16 * 16, rel=0.08)


def test_creases_are_dark_beside_and_behind_and_nowhere_else():
    from signgen.render.mesh.crease_kernel import BROAD, NARROW, NONE, crease

    # Four stripes of 8 px: a finger, another beside it, a palm 10 mm behind, a shirt; then nothing.
    ids = np.repeat(np.array([0, 1, 2, 3, -1], dtype=np.int32), 8)[None].repeat(12, axis=0)
    depth = np.repeat(np.array([1.0, 1.001, 1.011, 1.02, 9.0], dtype=np.float32), 8)[None].repeat(12, axis=0)
    kinds = np.array([NARROW, NARROW, BROAD, NONE], dtype=np.int8)
    surface = np.arange(4, dtype=np.int16)
    frame = np.full((12, 40, 3), 200, dtype=np.uint8)
    crease(1, ids, -depth, surface, kinds, 2, True, frame)
    dark = frame[6, :, 0] < 200
    # Both fingers where they meet; the palm behind the finger; never the nearer one before the palm, or the shirt.
    assert np.flatnonzero(dark).tolist() == [6, 7, 8, 9, 16, 17]
    again = np.full((12, 40, 3), 200, dtype=np.uint8)
    crease(1, ids, 1 / depth, surface, kinds, 2, False, again)
    assert np.array_equal(frame, again)
