"""The extractor `dwpose` beside its bare networks, and what it shows them beside OpenCV.

    python benchmarks/dwpose.py [--frames 16] [--rounds 5]

The weights are nobody's to ship, so the networks are stand-ins: random weights, the pictures and outputs of the real
ones, and about their arithmetic (DWPose-l 10 GFLOP a person; YOLOX-tiny 15 at this picture size, YOLOX-m 74 GFLOP). All
on one thread, in processor time, so that other work on the machine counts little. Frames of 1280 x 720, one person in
each. Needs onnx and OpenCV.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

from signgen.extract.dwpose import DWPose
from signgen.extract.onnx.detector import letterbox
from signgen.extract.onnx.estimator import DEVIATION, MEAN
from signgen.extract.onnx.model import open_model
from signgen.extract.onnx.sampling_kernels import sample

ESTIMATOR_GFLOP = 10.0
DETECTOR_GFLOP = {"YOLOX-tiny": 15.0, "YOLOX-m": 74.0}
CHANNELS, STRIDE = 128, 8


def stand_in(path: Path, shape: list[int | str], outputs: dict[str, np.ndarray], gflop: float) -> Path:
    """A network of 3 x 3 convolutions that costs ``gflop`` for a picture and then gives ``outputs``."""
    rng = np.random.default_rng(0)
    cells = int(shape[2]) // STRIDE * (int(shape[3]) // STRIDE)
    layers = max(1, round(gflop * 1e9 / (2 * 9 * CHANNELS**2 * cells)))
    values = {
        "first": rng.normal(0, 0.05, (CHANNELS, 3, STRIDE, STRIDE)).astype(np.float32),
        "nothing": np.float32(1e-30),
        "axes": np.array([1, 2]),
    }
    nodes = [helper.make_node("Conv", ["input", "first"], ["x0"], strides=[STRIDE, STRIDE])]
    for i in range(layers):
        values[f"w{i}"] = rng.normal(0, 0.03, (CHANNELS, CHANNELS, 3, 3)).astype(np.float32)
        nodes.append(helper.make_node("Conv", [f"x{i}", f"w{i}"], [f"y{i}"], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"y{i}"], [f"x{i + 1}"]))
    nodes.append(helper.make_node("ReduceMean", [f"x{layers}"], ["mean"], axes=[1, 2, 3], keepdims=0))
    nodes.append(helper.make_node("Mul", ["mean", "nothing"], ["none"]))
    nodes.append(helper.make_node("Unsqueeze", ["none", "axes"], ["spread"]))
    for name, value in outputs.items():
        values[f"{name}_value"] = value
        nodes.append(helper.make_node("Add", ["spread", f"{name}_value"], [name]))
    made = {name: [shape[0], *value.shape[1:]] for name, value in outputs.items()}
    graph = helper.make_graph(
        nodes,
        "stand-in",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in made.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def detector(path: Path, gflop: float) -> Path:
    grids = np.zeros((1, 8400, 85), np.float32)
    # One person of about 390 x 640 px in the middle.
    grids[0, 8000 + 8 * 20 + 10] = [0.5, 0.5, 2.5, 3.0, 1, 1, *[0] * 79]
    return stand_in(path, [1, 3, 640, 640], {"output": grids}, gflop)


def estimator(path: Path) -> Path:
    rng = np.random.default_rng(1)
    rows = {"simcc_x": rng.random((1, 133, 576)), "simcc_y": rng.random((1, 133, 768))}
    rows = {name: row.astype(np.float32) for name, row in rows.items()}
    return stand_in(path, ["people", 3, 384, 288], rows, ESTIMATOR_GFLOP)


def spent(work: Callable[[], object], rounds: int) -> float:
    """Median processor time [s] of ``work``, after one run that does not count."""
    work()
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return median(times)


def whole_against_bare(
    boxes: Path, people: Path, frames: list[np.ndarray], rounds: int
) -> tuple[float, float]:
    """Seconds a frame of the networks alone and of the extractor."""
    extractor = DWPose(str(boxes), str(people), "cpu", threads=1)
    detect, estimate = (open_model(path, "cpu", 1) for path in (boxes, people))
    picture = np.zeros((1, 3, 640, 640), np.float32)
    crops = np.zeros((extractor.batch, 3, 384, 288), np.float32)

    def bare() -> None:
        for _ in frames:
            detect(picture)
        for _ in range(0, len(frames), extractor.batch):
            estimate(crops)

    def whole() -> None:
        if any(len(found.keypoints) != 1 for found in extractor(iter(frames), fps=25)):
            raise SystemExit("expected one person in each frame")

    return spent(bare, rounds) / len(frames), spent(whole, rounds) / len(frames)


def shown_against_opencv(frame: np.ndarray, rounds: int) -> None:
    matrix = np.array([[1 / 1.5, 0, -200], [0, 1 / 1.5, -33]])
    out = np.empty((3, 384, 288), np.float32)

    def crop() -> None:
        sample(frame, (300.0, 50.0), (1.5, 1.5), False, False, MEAN, 1 / DEVIATION, out)

    def their_crop() -> None:
        picture = cv2.warpAffine(frame, matrix, (288, 384), flags=cv2.INTER_LINEAR)
        picture = (picture - MEAN.astype(float)) / DEVIATION.astype(float)
        np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32)

    def their_letterbox() -> None:
        picture = np.full((640, 640, 3), 114, np.uint8)
        picture[:360] = cv2.resize(frame, (640, 360), interpolation=cv2.INTER_LINEAR)
        np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32)

    pairs = {
        "cut-out, normalised": (their_crop, crop),
        "letterbox": (their_letterbox, lambda: letterbox(frame, 640, 640, is_bgr=True)),
    }
    for name, (theirs, ours) in pairs.items():
        before, after = spent(theirs, rounds * 10), spent(ours, rounds * 10)
        print(f"| {name} | {before * 1e3:.2f} ms | {after * 1e3:.2f} ms | {before / after:.1f}x |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(2)
    frames = [rng.integers(0, 255, (720, 1280, 3), np.uint8) for _ in range(given.frames)]
    print("| networks | bare | extractor | whole / bare |\n|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        people = estimator(Path(folder) / "estimator.onnx")
        for name, gflop in DETECTOR_GFLOP.items():
            boxes = detector(Path(folder) / f"{name}.onnx", gflop)
            bare, whole = whole_against_bare(boxes, people, frames, given.rounds)
            print(f"| {name} + DWPose-l | {bare * 1e3:.0f} ms | {whole * 1e3:.0f} ms | {whole / bare:.3f} |")
    print("\n| what a network is shown | OpenCV and numpy | signgen | ratio |\n|---|---:|---:|---:|")
    shown_against_opencv(frames[0], given.rounds)


if __name__ == "__main__":
    main()
