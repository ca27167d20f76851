"""Small ONNX networks with known answers: fixed ones, and ones that find bright blobs in what they are shown."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

FLOAT = TensorProto.FLOAT
MEAN = np.array([123.675, 116.28, 103.53], np.float32)
DEVIATION = np.array([58.395, 57.12, 57.375], np.float32)
KEYPOINTS = 133


def write(path, nodes, values, outputs, shape, kind=FLOAT, domain=""):
    """A model from a picture of ``shape``; ``values`` are constants by name, ``outputs`` shapes by name."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("input", kind, shape)],
        [helper.make_tensor_value_info(name, kind, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()],
    )
    opsets = [helper.make_opsetid("", 17)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def constant(path, arrays, shape, kind=FLOAT):
    """Gives ``arrays`` by name whatever it is shown."""
    nodes = [helper.make_node("Identity", [f"{name}_value"], [name]) for name in arrays]
    kept = {f"{name}_value": np.asarray(value) for name, value in arrays.items()}
    return write(path, nodes, kept, {name: np.shape(value) for name, value in arrays.items()}, shape, kind)


def blob_detector(path, size=128, box=64):
    """YOLOX grids with a person of ``box`` px on each 32 px cell where red is above 200, as sure as it is bright.

    The picture comes blue first, so red is channel 2.
    """
    cells = [(size // stride) ** 2 for stride in (8, 16, 32)]
    count = sum(cells)
    shape = np.zeros((1, count, 5), np.float32)
    shape[..., :2] = 0.5
    shape[..., 2:4] = np.log(box / 32)
    shape[..., 4] = 1
    nodes = [
        helper.make_node("Gather", ["input", "red"], ["level"], axis=1),
        helper.make_node("MaxPool", ["level"], ["pooled"], kernel_shape=[32, 32], strides=[32, 32]),
        helper.make_node("Reshape", ["pooled", "flat"], ["cells"]),
        helper.make_node("Sub", ["cells", "dark"], ["above"]),
        helper.make_node("Div", ["above", "range"], ["share"]),
        helper.make_node("Clip", ["share", "zero", "one"], ["sure"]),
        helper.make_node("Concat", ["nobody", "sure"], ["person"], axis=1),
        helper.make_node("Concat", ["shape", "person", "other"], ["output"], axis=2),
    ]
    values = {
        "red": np.array([2]),
        "flat": np.array([1, cells[2], 1]),
        "dark": np.float32(200),
        "range": np.float32(55),
        "zero": np.float32(0),
        "one": np.float32(1),
        "nobody": np.zeros((1, count - cells[2], 1), np.float32),
        "shape": shape,
        # A second class that is always certain and must not count.
        "other": np.ones((1, count, 1), np.float32),
    }
    return write(path, nodes, values, {"output": [1, count, 7]}, [1, 3, size, size])


def blob_estimator(path, width=48, height=64, batch="batch", kind=FLOAT):
    """SimCC rows that peak where channel k % 3 of the picture, red first, is brightest: level / 255 is the score.

    Two bins a pixel; the bin between two pixels has the mean of both.
    """
    real = np.float16 if kind == TensorProto.FLOAT16 else np.float32
    order = np.arange(KEYPOINTS) % 3
    nodes = [
        helper.make_node("Mul", ["input", "deviation"], ["scaled"]),
        helper.make_node("Add", ["scaled", "mean"], ["level"]),
    ]
    for axis, removed in (("x", 2), ("y", 3)):
        nodes += [
            helper.make_node("ReduceMax", ["level"], [f"best_{axis}"], axes=[removed], keepdims=0),
            helper.make_node("MatMul", [f"best_{axis}", f"twice_{axis}"], [f"bins_{axis}"]),
            helper.make_node("Gather", [f"bins_{axis}", "order"], [f"simcc_{axis}"], axis=1),
        ]
    values = {
        "deviation": DEVIATION.reshape(1, 3, 1, 1).astype(real),
        "mean": MEAN.reshape(1, 3, 1, 1).astype(real),
        "twice_x": (_twice(width) / 255).astype(real),
        "twice_y": (_twice(height) / 255).astype(real),
        "order": order,
    }
    outputs = {
        "simcc_x": [batch, KEYPOINTS, 2 * width],
        "simcc_y": [batch, KEYPOINTS, 2 * height],
    }
    return write(path, nodes, values, outputs, [batch, 3, height, width], kind)


def _twice(side):
    matrix = np.zeros((side, 2 * side), np.float32)
    for i in range(side):
        matrix[i, 2 * i] = 1
        matrix[i, 2 * i + 1] += 0.5
        matrix[min(i + 1, side - 1), 2 * i + 1] += 0.5
    return matrix


def picture(width, height, *blobs):
    """uint8 (height, width, 3) black with blobs (x, y, channel, level) that fall by ten levels a pixel."""
    y, x = np.mgrid[:height, :width]
    frame = np.zeros((height, width, 3))
    for at_x, at_y, channel, level in blobs:
        far = np.abs(x - at_x) + np.abs(y - at_y)
        frame[..., channel] = np.maximum(frame[..., channel], level - 10 * far)
    return np.clip(frame, 0, 255).astype(np.uint8)
