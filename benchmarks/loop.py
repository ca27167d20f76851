"""Run the experiment of docs/loop.md and say whether its goals hold.

    python benchmarks/loop.py [--config configs/loop/ase.yaml] [--folder DIR] [--workers 2]

Goals, on the held-out test clips:

1. Made poses before the real set at least double BLEU-4 over the real set alone, for each seed.
2. Selection does not lose against none: the paired 95 % interval does not lie below zero.
3. With the poses of other texts less than half of the gain is left, for each seed.

Exits with 1 if one fails. Run it again after a stop, and it goes on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signgen.config import load_yaml
from signgen.errors import SignGenError
from signgen.loop.report import summary
from signgen.loop.run import run_loop
from signgen.loop.schedules import BASE, CONTROL, LOOP, UNSELECTED

ROOT = Path(__file__).parents[1]
LEAST_FACTOR, MOST_SHARE = 2.0, 0.5


def faults_of(compared: Mapping[str, Any]) -> list[str]:
    """Goals that do not hold, each in a line."""
    gains = {(gain["first"], gain["second"]): gain for gain in compared["gains"]}
    ours, control = gains[LOOP, BASE], gains[CONTROL, BASE]
    faults = []
    for seed, factor, gain, kept in zip(
        compared["seeds"], ours["factor"], ours["each"], control["each"], strict=True
    ):
        if factor is not None and factor < LEAST_FACTOR:
            faults.append(f"seed {seed}: {factor:.2f} times {BASE}; {LEAST_FACTOR:g} is asked for")
        if kept["value"] >= MOST_SHARE * gain["value"]:
            faults.append(f"seed {seed}: the control gains {kept['value']:.1f} of {gain['value']:.1f}")
    if gains[LOOP, UNSELECTED]["pooled"]["interval"][1] < 0:
        faults.append("selection loses against none")
    return faults


def show(stage: str, done: int, total: int | None) -> None:
    """A line at the end of each stage."""
    if done == total:
        print(f"{stage}: {done}", file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=ROOT / "configs" / "loop" / "ase.yaml")
    parser.add_argument("--folder", type=Path, default=Path("loop-ase"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--device", default="auto")
    given = parser.parse_args()
    try:
        report = run_loop(
            load_yaml(given.config), given.folder, workers=given.workers, device=given.device, progress=show
        )
    except SignGenError as error:
        print(f"loop FAILED: {error}", file=sys.stderr)
        return 1
    for row in [*summary(report), *((line,) for line in report["verdict"])]:
        print("  ".join(f"{cell:20}" for cell in row).rstrip())
    faults = faults_of(report["facts"]["compared"])
    for fault in faults:
        print(f"goal NOT reached: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
