"""The weighted error of a prediction, and the plain ones of the whole frame and of its parts for the log."""

from __future__ import annotations

from torch import Tensor

NAMES = ("total", "frame", "parts")


def weighted_errors(said: Tensor, target: Tensor, weights: Tensor) -> dict[str, Tensor]:
    """What is learned from, and what is logged.

    Args:
        said: (..., C, h, w) prediction.
        target: (..., C, h, w) what is true.
        weights: (..., h, w) how much each latent counts, 1 on average.

    Returns:
        ``total``, the weighted mean square error; ``frame``, the plain one; ``parts``, the plain one of the
        latents that count for more than 1: hands and face.
    """
    errors = (said.float() - target.float()).square().mean(-3)
    near = weights > 1
    parts = (errors * near).sum() / near.sum().clamp(min=1)
    return {"total": (errors * weights).mean(), "frame": errors.mean(), "parts": parts}
