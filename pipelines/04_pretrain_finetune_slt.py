"""Translators from few real clips and many stitched ones: what does pretraining bring, and is it the poses that do?

in:   a corpus of real clips and one of stitched clips (default: both made from a grammar), settings of the training
out:  <output>/runs/<schedule>/seed-<n>: checkpoints and predictions; the table of schedules on the terminal
time: some five minutes a schedule and seed with the default settings on a laptop; run it again and it goes on
"""

from __future__ import annotations

import argparse
from pathlib import Path

import signgen

ROOT = Path(__file__).parents[1]
# The last is the control: stitched texts with the poses of other texts. What it gains is not gained by poses.
SCHEDULES = ("real-only", "pretrain-finetune", "shuffled-joint")


def main() -> None:
    """Run the recipe."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--real", type=Path, help="folder with train/, dev/ and test/; made if it is left out"
    )
    parser.add_argument("--stitched", type=Path, help="the same of stitched clips")
    parser.add_argument("--config", type=Path, default=ROOT / "configs" / "slt" / "schedules.yaml")
    parser.add_argument("--schedules", nargs="+", default=SCHEDULES)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument(
        "--sentences", type=int, default=900, help="stitched ones that are made; half as many real"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "demo" / "slt")
    options = parser.parse_args()

    # 1. Two corpora: of one seed and with as many sentences in dev and test, so that neither trains on what tests.
    sources = {"real": options.real, "stitched": options.stitched}
    for name, preset, halves in (("real", "real", 1), ("stitched", "dictionary", 2)):
        if sources[name] is None:
            sources[name] = options.output / name
            size = {"sentences": halves * options.sentences // 2, "dev": 0.2 / halves, "test": 0.2 / halves}
            signgen.make_corpus("english-small", sources[name], {**size, "preset": preset, "seed": 1})

    # 2. Every schedule with every seed, the same number of updates each, compared clip by clip on the real test.
    data = {"sources": {name: str(folder) for name, folder in sources.items()}, "target": "real"}
    config = {**signgen.load_yaml(options.config), "data": data}
    lines = signgen.train_schedules(config, options.output / "runs", options.schedules, seeds=options.seeds)

    # 3. Means over seeds, and what each schedule gains on the first with its 95 % interval.
    for line in lines:
        print(f"{line.schedule}: BLEU-4 {line.mean:.1f} over {len(line.seeds)} seeds")
        if line.against:
            print(
                f"    {line.against.difference:+.1f} against the first, 95 % interval {line.against.interval}"
            )


if __name__ == "__main__":
    main()
