"""A network out of a folder in the layout of diffusers, with every weight accounted for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signgen.errors import CheckpointError

if TYPE_CHECKING:
    import torch

HALF = ".fp16."  # in names of files of half precision


def load_network(kind: Any, folder: Path, dtype: torch.dtype) -> Any:
    """A network in evaluation mode; nothing is downloaded and no pickle is read.

    Args:
        kind: class of diffusers or transformers with ``from_pretrained``.
        folder: where its ``config.json`` and ``*.safetensors`` lie.
        dtype: precision of the weights in memory.

    Raises:
        CheckpointError: a file is missing or damaged, or one key is missing, left over or of another shape.
    """
    import torch
    from safetensors import SafetensorError

    variant = _variant(folder, half=dtype != torch.float32)
    word = "dtype" if kind.__module__.startswith("transformers") else "torch_dtype"
    options = {word: dtype, "variant": variant, "local_files_only": True, "use_safetensors": True}
    try:
        with quiet():
            network, found = kind.from_pretrained(folder, output_loading_info=True, **options)
    except (
        OSError,
        ValueError,
        RuntimeError,
        TypeError,
        LookupError,
        AttributeError,
        SafetensorError,
    ) as error:
        raise CheckpointError(f"{folder}: no {kind.__name__} can be made of it: {_line(error)}") from None
    _check(kind, folder, found)
    return network.eval().requires_grad_(False)


def read_config(folder: Path, name: str = "config.json") -> dict[str, Any]:
    """A JSON file of settings.

    Raises:
        CheckpointError: missing or not a JSON object.
    """
    import json

    path = folder / name
    try:
        if path.stat().st_size > 1 << 20:
            raise ValueError("larger than 1 MiB")
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: cannot be read: {_line(error)}") from None
    if not isinstance(values, dict):
        raise CheckpointError(f"{path}: expected a JSON object of settings")
    return values


@contextmanager
def quiet() -> Iterator[None]:
    """Silence on the standard streams of libraries that log and draw bars while they load."""
    import diffusers.utils.logging as of_diffusers
    import transformers.utils.logging as of_transformers

    levels = of_diffusers.get_verbosity(), of_transformers.get_verbosity()
    for library in (of_diffusers, of_transformers):
        library.set_verbosity(library.CRITICAL)
        library.disable_progress_bar()
    try:
        yield
    finally:
        for library, level in zip((of_diffusers, of_transformers), levels, strict=True):
            library.set_verbosity(level)
            library.enable_progress_bar()


def _variant(folder: Path, *, half: bool) -> str | None:
    """Which of two sets of files to read: half precision where it is wanted, or is all there is."""
    names = [path.name for path in folder.glob("*.safetensors")] if folder.is_dir() else []
    if not (folder / "config.json").is_file() or not names:
        raise CheckpointError(
            f"{folder}: a config.json and *.safetensors are expected here, as diffusers saves them"
        )
    halves = [name for name in names if HALF in name]
    return "fp16" if halves and (half or len(halves) == len(names)) else None


def _check(kind: Any, folder: Path, found: dict[str, Any]) -> None:
    for what in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        keys = sorted(map(str, found.get(what) or ()))
        if keys:
            first = ", ".join(keys[:3]) + (", ..." if len(keys) > 3 else "")
            raise CheckpointError(
                f"{folder}: {len(keys)} {what.replace('_', ' ')} for {kind.__name__}: {first}; "
                "these are the weights of another network"
            )


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
