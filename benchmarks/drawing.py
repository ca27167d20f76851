"""Drawing poses, side by side with controlnet_aux, easy-dwpose, MimicMotion's drawing and pose-format.

    python benchmarks/drawing.py [--frames 200] [--rounds 5]

Needs, beside signgen: controlnet-aux, easy-dwpose (both without their dependencies: only their drawing files
are loaded, by path), matplotlib, opencv, pose-format and spoken-to-signed, whose recorded fingerspelling is
drawn. MimicMotion is on no package index; easy-dwpose ships a copy of its drawing functions, which are run
here on its canvas of 2160 px with its resize. One thread each. Peers get their input ready made; ours is
timed from the PoseSequence, with a new array for each frame as the peers make one.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from types import ModuleType

import cv2
import matplotlib.colors  # noqa: F401  (the peers use it without importing it)
import numpy as np
from pose_format import Pose
from pose_format.numpy import NumPyPoseBody
from pose_format.pose_header import PoseHeader, PoseHeaderComponent, PoseHeaderDimensions
from pose_format.pose_visualizer import PoseVisualizer

from signgen.data.poses import read_pose
from signgen.pose.layout import PARTS
from signgen.pose.sequence import PoseSequence
from signgen.render.draw import draw, fitted
from signgen.render.look import strokes

CANVASES = ((512, 512), (576, 1024))
Pictures = Callable[[], Iterator[np.ndarray]]
Clock = Callable[[], float]


def recorded_poses(frames: int, width: int, height: int) -> PoseSequence:
    """Letters of Czech fingerspelling, one after the other."""
    package = importlib.util.find_spec("spoken_to_signed")
    assert package is not None
    assert package.origin is not None
    folder = Path(package.origin).parent / "assets" / "fingerspelling_lexicon" / "cse"
    clips, count = [], 0
    for path in sorted(folder.glob("*.pose")):
        clip = read_pose(path)
        clips.append(fitted(clip, width, height))
        count += len(clip)
        if count >= frames:
            break
    return PoseSequence(np.concatenate(clips)[:frames], 24, width, height)


def drawing_file(package: str, *path: str) -> ModuleType:
    """One module of an installed package, without importing the package."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    file = Path(spec.submodule_search_locations[0]).joinpath(*path)
    loaded = importlib.util.spec_from_file_location(f"peer_{package}_{file.stem}", file)
    assert loaded is not None
    assert loaded.loader is not None
    module = importlib.util.module_from_spec(loaded)
    loaded.loader.exec_module(module)
    return module


