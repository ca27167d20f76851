"""What is on disk of a batch, and whether all of it holds; who still works on it."""

from __future__ import annotations

import json
import os
import time
from hashlib import sha256
from pathlib import Path

LOCK = ".lock"


def tree(folder: Path) -> dict[str, str]:
    """Everything in a folder: the sum of each file, ``folder`` for folders; hidden ones too, but for the lock."""
    return {
        str(path.relative_to(folder)): "folder" if path.is_dir() else sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.name != LOCK
    }


def differences(folder: Path, good: dict[str, str]) -> list[str]:
    """What is missing, too much or different beside a good tree."""
    found = tree(folder)
    return [
        f"{name}: {'missing' if name not in found else 'too much' if name not in good else 'different'}"
        for name in sorted(found.keys() | good.keys())
        if found.get(name) != good.get(name)
    ]


def partial(folder: Path, good: dict[str, str]) -> list[str]:
    """Files that bear their final name and have not the bytes of a good tree."""
    return [
        name
        for name, digest in tree(folder).items()
        if not any(part.startswith(".") for part in Path(name).parts) and good.get(name) != digest
    ]


def bad_commits(folder: Path) -> list[str]:
    """Commits that do not hold: whose tar is missing, or of another size or sum."""
    return [path.name for path in (folder / "commits").glob("[!.]*.json") if not _holds(folder, path)]


def _holds(folder: Path, path: Path) -> bool:
    try:
        facts = json.loads(path.read_bytes())["shard"]
        data = (folder / "data" / facts["name"]).read_bytes()
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return len(data) == facts["bytes"] and sha256(data).hexdigest() == facts["sha256"]


def committed(folder: Path) -> int:
    """How many shards are committed."""
    return len(list((folder / "commits").glob("[!.]*.json")))


def marked(mark: str) -> set[int]:
    """Processes that have a mark among their variables, as children of a marked process have."""
    found = set()
    for place in Path("/proc").glob("[0-9]*"):
        try:
            is_marked = mark.encode() in (place / "environ").read_bytes()
            is_zombie = (place / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:  # it has ended, or is somebody else's
            continue
        if is_marked and not is_zombie:
            found.add(int(place.name))
    return found - {os.getpid()}


def orphans(mark: str, seconds: float = 10.0) -> set[int]:
    """Marked processes that are still there after some time."""
    deadline = time.monotonic() + seconds
    while (left := marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left
