"""The first weights of a training from an earlier one."""

from __future__ import annotations

from pathlib import Path

from signgen.errors import ConfigError
from signgen.nn.checkpoint import load_into
from signgen.signdw.checkpoint.card import checkpoint_named
from signgen.signdw.checkpoint.folder import WEIGHTS, Checkpoint, load_checkpoint
from signgen.signdw.motion.clip_codes import tokenizer_id
from signgen.signdw.network.backbone import SignDW
from signgen.signdw.training.material import Material


def begin_with(model: SignDW, start: Path, material: Material) -> None:
    """Give a network the weights of a checkpoint whose numbers mean the same.

    Raises:
        CheckpointError: it is missing or damaged, or of a network of another shape.
        ConfigError: its text units, glosses or codes are others.
    """
    loaded = load_checkpoint(checkpoint_named(start))
    check_start(loaded, start, material)
    load_into(model, loaded.model.state_dict(), str(checkpoint_named(start) / WEIGHTS))


def check_start(loaded: Checkpoint, start: Path, material: Material) -> None:
    """Raise unless a checkpoint counts text units, glosses and codes as the material of a training does.

    Raises:
        ConfigError: it does not.
    """
    pairs = {
        "text units": (loaded.encoding.tokenizer, material.tokenizer),
        "glosses": (loaded.glosses, material.glosses),
    }
    others = [what for what, (first, second) in pairs.items() if not _is_same(first, second)]
    if tokenizer_id(loaded.motion) != tokenizer_id(material.motion):
        others.append("codes")
    if others:
        raise ConfigError(
            f"train.start: {start} has other {' and '.join(others)} than these data; start from one that was trained "
            "with the same sources and tokenizer"
        )


def _is_same(first: object, second: object) -> bool:
    """Whether two vocabularies count alike."""
    if first is None or second is None:
        return first is second
    names = [
        getattr(vocabulary, "names", None) or getattr(vocabulary, "serialized", None)
        for vocabulary in (first, second)
    ]
    return names[0] == names[1]
