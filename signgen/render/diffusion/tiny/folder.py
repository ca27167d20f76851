"""A trained tiny-flow in a folder: its card as YAML and its weights, checked against each other when read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import yaml
from annotated_types import Ge, Le

from signgen.config import check, load_yaml
from signgen.data.atomic import write_text
from signgen.data.strict_json import plain
from signgen.errors import CheckpointError, ConfigError
from signgen.nn.checkpoint import check_fits, load_tensors, save_tensors
from signgen.render.diffusion.tiny.network import TinyFlowNet, fast
from signgen.render.diffusion.tiny.settings import TinyNetwork

CONFIG, WEIGHTS = "config.yaml", "model.safetensors"
KIND = "tiny-flow"


@dataclass(frozen=True)
class TinyCard:
    """What is known of a trained tiny-flow.

    Attributes:
        kind: always ``tiny-flow``.
        profile: drawing of the poses that it reads.
        width: of the frames it was trained on [px].
        height: of the frames it was trained on [px].
        window: frames it was trained on at once.
        overlap: frames that windows should share.
        shift: of the levels of noise in training.
        model: the shape of the network.
        facts: what else is worth knowing: updates, data, figures.
    """

    profile: Literal["controlnet"]
    width: Annotated[int, Ge(16), Le(4096)]
    height: Annotated[int, Ge(16), Le(4096)]
    window: Annotated[int, Ge(1), Le(4096)]
    overlap: Annotated[int, Ge(0), Le(4095)]
    shift: Annotated[float, Ge(1), Le(100)]
    model: TinyNetwork
    kind: Literal["tiny-flow"] = "tiny-flow"
    facts: dict[str, Any] = field(default_factory=dict)


def save_tiny(model: TinyFlowNet, card: TinyCard, folder: Path) -> None:
    """Write card and weights, these in half precision, which is all that painting needs.

    Raises:
        ResourceError: the disk is full, or the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_tensors(folder / WEIGHTS, {name: tensor.half() for name, tensor in model.state_dict().items()})
    write_text(folder / CONFIG, yaml.safe_dump(plain(asdict(card)), sort_keys=False, allow_unicode=True))


def load_card(folder: Path) -> TinyCard:
    """The card of a folder.

    Raises:
        CheckpointError: there is none, or it says not what a card of tiny-flow says.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; is this the folder of a trained tiny-flow?")
    try:
        values = load_yaml(path)
        if not isinstance(values.get("model"), dict):
            raise ConfigError("model: missing")
        values["model"] = check(TinyNetwork, values["model"], where="model")
        return check(TinyCard, values)
    except ConfigError as error:
        raise CheckpointError(f"{path}: not the card of a tiny-flow ({error})") from None


def load_tiny(folder: Path, device: torch.device | str = "cpu") -> tuple[TinyFlowNet, TinyCard]:
    """A network ready to paint, in float32, and its card.

    Raises:
        CheckpointError: missing, damaged, or weights that are not those of the card.
    """
    card, path = load_card(folder), folder / WEIGHTS
    tensors, _ = load_tensors(path)
    with torch.device("meta"):
        check_fits(TinyFlowNet(card.model), tensors, str(path))
    if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
        raise CheckpointError(f"{path}: has weights that are no numbers; fetch or train it again")
    model = TinyFlowNet(card.model)
    model.load_state_dict(tensors)
    return fast(model, device).eval(), card


def facts_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as plain values that YAML can hold."""
    return dict(plain(dict(values)))
