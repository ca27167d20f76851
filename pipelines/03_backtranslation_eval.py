"""What a system's poses are worth to judges that read them back, in the three steps that the shell takes.

in:   a test set with texts and true poses (default: one made from a grammar), settings of the system
out:  <output>/made: the system's poses; <output>/report.json and .html: floors, system and ceilings by all judges
time: for 60 sentences and one judge 20 s on a laptop, of which 8 s are for reading signs; for all six 90 s
"""

from __future__ import annotations

import argparse
from pathlib import Path

import signgen

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Run the recipe."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--test", type=Path, help="shards or a list of clips; a corpus is made if it is left out"
    )
    parser.add_argument("--config", type=Path, default=ROOT / "configs" / "smoke.yaml")
    parser.add_argument(
        "--judge", action="append", help="folder of a translator; repeatable; the built-in ones"
    )
    parser.add_argument("--sentences", type=int, default=60, help="of the test that is made")
    parser.add_argument("--output", type=Path, default=ROOT / "demo" / "eval")
    options = parser.parse_args()

    # 1. A test set: true poses with their texts. No text of another split is in it.
    test = options.test or options.output / "corpus" / "test"
    if options.test is None:
        # A seed that the built-in judges were not trained on; a test is all that is needed here.
        share = {"sentences": 2 * options.sentences, "test": 0.5, "dev": 0.0, "seed": 7}
        signgen.make_corpus("english-asl", options.output / "corpus", share)

    # 2. The system: texts to poses, each under the name of its true clip. Put yours in this place.
    system = signgen.load_yaml(options.config)
    made = signgen.sign_clips(test, options.output / "made", {"source": system.get("source", {})})
    print(f"{len(made)} sentences, {sum(bool(line.missing) for line in made)} with words that have no sign")

    # 3. Judges are examined on the true poses first; then they read the system's, beside floors and ceilings.
    output = options.output / "report.json"
    report = signgen.evaluate_files(options.output / "made", test, output, options.judge or [], force=True)
    for judge in report["judges"]:
        for score in judge["normalised"]:
            print(f"{judge['card']['name']}: normalised {score['name']} {score['value']} {score['interval']}")
    print(*report["stamps"], f"{output}: {report['test']['clips']} clips", sep="\n")


if __name__ == "__main__":
    main()
