"""The isolated signs of a checkpoint: what it retrieves for its own plans, kept as codes in its folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from signgen.data.atomic import write_text
from signgen.data.files import read_file
from signgen.errors import CheckpointError, DataError
from signgen.nn.checkpoint import load_tensors, save_tensors
from signgen.signdw.drawing.generate import plans_of
from signgen.signdw.network.batch import Condition
from signgen.signdw.network.plan import LEAD_IN, LEAD_OUT, Plan
from signgen.signdw.network.retrieved import LONGEST, Library, clips_of, side_by_side
from signgen.signdw.settings import DrawSettings

if TYPE_CHECKING:
    from signgen.signdw.checkpoint.folder import Checkpoint

CODES, NAMES = "signs.safetensors", "signs.txt"
MAX_NAMES_BYTES = 16 << 20


def save_library(folder: Path, library: Library) -> None:
    """Write the codes of all signs, and the gloss of each.

    Raises:
        ResourceError: the disk is full, or the folder cannot be written.
    """
    signs = [library[gloss].to(torch.int32) for gloss in library]
    lengths = torch.tensor([len(sign) for sign in signs], dtype=torch.int32)
    save_tensors(folder / CODES, {"codes": torch.cat(signs), "lengths": lengths})
    write_text(folder / NAMES, "".join(f"{gloss}\n" for gloss in library))


def load_library(folder: Path, sizes: Sequence[int]) -> dict[str, Tensor]:
    """The signs in the folder of a checkpoint by gloss; none where it has no such files.

    Args:
        folder: of the checkpoint.
        sizes: codes of each stream.

    Raises:
        CheckpointError: damaged, or of another tokenizer.
    """
    if not (folder / CODES).is_file():
        return {}
    where = str(folder / CODES)
    tensors, _ = load_tensors(folder / CODES)
    names = _names(folder / NAMES)
    codes, lengths = tensors.get("codes"), tensors.get("lengths")
    if codes is None or lengths is None or codes.ndim != 2 or codes.shape[1] != len(sizes):
        raise CheckpointError(f"{where}: not signs of this network; fetch or train it again")
    if lengths.ndim != 1 or not bool(((lengths > 0) & (lengths <= LONGEST)).all()):
        raise CheckpointError(f"{where}: lengths of signs are damaged; fetch or train it again")
    if len(lengths) != len(names) or int(lengths.sum()) != len(codes):
        raise CheckpointError(f"{where}: names and signs do not go together; fetch or train it again")
    codes = codes.long()
    if not bool(((codes >= 0) & (codes < torch.tensor(sizes))).all()):
        raise CheckpointError(f"{where}: has codes of another tokenizer; fetch or train it again")
    return dict(zip(names, torch.split(codes, lengths.tolist()), strict=True))


def with_own_signs(
    checkpoint: Checkpoint,
    condition: Condition,
    draws: DrawSettings,
    seeds: Sequence[int],
    plans: Sequence[Plan] | None = None,
) -> tuple[Condition, Sequence[Plan] | None]:
    """A condition with the checkpoint's own signs, and the plans that they are for.

    Both stay as they are where the checkpoint has no signs, or others were retrieved already.

    Args:
        checkpoint: that signs.
        condition: what to sign.
        draws: how plans are drawn.
        seeds: of each sentence.
        plans: when to sign what; None: drawn from the text.
    """
    names = checkpoint.glosses
    if not checkpoint.library or names is None or condition.retrieved is not None:
        return condition, plans
    if plans is None:
        plans = plans_of(checkpoint.model, condition, draws, seeds)
    rests = (LEAD_IN, LEAD_OUT)
    signed = (names.decode(gloss for gloss in plan.glosses if gloss not in rests) for plan in plans)
    rows = [clips_of(checkpoint.library, glosses, plan) for glosses, plan in zip(signed, plans, strict=True)]
    retrieved, slots = side_by_side(rows, len(checkpoint.motion.streams))
    return replace(condition, retrieved=retrieved, slots=slots), plans


def _names(path: Path) -> list[str]:
    try:
        return read_file(path, MAX_NAMES_BYTES).decode("utf-8").splitlines()
    except (DataError, UnicodeDecodeError):
        raise CheckpointError(f"{path}: missing or damaged; fetch or train it again") from None
