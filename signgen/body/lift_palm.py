"""How large a signer's hands are, from how long the bones of their palms look over a clip."""

from __future__ import annotations

import numpy as np

from signgen.body.lift_hand import HandModel

# Sizes that are tried, as shares of the usual one; how far a hand's, and a palm bone's share of it, go from it.
_SHARES = np.arange(0.6, 1.501, 0.02)
_SIZES, _BONES = 0.15, 0.05
# Noise makes a hand seem so large; palms tell no better than so, and nearer to the usual size than this it is taken.
_SEEMS, _SURELY = 1.025, 0.06
# Noise of a bone's length in the picture [m].
_NOISE = 0.006
# Directions that a bone may have: how much of its length is in the picture, evenly on a sphere (Archimedes).
_FLAT = np.sqrt(1 - ((np.arange(24) + 0.5) / 24) ** 2)
# Bones are looked at in at most so many frames of a hand; those nearer than this tell the same [m].
_FRAMES, _SAME = 64, 0.015
# Bones from the wrist to the knuckles, long enough to be told from noise; a finger's other bones follow its first.
_PALM = np.array([4, 8, 12, 16])


def own_hand(hands: list[tuple[np.ndarray, np.ndarray]], usual: HandModel) -> HandModel:
    """The hand of a signer: as large as explains best how its palm looks, near the usual, the same on both sides.

    Args:
        hands: (T, 21, 2) places [m] of each hand and (T, 21) their weight from 0 to 1.
        usual: where to begin; its directions in the palm are kept.
    """
    told = np.zeros((len(_PALM), len(_SHARES)))
    for seen, weight in hands:
        for i, bone in enumerate(_PALM):
            steps = seen[:, bone + 1] - seen[:, 0]
            has = np.minimum(weight[:, bone + 1], weight[:, 0]) > 0.5
            told[i] += _told(_some(steps[has]), usual.lengths[bone])
    if not told.any():
        return usual
    off = _likeliest_size(told) / _SEEMS - 1
    return HandModel(usual.lengths * (1 + off / (1 + (_SURELY / max(abs(off), 1e-6)) ** 4)), usual.roots)


def _some(steps: np.ndarray) -> np.ndarray:
    return steps[np.unique(np.linspace(0, len(steps) - 1, _FRAMES).astype(int))] if len(steps) else steps


def _told(steps: np.ndarray, length: float) -> np.ndarray:
    """(n,) log likelihood of the shares `_SHARES` of a length, by the (T, 2) steps of a bone in the picture."""
    if not len(steps):
        return np.zeros(len(_SHARES))
    gap = steps[:, None] - steps[None]
    news = 1 / np.exp(-0.5 * np.sum(gap * gap, axis=-1) / _SAME**2).sum(axis=1)
    looks = np.linalg.norm(steps, axis=1)[:, None, None]
    # A noisy length is longer than a sure one (Rice's distribution, where noise is the smaller part).
    flat = np.hypot(_SHARES[:, None] * length * _FLAT, 0.7 * _NOISE)
    likely = np.exp(-0.5 * ((looks - flat) / _NOISE) ** 2).mean(axis=-1) + 1e-3
    told: np.ndarray = news @ np.log(likely)
    return np.asarray(told - told.max())


def _likeliest_size(told: np.ndarray) -> float:
    """Size of the whole hand: what all bones say of it, allowing for how bones differ."""
    bell = np.exp(-0.5 * ((_SHARES[:, None] - _SHARES) / (_BONES * _SHARES[:, None])) ** 2)
    bell /= bell.sum(axis=1, keepdims=True)
    log = np.log(np.exp(told) @ bell.T).sum(axis=0) - 0.5 * ((_SHARES - 1) / _SIZES) ** 2
    share = np.exp(log - log.max())
    return float(share @ _SHARES / share.sum())
