"""A judge reads a clip back into text, whole and damaged: what it reads, and how likely it finds the true text.

python demos/back_translation.py ["A sentence of the judge's small world."] [--output demo/back_translation.png]
Needs the extra [torch]. The built-in judges know the words of the corpus that they learned from: docs/judge-ase.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from panels import ACCENT, INK, QUIET, below, blank, fitted, save_picture, written

import signgen
from signgen.pose.layout import RIGHT_HAND
from signgen.render.base import renderers
from signgen.workflow.judges import load_judges

SIDE, CELL, PICTURES = 360, 132, 6
# Hands hang at either end of a clip.
MOMENTS = np.linspace(0.14, 0.86, PICTURES)
WIDTH, BAR = CELL * PICTURES + 330, 264


def frozen(poses: signgen.PoseSequence) -> signgen.PoseSequence:
    """Everything stands still in the middle of the clip."""
    return poses.replace(keypoints=np.repeat(poses.keypoints[len(poses) // 2][None], len(poses), axis=0))


def reversed_(poses: signgen.PoseSequence) -> signgen.PoseSequence:
    """From the end to the beginning."""
    return poses.replace(keypoints=poses.keypoints[::-1], depth=poses.depth[::-1])


def one_handed(poses: signgen.PoseSequence) -> signgen.PoseSequence:
    """As if an extractor had never found the right hand."""
    keypoints = poses.keypoints.copy()
    keypoints[:, RIGHT_HAND] = 0
    return poses.replace(keypoints=keypoints)


CLIPS = {
    "as signed": lambda poses: poses,
    "right hand lost": one_handed,
    "backwards": reversed_,
    "frozen": frozen,
}


def row(name: str, poses: signgen.PoseSequence, read: str, glosses: str, likelihood: float) -> np.ndarray:
    """Six moments of a clip and what the judge makes of it."""
    frames = list(renderers.build({"name": "skeleton", "size": SIDE, "zoom": 1.2})(poses))
    picture = blank(WIDTH, CELL)
    for number, share in enumerate(MOMENTS):
        frame = frames[round(share * (len(frames) - 1))]
        picture[:, number * CELL : (number + 1) * CELL] = fitted(frame, CELL, CELL)
    x = CELL * PICTURES + 18
    picture = written(picture, x, 14, name, 13, QUIET)
    picture = written(picture, x, 36, f"“{read}”", 15, INK)
    picture = written(picture, x, 62, glosses, 11, QUIET)
    picture[92:102, x : x + BAR] = (40, 44, 56)
    picture[92:102, x : x + round(BAR * likelihood)] = ACCENT
    return written(picture, x, 108, f"true text: {likelihood:.2f} a character", 12, QUIET)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("text", nargs="?", default="My mother drinks coffee in the morning.")
    parser.add_argument(
        "--judge", default="ase/temporal-0", help="folder of a translator, or a built-in name"
    )
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parents[1] / "demo" / "back_translation.png"
    )
    options = parser.parse_args()

    utterance = signgen.utter(signgen.prepare().source, options.text)
    judge = load_judges([options.judge], device="cpu")[0]
    clips = [change(utterance.poses) for change in CLIPS.values()]
    found = judge.read(clips)
    # Natural logarithm for the whole text; its mean over characters is the same for short and for long texts.
    total = judge.log_likelihood(clips, [options.text] * len(clips)).statistics[:, 0]
    likelihoods = np.exp(total / len(options.text))
    head = written(blank(WIDTH, 44), 14, 12, f"“{options.text}”", 18, INK)
    head = written(head, CELL * PICTURES + 18, 15, f"judge {judge.card.name} reads", 14, ACCENT)
    rows = [
        row(name, clip, what.text, what.glosses, float(likelihood))
        for name, clip, what, likelihood in zip(CLIPS, clips, found, likelihoods, strict=True)
    ]
    save_picture(below(head, *rows, gap=3), options.output)
    for name, what, likelihood in zip(CLIPS, found, likelihoods, strict=True):
        print(f"{name}: {what.text!r}, true text {likelihood:.3f} a character")
    print(options.output)


if __name__ == "__main__":
    main()
