"""The card of a SignDW checkpoint: what it is and what poses it makes, checked before its weights are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from signgen.config import check, load_yaml, setting
from signgen.data.checkpoints import built_in_folder, checkpoint_folder
from signgen.errors import CheckpointError, ConfigError
from signgen.pose.layout import NUM_KEYPOINTS
from signgen.signdw.flow_settings import RefinerSettings
from signgen.signdw.motion.parts import FPS
from signgen.signdw.motion.settings import TokenizerSettings
from signgen.signdw.settings import Head, SignDWSettings

CONFIG, KIND, LAYOUT = "config.yaml", "signdw", "dwpose-128"
BUILT_IN = "signdw-ase-tiny"


@dataclass(frozen=True)
class Expects:
    """What poses a checkpoint makes; nothing else can be done with it."""

    layout: str = LAYOUT
    keypoints: int = NUM_KEYPOINTS
    fps: float = FPS


@dataclass(frozen=True)
class SignDWCard:
    """Everything about a checkpoint but its weights."""

    model: SignDWSettings
    motion: TokenizerSettings
    words: int
    glosses: int
    languages: tuple[str, ...]
    head: Head = "token"
    refiner: RefinerSettings | None = None
    expects: Expects = field(default_factory=Expects)
    licence: str = setting("", "of what was learned from")
    facts: Mapping[str, Any] = field(default_factory=dict)


def checkpoint_named(spec: str | Path) -> Path:
    """The folder that a setting means: a folder, or the name of one below the folder of checkpoints, or built in.

    Raises:
        CheckpointError: there is none.
    """
    for folder in (Path(spec).expanduser(), checkpoint_folder() / spec, built_in_folder(str(spec))):
        for inner in (folder, folder / "best"):
            if (inner / CONFIG).is_file():
                return inner
    raise CheckpointError(
        f"checkpoint {str(spec)!r}: no such folder with a {CONFIG}, nor one below {checkpoint_folder()}, "
        f"nor built in ({BUILT_IN}); train one with signgen train signdw"
    )


def load_card(folder: Path) -> SignDWCard:
    """The card of a checkpoint.

    Raises:
        CheckpointError: missing, damaged, or of poses of another layout or rate.
    """
    path = folder / CONFIG
    try:
        values = load_yaml(path)
        if values.pop("kind", None) != KIND:
            raise CheckpointError(f"{path}: not the card of a {KIND} checkpoint; give the folder of one")
        _check_expects(values.get("expects"), path)
        return check(SignDWCard, values)
    except (ConfigError, TypeError) as error:
        raise CheckpointError(f"{path}: damaged ({error}); fetch or train it again") from None


def card_values(card: SignDWCard) -> dict[str, Any]:
    """A card as YAML can hold it."""
    values = asdict(card)
    values["languages"] = list(card.languages)
    values["facts"] = dict(card.facts)
    return values


def _check_expects(found: Any, path: Path) -> None:
    """The one thing that is checked before all others, for a clear word about it."""
    if not isinstance(found, Mapping):
        raise CheckpointError(f"{path}: does not say what poses it makes (expects); fetch or train it again")
    for name, wanted in asdict(Expects()).items():
        if found.get(name) != wanted:
            raise CheckpointError(
                f"{path}: made for {name} {found.get(name)!r}, but {wanted!r} is needed; use another checkpoint"
            )
