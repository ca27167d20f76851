"""The judge card: who judges, what it has read, and whether it can be a stranger to a test."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signgen.data.strict_json import read_json_object
from signgen.errors import CheckpointError, ConfigError, DataError

_BLOCK = 1 << 20


@dataclass(frozen=True)
class JudgeCard:
    """What must be known about a judge before its numbers mean anything.

    Attributes:
        name: for tables.
        id: hash of its weights; two judges with one id are one judge.
        architecture: what kind of model.
        fps: rate that it sees poses at.
        layout: keypoints that it expects.
        extractors: what found its training poses; empty if the corpus does not say.
        spoken_languages: of its training texts; empty if the corpus does not say.
        signed_languages: of its training clips.
        training_id: hash of all its training clips.
        training_clips: how many.
        seed: of its training.
        dev: its scores on its dev set.
        names: hashes of the names of its training clips.
        texts: hashes of its training texts.
    """

    name: str
    id: str
    architecture: str
    fps: float
    layout: str
    extractors: tuple[str, ...]
    spoken_languages: tuple[str, ...]
    signed_languages: tuple[str, ...]
    training_id: str
    training_clips: int
    seed: int
    dev: Mapping[str, Any] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()

    def printed(self) -> dict[str, Any]:
        """The card without its lists of hashes."""
        left_out = {"names", "texts"}
        return {key: value for key, value in vars(self).items() if key not in left_out}


@dataclass(frozen=True)
class TrainedOn:
    """Training clips of another model.

    Attributes:
        names: hashes of their names.
        texts: hashes of their texts; None if they are not known.
    """

    names: frozenset[str]
    texts: frozenset[str] | None = None


@dataclass(frozen=True)
class Disjointness:
    """What a judge has already seen of a test.

    Attributes:
        tests: clips of the test.
        clips: test clips whose name and text are both those of a training clip: it was trained on them.
        texts: test clips whose exact text it has read in training.
        generator: at most so many clips that judge and generator were both trained on, by names and, where they are
            known, texts; None if the generator's are not known.
    """

    tests: int
    clips: int
    texts: int
    generator: int | None

    @property
    def is_contaminated(self) -> bool:
        """Whether the judge was trained on clips of the test."""
        return self.clips > 0

    @property
    def notes(self) -> tuple[str, ...]:
        """One line for each thing that a reader must know."""
        lines = []
        if self.clips:
            lines.append(f"the judge was trained on {self.clips} of {self.tests} clips of the test")
        if self.texts > self.clips:
            lines.append(f"{self.texts} of {self.tests} texts of the test were read in the judge's training")
        if self.generator:
            lines.append(f"judge and generator share up to {self.generator} training clips")
        if self.generator is None:
            lines.append(
                "what the generator was trained on is not known, so neither is what judge and it share"
            )
        return tuple(lines)


def hash_of(text: str) -> str:
    """What training lists keep of a name or a text.

    >>> hash_of("hello")
    '2cf24dba5fb0a30e'
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def disjointness(
    card: JudgeCard,
    names: Sequence[str],
    texts: Sequence[str],
    generator: TrainedOn | None = None,
) -> Disjointness:
    """Look for a test in a judge's training.

    Args:
        card: of the judge.
        names: of the test clips.
        texts: of the test clips.
        generator: what the generator was trained on.
    """
    seen = [
        (hash_of(name) in card.names, hash_of(" ".join(text.split())) in card.texts)
        for name, text in zip(names, texts, strict=True)
    ]
    shared = None if generator is None else _shared(generator, card)
    return Disjointness(
        len(seen), sum(name and text for name, text in seen), sum(text for _, text in seen), shared
    )


def read_trained_on(path: Path) -> TrainedOn:
    """What something was trained on, from a ``trained_on.json`` as checkpoints have it, or names, one a line.

    Raises:
        DataError: neither.
    """
    if path.suffix == ".json":
        found = read_json_object(path)
        names, texts = found.get("names"), found.get("texts", [])
        for values in (names, texts):
            if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
                raise DataError(f"{path}: has no list of training clips under 'names'")
        return TrainedOn(frozenset(found["names"]), frozenset(texts) or None)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return TrainedOn(frozenset(hash_of(line.strip()) for line in lines if line.strip()))


def _shared(other: TrainedOn, card: JudgeCard) -> int:
    names = len(other.names & card.names)
    return names if other.texts is None else min(names, len(other.texts & card.texts))


def judge_card(folder: Path, name: str | None = None) -> JudgeCard:
    """The card of a trained translator.

    Raises:
        CheckpointError: missing, damaged, without its list of training clips, or a translator of videos.
    """
    from signgen.slt.card import WEIGHTS, load_weights, trained_on

    place = folder if (folder / WEIGHTS).is_file() else folder / "best"
    _, card = load_weights(place)
    model = card.settings.get("model")
    if not isinstance(model, dict) or model.get("frontend") in ("cnn", "pretrained"):
        raise CheckpointError(f"{folder}: translates videos; a judge of poses needs a model of keypoints")
    names, texts = trained_on(place)
    shape = "{frontend}-{encoder_layers}+{decoder_layers}x{width}".format_map(
        {key: model.get(key, "?") for key in ("frontend", "encoder_layers", "decoder_layers", "width")}
    )
    return JudgeCard(
        name=name or folder.name,
        id=_file_hash(place / WEIGHTS),
        architecture=shape,
        fps=card.fps,
        layout=card.layout,
        extractors=card.extractors,
        spoken_languages=card.spoken_languages,
        signed_languages=card.signed_languages,
        training_id=card.training_id,
        training_clips=card.training_clips,
        seed=card.seed,
        dev=card.dev,
        names=names,
        texts=texts,
    )


def check_stranger(found: Disjointness, card: JudgeCard) -> None:
    """Raise ConfigError if a judge was trained on clips of the test."""
    if found.is_contaminated:
        raise ConfigError(
            f"judge {card.name}: was trained on {found.clips} of the test's {found.tests} clips; use another judge or "
            "leave them out (--stamp prints anyway, and says so in the report)"
        )


def _file_hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()[:16]
