"""Proportions of a signer against those of an appearance: one ratio a limb, and which of them cannot be true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from signgen.errors import PoseError
from signgen.pose.layout import (
    FACE,
    HAND_BONES,
    LEFT_EAR,
    LEFT_HAND,
    NAMES,
    NOSE,
    NUM_KEYPOINTS,
    RIGHT_EAR,
    RIGHT_HAND,
)

Bone: TypeAlias = tuple[int, int]
State: TypeAlias = Literal["measured", "unseen", "foreshortened", "out of range"]

# Ends surer than this are measured.
LEAST_CONFIDENCE = 0.3
# A turned limb looks shorter than it is and never longer, but keypoints shake: flat lengths are taken from near
# the top of those seen, lengths with depth from their middle.
TOP, MIDDLE = 95.0, 50.0
# Ratios against that of the shoulders that people can have; others come from hidden or foreshortened limbs.
LEAST, MOST = 0.75, 1.35

_HANDS: tuple[Bone, ...] = tuple(
    (hand.start + a, hand.start + b)
    for hand in (RIGHT_HAND, LEFT_HAND)
    for a, b in (*HAND_BONES, (5, 9), (9, 13), (13, 17), (5, 17))
)
# Bones of each limb. Several show its length: the two sides, or the many bones of the hands.
LIMBS: dict[str, tuple[Bone, ...]] = {
    "upper arms": ((2, 3), (5, 6)),
    "forearms": ((3, 4), (6, 7)),
    "trunk": ((1, 8), (1, 11)),
    "thighs": ((8, 9), (11, 12)),
    "shins": ((9, 10), (12, 13)),
    "neck": ((1, NUM_KEYPOINTS),),
    "hands": _HANDS,
}
SHOULDERS: Bone = (2, 5)
# What lies between them is the middle of the head, which nodding and turning moves least; it is keypoint 128 here.
MIDDLES = ((FACE.start, FACE.start + 16), (RIGHT_EAR, LEFT_EAR), (NOSE,))
# On a flat still an arm may point at the camera. One that is straight in the picture, such as one that hangs, does not.
ARMS = {"upper arms": ((2, 3, 4), (5, 6, 7)), "forearms": ((2, 3, 4), (5, 6, 7))}
STRAIGHT = 0.87  # least cosine between upper arm and forearm


@dataclass(frozen=True)
class Limb:
    """One limb of the appearance against the signer's.

    Attributes:
        name: of `LIMBS`, or ``head``.
        joint: where it ends, as `signgen.pose.layout.NAMES` calls it, on the side that decided; or ``head``.
        ratio: of its lengths, in units of the ratio of the shoulders; None if it is not seen on both.
        state: whether it was used.
    """

    name: str
    joint: str
    ratio: float | None
    state: State

    @property
    def used(self) -> float:
        """The ratio that poses are drawn with: 1 where the measured one cannot be true."""
        return self.ratio if self.state == "measured" and self.ratio is not None else 1.0

    def complaint(self) -> str:
        """What is wrong with it, for people."""
        return (
            f"{self.joint}: {self.name} {self.ratio:.2f} times as long against the shoulders as the signer's"
        )


@dataclass(frozen=True)
class Alignment:
    """How poses were fitted to an appearance.

    Attributes:
        scale: shoulders of the appearance by those of the signer.
        limbs: each with its ratio.
        face_change: how far the face's outline and features moved for it, root mean square [face widths].
        face: whether its geometry was used.
        contact: how far a hand was moved at most so that it still touches what it touched [shoulder widths].
    """

    scale: float
    limbs: tuple[Limb, ...]
    face_change: float = 0.0
    face: State = "unseen"
    contact: float = 0.0

    def factor(self, name: str) -> float:
        """Length of a limb of the appearance by that of the signer."""
        return self.scale * next((limb.used for limb in self.limbs if limb.name == name), 1.0)

    def complaints(self) -> tuple[str, ...]:
        """What was found and cannot be true, each with its joint."""
        found = [limb.complaint() for limb in self.limbs if limb.state == "out of range"]
        if self.face == "out of range":
            found.append(
                f"face_jaw_8: a face that differs by {self.face_change:.2f} of its width, turned away?"
            )
        return tuple(found)

    def check(self) -> None:
        """Refuse what cannot be true.

        Raises:
            PoseError: names the joints.
        """
        if self.complaints():
            raise PoseError(
                f"appearance: {'; '.join(self.complaints())}; take a still that shows arms and hands from the front"
            )

    def account(self) -> dict[str, Any]:
        """The same as plain values, for sidecars."""
        return {
            "scale": round(self.scale, 4),
            "limbs": {
                limb.name: {
                    "joint": limb.joint,
                    "ratio": None if limb.ratio is None else round(limb.ratio, 4),
                    "used": round(limb.used, 4),
                    "state": limb.state,
                }
                for limb in self.limbs
            },
            "face": {"change": round(self.face_change, 4), "state": self.face},
            "contact": round(self.contact, 4),
            "warnings": list(self.complaints()),
        }


def middle_of_head(shown: np.ndarray, known: np.ndarray) -> list[int]:
    """The keypoints around the middle of the head that both a clip (128,) and a still (128,) show; else the clip's."""
    for both in (shown & known, shown):
        for group in MIDDLES:
            if both[list(group)].all():
                return list(group)
    return list(MIDDLES[-1])


