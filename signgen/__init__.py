"""signgen: text in, signing video out.

Importing this package loads neither torch nor numba; the public names are imported when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from signgen.errors import SignGenError as SignGenError
    from signgen.pose.sequence import PoseSequence as PoseSequence

__version__ = "0.1.0"

_HOME = {
    "PoseSequence": "signgen.pose.sequence",
    "SignGenError": "signgen.errors",
}
__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'signgen' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
