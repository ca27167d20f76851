"""A made-up sign language and a judge that looks clips up sign by sign: cheap, honest and blind on request."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.data.trained_on import TrainedOn, hash_of
from signgen.judge.backtranslation import Judge
from signgen.judge.card import JudgeCard
from signgen.pose.geometry import shoulder_frame
from signgen.pose.layout import (
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NECK,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)
from signgen.pose.motion import resample
from signgen.pose.sequence import PoseSequence
from signgen.slt.card import Card

WORDS = ["anna", "ben", "sees", "wants", "two", "apples", "books", "red"]
FPS, FRAMES, WORDS_IN_TEXT = 12.5, 8, 5
CHANCE = 1e-4


def sign(word: str, rng: np.random.Generator) -> np.ndarray:
    """(FRAMES, 128, 3): hands on a path and in a shape that both belong to the word."""
    own = np.random.default_rng(list(word.encode()))
    keypoints = np.ones((FRAMES, 128, 3), np.float32)
    keypoints[..., :2] = 200 + 3 * np.random.default_rng(7).standard_normal((128, 2))
    for place, xy in ((NECK, (200, 150)), (RIGHT_SHOULDER, (150, 150)), (LEFT_SHOULDER, (250, 150))):
        keypoints[:, place, :2] = xy
    times = np.linspace(0, 1, FRAMES)[:, None]
    for hand, wrist in ((LEFT_HAND, LEFT_WRIST), (RIGHT_HAND, RIGHT_WRIST)):
        start, stop = own.uniform(120, 280, (2, 2))
        # The shape opens or closes during the sign, so that a frozen hand is another sign.
        shape = own.uniform(-60, 60, (21, 2)) * (own.choice([0.2, 1.8]) * (1 - times) + times)[..., None]
        shape[:, 0] = 0
        path = start + times * (stop - start)
        keypoints[:, hand, :2] = path[:, None] + shape
        keypoints[:, wrist, :2] = path
    keypoints[..., :2] += rng.normal(0, 1, keypoints[..., :2].shape)
    return keypoints


def corpus(count: int, seed: int, fps: float = FPS) -> tuple[list[PoseSequence], list[str]]:
    """Clips and their texts, words in random order."""
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS, WORDS_IN_TEXT, replace=False)) for _ in range(count)]
    clips = [
        resample(PoseSequence(np.concatenate([sign(word, rng) for word in text.split()]), FPS, 400, 400), fps)
        for text in texts
    ]
    return clips, texts


@dataclass
class Nearest:
    """Cuts a clip into as many pieces as a text has words and says the likeliest word of each."""

    sees_hands: bool = True
    sees_anything: bool = True

    def __post_init__(self):
        rng = np.random.default_rng(99)
        self._remembered = {}
        self._known = np.stack([self._seen(PoseSequence(sign(w, rng), FPS, 400, 400)) for w in WORDS])

    def translate(self, poses):
        texts = [" ".join(WORDS[i] for i in self._chances(clip).argmax(1)) for clip in poses]
        return [_Said(text, text.upper()) for text in texts]

    def log_likelihood(self, poses, texts):
        return np.array([self._one(clip, text.split()) for clip, text in zip(poses, texts, strict=True)])

    def embed(self, poses):
        """(n, 8) mean chance of each word: what the clip is about, in any order."""
        return np.array([self._chances(clip).mean(0) for clip in poses])

    def _one(self, clip, words):
        chances = self._chances(clip)
        found = [
            np.log(max(chances[i][WORDS.index(word)], CHANCE)) if i < len(chances) else np.log(CHANCE)
            for i, word in enumerate(words)
        ]
        return sum(found) + np.log(CHANCE) * max(0, len(chances) - len(words)), len(words)

    def _chances(self, clip):
        key = clip.keypoints.tobytes()
        if key not in self._remembered:
            self._remembered[key] = self._compared(clip)
        return self._remembered[key]

    def _compared(self, clip):
        pieces = [clip[a : a + FRAMES] for a in range(0, len(clip), FRAMES)]
        rows = []
        for piece in pieces:
            try:
                distance = np.abs(self._seen(piece) - self._known).mean((1, 2, 3))
            except Exception:
                distance = np.zeros(len(WORDS))
            weights = np.exp(-40 * (distance - distance.min())) * (1.0 if self.sees_anything else 0) + 1e-9
            rows.append(weights / weights.sum())
        return np.array(rows)

    def _seen(self, clip):
        frame = shoulder_frame(clip)
        times = np.linspace(0, len(clip) - 1, FRAMES).round().astype(int)
        xy = (clip.xy[times] - (frame.x, frame.y)) / frame.width
        parts = [xy[:, [LEFT_WRIST, RIGHT_WRIST]]]
        if self.sees_hands:
            parts += [xy[:, hand] - xy[:, hand][:, :1] for hand in (LEFT_HAND, RIGHT_HAND)]
        return np.concatenate(parts, axis=1)


@dataclass(frozen=True)
class _Said:
    text: str
    glosses: str = ""


def card(
    name: str = "nearest",
    names: tuple[str, ...] = (),
    texts: tuple[str, ...] = (),
    architecture: str = "nearest",
    seed: int = 0,
    glosses: int = len(WORDS) + 2,
) -> JudgeCard:
    facts = Card(
        fps=FPS, layout="dwpose-128", extractors=(), spoken_languages=("en",), signed_languages=("xxx",), words=8,
        glosses=glosses, tags=1, training_id="0", training_clips=len(names), seed=seed,
        settings={"model": {"frontend": architecture}},
    )  # fmt: skip
    seen = TrainedOn(frozenset(map(hash_of, names)), frozenset(map(hash_of, texts)))
    return JudgeCard(name, name, facts, seen)


def judge(name: str = "nearest", translator: Nearest | None = None, **changes) -> Judge:
    return Judge(card(name, **changes), translator or Nearest())
