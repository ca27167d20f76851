"""A motion tokenizer in a folder: its settings as YAML and its weights, checked against each other when read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import yaml

from signgen.config import check, load_yaml
from signgen.data.atomic import write_text
from signgen.errors import CheckpointError, ConfigError
from signgen.nn.checkpoint import check_fits, load_tensors, save_tensors
from signgen.pose.layout import NUM_KEYPOINTS
from signgen.signdw.motion.parts import FPS
from signgen.signdw.motion.settings import TokenizerSettings
from signgen.signdw.motion.tokenizer import MotionTokenizer

CONFIG, WEIGHTS = "motion_tokenizer.yaml", "motion_tokenizer.safetensors"
KIND, LAYOUT = "signdw-motion-tokenizer", "dwpose-128"


def save_tokenizer(
    model: MotionTokenizer, folder: Path, facts: Mapping[str, Any] | None = None, *, is_half: bool = False
) -> None:
    """Write a tokenizer; ``facts`` say where it is from. Half precision rounds weights to 11 bits, codes as well.

    Raises:
        ResourceError: the disk is full, or the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    card = {
        "kind": KIND, "layout": LAYOUT, "fps": FPS, "keypoints": NUM_KEYPOINTS,
        "model": asdict(model.settings), "facts": dict(facts or {}),
    }  # fmt: skip
    tensors = {
        name: tensor.half() if is_half and tensor.is_floating_point() else tensor
        for name, tensor in model.state_dict().items()
    }
    # The moving averages serve training alone; what is kept says what the codes are.
    kept = {name: tensor for name, tensor in tensors.items() if not _is_average(name)}
    save_tensors(folder / WEIGHTS, kept)
    write_text(folder / CONFIG, yaml.safe_dump(card, sort_keys=False, allow_unicode=True))


def load_tokenizer(folder: Path, device: torch.device | str = "cpu") -> MotionTokenizer:
    """A tokenizer ready to use, in float32.

    Raises:
        CheckpointError: missing, damaged, of another layout or rate, or weights that are not of these settings.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; is this the folder of a motion tokenizer?")
    try:
        card = load_yaml(path)
        settings = check(TokenizerSettings, card["model"], where="model")
    except (ConfigError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: not the settings of a motion tokenizer ({error})") from None
    for name, wanted in (("kind", KIND), ("layout", LAYOUT), ("fps", FPS), ("keypoints", NUM_KEYPOINTS)):
        if card.get(name) != wanted:
            raise CheckpointError(
                f"{path}: {name} is {card.get(name)!r}, but {wanted!r} is needed; use another one"
            )
    tensors, _ = load_tensors(folder / WEIGHTS)
    with torch.device("meta"):
        empty = MotionTokenizer(settings)
    # Averages that training would go on from: not kept, so none are expected.
    averages = {name: value for name, value in empty.state_dict().items() if _is_average(name)}
    check_fits(empty, {**tensors, **averages}, str(folder / WEIGHTS))
    if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
        raise CheckpointError(f"{folder / WEIGHTS}: has weights that are no numbers; fetch or train it again")
    model = MotionTokenizer(settings)
    model.load_state_dict(tensors, strict=False)
    return model.to(device).eval()


def _is_average(name: str) -> bool:
    return name.endswith((".counts", ".sums"))
