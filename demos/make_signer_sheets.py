"""Draw the contact sheets of the avatar: a sentence, signs, letters, signers and camera angles.

python demos/make_signer_sheets.py [--output docs/images]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import imageio.v3 as iio
import numpy as np

from signgen.lexicon.lexicon import open_lexicon
from signgen.pose.sequence import PoseSequence
from signgen.render.base import renderers
from signgen.text2pose.stitch import Stitch
from signgen.workflow.sheet import spaced, tiled

SENTENCE = "Hello, my friend likes coffee."
# fmt: off
SIGNS = (
    "hello", "please", "thank-you", "sorry", "yes", "no", "who", "what", "where", "why", "mother",
    "father", "brother", "sister", "baby", "friend", "teacher", "doctor", "eat", "water", "milk",
    "coffee", "bread", "apple", "house", "school", "book", "work", "car", "dog", "cat", "happy",
    "sad", "love", "want", "help", "go", "see", "think", "cold",
)
# fmt: on
SIGNERS = ("ada", "bola", "chen", "dara", "emil", "farah")
ANGLES = ((-60, 0), (-30, 0), (0, 0), (30, 10), (60, 20))


def drawn(poses: PoseSequence, frames: list[int], **looks: object) -> list[np.ndarray]:
    """The chosen frames of poses, by the avatar."""
    every = list(renderers.build({"name": "avatar", **looks})(poses))
    return [every[t] for t in frames]


def middle(poses: PoseSequence, **looks: object) -> np.ndarray:
    """The frame in the middle of a sign."""
    return drawn(poses[len(poses) // 2 : len(poses) // 2 + 1], [0], **looks)[0]


def shrunk(frame: np.ndarray, factor: int) -> np.ndarray:
    height, width = (side // factor * factor for side in frame.shape[:2])
    blocks = frame[:height, :width].reshape(height // factor, factor, width // factor, factor, 3)
    return blocks.mean(axis=(1, 3)).round().astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[1] / "docs" / "images")
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    lexicon = open_lexicon("ase")
    by_word = {
        word: entry for entry in reversed(lexicon.entries) for word in (*entry.words, entry.gloss.lower())
    }
    sentence = Stitch()(SENTENCE)
    signs = [lexicon.load(by_word.get(word, by_word.get(word.replace("-", " ")))) for word in SIGNS]
    letters = [lexicon.load(by_word[letter]) for letter in "abcdefghijklmnopqrstuvwxyz"]
    pictures = {
        "hello": (drawn(sentence, spaced(len(sentence), 12)), 6, 2),
        "signs": ([middle(poses) for poses in signs], 8, 3),
        "letters": ([middle(poses, zoom=1.6) for poses in letters], 9, 3),
        "signers": ([middle(signs[0], signer=name) for name in SIGNERS], 6, 2),
        "angles": ([middle(signs[0], yaw=yaw, pitch=pitch) for yaw, pitch in ANGLES], 5, 2),
    }
    for name, (frames, columns, factor) in pictures.items():
        path = output / f"{name}.jpg"
        iio.imwrite(path, tiled([shrunk(frame, factor) for frame in frames], columns), quality=82)
        print(path)


if __name__ == "__main__":
    main()
