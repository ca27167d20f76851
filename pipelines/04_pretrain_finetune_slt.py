"""Does made signing make a translator better? Novel sentences are signed, chosen by a judge and learned from.

in:   the settings of a loop: a real set, novel sentences, looks, judges, schedules (default: configs/loop/ase.yaml)
out:  <output>/report.md and .html: a translator from the real set alone, with pretraining on made signing, and controls
time: some hours on a laptop, seconds with configs/loop/smoke.yaml; run it again after any stop and it goes on
"""

from __future__ import annotations

import argparse
from pathlib import Path

import signgen

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Run the recipe."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--config", type=Path, default=ROOT / "configs" / "loop" / "ase.yaml")
    parser.add_argument(
        "--real", type=Path, help="corpus with train/, dev/ and test/, instead of the config's"
    )
    parser.add_argument("--texts", type=Path, help="novel sentences in a file, instead of the config's")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--device", default="auto", help="that judges and trainings compute on")
    parser.add_argument("--output", type=Path, default=ROOT / "demo" / "loop")
    options = parser.parse_args()

    # 1. Settings: your own real set and your own sentences take the place of the grammar's.
    config = signgen.load_yaml(options.config)
    if options.real:
        config["real"] = {"folder": str(options.real)}
    if options.texts:
        config["texts"] = {"file": str(options.texts)}

    # 2. The loop: corpus, sentences, poses in many looks, selection, trainings by schedule and seed, comparison.
    report = signgen.run_loop(config, options.output, workers=options.workers, device=options.device)

    # 3. What came of it: scores of each seed on held-out clips, and what each gains with its 95 % interval.
    for line in report["facts"]["compared"]["lines"]:
        print(f"{line['schedule']}: BLEU-4", *(f"{score['value']:.1f}" for score in line["bleu"]))
    print(*report["verdict"], f"{options.output / 'report.html'}", sep="\n")


if __name__ == "__main__":
    main()
