"""controlnet_aux's OpenPose and DWPose detectors, where that package and its weights are at hand.

Its way to DWPose needs mmcv, mmpose and mmdet; the extractor `dwpose` gives the same keypoints without them.
"""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np

from signgen.config import setting
from signgen.errors import CheckpointError, DataError, DependencyError
from signgen.extract.base import Detections, Frame, extractors
from signgen.pose.layout import BODY, FACE, LEFT_HAND, NUM_KEYPOINTS, RIGHT_HAND
from signgen.pose.sequence import cleaned

# Checkpoints of the index that each detector reads, in the order it wants them.
_WEIGHTS = {
    "openpose": ("openpose-body", "openpose-hand", "openpose-face"),
    "dwpose": ("yolox_l_mmdet", "dw-ll_ucoco_384_mmpose"),
}
# Below this, its own tools call a keypoint of DWPose not visible.
_VISIBLE = 0.3
# From here on torch.load reads weights only, and no code, unless told otherwise; controlnet_aux tells it nothing.
_SAFE_TORCH = (2, 6)
_INSTALL = 'pip install "signgen[torch,controlnet-aux]" && pip install --no-deps controlnet-aux==0.0.10'

# The people of a frame: (P, 128, 3) keypoints.
Estimate = Callable[[Frame], np.ndarray]


@extractors.register("controlnet-aux")
@dataclass(frozen=True)
class ControlNetAux:
    """OpenposeDetector or DWposeDetector of the package controlnet_aux; see docs/extraction-dwpose.md."""

    detector: Literal["openpose", "dwpose"] = setting("openpose", "which of its detectors")
    weights: str = setting(
        "", "folder of its weights, unchecked; default: the folder of checkpoints, checked"
    )
    device: Literal["auto", "cpu", "cuda"] = setting("auto", "auto is CUDA where torch has it")

    def __call__(self, frames: Iterable[Frame], *, fps: float) -> Iterator[Detections]:
        """See `signgen.extract.base.Extractor`.

        OpenPose gives no confidences through this package: what it finds has 1.

        Raises:
            DependencyError: controlnet_aux, or something it imports, is missing.
            CheckpointError: a file of weights is missing, damaged or another one.
            DataError: the detector failed on a frame.
        """
        # Nobody should fetch weights for a package that then cannot be imported.
        _package()
        estimate = _opened(self.detector, _files(self.detector, self.weights), self.device)
        for number, frame in enumerate(frames):
            try:
                keypoints = cleaned(estimate(frame))
            # Anything may come out of a package that is not ours.
            except Exception as error:
                raise DataError(
                    f"frame {number}: controlnet_aux failed ({_line(error)}); use another extractor"
                ) from None
            yield Detections(keypoints[keypoints[..., 2].any(axis=1)])

    def sources(self) -> tuple[dict[str, str], ...]:
        """The weights that a sidecar credits."""
        from signgen.data.checkpoints import describe_checkpoint

        names = map(str, _files(self.detector, self.weights)) if self.weights else _WEIGHTS[self.detector]
        return tuple(map(describe_checkpoint, names))


@lru_cache(maxsize=1)
def _opened(detector: str, files: tuple[Path, ...], device: str) -> Estimate:
    package = _package()
    device = _device(device)
    try:
        return _OPEN[detector](package, files, device)
    except (ImportError, NameError) as error:
        # What it could not import it leaves out, and then misses by name.
        raise DependencyError(
            f"controlnet_aux's {detector} detector lacks a package ({_line(error)}): DWposeDetector needs mmcv, "
            "mmpose and mmdet; use the extractor dwpose, which needs none of them"
        ) from None
    except Exception as error:
        raise CheckpointError(
            f"{files[0].parent}: controlnet_aux cannot open the weights there: {_line(error)}"
        ) from None


def _open_openpose(package: Any, files: tuple[Path, ...], device: str) -> Estimate:
    # A folder that exists is read and nothing is downloaded.
    body, hand, face = files
    detector = package.OpenposeDetector.from_pretrained(
        str(body.parent), filename=body.name, hand_filename=hand.name, face_filename=face.name
    ).to(device)
    return lambda frame: openpose_people(
        detector.detect_poses(frame, include_hand=True, include_face=True), frame
    )


