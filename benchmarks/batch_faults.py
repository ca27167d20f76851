"""Let every call that writes fail, one by one, in each batch command: what is left, and whether it can be gone on with.

    python benchmarks/batch_faults.py [--video] [--step 1] [--commands plan,run,...] [--modes enospc,...]

Calls of the C library below the folder are counted and made to fail by a small library before it (compiled with gcc),
in Python, in the encoder and in the Parquet writer alike. For each call, command and mode: the exit code must be that
of a resource (6) with one line, or 0 with everything written; no file may bear its final name with other bytes than
in a lucky run; the same command again must end with the bytes of a lucky run and leave nothing beside them.

``enospc``: one call fails with a full disk; ``full``: half of a write is done, and from then on all fail; ``eio``: one
call fails with an input/output error, deleting included; ``broken``: from one call on all fail so.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "batch"))

from fault_sweep import COMMANDS, MODES, Scene, Sweep
from faulty_disk import FaultyDisk
from warm import Warm


def main() -> None:
    """Sweep, print a line for each command and mode and what went wrong, and end with 1 if anything did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--video", action="store_true")
    parser.add_argument("--step", type=int, default=1, help="every how many calls")
    parser.add_argument("--commands", default=",".join(COMMANDS))
    parser.add_argument("--modes", default=",".join(MODES))
    args = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        disk = FaultyDisk(place / "disk")
        with Warm(place / "warm", disk.environment) as warm:
            scene = Scene(place, warm, disk, has_video=args.video)
            for command in args.commands.split(","):
                for mode in args.modes.split(","):
                    sweep = Sweep(scene, command, MODES[mode])
                    found = list(sweep.over(range(1, sweep.calls + 1, args.step)))
                    bad = [each for each in found if each.problems]
                    codes = dict(sorted(Counter(each.code for each in found).items()))
                    print(
                        f"{command} {mode}: {len(found)} of {sweep.calls} calls failed, exit codes {codes}, ",
                        end="",
                    )
                    print(f"{len(bad)} wrong", flush=True)
                    for each in bad:
                        print(f"  call {each.at} ({each.call}): {'; '.join(each.problems)}", flush=True)
                    wrong += len(bad)
    print("all as it should be" if not wrong else f"{wrong} wrong")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
