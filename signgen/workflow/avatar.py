"""Make the body file anew."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from signgen.workflow import outputs


@dataclass(frozen=True)
class BakedBody:
    """A body file that was written.

    Attributes:
        path: where.
        bytes: its size.
        sha256: of its content; the same package gives the same.
    """

    path: Path
    bytes: int
    sha256: str


def bake_body(output: Path, *, force: bool = False) -> BakedBody:
    """Bake the body into ``output``.

    Raises:
        ConfigError: the file exists and ``force`` is not given.
        DependencyError: the extra [bake] is not installed.
        ResourceError: the file cannot be written.
    """
    outputs.refuse_existing((output,), force)
    from signgen.body.bake import bake

    bake(output)
    content = output.read_bytes()
    return BakedBody(output, len(content), hashlib.sha256(content).hexdigest())
