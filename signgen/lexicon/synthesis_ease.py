"""How a person would hold a hand that notation only sketches: elbow at ease, palm a little off the axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.body.skeleton import (
    SHOULDER,
    UPPER_ARM,
    forearm_frame,
    hand_frame,
    right_arm,
    rotation,
    strain,
    turned_hand,
    unit,
    wrist_angles,
)
from signgen.body.surface import SOLIDS
from signgen.lexicon.notation_steps import Direction

# Elbows are tried this far out [degrees]; a degree away from the usual one costs this much of a degree of strain.
_SWIVELS = np.arange(-25.0, 106.0, 10.0)
_USUAL_SWIVEL, _SWIVEL_COST = 5.0, 0.35
# And its square this much: an elbow out wide is a last resort.
_WIDE_COST = 0.003
# An elbow higher than this [m under the neck] costs so many degrees of strain per metre.
_LOW_ELBOW, _RAISED_COST = 0.14, 150.0
# A hand higher than this [m under the neck] lifts its elbow, which also goes out, fully so that far above.
_RAISED, _FULLY = 0.05, 0.25
_RAISED_SWIVEL, _RAISED_ELBOW = 20.0, 0.10
# Strain [degrees] of an upper arm that points at the viewer, beyond this share of it, and of an elbow this far in
# front of the chest [m] per metre: it belongs at the side.
_AHEAD, _AHEAD_COST, _INWARD_COST = 0.75, 200.0, 400.0

# Notation names directions in steps of 45 degrees; a hand may lie this far off them [degrees].
TOLERANCE = 25.0
# A hand that is held against the other one keeps to it.
AGAINST = 12.0
# Where someone who is spoken to sees the hands from [m], and the strain [degrees] of showing only the edge of one.
_VIEWER = np.array([0.0, 0.0, -2.0])
_EDGE_COST, _BROAD = 30.0, 0.42
# Strain [degrees] of lying off the axes as far as may be, and of a metre inside head or trunk.
_OFF_COST, _INSIDE_COST = 8.0, 2000.0


def _deviations() -> np.ndarray:
    """(C, 3) rotation vectors in the hand frame [degrees] within the tolerance, none of them first."""
    tried = np.arange(-24.0, 25.0, 8.0)
    grid = np.stack(np.meshgrid(tried, tried, (-16.0, 0.0, 16.0), indexing="ij"), axis=-1).reshape(-1, 3)
    sizes = np.linalg.norm(grid, axis=1)
    order = np.argsort(sizes, kind="stable")
    return np.asarray(grid[order][sizes[order] <= TOLERANCE])


_DEVIATIONS = _deviations()
_SIZES = np.linalg.norm(_DEVIATIONS, axis=1)
_TURNS = rotation(np.radians(_DEVIATIONS))
# Two hands that meet turn together about the line that joins them, which keeps one the mirror image of the other.
_TOGETHER = np.array([0.0, 8.0, -8.0, 16.0, -16.0, 24.0, -24.0])
_TOGETHER_TURNS = rotation(np.radians(_TOGETHER)[:, None] * np.array([1.0, 0.0, 0.0]))


@dataclass(frozen=True)
class Held:
    """A hand that is held at a place in one or more frames.

    Attributes:
        points: (m, 3) where the part that touches is [m].
        touch: (3,) that part in the hand frame [m].
        hand: (K, 3) keypoints that stay out of head and trunk, in the hand frame [m].
    """

    points: np.ndarray
    touch: np.ndarray
    hand: np.ndarray

    def wrists(self, frames: np.ndarray) -> np.ndarray:
        """(..., m, 3) for (..., 3, 3) hand frames."""
        return np.asarray(self.points - (frames @ self.touch)[..., None, :])


@dataclass(frozen=True)
class Ends:
    """The first and last frame of a step before its hand is turned: what `held_frames` finds the frames from.

    Attributes:
        points: (2, 3) where the part that touches is [m].
        touch: (2, 3) that part in the hand frame [m]; zeros for a hand that goes on from where its wrist is.
        outline: (2, K, 3) keypoints that stay out of head and trunk, in the hand frame [m].
        contact: 0 or 1, the end at which the hand touches.
        stays: the part that touches stays on the path; else the wrist goes along it.
    """

    points: np.ndarray
    touch: np.ndarray
    outline: np.ndarray
    contact: int
    stays: bool

    def held(self, ends: list[int], offset: np.ndarray | None = None) -> Held:
        """The hand at some ends; with ``offset`` (3,) [m] from the wrist to the path."""
        body = self.outline[ends[0]]
        if offset is not None:
            return Held(self.points[ends] - offset, np.zeros(3), body)
        return Held(self.points[ends], self.touch[ends[0] if self.stays else self.contact], body)


def held_frames(
    ends: Ends, named: tuple[np.ndarray, np.ndarray], most: float, *, meets: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """(3, 3) hand frames at both ends near the named ones, and the (3, 3) forearm half way if they differ."""
    c = ends.contact
    if np.array_equal(*named):
        held = ends.held([c, 1 - c])
        swivel = easy_swivel(held.wrists(named[0]), named[0])
        frame = relaxed(named[0], held, swivel, most, meets=meets)
        return frame, frame, None
    held = ends.held([c])
    swivel = easy_swivel(held.wrists(named[c]), named[c])
    touching = relaxed(named[c], held, swivel, most, meets=meets)
    away = ends.held([1 - c], None if ends.stays else touching @ ends.touch[c])
    other = relaxed(named[1 - c], away, swivel, most, meets=meets)
    first, last = (other, touching) if c else (touching, other)
    wrists = np.concatenate([held.wrists(touching), away.wrists(other)])
    middle = wrists.mean(axis=0)
    swivel = easy_swivel(wrists, np.stack([first, last]))
    return first, last, forearm_frame(*right_arm(middle, swivel))


def named_frames(
    palm: tuple[Direction, Direction], fingers: tuple[Direction, Direction], is_second: bool
) -> tuple[np.ndarray, np.ndarray]:
    """(3, 3) hand frames that the notation names, at the start and at the end."""
    first, last = (
        hand_frame(f.vector(is_second), p.vector(is_second)) for f, p in zip(fingers, palm, strict=True)
    )
    return first, last


def relaxed(frame: np.ndarray, held: Held, swivel: float, most: float, *, meets: bool = False) -> np.ndarray:
    """(3, 3) the hand frame near ``frame`` that is easiest to hold and to read.

    Args:
        frame: (3, 3) hand frame.
        held: where.
        swivel: of the elbow [degrees].
        most: how far the hand may turn [degrees].
        meets: for hands that meet their mirror image.
    """
    if meets:
        frames, sizes = _TOGETHER_TURNS @ frame, np.abs(_TOGETHER)
    else:
        count = int(np.searchsorted(_SIZES, most, side="right"))
        frames, sizes = frame @ _TURNS[:count], _SIZES[:count]
    wrists = held.wrists(frames)
    elbow, reached = right_arm(wrists, swivel)
    cost = strain(wrist_angles(frames[:, None], forearm_frame(elbow, reached))) + _pointed(elbow)
    seen = unit(_VIEWER - reached)
    shown = np.abs(np.einsum("cmi,ci->cm", seen, frames[..., 2]))
    cost = cost + _EDGE_COST * np.maximum(0.0, 1 - shown / _BROAD) ** 2
    if len(held.hand):
        cost = cost + _INSIDE_COST * _inside(
            wrists[:, :, None] + (held.hand @ frames.swapaxes(1, 2))[:, None]
        )
    best = np.argmin(cost.mean(axis=1) + _OFF_COST * (sizes / TOLERANCE) ** 2)
    return np.asarray(frames[best])


def _inside(points: np.ndarray) -> np.ndarray:
    """(...) about how deep the deepest of (..., K, 3) points is in head or trunk [m]."""
    depths = [
        (1 - np.linalg.norm((points - centre) / axes, axis=-1)).max(axis=-1) * axes.min()
        for centre, axes in SOLIDS
    ]
    return np.asarray(np.maximum(0.0, np.maximum(*depths)))


def _pointed(elbow: np.ndarray) -> np.ndarray:
    """(...) strain of (..., 3) right elbows [m] that are held out ahead instead of at the side [degrees]."""
    upper = elbow - SHOULDER
    ahead = np.maximum(0.0, -upper[..., 2] / UPPER_ARM - _AHEAD)
    return np.asarray(_AHEAD_COST * ahead + _INWARD_COST * np.maximum(0.0, upper[..., 0]))


def turned(first: np.ndarray, last: np.ndarray, done: np.ndarray, forearm: np.ndarray | None) -> np.ndarray:
    """(n, 3, 3) hand frames from ``first`` to ``last`` at (n,) shares of the way, as wrist and forearm turn.

    Args:
        first: (3, 3) hand frame.
        last: (3, 3) hand frame.
        done: (n,).
        forearm: (3, 3) from `signgen.body.skeleton.forearm_frame`, as it is in the middle of the way; None
            for a hand that does not turn.
    """
    if forearm is None:
        return np.broadcast_to(first, (len(done), 3, 3))
    a, b = wrist_angles(np.stack([first, last]), forearm)
    return turned_hand(a + done[:, None] * (b - a), forearm)


def easy_swivel(wrist: np.ndarray, frame: np.ndarray) -> float:
    """The swing of the elbow [degrees] that strains wrist and forearm least over the frames given."""
    elbow, reached = right_arm(wrist, _SWIVELS[:, None])
    height = np.clip((_RAISED - reached[..., 1]) / _FULLY, 0.0, 1.0)
    raised = np.maximum(0.0, _LOW_ELBOW - _RAISED_ELBOW * height - elbow[..., 1]) * _RAISED_COST
    cost = strain(wrist_angles(frame, forearm_frame(elbow, reached))) + raised + _pointed(elbow)
    swung = np.abs(_SWIVELS[:, None] - _USUAL_SWIVEL - _RAISED_SWIVEL * height)
    cost += _SWIVEL_COST * swung + _WIDE_COST * swung**2
    return float(_SWIVELS[np.argmin(cost.mean(axis=1))])
