"""Packs: trainings put together as judges to be shipped, in half precision, with what they share kept once.

A pack is a folder with one folder for each member (weights and card), the vocabularies and the list of training clips
that all members have in common, and `pack.json` with the hash of every file. It is believed only as a whole.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from signgen.data.atomic import write_bytes, write_text
from signgen.data.files import read_file
from signgen.data.strict_json import read_json_object, to_json
from signgen.data.trained_on import FILE as TRAINED_ON
from signgen.errors import CheckpointError, ConfigError, DataError
from signgen.nn.tokenizer import GLOSSES_FILE, PIECES_FILE, WORDS_FILE
from signgen.slt.card import WEIGHTS, Card, load_weights, save_weights

PACK = "pack.json"
KIND, VERSION = "signgen-judges", 1
SHARED = (PIECES_FILE, WORDS_FILE, GLOSSES_FILE, TRAINED_ON)
MAX_BYTES = 1 << 30
# Names of members become folders, so none may lead elsewhere.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def home_of(folder: Path) -> Path:
    """Where the vocabularies and the list of training clips of a checkpoint lie: its folder, or the pack around it.

    Raises:
        CheckpointError: a file of the pack is not the one that was packed.
    """
    if (folder / TRAINED_ON).is_file() or not (folder.parent / PACK).is_file():
        return folder
    _check(folder.parent, folder.name)
    return folder.parent


def pack(runs: Sequence[Path], folder: Path) -> Path:
    """Put trainings on the same clips together; members are called after the folders of their trainings.

    Args:
        runs: folders of finished trainings.
        folder: of the pack; members that are there under the same names are replaced.

    Raises:
        ConfigError: no training, two of one name, or a name that is none for a member.
        CheckpointError: a training is missing or damaged, or learned from other clips or units than the first.
        ResourceError: the folder cannot be written.
    """
    from signgen.slt.translate import load_translator

    names = [run.resolve().name for run in runs]
    if not runs or len(set(names)) < len(names):
        raise ConfigError(f"{folder}: a pack needs trainings in folders of different names, got {names}")
    odd = [name for name in names if not _NAME.fullmatch(name)]
    if odd:
        raise ConfigError(
            f"{odd[0]!r:.80}: members are called after folders; use letters, digits, '.', '_' and '-'"
        )
    places = [run if (run / WEIGHTS).is_file() else run / "best" for run in runs]
    for place in places:
        load_translator(place, "cpu")
    shared = _shared(places)
    for name, content in shared.items():
        write_bytes(folder / name, content)
    for name, place in zip(names, places, strict=True):
        weights, card = load_weights(place)
        save_weights(folder / name, _halved(weights), _anonymous(card))
    listed = {
        "kind": KIND,
        "version": VERSION,
        "shared": {name: _hash(content) for name, content in shared.items()},
        "members": {name: _hash(_read(folder / name / WEIGHTS)) for name in names},
    }
    write_text(folder / PACK, to_json(listed, indent=1) + "\n")
    return folder


def members(folder: Path) -> tuple[Path, ...]:
    """The folders of the members of a pack, in order of their names.

    Raises:
        CheckpointError: its list is damaged.
    """
    return tuple(folder / name for name in sorted(_listed(folder)["members"]))


def _shared(places: Sequence[Path]) -> dict[str, bytes]:
    """Files that all trainings have alike."""
    first, *others = places
    found = {name: _read(first / name) for name in SHARED if (first / name).is_file()}
    for other in others:
        for name in SHARED:
            if (other / name).is_file() != (name in found) or (
                name in found and _read(other / name) != found[name]
            ):
                raise CheckpointError(
                    f"{other / name}: not that of {first}; members of a pack learn from the same clips and units"
                )
    return found


def _halved(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: tensor.to(torch.float16) if tensor.is_floating_point() else tensor
        for name, tensor in weights.items()
    }


def _anonymous(card: Card) -> Card:
    """The card without the folders of whoever trained it."""
    settings = dict(card.settings)
    settings["data"] = {
        **settings["data"],
        "sources": {name: name for name in settings["data"]["sources"]},
        "cache": None,
    }
    return dataclasses.replace(card, settings=settings)


def _check(folder: Path, member: str) -> None:
    listed = _listed(folder)
    if member not in listed["members"]:
        raise CheckpointError(f"{folder / PACK}: knows no member {member!r:.80}; pack it again")
    expected = {**listed["shared"], f"{member}/{WEIGHTS}": listed["members"][member]}
    for name, digest in expected.items():
        if _hash(_read(folder / name)) != digest:
            raise CheckpointError(f"{folder / name}: not the file that was packed; fetch or pack it again")


def _listed(folder: Path) -> dict[str, Any]:
    path = folder / PACK
    try:
        found = read_json_object(path)
    except DataError as error:
        raise CheckpointError(str(error)) from None
    if found.get("kind") != KIND or found.get("version") != VERSION:
        raise CheckpointError(f"{path}: not a pack of judges that this version of signgen can read")
    shared, listed = found.get("shared"), found.get("members")
    if not isinstance(shared, dict) or not isinstance(listed, dict) or not listed:
        raise CheckpointError(f"{path}: lists no members; pack them again")
    if not set(shared) <= set(SHARED) or not all(map(_NAME.fullmatch, listed)):
        raise CheckpointError(f"{path}: lists files that a pack cannot have; pack it again")
    return found


def _read(path: Path) -> bytes:
    try:
        return read_file(path, MAX_BYTES)
    except DataError as error:
        raise CheckpointError(str(error)) from None


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
