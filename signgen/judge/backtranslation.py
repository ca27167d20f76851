"""A judge reads poses back: what it understood, how likely it finds the true texts, and which of several it picks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from signgen.errors import PoseError
from signgen.judge.card import JudgeCard, judge_card
from signgen.judge.text.likelihood import retrieval
from signgen.judge.text.measure import Measure, ratio, sign
from signgen.pose.motion import resample
from signgen.pose.sequence import PoseSequence
from signgen.slt.features import LOWEST_RATE

DEFAULT_BEAM = 3
DEFAULT_DISTRACTORS = 20
LOG_LIKELIHOOD = "log-likelihood"


class Understood(Protocol):
    """What was made of one clip."""

    @property
    def text(self) -> str:
        """The translation."""

    @property
    def glosses(self) -> str:
        """Recognised glosses, separated by spaces; empty without a gloss head."""


class Translates(Protocol):
    """Anything that reads poses; `signgen.slt.translate.SignTranslator` does."""

    def translate(self, poses: Sequence[PoseSequence]) -> Sequence[Understood]:
        """The translation of each clip."""

    def log_likelihood(self, poses: Sequence[PoseSequence], texts: Sequence[str]) -> np.ndarray:
        """(n, 2) natural log-probability of each text given its clip, and its tokens."""

    def embed(self, poses: Sequence[PoseSequence]) -> np.ndarray:
        """(n, d) what the encoder makes of each clip."""


@dataclass(frozen=True, eq=False)
class Judge:
    """A translator and its card.

    Attributes:
        card: who it is.
        translator: reads poses at the card's rate.
        decode: how it searches, for signatures.
    """

    card: JudgeCard
    translator: Translates
    decode: str = "greedy"

    def read(self, poses: Sequence[PoseSequence]) -> Sequence[Understood]:
        """What is understood of each clip.

        Raises:
            PoseError: a clip that cannot be read, named by its number from 0.
        """
        return self.translator.translate(self.at_own_rate(poses))

    def texts(self, poses: Sequence[PoseSequence]) -> list[str]:
        """The translations alone; see `read`."""
        return [found.text for found in self.read(poses)]

    @property
    def reads_glosses(self) -> bool:
        """Whether it was trained to recognise glosses too."""
        return self.card.facts.glosses > 0

    def features(self, poses: Sequence[PoseSequence]) -> np.ndarray:
        """(n, d) what the encoder makes of each clip, averaged over its frames.

        Raises:
            PoseError: as `read`.
        """
        return self.translator.embed(self.at_own_rate(poses))

    def log_likelihood(self, poses: Sequence[PoseSequence], texts: Sequence[str]) -> Measure:
        """Natural log-probability of a character of the true texts.

        Per character, so that judges with different vocabularies can stand beside each other.

        Raises:
            PoseError: as `texts`.
        """
        found = self.translator.log_likelihood(self.at_own_rate(poses), texts)[:, 0]
        statistics = np.column_stack([found, [len(text) for text in texts]]).astype(np.float64)
        return Measure(LOG_LIKELIHOOD, sign(ll="reference", per="character"), statistics, ratio())

    def retrieval(
        self,
        poses: Sequence[PoseSequence],
        texts: Sequence[str],
        *,
        distractors: int = DEFAULT_DISTRACTORS,
        seed: int = 0,
    ) -> list[Measure]:
        """Percent of clips whose own text is among the R likeliest beside random other texts of the test.

        Args:
            poses: clips.
            texts: the true ones.
            distractors: other texts that each clip is shown; fewer where the test has not so many.
            seed: of the draw.

        Returns:
            ``R@1`` and ``R@5``; none if all texts are the same.
        """
        pool = list(dict.fromkeys(texts))
        count = min(distractors, len(pool) - 1)
        if count < 1:
            return []
        rng = np.random.default_rng(seed)
        shown = [_pool(text, pool, count, rng) for text in texts]
        ready = self.at_own_rate(poses)
        columns = [
            self.translator.log_likelihood(ready, [row[place] for row in shown])[:, 0]
            for place in range(count + 1)
        ]
        truth = np.zeros(len(texts), np.int64).tolist()
        ranks = [rank for rank in (1, 5) if rank <= count]
        return retrieval(np.minimum(np.column_stack(columns), 0), truth=truth, ranks=ranks)

    def at_own_rate(self, poses: Sequence[PoseSequence]) -> list[PoseSequence]:
        """Clips at the judge's rate; a judge shown another rate reads another language.

        Raises:
            PoseError: a clip without frames, or too slow to be resampled.
        """
        return [self._at_own_rate(number, clip) for number, clip in enumerate(poses)]

    def _at_own_rate(self, number: int, clip: PoseSequence) -> PoseSequence:
        if not len(clip):
            raise PoseError(f"clip {number}: no frames; leave it out of the test")
        if clip.fps < LOWEST_RATE * self.card.facts.fps:
            raise PoseError(
                f"clip {number}: {clip.fps:g} fps is too few for judge {self.card.name} ({self.card.facts.fps:g} fps); "
                "make or extract it at a higher rate"
            )
        return clip if clip.fps == self.card.facts.fps else resample(clip, self.card.facts.fps)

    @property
    def signature(self) -> str:
        """Everything about the judge that its numbers depend on."""
        card = self.card
        return f"judge:{card.id}|fps:{card.facts.fps:g}|layout:{card.facts.layout}|decode:{self.decode}"


@dataclass(frozen=True, eq=False)
class _Searching:
    """A trained translator with its way of searching set."""

    translator: Any
    decode: Any

    def translate(self, poses: Sequence[PoseSequence]) -> Sequence[Understood]:
        found: Sequence[Understood] = self.translator.translate(poses, self.decode)
        return found

    def log_likelihood(self, poses: Sequence[PoseSequence], texts: Sequence[str]) -> np.ndarray:
        found: np.ndarray = self.translator.log_likelihood(poses, texts)
        return found

    def embed(self, poses: Sequence[PoseSequence]) -> np.ndarray:
        found: np.ndarray = self.translator.embed(poses)
        return found


def load_judge(folder: Path, *, beam: int | None = None, device: str = "auto") -> Judge:
    """A judge from the folder of a training.

    Args:
        folder: of the training.
        beam: texts that it follows side by side; None: searches as its card says, or with `DEFAULT_BEAM`.
        device: that it computes on.

    Raises:
        CheckpointError: missing or damaged.
        ConfigError: no such device, or a beam out of range.
    """
    from signgen.config import check
    from signgen.slt.settings import DecodeSettings
    from signgen.slt.translate import load_translator

    card = judge_card(folder)
    decode = check(DecodeSettings, {"beam": DEFAULT_BEAM if beam is None else beam}, where="decode")
    if beam is None:
        decode = card.facts.swept or decode
    translator = load_translator(folder, device)
    return Judge(card, _Searching(translator, decode), f"beam{decode.beam}-alpha{decode.alpha:g}")


def _pool(text: str, pool: Sequence[str], count: int, rng: np.random.Generator) -> list[str]:
    """The text, then ``count`` others."""
    drawn = rng.choice(len(pool), size=count + 1, replace=False)
    others = [pool[place] for place in drawn if pool[place] != text]
    return [text, *others[:count]]
