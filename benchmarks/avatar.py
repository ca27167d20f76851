"""The avatar, side by side with moderngl drawing the same mesh on software OpenGL.

    python benchmarks/avatar.py [--frames 48] [--rounds 5]

Ours goes from fitted poses to finished frames: facial actions, skinning, smooth normals, shadow map, 2 x 2
samples, shading of skin, cloth, hair and eyes, shadow on the wall. moderngl (Mesa's llvmpipe, all processors)
gets the skinned vertices ready made; its normals are made by our compiled loop, it uploads, draws with 4 samples
and one light, without shadows or materials, and reads the frame back. Needs moderngl and a Mesa EGL; without them
only our figures are printed. Poses are the recorded fingerspelling of spoken-to-signed, with depth.
"""

from __future__ import annotations

import argparse
import itertools
import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from signgen.body.fit import fit_pose
from signgen.pose.sequence import PoseSequence
from signgen.render.avatar import Avatar
from signgen.render.mesh.raster_kernel import smooth_normals
from signgen.render.signer.scene import Scene, scene_of
from signgen.text2pose.base import sources

SIZES = (512, 1024)
VERTEX = """#version 330
uniform mat4 view; in vec3 place; in vec3 normal; out vec3 n;
void main() { gl_Position = view * vec4(place, 1.0); n = normal; }"""
FRAGMENT = """#version 330
in vec3 n; out vec4 colour;
void main() {
  float key = max(dot(normalize(n), normalize(vec3(-0.45, -0.62, -0.9))), 0.0);
  colour = vec4(pow(vec3(0.75, 0.5, 0.38) * (0.3 + 0.75 * key), vec3(1.0 / 2.2)), 1.0);
}"""


def spelled(frames: int) -> PoseSequence:
    source = sources.build({"name": "stitch", "lexicon": "fingerspelling:ase"})
    poses = source("HELLO WORLD THE QUICK BROWN FOX", seed=0)
    if len(poses) < frames:
        raise SystemExit(f"only {len(poses)} frames of poses; ask for fewer")
    return poses[:frames]


def ours(poses: PoseSequence, size: int, threads: int) -> Callable[[], int]:
    avatar = Avatar(width=size, height=size, threads=threads)
    return lambda: sum(1 for _ in avatar(poses))


class OnOpenGL:
    """The same mesh and camera on software OpenGL."""

    def __init__(self, scene: Scene, moderngl: Any) -> None:
        self.scene, self.size = scene, scene.camera.width
        self.context = moderngl.create_context(standalone=True, backend="egl")
        self.context.enable(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        self.context.front_face = "cw"
        program = self.context.program(vertex_shader=VERTEX, fragment_shader=FRAGMENT)
        program["view"].write(self._view().T.astype("f4").tobytes())
        model = scene.signer.model
        self.normals = np.empty((model.num_vertices, 3), dtype=np.float32)
        self.vertices = self.context.buffer(reserve=model.num_vertices * 24)
        index = self.context.buffer(model.triangles.tobytes())
        self.mesh = self.context.vertex_array(program, [(self.vertices, "3f 3f", "place", "normal")], index)
        shape = (self.size, self.size)
        self.many = self.context.framebuffer(
            self.context.renderbuffer(shape, samples=4), self.context.depth_renderbuffer(shape, samples=4)
        )
        self.one = self.context.framebuffer(self.context.renderbuffer(shape))
        self.points = [scene.points(t) for t in range(len(scene))]

    def _view(self) -> np.ndarray:
        """Parallel projection: pixels to -1 .. 1, depth from -3 m to 3 m; rows from the top."""
        camera, scale = self.scene.camera, 2 / self.size
        view = np.eye(4)
        view[0, 0] = view[1, 1] = camera.focal * scale
        view[2, 2] = 1 / 3
        view[:3, 3] = camera.translation * (view[0, 0], view[1, 1], view[2, 2])
        view[0, 3] += camera.centre[0] * scale - 1
        view[1, 3] += camera.centre[1] * scale - 1
        return view

    def __call__(self) -> int:
        model = self.scene.signer.model
        for points in self.points:
            smooth_normals(points, model.triangles, model.merged, self.normals)
            self.vertices.write(np.concatenate([points, self.normals], axis=1).tobytes())
            self.many.use()
            self.context.clear(0.6, 0.6, 0.6)
            self.mesh.render()
            self.context.copy_framebuffer(self.one, self.many)
            frame = np.frombuffer(self.one.read(components=3), dtype=np.uint8)
        return len(self.points) if frame.any() else 0


def fitting(poses: PoseSequence, scene: Scene) -> Callable[[], int]:
    assert poses.depth is not None
    points = np.concatenate([poses.xy, poses.depth[..., None]], axis=-1)
    return lambda: len(fit_pose(scene.signer.shape, points, poses.confidence))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    poses = spelled(options.frames)
    cores = len(os.sched_getaffinity(0))
    tasks: dict[tuple[int, str], Callable[[], int]] = {}
    try:
        import moderngl
    except ImportError as error:
        moderngl, missing = None, str(error)
    for size in SIZES:
        tasks[size, "ours, 1 thread"] = ours(poses, size, 1)
        tasks[size, f"ours, {cores} threads"] = ours(poses, size, cores)
        scene = scene_of(poses, Avatar(), (size, size))
        if moderngl:
            tasks[size, "moderngl, software OpenGL"] = OnOpenGL(scene, moderngl)
    tasks[0, "fitting the body to the poses"] = fitting(poses, scene)
    seconds: dict[tuple[int, str], list[float]] = {key: [] for key in tasks}
    for _, (key, task) in itertools.product(range(options.rounds + 1), tasks.items()):
        start = time.perf_counter()
        if task() != len(poses):
            raise SystemExit(f"{key}: not as many frames as poses")
        seconds[key].append(time.perf_counter() - start)
    print(f"{len(poses)} frames, {cores} processors, median of {options.rounds} rounds\n")
    print("| size | what | frames/s | ms a frame |\n|---|---|---|---|")
    for (size, name), times in seconds.items():
        each = median(times[1:]) / len(poses)
        print(f"| {size or '-'} | {name} | {1 / each:.1f} | {1000 * each:.1f} |")
    if not moderngl:
        print(f"\nmoderngl is not there ({missing}): pip install moderngl")


if __name__ == "__main__":
    main()
