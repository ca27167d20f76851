"""DWPose: a person detector and a whole-body estimator in ONNX files; several people, on CPU or CUDA."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Le, Lt

from signgen.config import setting
from signgen.extract.base import Detections, Frame, extractors
from signgen.extract.onnx.detector import Detector
from signgen.extract.onnx.estimator import Estimator
from signgen.extract.onnx.following import with_boxes
from signgen.extract.onnx.model import Device, Model, open_model

WHOLE_PICTURE = "none"

Share = Annotated[float, Ge(0), Lt(1)]
Colours = Literal["rgb", "bgr"]
Side = Annotated[int, Ge(32), Le(4096)]


@extractors.register("dwpose")
@dataclass(frozen=True)
class DWPose:
    """YOLOX and DWPose, RTMPose or RTMW by onnxruntime (extra [dwpose]); see docs/extraction-dwpose.md."""

    detector: str = setting(
        "yolox_l", "checkpoint or .onnx file of YOLOX; none: the whole picture is one person"
    )
    estimator: str = setting("dw-ll_ucoco_384", "checkpoint or .onnx file of a whole-body SimCC network")
    device: Device = setting("auto", "auto is CUDA where onnxruntime has it")
    threads: Annotated[int, Ge(1), Le(1024)] | None = setting(None, "processor threads; default: all cores")
    batch: Annotated[int, Ge(1), Le(256)] = setting(8, "people that the estimator takes at once")
    every: Annotated[int, Ge(1), Le(250)] = setting(
        1, "the detector sees each n-th frame; between, boxes move"
    )
    people: Annotated[int, Ge(1), Le(100)] = setting(8, "at most this many people a frame")
    person_confidence: Share = setting(0.3, "people found with less are left out")
    overlap: Share = setting(0.45, "of two boxes that share more than this the less confident one goes")
    keypoint_confidence: Share = setting(0.3, "keypoints found with less are missing; 0 keeps all")
    full_score: Annotated[float, Gt(0)] = setting(1.0, "the estimator's score that counts as confidence 1")
    padding: Annotated[float, Ge(1), Le(4)] = setting(1.25, "the estimator sees this many times the box")
    detector_colours: Colours = setting("bgr", "order that the detector was trained on")
    estimator_colours: Colours = setting("rgb", "order that the estimator was trained on")
    detector_size: tuple[Side, Side] | None = setting(
        None, "width, height [px], for a detector that takes any; default: as the checkpoint's entry says"
    )
    estimator_size: tuple[Side, Side] | None = setting(
        None, "width, height [px], for an estimator that takes any; default: as the checkpoint's entry says"
    )

    def __call__(self, frames: Iterable[Frame], *, fps: float) -> Iterator[Detections]:
        """See `signgen.extract.base.Extractor`; the people of a frame come most confident first.

        Raises:
            DependencyError: onnxruntime is not installed, or has no CUDA where that is asked for.
            CheckpointError: a file of weights is missing, damaged, unsafe or for another task.
        """
        estimate = Estimator(
            self._model(self.estimator, self.estimator_size),
            self.estimator_colours == "bgr",
            self.padding,
            self.keypoint_confidence,
            self.full_score,
            self.batch,
        )
        for keypoints in estimate(self._framed(frames)):
            yield Detections(keypoints)

    def sources(self) -> tuple[dict[str, str], ...]:
        """The weights that a sidecar credits."""
        from signgen.data.checkpoints import describe_checkpoint

        names = (self.estimator, self.detector)
        return tuple(describe_checkpoint(name) for name in names if name != WHOLE_PICTURE)

    def _framed(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, np.ndarray]]:
        if self.detector == WHOLE_PICTURE:
            return ((frame, _whole(frame)) for frame in frames)
        detect = Detector(
            self._model(self.detector, self.detector_size),
            self.detector_colours == "bgr",
            self.person_confidence,
            self.overlap,
            self.people,
        )
        return with_boxes(frames, detect, self.every)

    def _model(self, name: str, size: tuple[int, int] | None) -> Model:
        from signgen.data.checkpoints import find_checkpoint, load_index

        known = load_index().get(name)
        path = find_checkpoint(name)
        return open_model(path, self.device, self.threads, size or (known.input if known else None))


def _whole(frame: Frame) -> np.ndarray:
    height, width = frame.shape[:2]
    return np.array([[0, 0, width, height]], np.float32)
