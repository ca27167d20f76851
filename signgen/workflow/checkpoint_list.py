"""The weights that signgen knows by name, and which of them are here, for people to choose from."""

from __future__ import annotations

from signgen.config import did_you_mean
from signgen.data.checkpoints import Checkpoint, load_index
from signgen.errors import ConfigError
from signgen.render.diffusion.weights import fetch_command, missing_files, place_of

Row = tuple[str, ...]


def list_checkpoints() -> list[Row]:
    """A line for each checkpoint of the index, a header first."""
    rows = [
        (card.name, card.kind, _state(card), _size(card), card.licence, card.source)
        for card in load_index().values()
    ]
    return [("name", "for", "state", "size", "licence", "source"), *rows]


def describe_checkpoint(name: str) -> dict[str, str]:
    """All that the index says of one, with the command that gets it.

    Raises:
        ConfigError: the index does not know it.
    """
    card = load_index().get(name)
    if card is None:
        raise ConfigError(f"no checkpoint called {name!r}{did_you_mean(name, load_index())}")
    said = {
        "name": card.name,
        "for": card.kind,
        "state": _state(card),
        "size": _size(card),
        "licence": card.licence,
        "note": card.note,
        "source": card.source,
        "revision": card.revision or "not pinned",
        "sha256": card.sha256 or "-",
        "pictures": f"{card.input[0]} x {card.input[1]} px" if card.input else "-",
        "frames a second": f"{card.fps:g}" if card.fps else "any",
        "keypoints": card.layout or "-",
        "drawing": card.profile or "-",
        "window": f"{card.window} frames, {card.overlap} shared" if card.window else "-",
        "GPU memory": f"{card.vram:g} GB" if card.vram else "not stated",
    }
    return {**said, "get it with": fetch_command(card)} if missing_files(card, place_of(card)) else said


def _state(card: Checkpoint) -> str:
    """Where it is, or how much of it is missing."""
    path = place_of(card)
    missing = missing_files(card, path)
    if not missing:
        return str(path)
    whole = len(card.files or (card.file,))
    return "not here" if len(missing) == whole else f"{len(missing)} of {whole} files missing in {path}"


def _size(card: Checkpoint) -> str:
    return f"{card.bytes / 1e6:.1f} MB" if card.bytes else "-"
