"""Exit codes that no error carries itself; the others are in `signgen.errors`."""

from __future__ import annotations

USAGE = 2
# Done, and the outputs can be used, but words are missing or lines failed.
INCOMPLETE = 3
NOT_INSTALLED = 5
RESOURCES = 6
# A check found damage, or a repeated run differs.
DAMAGE = 7
STOPPED = 75
INTERRUPTED = 130
BROKEN_PIPE = 141
