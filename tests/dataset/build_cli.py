"""``signgen`` with the made-up extractor registered, for tests that start, stop and kill it as a shell would."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import blobs  # noqa: F401  (registers the extractor)

from signgen.cli.main import run

if __name__ == "__main__":
    run()
