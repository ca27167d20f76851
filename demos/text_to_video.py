"""A sentence on its way to a video: its glosses, its poses and the signer, as a film that repeats.

python demos/text_to_video.py ["Any sentence."] [--output demo/text_to_video.gif]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from panels import ACCENT, INK, QUIET, below, beside, blank, save_film, width_of, written

import signgen

SIDE, ZOOM = 256, 1.25
# Every third frame of 24 a second.
STEP = 3


def glosses_bar(cues: list[signgen.Cue], now: float, seconds: float, width: int) -> np.ndarray:
    """The glosses on a line of time, the one that is signed now lit."""
    bar = blank(width, 44)
    for cue in cues:
        is_now = cue.start <= now < cue.end
        left, right = (round(12 + (width - 24) * t / seconds) for t in (cue.start, cue.end))
        bar[30:36, left : right - 2] = ACCENT if is_now else (58, 64, 80)
        half = width_of(cue.text, 13) / 2
        middle = min(max((left + right) / 2, half + 4), width - half - 4)
        bar = written(bar, middle, 8, cue.text, 13, ACCENT if is_now else QUIET, "ma")
    x = round(12 + (width - 24) * now / seconds)
    bar[26:40, x : x + 2] = INK
    return bar


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("text", nargs="?", default="Hello, my friend likes coffee.")
    parser.add_argument("--signer", default="chen")
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parents[1] / "demo" / "text_to_video.gif"
    )
    options = parser.parse_args()

    job = signgen.prepare(
        {"renderer": {"name": "avatar", "signer": options.signer, "size": SIDE, "zoom": ZOOM}}
    )
    lines = signgen.prepare({"renderer": {"name": "skeleton", "size": SIDE, "zoom": ZOOM}})
    utterance = signgen.utter(job.source, options.text)
    poses, cues = utterance.poses, list(utterance.tiers["gloss"])
    head = written(blank(2 * SIDE, 40), SIDE, 10, options.text, 19, INK, "ma")
    pairs = zip(lines.renderer(poses), job.renderer(poses), strict=True)
    film = []
    for number, (skeleton, signer) in enumerate(pairs):
        if number % STEP == 0:
            bar = glosses_bar(cues, number / poses.fps, poses.seconds, 2 * SIDE)
            film.append(below(head, bar, beside(skeleton, signer)))
    save_film(film, options.output, poses.fps / STEP)
    print(options.output)


if __name__ == "__main__":
    main()
