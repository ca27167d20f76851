"""The inventory of handshapes: names to joint angles, read once from the data file beside this module."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from signgen.body.skeleton import SHAPE_SIZE, hand_points, unit

_FILE = Path(__file__).parent / "data" / "handshapes.yaml"
_FINGERS = ("index", "middle", "ring", "little")
# Fingertips that a thumb state touches, by the finger's place from the index.
_TOUCHES = {
    "touch_index": (0,), "touch_middle": (1,), "touch_ring": (2,), "touch_little": (3,), "touch_two": (0, 1),
    "touch_mid_ring": (1, 2), "touch_three": (0, 1, 2), "touch_all": (0, 1, 2, 3),
}  # fmt: skip
# A thumb that opposes the fingers: azimuth and elevation of its metacarpal [degrees].
_OPPOSED = (30.0, 50.0)
# Half the thickness of two fingertips that meet [m].
_PADS = 0.011


@lru_cache(maxsize=1)
def handshapes() -> Mapping[str, np.ndarray]:
    """Name to (21,) hand shape (see `signgen.body.skeleton`), read-only, in the order of the file."""
    import yaml

    table: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    shapes: dict[str, np.ndarray] = {}
    for name, row in table["shapes"].items():
        if "same" in row:
            base = shapes[row["same"]]
            shapes[name] = base
            continue
        shapes[name] = _shape(row, table)
        shapes[name].setflags(write=False)
    return shapes


def handshape_names() -> tuple[str, ...]:
    """All names, in the order of the file."""
    return tuple(handshapes())


def _shape(row: Mapping[str, Any], table: Mapping[str, Any]) -> np.ndarray:
    shape = np.zeros(SHAPE_SIZE)
    spread = _state(row["spread"], table["spreads"])
    for i, finger in enumerate(_FINGERS):
        knuckle, middle, end = _state(row.get(finger, row.get("fingers")), table["fingers"])
        shape[4 * i : 4 * i + 4] = knuckle, spread[i], middle, end
    if row["thumb"] in _TOUCHES if isinstance(row["thumb"], str) else False:
        shape[16:] = _touching(shape, _TOUCHES[row["thumb"]])
    else:
        shape[16:] = _state(row["thumb"], table["thumbs"])
    return shape


def _state(value: Any, states: Mapping[str, Any]) -> list[float]:
    found: list[float] = states[value] if isinstance(value, str) else value
    return found


def _touching(shape: np.ndarray, fingers: tuple[int, ...]) -> np.ndarray:
    """The thumb whose pad meets the pads of these fingers."""
    points = hand_points(np.concatenate([shape[:16], [*_OPPOSED, 0, 0, 0]])[None])[0]
    tips = points[[8 + 4 * i for i in fingers]].mean(axis=0)
    meeting = tips + _PADS * unit(points[2] - tips)
    return np.array([*_OPPOSED, *(100 * meeting)])
