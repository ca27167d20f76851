"""Everything a training needs to go on bit for bit where it stopped, in one file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from signgen.data.strict_json import parse_json_object, to_json
from signgen.errors import CheckpointError, ConfigError, DataError
from signgen.nn.checkpoint import load_into, load_tensors, save_tensors

FILE = "last.safetensors"


@dataclass
class Progress:
    """Where a training is.

    Attributes:
        stage: number of the stage, from 0.
        step: updates within the stage.
        total: updates in all stages.
        rate: factor that plateaus have lowered the learning rate by.
        best: best dev score; None before the first look.
        waited: looks since the best one.
        stalled: looks since the best one or the last fall of the rate.
    """

    stage: int = 0
    step: int = 0
    total: int = 0
    rate: float = 1.0
    best: float | None = None
    waited: int = 0
    stalled: int = 0


def save_state(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, progress: Progress, fingerprint: str
) -> None:
    """Write weights, optimiser and progress to one file, whole or not at all.

    Generators are not kept: what is random in a step depends on the seed and the number of the step alone.
    """
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": value for name, value in state.items()}
    save_tensors(path, tensors, to_json({"fingerprint": fingerprint, "progress": asdict(progress)}))


def fingerprint_of(facts: Mapping[str, Any]) -> str:
    """A hash of what must be equal for a training to be continued."""
    return hashlib.sha256(to_json(facts).encode("utf-8", "surrogatepass")).hexdigest()


def read_progress(path: Path, fingerprint: str) -> tuple[dict[str, Tensor], Progress]:
    """The tensors of a stopped training and how far it had come.

    Raises:
        CheckpointError: the file is damaged.
        ConfigError: it is of a training with other settings or data.
    """
    tensors, note = load_tensors(path)
    try:
        found = parse_json_object(note.encode(), str(path))
        # Older versions kept more.
        progress = Progress(**{field.name: found["progress"][field.name] for field in fields(Progress)})
    except (DataError, KeyError, TypeError):
        raise CheckpointError(f"{path}: not the state of a training; delete it to start again") from None
    if found.get("fingerprint") != fingerprint:
        raise ConfigError(
            f"{path.parent}: holds a training with other settings or other data; choose another folder, or delete it"
        )
    return tensors, progress


def restore_model(tensors: Mapping[str, Tensor], networks: nn.ModuleDict, where: str) -> None:
    """Put networks back as they were: ``live``, which learns, and perhaps its ``average``.

    Raises:
        CheckpointError: the tensors are of other networks: the settings are the same, so the version is another.
    """
    own = _under(tensors, "model.")
    if not any(name.startswith("live.") for name in own):
        # Older versions gave what learns the name model, or none if it was alone.
        is_average = {name: name.startswith("average.") for name in own}
        own = {n if is_average[n] else f"live.{n.removeprefix('model.')}": own[n] for n in own}
    try:
        load_into(networks, own, where)
    except CheckpointError:
        raise CheckpointError(
            f"{where}: of another version, whose networks differ; finish the training with it, or delete the file"
        ) from None


def restore_optimizer(tensors: Mapping[str, Tensor], optimizer: torch.optim.Optimizer) -> None:
    """Put the optimiser of a restored model back as it was; what it remembers of weights lies in memory as they do."""
    state: dict[int, dict[str, Any]] = {}
    for name, value in _under(tensors, "optimizer.").items():
        number, _, key = name.partition(".")
        state.setdefault(int(number), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    # Fused optimisers take that for granted.
    for weights, kept in optimizer.state.items():
        for name, value in kept.items():
            if value.shape == weights.shape:
                kept[name] = torch.empty_like(weights).copy_(value)


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
