"""The card of a checkpoint: what it was trained on, what it expects, how well it does; part of the weights file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from signgen.config import check
from signgen.data.atomic import write_text
from signgen.data.strict_json import parse_json_object, plain, to_json
from signgen.data.trained_on import save_trained_on
from signgen.errors import CheckpointError, ConfigError, DataError
from signgen.nn.checkpoint import load_tensors, save_tensors
from signgen.nn.tokenizer import Glosses, Tokenizer
from signgen.pose.layout import NUM_KEYPOINTS
from signgen.slt.clips import Clips, training_id
from signgen.slt.features import LAYOUT
from signgen.slt.settings import DecodeSettings

KIND = "signgen-slt"
VERSION = 1
WEIGHTS, CARD = "model.safetensors", "card.json"
LARGEST = 1 << 20
# The matrix of words going in, and the same one for words coming out where the model ties them: written once.
WORDS_IN, WORDS_OUT = "decoder.embedding.weight", "decoder.output.weight"


@dataclass(frozen=True)
class Card:
    """What must be known about a translator before a number of its means anything.

    Attributes:
        fps: rate that poses are resampled to.
        layout: keypoints that it expects.
        extractors: what found the training poses, as the corpus says.
        spoken_languages: of the training texts.
        signed_languages: of the training clips.
        words: size of its text vocabulary.
        glosses: size of its gloss vocabulary, 0 without.
        tags: kinds of data that it is told about.
        training_id: hash of the names and texts of all training clips.
        training_clips: how many.
        seed: of the training.
        step: update after which the weights were taken.
        dev: scores on the dev set at that step.
        schedule: name and stages.
        settings: all of them, as resolved.
        versions: of the packages that made it.
        decode: the way of searching that does best on the dev set; empty if none was looked for.
    """

    fps: float
    layout: str
    extractors: tuple[str, ...]
    spoken_languages: tuple[str, ...]
    signed_languages: tuple[str, ...]
    words: int
    glosses: int
    tags: int
    training_id: str
    training_clips: int
    seed: int
    step: int = 0
    dev: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    schedule: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    decode: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def swept(self) -> DecodeSettings | None:
        """The way of searching that does best on the dev set; None if none was looked for.

        Raises:
            ConfigError: there is no such way.
        """
        return check(DecodeSettings, self.decode, where="decode") if self.decode else None

    @property
    def architecture(self) -> str:
        """What looks at frames: models of one architecture differ in size and seed alone."""
        return str(self._model.get("frontend", "?"))

    @property
    def shape(self) -> str:
        """Architecture, layers of encoder and decoder, and width."""
        sizes = [self._model.get(key, "?") for key in ("encoder_layers", "decoder_layers", "width")]
        return "{}-{}+{}x{}".format(self.architecture, *sizes)

    @property
    def is_tied(self) -> bool:
        """Whether one matrix is used for words going in and coming out."""
        return self._model.get("is_tied") is True

    @property
    def _model(self) -> Mapping[str, Any]:
        model = self.settings.get("model")
        return model if isinstance(model, Mapping) else {}


def facts_of(clips: Sequence[Clips]) -> dict[str, Any]:
    """What the card says about training clips."""

    def values(key: str) -> tuple[str, ...]:
        found = {str(info[key]) for part in clips for info in part.infos if info.get(key)}
        return tuple(sorted(found))

    return {
        "extractors": values("extractor"),
        "spoken_languages": values("spoken_language"),
        "signed_languages": values("signed_language"),
        "training_id": training_id(clips),
        "training_clips": sum(len(part) for part in clips),
    }


def save_vocabularies(
    folder: Path, tokenizer: Tokenizer, glosses: Glosses | None, clips: Sequence[Clips]
) -> None:
    """Write what belongs to the weights and does not change in training, with hashes of all training clips."""
    tokenizer.save(folder)
    if glosses is not None:
        glosses.save(folder)
    names, texts = ([value for part in clips for value in getattr(part, key)] for key in ("names", "texts"))
    save_trained_on(folder, names, texts)


def save_weights(folder: Path, weights: Mapping[str, Tensor], card: Card) -> None:
    """Write weights and card as one file, and the card once more to be read by people."""
    values = plain(card)
    # What was never looked for leaves no trace, as in cards from before it could be.
    if not card.decode:
        del values["decode"]
    text = to_json({"kind": KIND, "version": VERSION, **values}, indent=1)
    kept = {name: tensor for name, tensor in weights.items() if name != WORDS_OUT or not card.is_tied}
    save_tensors(folder / WEIGHTS, kept, text)
    write_text(folder / CARD, text + "\n")


def load_weights(folder: Path) -> tuple[dict[str, Tensor], Card]:
    """Weights and card of a checkpoint.

    Raises:
        CheckpointError: missing, damaged, or of something else than a translator of this version and layout.
    """
    path = folder / WEIGHTS
    weights, text = load_tensors(path)
    card = _card(text, path)
    if card.is_tied and WORDS_IN in weights:
        weights[WORDS_OUT] = weights[WORDS_IN]
    return weights, card


def _card(text: str, path: Path) -> Card:
    try:
        values = parse_json_object(text.encode(), str(path))
    except DataError:
        raise CheckpointError(f"{path}: carries no card; not a translator of signgen") from None
    if values.pop("kind", None) != KIND or values.pop("version", None) != VERSION:
        raise CheckpointError(f"{path}: not a translator that this version of signgen can read")
    values.setdefault("decode", {})
    known = {field.name for field in dataclasses.fields(Card)}
    if values.keys() != known:
        raise CheckpointError(f"{path}: its card lacks or adds {sorted(known ^ values.keys())[0]!r}")
    sizes = [values[name] for name in ("words", "glosses", "tags")]
    if not all(isinstance(size, int) and 0 <= size <= LARGEST for size in sizes):
        raise CheckpointError(f"{path}: its card has vocabularies of impossible size")
    if values["layout"] != LAYOUT:
        raise CheckpointError(
            f"{path}: made for keypoints {values['layout']!r}, not {LAYOUT} ({NUM_KEYPOINTS})"
        )
    if not isinstance(values["fps"], int | float) or not 0 < values["fps"] <= 120:
        raise CheckpointError(f"{path}: its card has no usable frame rate")
    if not isinstance(values["settings"], dict):
        raise CheckpointError(f"{path}: its card has no settings")
    lists = ("extractors", "spoken_languages", "signed_languages")
    if not all(isinstance(values[name], list) for name in lists):
        raise CheckpointError(f"{path}: its card does not list extractors and languages")
    card = Card(**{**values, **{name: tuple(values[name]) for name in lists}, "fps": float(values["fps"])})
    _check_decode(card, path)
    return card


def _check_decode(card: Card, path: Path) -> None:
    try:
        if not isinstance(card.decode, dict):
            raise ConfigError("decode: expected settings by name")
        _ = card.swept
    except ConfigError as error:
        raise CheckpointError(
            f"{path}: its card has a way of searching that cannot be used: {error}"
        ) from None
