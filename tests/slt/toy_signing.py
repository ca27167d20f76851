"""A toy sign language: each sign moves both hands along its own path; sentences in an order of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from signgen.data.columnar import Clip, write_columnar
from signgen.pose.layout import LEFT_HAND, LEFT_WRIST, NECK, RIGHT_HAND, RIGHT_WRIST
from signgen.pose.sequence import PoseSequence

FPS = 12.5
PEOPLE, VERBS, THINGS = (
    ("anna", "ben", "carla", "dan"),
    ("buys", "sees", "wants"),
    ("apples", "books", "cats", "dogs"),
)


def sign(gloss: str, rng: np.random.Generator, frames: int = 6) -> np.ndarray:
    """(frames, 128, 3) of a sign on a canvas of 400 x 400, shoulders 100 apart."""
    path = np.random.default_rng(list(gloss.encode()))
    keypoints = np.zeros((frames, 128, 3), np.float32)
    keypoints[..., 2] = 0.9
    keypoints[..., :2] = 200 + 3 * np.random.default_rng(7).standard_normal((128, 2))
    keypoints[:, NECK, :2], keypoints[:, 2, :2], keypoints[:, 5, :2] = (200, 150), (150, 150), (250, 150)
    times = np.linspace(0, 1, frames)[:, None]
    for hand, wrist in ((LEFT_HAND, LEFT_WRIST), (RIGHT_HAND, RIGHT_WRIST)):
        start, stop = path.uniform(120, 280, (2, 2))
        shape = path.uniform(-15, 15, (21, 2))
        shape[0] = 0
        place = start + times * (stop - start)
        keypoints[:, hand, :2] = place[:, None] + shape
        keypoints[:, wrist, :2] = place
    keypoints[..., :2] += rng.normal(0, 1, keypoints[..., :2].shape)
    return keypoints


def sentence(rng: np.random.Generator) -> tuple[str, str]:
    """A text and its glosses: signed as thing, person, verb."""
    person, verb, thing = (words[rng.integers(len(words))] for words in (PEOPLE, VERBS, THINGS))
    return f"{person} {verb} {thing} .", f"{thing.upper()} {person.upper()} {verb.upper()}"


def make_clips(count: int, seed: int, **info: str) -> list[Clip]:
    """Clips of random sentences."""
    rng = np.random.default_rng(seed)
    clips = []
    for number in range(count):
        text, glosses = sentence(rng)
        keypoints = np.concatenate([sign(gloss, rng) for gloss in glosses.split()])
        poses = PoseSequence(keypoints, FPS, 400, 400)
        clips.append(Clip(f"{seed}-{number}", poses, {"text": text, "gloss": glosses, **info}))
    return clips


def write_corpus(folder: Path, train: int, dev: int, seed: int = 0) -> Path:
    """A corpus with train/, dev/ and test/."""
    for place, (split, count) in enumerate((("train", train), ("dev", dev), ("test", dev))):
        (folder / split).mkdir(parents=True)
        clips = make_clips(
            count, seed * 10 + place, spoken_language="en", signed_language="xxx", extractor="made up"
        )
        write_columnar(clips, folder / split / "0.col")
    return folder
