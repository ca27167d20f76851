"""Texts to a data set of poses to learn from, each text in several looks, in the five steps that the shell takes.

in:   a file of texts (default: sentences of a grammar), settings with what varies (default: configs/batch/looks.yaml)
out:  <output>/batch: tar shards, index, card and sums; a table of what came out on the terminal
time: 60 sentences in 18 looks each one minute of one core; run it again after any stop and it goes on
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import signgen

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Run the recipe."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--texts", type=Path, help="lines of a .txt, or rows of a .csv or .jsonl")
    parser.add_argument("--config", type=Path, default=ROOT / "configs" / "batch" / "looks.yaml")
    parser.add_argument("--sentences", type=int, default=60, help="of the grammar")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--output", type=Path, default=ROOT / "demo" / "synthetic")
    options = parser.parse_args()

    # 1. Texts: a file of yours, or sentences that a grammar makes, texts alone.
    texts = options.texts or options.output / "sentences" / "manifest.jsonl"
    if options.texts is None and not texts.exists():
        settings = {"sentences": options.sentences, "seed": 3, "poses": False}
        signgen.make_corpus("english-asl", options.output / "sentences", settings)

    # 2. The plan: every text in every look, with ids and shards that never change.
    folder = options.output / "batch"
    plan = signgen.plan_batch(texts, folder, signgen.load_yaml(options.config))
    print(f"{plan.samples} samples planned, varied by {', '.join(plan.vary)}")

    # 3. The run: what is missing is made; a shard is there as a whole or not at all.
    ran = signgen.run_batch(folder, workers=options.workers)
    print(f"{ran.made} made, {ran.failed} failed")

    # 4. Every file compared with its hash, every sample decoded.
    checked = signgen.verify_batch(folder, deep=True)
    print(f"{checked.samples} samples in {checked.shards} shards, {len(checked.damage)} damaged")

    # 5. What came out, by split, signer and view. `signgen train slt --data made=<output>/batch` learns from it.
    rows = [json.loads(line) for line in (folder / "index.jsonl").read_text(encoding="utf-8").splitlines()]
    for key, count in sorted(Counter((row["split"], row["signer"], row["view"]) for row in rows).items()):
        print(count, *(part or "own" for part in key))
    print(f"{folder}: {sum(row['seconds'] for row in rows) / 60:.1f} minutes of signing")


if __name__ == "__main__":
    main()