def peer_inputs(poses: PoseSequence, *, masked: bool) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Fractions of the canvas, indices of seen body keypoints (-1: not seen) and confidences, per frame."""
    inputs = []
    for points in poses.keypoints.astype(np.float64):
        places = points[:, :2] / (poses.width, poses.height)
        subset = np.where(points[:18, 2] > 0.3, np.arange(18), -1)[None]
        if masked:
            places[18:][points[18:, 2] < 0.3] = -1
        inputs.append((places, subset, points[:, 2]))
    return inputs


def controlnet_aux(poses: PoseSequence) -> Pictures:
    module = drawing_file("controlnet_aux", "dwpose", "util.py")
    inputs = peer_inputs(poses, masked=True)

    def pictures() -> Iterator[np.ndarray]:
        for places, subset, _ in inputs:
            canvas = np.zeros((poses.height, poses.width, 3), np.uint8)
            canvas = module.draw_bodypose(canvas, places[:18], subset)
            canvas = module.draw_handpose(canvas, [places[18:39], places[39:60]])
            yield module.draw_facepose(canvas, [places[60:]])

    return pictures


def easy_dwpose(poses: PoseSequence) -> Pictures:
    module = drawing_file("easy_dwpose", "draw", "openpose.py")
    inputs = [
        {"bodies": p[:18], "body_scores": subset, "hands": [p[18:39], p[39:60]], "faces": [p[60:]]}
        for p, subset, _ in peer_inputs(poses, masked=True)
    ]
    return lambda: (module.draw_pose(pose, poses.height, poses.width) for pose in inputs)


def mimicmotion(poses: PoseSequence) -> Pictures:
    module = drawing_file("easy_dwpose", "draw", "mimic_motion.py")
    inputs = peer_inputs(poses, masked=False)
    scale = 2160 / min(poses.width, poses.height)

    def pictures() -> Iterator[np.ndarray]:
        for places, subset, scores in inputs:
            canvas = np.zeros((int(poses.height * scale), int(poses.width * scale), 3), np.uint8)
            canvas = module.draw_bodypose(canvas, places[:18], subset, score=scores[None, :18])
            hands = [places[18:39], places[39:60]]
            canvas = module.draw_handpose(canvas, hands, [scores[18:39], scores[39:60]])
            canvas = module.draw_facepose(canvas, [places[60:]], [scores[60:]])
            yield cv2.cvtColor(cv2.resize(canvas, (poses.width, poses.height)), cv2.COLOR_BGR2RGB)

    return pictures


def pose_format(poses: PoseSequence) -> Pictures:
    """PoseVisualizer with the lines that our openpose style draws within each part."""
    lines = {(int(a), int(b)) for a, b in strokes()[:, :2] if a != b}
    components = [
        PoseHeaderComponent(
            name,
            [str(i) for i in range(part.start, part.stop)],
            sorted((a - part.start, b - part.start) for a, b in lines
                   if part.start <= a < part.stop and part.start <= b < part.stop),
            [(255, 0, 0), (0, 255, 0), (0, 0, 255)],
            "XYC",
        )
        for name, part in PARTS.items()
    ]  # fmt: skip
    header = PoseHeader(0.2, PoseHeaderDimensions(poses.width, poses.height, 0), components)
    body = NumPyPoseBody(poses.fps, poses.xy[:, None].copy(), poses.confidence[:, None].copy())
    visualizer = PoseVisualizer(Pose(header, body))
    return lambda: visualizer.draw(background_color=(17, 19, 26))


def milliseconds(pictures: Pictures, clock: Clock) -> float:
    begin = clock()
    count = sum(1 for _ in pictures())
    return (clock() - begin) / count * 1e3


def compare(name: str, ours: Pictures, peer: Pictures, rounds: int, clock: Clock, *, equal: bool) -> None:
    same = ""
    if equal:
        wrong = sum(not np.array_equal(a, b) for a, b in zip(ours(), peer(), strict=True))
        same = "pixel for pixel" if not wrong else f"{wrong} frames differ"
    milliseconds(ours, clock)
    pairs = [(milliseconds(peer, clock), milliseconds(ours, clock)) for _ in range(rounds)]
    theirs, mine = (median(times) for times in zip(*pairs, strict=True))
    ratio = median(a / b for a, b in pairs)
    print(f"{name:34}{1e3 / theirs:10.0f}{1e3 / mine:10.0f}{ratio:8.1f}   {same}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cpu", action="store_true", help="processor time, for a machine that is not idle")
    given = parser.parse_args()
    clock = time.process_time if given.cpu else time.perf_counter
    cv2.setNumThreads(1)
    for width, height in CANVASES:
        poses = recorded_poses(given.frames, width, height)
        few = poses[: max(1, given.frames // 2)]
        seen = (poses.confidence > 0).sum(axis=1).mean()
        print(
            f"\n{width}x{height} px, {len(poses)} frames of Czech fingerspelling, {seen:.0f} of 128 keypoints"
        )
        print(f"{'frames/s':34}{'peer':>10}{'signgen':>10}{'ratio':>8}")
        exact = lambda style, p=poses: lambda: draw(p, style)  # noqa: E731
        compare(
            "controlnet / controlnet_aux",
            exact("controlnet"),
            controlnet_aux(poses),
            given.rounds,
            clock,
            equal=True,
        )
        compare(
            "controlnet / easy-dwpose",
            exact("controlnet"),
            easy_dwpose(poses),
            given.rounds,
            clock,
            equal=False,
        )
        compare(
            "mimicmotion / MimicMotion",
            exact("mimicmotion", few),
            mimicmotion(few),
            given.rounds,
            clock,
            equal=True,
        )
        compare(
            "openpose / PoseVisualizer",
            exact("openpose"),
            pose_format(poses),
            given.rounds,
            clock,
            equal=False,
        )


if __name__ == "__main__":
    main()