def with_middle(
    points: np.ndarray, confidence: np.ndarray, middle: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Points (T, 129, D) and confidence (T, 129) with the middle of the head added.

    Args:
        points: (T, 128, D).
        confidence: (T, 128).
        middle: the keypoints around it.
    """
    place, sure = points[:, middle].mean(axis=1), confidence[:, middle].min(axis=1)
    return (
        np.concatenate([points, place[:, None]], axis=1),
        np.concatenate([confidence, sure[:, None]], axis=1),
    )


def lengths(points: np.ndarray, confidence: np.ndarray, bone: Bone, percentile: float) -> float | None:
    """How long a bone is over a clip.

    Args:
        points: (T, K, D).
        confidence: (T, K).
        bone: its ends.
        percentile: of the lengths seen.

    Returns:
        None if both ends are never surely seen, or coincide.
    """
    seen = (confidence[:, bone] >= LEAST_CONFIDENCE).all(axis=1)
    if not seen.any():
        return None
    found = float(
        np.percentile(np.linalg.norm(points[seen, bone[0]] - points[seen, bone[1]], axis=1), percentile)
    )
    return found if found > 0 else None


def shoulders(points: np.ndarray, confidence: np.ndarray, whose: str) -> float:
    """Distance between the shoulders, the unit of everything.

    Raises:
        PoseError: they are never seen.
    """
    found = lengths(points, confidence, SHOULDERS, MIDDLE)
    if found is None:
        raise PoseError(f"{whose}: both shoulders must be seen to know how large the signer is")
    return found


def compare(
    points: np.ndarray, confidence: np.ndarray, own: np.ndarray, own_confidence: np.ndarray
) -> tuple[Limb, ...]:
    """The limbs of an appearance against those of a signer.

    Args:
        points: (T, 129, D) of the signer, of `with_middle`; 2 or 3 coordinates.
        confidence: (T, 129).
        own: (1, 129, D) of the appearance.
        own_confidence: (1, 129).

    Raises:
        PoseError: shoulders of one of them are never seen.
    """
    is_flat = points.shape[-1] == 2
    top = TOP if is_flat else MIDDLE
    unit = shoulders(own, own_confidence, "appearance") / shoulders(points, confidence, "poses")
    limbs = []
    for name, bones in LIMBS.items():
        ratios = sorted(_ratios(points, confidence, own, own_confidence, bones, top))
        if not ratios:
            limbs.append(Limb(name, _joint(bones[0][1]), None, "unseen"))
            continue
        ratio, joint = _typical(ratios, top)
        limb = judged(name, joint, ratio / unit)
        if (
            is_flat
            and ratio < unit
            and name in ARMS
            and not _is_straight(own[0], own_confidence[0], name, joint)
        ):
            limb = replace(limb, state="foreshortened")
        limbs.append(limb)
    return tuple(limbs)


def _is_straight(points: np.ndarray, confidence: np.ndarray, name: str, joint: int) -> bool:
    """Whether the arm of a joint is seen to be straight."""
    shoulder, elbow, wrist = next(arm for arm in ARMS[name] if joint in arm)
    if (confidence[[shoulder, elbow, wrist]] < LEAST_CONFIDENCE).any():
        return False
    upper, fore = points[elbow] - points[shoulder], points[wrist] - points[elbow]
    return float(upper @ fore) >= STRAIGHT * float(np.linalg.norm(upper) * np.linalg.norm(fore))


def judged(name: str, joint: int, ratio: float) -> Limb:
    """A limb with its state."""
    return Limb(name, _joint(joint), ratio, "measured" if LEAST <= ratio <= MOST else "out of range")


def _joint(keypoint: int) -> str:
    return NAMES[keypoint] if keypoint < NUM_KEYPOINTS else "head"


def _ratios(
    points: np.ndarray,
    confidence: np.ndarray,
    own: np.ndarray,
    own_confidence: np.ndarray,
    bones: tuple[Bone, ...],
    top: float,
) -> Iterator[tuple[float, int]]:
    """Ratio and joint of each bone that is seen on both."""
    for bone in bones:
        theirs = lengths(own, own_confidence, bone, top)
        signers = lengths(points, confidence, bone, top)
        if theirs is not None and signers is not None:
            yield theirs / signers, bone[1]


def _typical(ratios: list[tuple[float, int]], top: float) -> tuple[float, int]:
    """The ratio of several bones: their median with depth; else near the top, where they are least foreshortened."""
    at = (len(ratios) - 1) * (0.9 if top == TOP else 0.5)
    return ratios[round(at + 1e-9)]
