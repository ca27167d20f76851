"""Weights in safetensors files that are written whole, and read without running anything."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import safetensors
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from signgen.data.atomic import atomic_path
from signgen.errors import CheckpointError

MAX_LISTED = 3


def save_tensors(path: Path, tensors: Mapping[str, Tensor], note: str = "") -> None:
    """Write tensors, and a text that belongs to them, to one file.

    Raises:
        ResourceError: the disk is full, or the folder cannot be written.
    """
    own = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    with atomic_path(path) as temporary:
        save_file(own, str(temporary), metadata={"note": note})


def load_tensors(path: Path) -> tuple[dict[str, Tensor], str]:
    """The tensors of a file and the text that belongs to them.

    Raises:
        CheckpointError: missing, damaged, or not a safetensors file.
    """
    try:
        with safetensors.safe_open(str(path), framework="pt") as file:
            note = (file.metadata() or {}).get("note", "")
        return load_file(str(path)), note
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file; is this the folder of a finished training?") from None
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        reason = " ".join(str(error).split())[:120]
        raise CheckpointError(
            f"{path}: not a whole safetensors file ({reason}); fetch or train it again"
        ) from None


def check_fits(model: nn.Module, tensors: Mapping[str, Tensor], where: str) -> None:
    """Raise unless tensors are the weights of a model, all of them and no others.

    The model may be on the device ``meta``, which allocates nothing: so a card can be checked before it is believed.

    Raises:
        CheckpointError: names or shapes differ; errors start with ``where``.
    """
    own = model.state_dict()
    wrong = [
        name
        for name in sorted(own.keys() | tensors.keys())
        if name not in own or name not in tensors or own[name].shape != tensors[name].shape
    ]
    if wrong:
        more = f" and {len(wrong) - MAX_LISTED} more" if len(wrong) > MAX_LISTED else ""
        raise CheckpointError(
            f"{where}: weights of another model ({', '.join(wrong[:MAX_LISTED])}{more} do not fit); "
            "use the card that was saved with them"
        )


def load_into(model: nn.Module, tensors: Mapping[str, Tensor], where: str) -> None:
    """Give a model its weights.

    Raises:
        CheckpointError: they do not fit; errors start with ``where``.
    """
    check_fits(model, tensors, where)
    model.load_state_dict(dict(tensors))
