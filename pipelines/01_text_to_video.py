"""Text to signing video, in the four steps that `signgen generate` takes.

in:   a text, a config (default: configs/smoke.yaml)
out:  <output>.mp4, .npz (the poses), .vtt (captions) and the coverage report on the terminal
time: 10 s on a laptop for the first run, in which the kernels are compiled; 1 s after that
"""

from __future__ import annotations

import argparse
from pathlib import Path

import signgen

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Run the recipe."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("text", nargs="?", default="Hello, my name is Ada.")
    parser.add_argument("--config", type=Path, default=ROOT / "configs" / "smoke.yaml")
    parser.add_argument("--output", type=Path, default=ROOT / "demo" / "recipe.mp4")
    options = parser.parse_args()

    # 1. Settings: one YAML file, checked as a whole; what it leaves out takes its default.
    job = signgen.prepare(signgen.load_yaml(options.config))

    # 2. Text to poses, with the account of every word and every frame.
    utterance = signgen.utter(job.source, options.text, seed=job.seed)
    for token in utterance.coverage:
        print(f"{token.text}: {token.outcome} {' '.join(token.glosses)}")
    signgen.write_poses(utterance.poses, options.output.with_suffix(".npz"))

    # 3. Poses to frames, drawn one by one while they are encoded.
    frames = job.renderer(utterance.poses, seed=job.seed)
    count = signgen.write_video(frames, options.output, utterance.poses.fps, crf=job.settings.crf)

    # 4. Captions that follow the signs.
    signgen.write_webvtt(utterance.tiers["gloss"], options.output.with_suffix(".vtt"))
    print(f"{options.output}: {count} frames, {utterance.poses.seconds:.1f} s")


if __name__ == "__main__":
    main()
