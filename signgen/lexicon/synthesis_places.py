"""Where a step's place is: on the head or torso, in neutral space, on the second hand, or where the hands meet."""

from __future__ import annotations

import numpy as np

from signgen.body.figure import MIRROR
from signgen.body.skeleton import unit
from signgen.body.surface import PLACES, place_point
from signgen.lexicon.notation_steps import Place
from signgen.lexicon.synthesis_hand import Posture, touch_points

# Two hands meet in the middle in front of the chest.
_MEETING = np.array([0.0, 0.130, -0.290])
_SIDEWAYS = np.array([-1.0, 0.0, 0.0])
# Half the thickness of wrist and forearm [m].
_WRIST, _FOREARM, _UPPER_ARM = 0.022, 0.032, 0.045
# place on a hand: (part of the hand, axis of the hand frame that its skin faces, sign).
_ON_HAND = {
    "palm": ("palm", 2, 1), "palm_back": ("back", 2, -1), "heel": ("heel", 2, 1), "finger_front": ("finger_pads", 2, 1),
    "finger_back": ("finger_backs", 2, -1), "finger_tip": ("fingertips", 0, 1), "finger_radial": ("index_side", 1, 1),
    "finger_ulnar": ("little_side", 1, -1), "thumb_tip": ("thumb_tip", 0, 1),
}  # fmt: skip
# place on an arm: (share of the way from elbow to wrist, axis, sign, thickness).
_ON_ARM = {
    "wrist_back": (0.97, 2, -1, _WRIST), "wrist_front": (0.97, 2, 1, _WRIST), "forearm_back": (0.55, 2, -1, _FOREARM),
    "forearm_front": (0.55, 2, 1, _FOREARM), "forearm_ulnar": (0.5, 1, -1, _FOREARM),
    "forearm_radial": (0.5, 1, 1, _FOREARM), "elbow_back": (0.02, 2, -1, _FOREARM),
}  # fmt: skip


def is_on_hand(place: Place) -> bool:
    """Whether a place lies on the second hand."""
    return place.name in _ON_HAND


def place_track(place: Place, second: tuple[Posture, str] | None) -> tuple[np.ndarray, np.ndarray]:
    """(1 or n, 3) point and (1 or n, 3) direction of the skin, in the frame of the hand that goes there.

    Args:
        place: a place.
        second: the other hand (as a right hand) with the name of its shape, where places lie on it; None
            where the hands meet.
    """
    if place.name in PLACES:
        point, out = place_point(place.name, place.side, place.reach)
        return point[None], out[None]
    if second is None:
        return _MEETING[None], _SIDEWAYS[None]
    posture, hand = second
    point, out = (
        _on_arm(place.name, posture) if place.name not in _ON_HAND else _on_hand(place.name, posture, hand)
    )
    return point * MIRROR, out * MIRROR


def _on_hand(name: str, posture: Posture, hand: str) -> tuple[np.ndarray, np.ndarray]:
    part, axis, sign = _ON_HAND[name]
    local = touch_points(part, hand, posture.shape)
    point = posture.wrist + np.einsum("nij,nj->ni", posture.frame, local)
    return point, sign * posture.frame[..., axis]


def _on_arm(name: str, posture: Posture) -> tuple[np.ndarray, np.ndarray]:
    elbow, hand = posture.arm()
    wrist = hand[:, 0]
    if name == "upper_arm":
        from signgen.body.skeleton import SHOULDER

        out = unit(np.array([-0.7, 0.0, -0.75]))
        return (SHOULDER + elbow) / 2 + _UPPER_ARM * out, np.broadcast_to(out, elbow.shape)
    share, axis, sign, thickness = _ON_ARM[name]
    along = unit(wrist - elbow)
    out = sign * posture.frame[..., axis]
    out = unit(out - along * np.sum(out * along, axis=-1, keepdims=True))
    return elbow + share * (wrist - elbow) + thickness * out, out
