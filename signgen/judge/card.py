"""The judge card: who judges, what it has read, and whether it can be a stranger to a test."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signgen.data.strict_json import plain
from signgen.data.trained_on import TrainedOn, hash_of, trained_on
from signgen.errors import CheckpointError, ConfigError

if TYPE_CHECKING:
    from signgen.slt.card import Card


@dataclass(frozen=True)
class JudgeCard:
    """What must be known about a judge before its numbers mean anything.

    Attributes:
        name: for tables.
        id: hash of its weights; two judges with one id are one judge.
        facts: what its checkpoint says of itself.
        trained_on: hashes of its training clips.
    """

    name: str
    id: str
    facts: Card
    trained_on: TrainedOn

    def printed(self) -> dict[str, Any]:
        """The card for a report, without hashes of clips, and without settings, which may name local folders."""
        facts = {key: value for key, value in plain(self.facts).items() if key != "settings"}
        return {
            "name": self.name,
            "id": self.id,
            "architecture": self.facts.architecture,
            "shape": self.facts.shape,
            **facts,
        }


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
    read = card.trained_on.texts or frozenset()
    seen = [
        (hash_of(name) in card.trained_on.names, hash_of(" ".join(text.split())) in read)
        for name, text in zip(names, texts, strict=True)
    ]
    shared = None if generator is None else _shared(generator, card.trained_on)
    return Disjointness(
        len(seen), sum(name and text for name, text in seen), sum(text for _, text in seen), shared
    )


def _shared(first: TrainedOn, second: TrainedOn) -> int:
    """At most so many clips of both."""
    names = len(first.names & second.names)
    return (
        names if first.texts is None or second.texts is None else min(names, len(first.texts & second.texts))
    )


def judge_card(folder: Path, name: str | None = None) -> JudgeCard:
    """The card of a trained translator.

    Raises:
        CheckpointError: missing, damaged, without its list of training clips, or a translator of videos.
    """
    from signgen.slt.card import WEIGHTS, load_weights
    from signgen.slt.pack import home_of
    from signgen.slt.settings import VIDEO_FRONTENDS

    place = folder if (folder / WEIGHTS).is_file() else folder / "best"
    _, card = load_weights(place)
    if card.architecture in VIDEO_FRONTENDS:
        raise CheckpointError(f"{folder}: translates videos; a judge of poses needs a model of keypoints")
    return JudgeCard(name or folder.name, _file_hash(place / WEIGHTS), card, trained_on(home_of(place)))


def check_stranger(found: Disjointness, card: JudgeCard) -> None:
    """Raise ConfigError if a judge was trained on clips of the test."""
    if found.is_contaminated:
        raise ConfigError(
            f"judge {card.name}: was trained on {found.clips} of the test's {found.tests} clips; use another judge or "
            "leave them out (--stamp prints anyway, and says so in the report)"
        )


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
