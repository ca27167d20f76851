"""What came of a sample."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ok:
    """A sample that was made.

    Attributes:
        id: of the sample.
        seconds: of signing in it; 0 if it was made before.
    """

    id: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Failed:
    """A sample that could not be made.

    Attributes:
        id: of the sample.
        stage: ``sign``, ``draw`` or ``pack``.
        error: class of the error.
        line: what it says, on one line.
    """

    id: str
    stage: str
    error: str
    line: str
