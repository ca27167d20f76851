"""A trained SignDW Transformer in a folder: card, weights and vocabularies, checked against each other when read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
import yaml
from torch import Tensor, nn

from signgen.data.atomic import write_text
from signgen.data.files import read_file
from signgen.errors import CheckpointError, ConfigError, DataError, ResourceError
from signgen.nn.checkpoint import check_fits, load_tensors, save_tensors
from signgen.nn.tokenizer import MAX_VOCABULARY_BYTES, Pieces, Tokenizer
from signgen.signdw.checkpoint.card import CONFIG, KIND, SignDWCard, card_values, checkpoint_named, load_card
from signgen.signdw.checkpoint.library import load_library, save_library
from signgen.signdw.flow.head import FlowHead
from signgen.signdw.flow.regression import Regressor
from signgen.signdw.motion.tokenizer import MotionTokenizer
from signgen.signdw.network.backbone import SignDW
from signgen.signdw.network.plan import GlossVocabulary
from signgen.signdw.network.retrieved import Library
from signgen.signdw.network.text import TextEncoding

WEIGHTS, PIECES, WORDS = "model.safetensors", "tokenizer.model", "words.txt"
MAX_WORDS_BYTES = 64 << 20


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
        head: poses behind the codes (`--head flow`); None: codes are decoded.
        regressor: poses straight from the text (`--head regress`), and then ``model`` draws no codes.
        library: isolated signs that it retrieves for its own plans; empty for one that retrieves none.
    """

    card: SignDWCard
    model: SignDW
    motion: MotionTokenizer
    encoding: TextEncoding
    glosses: GlossVocabulary | None
    words: frozenset[str]
    id: str = ""
    head: FlowHead | None = None
    regressor: Regressor | None = None
    library: Library = field(default_factory=dict)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.model.parameters()).device


def save_vocabularies(
    folder: Path,
    tokenizer: Pieces,
    glosses: GlossVocabulary | None,
    words: list[str],
    library: Library | None = None,
) -> None:
    """Write what does not change in training."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_as(folder / PIECES)
    if glosses is not None:
        glosses.save(folder)
    write_text(folder / WORDS, "".join(f"{word}\n" for word in words))
    if library:
        save_library(folder, library)


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
        networks: by name, see `Checkpoint`.
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
        folder / CONFIG,
        yaml.safe_dump({"kind": KIND, **card_values(card)}, sort_keys=False, allow_unicode=True),
    )


def load_checkpoint(spec: str | Path, device: torch.device | str = "cpu") -> Checkpoint:
    """A checkpoint ready to sign, in float32.

    Raises:
        CheckpointError: missing, damaged, or of poses of another layout or rate.
        ResourceError: there is not enough memory for it.
    """
    folder = checkpoint_named(spec)
    card = load_card(folder)
    tokenizer, glosses = _pieces(folder), GlossVocabulary.load(folder)
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
    return _put_together(card, networks, folder, _id(tensors))


def check_codes(checkpoint: Checkpoint) -> None:
    """Raise unless codes are drawn, which streaming and filling need.

    Raises:
        ConfigError: poses are made straight from text.
    """
    if checkpoint.regressor is not None:
        raise ConfigError("checkpoint: trained with --head regress, which draws no codes; use one that does")


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


def _put_together(
    card: SignDWCard, networks: Mapping[str, nn.Module], folder: Path, weights: str
) -> Checkpoint:
    head, regressor = networks.get("head"), networks.get("regressor")
    model = networks.get("model", getattr(regressor, "backbone", None))
    motion = networks["motion"]
    assert isinstance(model, SignDW)
    assert isinstance(motion, MotionTokenizer)
    assert isinstance(head, FlowHead | None)
    assert isinstance(regressor, Regressor | None)
    encoding = TextEncoding(_pieces(folder), card.languages, card.model.max_words)
    glosses = GlossVocabulary.load(folder)
    library = load_library(folder, model.sizes) if card.model.is_retrieving and regressor is None else {}
    words = _words(folder)
    return Checkpoint(card, model, motion, encoding, glosses, words, weights, head, regressor, library)


def _networks(card: SignDWCard, device: torch.device | str) -> dict[str, nn.Module]:
    counts, refiner = (card.words, len(card.languages), card.glosses), card.refiner
    with torch.device(device):
        motion = MotionTokenizer(card.motion)
        found: dict[str, nn.Module] = {"motion": motion}
        if card.head == "regress" and refiner is not None:
            return {**found, "regressor": Regressor(card.model, refiner, *counts, card.motion.channels)}
        sizes, parts = zip(*((stream.size, stream.part) for stream in motion.streams), strict=True)
        found["model"] = SignDW(card.model, sizes, *counts, parts)
        if card.head == "flow" and refiner is not None:
            found["head"] = FlowHead(refiner, motion, card.glosses)
    return found


def _check_all(networks: Mapping[str, nn.Module], tensors: Mapping[str, Tensor], where: str) -> None:
    strange = [key for key in tensors if key.partition(".")[0] not in networks]
    if strange:
        raise CheckpointError(
            f"{where}: has weights of something else ({strange[0]}); fetch or train it again"
        )
    for name, network in networks.items():
        kept = {key: value for key, value in network.state_dict().items() if _is_for_training(key)}
        check_fits(network, {**_under(tensors, name), **kept}, where)


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


def _id(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        digest.update(f"{name} {tuple(value.shape)}\n".encode())
        digest.update(value.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()[:16]
