"""A trained SignDW Transformer in a folder: card, weights and vocabularies, checked against each other when read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor, nn

from signgen.config import check, load_yaml, setting
from signgen.data.atomic import write_text
from signgen.data.checkpoints import built_in_folder, checkpoint_folder
from signgen.data.files import read_file
from signgen.errors import CheckpointError, ConfigError, DataError, ResourceError
from signgen.nn.checkpoint import check_fits, load_tensors, save_tensors
from signgen.nn.tokenizer import MAX_VOCABULARY_BYTES, Pieces, Tokenizer
from signgen.pose.layout import NUM_KEYPOINTS
from signgen.signdw.backbone import SignDW
from signgen.signdw.motion_tokenizer import MotionTokenizer
from signgen.signdw.parts import FPS
from signgen.signdw.plan import GlossVocabulary
from signgen.signdw.settings import SignDWSettings
from signgen.signdw.text import TextEncoding
from signgen.signdw.tokenizer_settings import TokenizerSettings

CONFIG, WEIGHTS, PIECES, WORDS = "config.yaml", "model.safetensors", "tokenizer.model", "words.txt"
KIND, LAYOUT = "signdw", "dwpose-128"
BUILT_IN = "signdw-ase-tiny"
MAX_WORDS_BYTES = 64 << 20


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
    expects: Expects = field(default_factory=Expects)
    licence: str = setting("", "of what was learned from")
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A network with all that is needed to sign texts.

    Attributes:
        card: what is known about it.
        model: text to codes.
        motion: codes to movement.
        encoding: texts as numbers.
        glosses: as numbers; None if trained without glosses.
        words: of the training texts, in lower case; empty where not known.
        id: hash of the weights.
    """

    card: SignDWCard
    model: SignDW
    motion: MotionTokenizer
    encoding: TextEncoding
    glosses: GlossVocabulary | None
    words: frozenset[str]
    id: str = ""

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.model.parameters()).device


