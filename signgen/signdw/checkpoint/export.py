"""A checkpoint to ship: the best weights of a training in half precision, and nothing that only training needs."""

from __future__ import annotations

import shutil
from pathlib import Path

from torch import nn

from signgen.data.trained_on import FILE as TRAINED_ON
from signgen.errors import CheckpointError
from signgen.nn.tokenizer import GLOSSES_FILE
from signgen.signdw.checkpoint.card import checkpoint_named
from signgen.signdw.checkpoint.folder import (
    PIECES,
    WORDS,
    load_checkpoint,
    save_checkpoint,
)
from signgen.signdw.checkpoint.library import CODES, NAMES


def export_checkpoint(run: Path, folder: Path) -> Path:
    """Write the checkpoint of a training to a folder.

    Raises:
        CheckpointError: it is missing or damaged, or the folder is the checkpoint itself.
        ResourceError: the disk is full, or the folder cannot be written.
    """
    source = checkpoint_named(run)
    if folder.resolve() == source.resolve():
        raise CheckpointError(f"{folder}: is the checkpoint itself; name another folder")
    loaded = load_checkpoint(source)
    networks: dict[str, nn.Module] = {"motion": loaded.motion}
    if loaded.regressor is None:
        networks["model"] = loaded.model
    more = {"head": loaded.head, "regressor": loaded.regressor}
    networks |= {name: network for name, network in more.items() if network is not None}
    folder.mkdir(parents=True, exist_ok=True)
    for name in (PIECES, WORDS, GLOSSES_FILE, TRAINED_ON, CODES, NAMES):
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)
    save_checkpoint(folder, networks, loaded.card, is_half=True)
    return folder