def _open_dwpose(package: Any, files: tuple[Path, ...], device: str) -> Estimate:
    boxes, keypoints = map(str, files)
    detector = package.DWposeDetector(det_ckpt=boxes, pose_ckpt=keypoints, device=device)
    # Its networks were trained on blue first.
    return lambda frame: dwpose_people(*detector.pose_estimation(np.ascontiguousarray(frame[..., ::-1])))


_OPEN = {"openpose": _open_openpose, "dwpose": _open_dwpose}


def openpose_people(poses: Sequence[Any], frame: Frame) -> np.ndarray:
    """(P, 128, 3) keypoints of controlnet_aux's ``PoseResult`` (body, left_hand, right_hand, face).

    A keypoint is None where missing in the body, and negative where missing in a hand or a face; the places
    are shares of the frame. Of the face's 70 keypoints the pupils are left out.
    """
    size = np.array([frame.shape[1], frame.shape[0], 1])
    out = np.zeros((len(poses), NUM_KEYPOINTS, 3))
    for person, pose in zip(out, poses, strict=True):
        for part, found in (
            (BODY, pose.body.keypoints),
            (LEFT_HAND, pose.left_hand),
            (RIGHT_HAND, pose.right_hand),
            (FACE, pose.face),
        ):
            for row, keypoint in zip(person[part], found or (), strict=False):
                if keypoint is not None and keypoint.x >= 0 and keypoint.y >= 0:
                    row[:] = (keypoint.x, keypoint.y, keypoint.score)
    return np.asarray(out * size)


def dwpose_people(points: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(P, 128, 3) keypoints of the 134 of controlnet_aux's ``Wholebody``: 18 body, 6 feet, face, hands."""
    given = np.concatenate([points, scores[..., None]], axis=-1)
    given[given[..., 2] < _VISIBLE] = 0
    return np.concatenate([given[:, :18], given[:, 92:113], given[:, 113:134], given[:, 24:92]], axis=1)


def _files(detector: str, folder: str) -> tuple[Path, ...]:
    from signgen.data.checkpoints import find_checkpoint, load_index

    names = _WEIGHTS[detector]
    if not folder:
        return tuple(map(find_checkpoint, names))
    known = [load_index()[name] for name in names]
    files = tuple(Path(folder).expanduser() / entry.file for entry in known)
    for file, entry in zip(files, known, strict=True):
        if not file.is_file():
            raise CheckpointError(f"{file}: no such file; get it from {entry.source} and put it there")
    return files


def _package() -> Any:
    try:
        with warnings.catch_warnings():
            # It warns of each package that some detector of it would need.
            warnings.simplefilter("ignore")
            package = importlib.import_module("controlnet_aux")
    except ModuleNotFoundError as error:
        if error.name == "controlnet_aux":
            raise DependencyError(f"controlnet_aux is not installed; run: {_INSTALL}") from None
        raise DependencyError(_unimportable(error)) from None
    # A torchvision for another build of torch is a RuntimeError.
    except Exception as error:
        raise DependencyError(_unimportable(error)) from None
    number = re.findall(r"\d+", version("torch"))
    if tuple(map(int, number[:2])) < _SAFE_TORCH:
        raise DependencyError(
            f'torch {version("torch")} would run code in the weights; run: pip install "torch>=2.6"'
        )
    return package


def _unimportable(error: Exception) -> str:
    return (
        f"controlnet_aux is installed but cannot be imported ({_line(error)}): it imports all its detectors, with "
        "torchvision (the build that fits your torch), timm, einops, scikit-image and matplotlib; install what is "
        "missing, or use the extractor dwpose, which needs none of it"
    )


def _device(device: str) -> str:
    import torch

    has_cuda = torch.cuda.is_available()
    if device == "cuda" and not has_cuda:
        raise DependencyError("device=cuda: this torch has no CUDA; install one that has, or use device=cpu")
    return "cuda" if has_cuda and device != "cpu" else "cpu"


def _line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:200]} ..."
