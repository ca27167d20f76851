"""Guidance by a prompt against a negative one, in two passes, or in one where it is off."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor


def guided(velocity: Callable[[int], Tensor], guidance: float) -> Tensor:
    """The velocity of pass 0 (with the conditions) led away from that of pass 1 (without).

    Args:
        velocity: of a pass; pass 1 is not asked for where guidance is 1.
        guidance: how far, 1 for not at all.
    """
    wanted = velocity(0)
    if guidance == 1:
        return wanted
    unwanted = velocity(1)
    return unwanted + (wanted - unwanted) * guidance
