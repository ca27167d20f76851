"""What the system says about a folder of a batch, as an error of one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signgen.data.atomic import resource_errors
from signgen.errors import ResourceError


@contextmanager
def reported(target: Path) -> Iterator[None]:
    """Turn every error of the system about ``target`` into a `ResourceError`, those of a broken disk too."""
    try:
        with resource_errors(target):
            yield
    except ResourceError:
        raise
    except OSError as error:
        raise ResourceError(
            f"{target}: cannot be read or written: {error.strerror or error}; run the same command again to go on"
        ) from None


def sweep(target: Path) -> None:
    """Delete what killed processes left of ``target``; only who holds its lock may, for then their owners are dead."""
    for path in target.parent.glob(f".{target.stem}.*{target.suffix}"):
        path.unlink(missing_ok=True)