def save_vocabularies(
    folder: Path, tokenizer: Pieces, glosses: GlossVocabulary | None, words: list[str]
) -> None:
    """Write what does not change in training."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_as(folder / PIECES)
    if glosses is not None:
        glosses.save(folder)
    write_text(folder / WORDS, "".join(f"{word}\n" for word in words))


def save_checkpoint(
    folder: Path,
    networks: Mapping[str, nn.Module],
    card: SignDWCard,
    *,
    is_half: bool = False,
) -> None:
    """Write weights and card.

    Args:
        folder: gets them.
        networks: ``model`` and ``motion``.
        card: of them.
        is_half: round weights to 11 bits, half the bytes.

    Raises:
        ResourceError: the disk is full, or the folder cannot be written.
    """
    tensors = {
        f"{name}.{key}": value.half() if is_half and value.is_floating_point() else value
        for name, network in networks.items()
        for key, value in network.state_dict().items()
        if not _is_for_training(key)
    }
    save_tensors(folder / WEIGHTS, tensors)
    write_text(
        folder / CONFIG, yaml.safe_dump({"kind": KIND, **_plain(card)}, sort_keys=False, allow_unicode=True)
    )


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


def load_checkpoint(spec: str | Path, device: torch.device | str = "cpu") -> Checkpoint:
    """A checkpoint ready to sign, in float32.

    Raises:
        CheckpointError: missing, damaged, or of poses of another layout or rate.
        ResourceError: there is not enough memory for it.
    """
    folder = checkpoint_named(spec)
    card = load_card(folder)
    glosses = GlossVocabulary.load(folder)
    tokenizer = _pieces(folder)
    for name, found, wanted in (
        ("words", len(tokenizer), card.words),
        ("glosses", 0 if glosses is None else len(glosses), card.glosses),
    ):
        if found != wanted:
            raise CheckpointError(
                f"{folder}: the card counts {wanted} {name}, the vocabulary {found}; fetch or train it again"
            )
    where = str(folder / WEIGHTS)
    tensors, _ = load_tensors(folder / WEIGHTS)
    if not all(bool(value.isfinite().all()) for value in tensors.values() if value.is_floating_point()):
        raise CheckpointError(f"{where}: has weights that are no numbers; fetch or train it again")
    with memory_errors(where):
        # Built without memory first, so that a card is checked before it is believed.
        networks = _networks(card, "meta")
        _check_all(networks, tensors, where)
        networks = _networks(card, device)
        for name, network in networks.items():
            own = _under(tensors, name)
            network.load_state_dict(own, strict=False)
            network.eval()
    model, motion = networks["model"], networks["motion"]
    assert isinstance(model, SignDW)
    assert isinstance(motion, MotionTokenizer)
    encoding = TextEncoding(tokenizer, card.languages, card.model.max_words)
    return Checkpoint(card, model, motion, encoding, glosses, _words(folder), _id(tensors))


@contextmanager
def memory_errors(what: str) -> Iterator[None]:
    """A block in which exhausted memory becomes one line.

    Raises:
        ResourceError: there is not enough memory.
    """
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError):
        raise ResourceError(
            f"{what}: not enough memory; close other programs or use a smaller checkpoint"
        ) from None
    except RuntimeError as error:
        # What torch says on the CPU.
        if "not enough memory" not in str(error) and "can't allocate memory" not in str(error):
            raise
        raise ResourceError(
            f"{what}: not enough memory; close other programs or use a smaller checkpoint"
        ) from None


def _networks(card: SignDWCard, device: torch.device | str) -> dict[str, nn.Module]:
    with torch.device(device):
        motion = MotionTokenizer(card.motion)
        sizes = [stream.size for stream in motion.streams]
        model = SignDW(card.model, sizes, card.words, len(card.languages), card.glosses)
    return {"model": model, "motion": motion}


def _check_all(networks: Mapping[str, nn.Module], tensors: Mapping[str, Tensor], where: str) -> None:
    strange = [key for key in tensors if key.partition(".")[0] not in networks]
    if strange:
        raise CheckpointError(
            f"{where}: has weights of something else ({strange[0]}); fetch or train it again"
        )
    for name, network in networks.items():
        kept = {key: value for key, value in network.state_dict().items() if _is_for_training(key)}
        check_fits(network, {**_under(tensors, name), **kept}, where)


def _check_expects(found: Any, path: Path) -> None:
    """The one thing that is checked before all others, for a clear word about it."""
    if not isinstance(found, Mapping):
        raise CheckpointError(f"{path}: does not say what poses it makes (expects); fetch or train it again")
    for name, wanted in asdict(Expects()).items():
        if found.get(name) != wanted:
            raise CheckpointError(
                f"{path}: made for {name} {found.get(name)!r}, but {wanted!r} is needed; use another checkpoint"
            )


def _pieces(folder: Path) -> Tokenizer:
    path = folder / PIECES
    try:
        return Pieces(read_file(path, MAX_VOCABULARY_BYTES), str(path))
    except DataError as error:
        raise CheckpointError(str(error)) from None


def _words(folder: Path) -> frozenset[str]:
    path = folder / WORDS
    if not path.is_file():
        return frozenset()
    try:
        return frozenset(read_file(path, MAX_WORDS_BYTES).decode("utf-8").split("\n")) - {""}
    except (DataError, UnicodeDecodeError):
        raise CheckpointError(f"{path}: damaged; fetch or train it again") from None


def _under(tensors: Mapping[str, Tensor], name: str) -> dict[str, Tensor]:
    prefix = f"{name}."
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def _is_for_training(name: str) -> bool:
    """Moving averages of codebooks, which training alone needs."""
    return name.endswith((".counts", ".sums"))


def _plain(card: SignDWCard) -> dict[str, Any]:
    values = asdict(card)
    values["languages"] = list(card.languages)
    values["facts"] = dict(card.facts)
    return values


def _id(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        digest.update(f"{name} {tuple(value.shape)}\n".encode())
        digest.update(value.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]
