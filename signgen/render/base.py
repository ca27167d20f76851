"""`Renderer`: poses to frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, TypeAlias

import numpy as np

from signgen.config import Registry
from signgen.pose.sequence import PoseSequence

# uint8 (H, W, 3) RGB; H and W are even and constant over a clip.
Frame: TypeAlias = np.ndarray


class Renderer(Protocol):
    """Anything that turns poses into frames.

    It yields exactly ``len(poses)`` frames of one even size, never changes ``poses``, and gives the same
    frames for the same seed on the same device.
    """

    def __call__(
        self, poses: PoseSequence, appearance: Frame | None = None, *, seed: int = 0
    ) -> Iterator[Frame]:
        """Frames of the poses; ``appearance`` is a still picture that gives the look, where one is used."""
        ...


renderers: Registry[Renderer] = Registry("renderer", "signgen.render")


def check_ready(renderer: Renderer) -> None:
    """Ask a renderer that has ``ready()`` whether all it needs is here, before anything is done for its sake.

    One that draws with another asks that one, its ``renderer``.

    Raises:
        DependencyError: an extra is not installed.
        CheckpointError: weights are missing.
    """
    ready, inner = getattr(renderer, "ready", None), getattr(renderer, "renderer", None)
    if ready is not None:
        ready()
    if inner is not None:
        check_ready(inner)


def account_of(renderer: Renderer) -> dict[str, Any]:
    """What a renderer that has ``account()`` tells the sidecar of its last clip; empty for others.

    Known to all: ``weights`` (name, sha256, licence and source of each), ``memory`` (what was given up when
    memory ran out, one line each), ``alignment`` (how poses were fitted to an appearance) and ``warnings``.
    """
    account = getattr(renderer, "account", None)
    return {} if account is None else dict(account())


def has_own_body(renderer: Renderer) -> bool:
    """Whether it draws a body and a view of its own, not those of the poses: its ``has_own_body``, if it has one."""
    inner = getattr(renderer, "renderer", None)
    return bool(getattr(renderer, "has_own_body", False)) or (inner is not None and has_own_body(inner))
