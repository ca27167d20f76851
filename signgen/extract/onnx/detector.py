"""`Detector`: people in a frame, as boxes, by YOLOX."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.extract.onnx.boxes import people_in, unusable
from signgen.extract.onnx.model import Model

# The grey that YOLOX was trained to see beside a picture of another shape.
PADDING_LEVEL = 114


@dataclass(frozen=True, eq=False)
class Detector:
    """YOLOX with what comes before and after it.

    Attributes:
        model: the network.
        is_bgr: it was trained on pictures with blue first, as OpenCV reads them.
        confidence: least confidence of a person.
        overlap: of two boxes that share more than this the less confident one goes.
        most: at most this many people.
    """

    model: Model
    is_bgr: bool = True
    confidence: float = 0.3
    overlap: float = 0.45
    most: int = 8

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """(P, 4) left, top, right, bottom [px] of the people in a frame, most confident first.

        Raises:
            CheckpointError: the model is no YOLOX.
        """
        picture, ratio = letterbox(frame, self.model.width, self.model.height, is_bgr=self.is_bgr)
        outputs = self.model(picture[None])
        size = self.model.width, self.model.height
        try:
            boxes, _ = people_in(outputs, *size, confidence=self.confidence, overlap=self.overlap)
        except ValueError as error:
            raise unusable(self.model.path, error) from None
        return np.asarray(boxes[: self.most] / np.float32(ratio))


def letterbox(frame: np.ndarray, width: int, height: int, *, is_bgr: bool) -> tuple[np.ndarray, float]:
    """A frame in the top left of a picture of another shape, as YOLOX takes it.

    Args:
        frame: uint8 (H, W, 3) RGB.
        width: of the picture [px].
        height: of the picture [px].
        is_bgr: blue first in the picture.

    Returns:
        float32 (3, height, width) with levels from 0 to 255, and pixels of it per pixel of the frame.
    """
    from signgen.extract.onnx.sampling_kernels import sample

    rows, columns = frame.shape[:2]
    ratio = min(width / columns, height / rows)
    inner_width, inner_height = max(int(columns * ratio), 1), max(int(rows * ratio), 1)
    step = columns / inner_width, rows / inner_height
    start = step[0] / 2 - 0.5, step[1] / 2 - 0.5
    inner = np.empty((3, inner_height, inner_width), np.float32)
    plain = np.zeros(3, np.float32), np.ones(3, np.float32)
    sample(np.ascontiguousarray(frame), start, step, True, is_bgr, *plain, inner)
    picture = np.empty((3, height, width), np.float32)
    picture[:, :inner_height, :inner_width] = inner
    picture[:, inner_height:] = PADDING_LEVEL
    picture[:, :inner_height, inner_width:] = PADDING_LEVEL
    return picture, ratio
