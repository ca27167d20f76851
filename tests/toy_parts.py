"""A made-up source, renderer and extractor, quick and without any data, for the tests of whole jobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Gt

from signgen.config import setting
from signgen.data.cue import Cue
from signgen.errors import LexiconError, RenderError
from signgen.extract.base import Detections, extractors
from signgen.lexicon.plan import TokenReport
from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame, renderers
from signgen.text2pose.base import FrameOrigin, Utterance, sources

FRAMES_A_WORD = 6


@sources.register("toy")
@dataclass(frozen=True)
class Toy:
    """Six frames for each word; words that start with ``x`` are missing, with ``f`` spelled."""

    lexicon: str = setting("toy", "its name")
    signed_language: str = setting("", "unused")
    spoken_language: str = setting("", "unused")
    oov: Literal["fingerspell", "skip", "fail"] = setting("fingerspell", "fail raises on a missing word")
    speed: Annotated[float, Gt(0)] = setting(1.0, "pace")
    transition_scale: float = setting(1.0, "unused")
    handed: Literal["right", "left"] = setting("right", "unused")
    fps: Annotated[float, Gt(0)] = setting(12.0, "frames per second")
    width: int = setting(64, "canvas")
    height: int = setting(64, "canvas")

    def __call__(self, text: str, *, seed: int = 0) -> PoseSequence:
        return self.explain(text, seed=seed).poses

    def explain(self, text: str, *, seed: int = 0) -> Utterance:
        if self.lexicon == "absent":
            raise LexiconError("absent: no such lexicon folder; give a folder with index.csv")
        coverage = tuple(_look_up(word) for word in text.split())
        missing = tuple(token.text for token in coverage if token.outcome == "missing")
        if missing and self.oov == "fail":
            raise LexiconError(f"no recording of: {', '.join(missing)}", missing)
        count = round(FRAMES_A_WORD * (len(coverage) - len(missing)) / self.speed)
        keypoints = np.random.default_rng(seed).uniform(1, 60, size=(count, 128, 3)).astype(np.float32)
        keypoints[..., 2] = 1
        poses = PoseSequence(keypoints, self.fps, self.width, self.height)
        origins = (FrameOrigin(0, count, "sign", "toy/all", 0, count, "CC0"),) if count else ()
        tiers = {"text": (Cue(0.0, poses.seconds, text),), "gloss": ()}
        return Utterance(poses, "word-by-word", tiers, coverage, origins, {"warnings": []})


def _look_up(word: str) -> TokenReport:
    if word.startswith("x"):
        return TokenReport(word, "missing")
    return TokenReport(word, "spelled" if word.startswith("f") else "signed", (word.upper(),))


@renderers.register("dots")
@dataclass(frozen=True)
class Dots:
    """A bright pixel for each keypoint."""

    style: str = setting("openpose", "unused")
    fail_at: int = setting(-1, "frame at which drawing breaks")

    def __call__(
        self, poses: PoseSequence, appearance: Frame | None = None, *, seed: int = 0
    ) -> Iterator[Frame]:
        for number, frame in enumerate(poses.keypoints):
            if number == self.fail_at:
                raise RenderError(f"dots: frame {number} broke on purpose")
            picture = np.zeros((poses.height // 2 * 2, poses.width // 2 * 2, 3), dtype=np.uint8)
            x, y = frame[frame[:, 2] > 0, :2].astype(int).T
            seen = (x >= 0) & (y >= 0) & (x < picture.shape[1]) & (y < picture.shape[0])
            picture[y[seen], x[seen]] = 255
            yield picture


@extractors.register("spots")
@dataclass(frozen=True)
class Spots:
    """A person of 40 px on the brightest pixel of each frame, nobody on a black one."""

    confidence: float = setting(1.0, "of every keypoint")

    def __call__(self, frames: Iterable[Frame], *, fps: float) -> Iterator[Detections]:
        for frame in frames:
            y, x = np.unravel_index(frame.sum(axis=2).argmax(), frame.shape[:2])
            people = np.full((int(frame.max() > 100), 128, 3), self.confidence, np.float32)
            people[..., :2] = np.array([x, y], np.float32) + np.linspace(-20, 20, 128)[:, None]
            yield Detections(people)
