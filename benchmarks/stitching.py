"""Stitching beside spoken-to-signed 0.4.0: speed, bone length, frame rates, seams, sentence length.

    python benchmarks/stitching.py [--runs 9] [--data ../shared/data] [--only speed|bones|rates|dgs]

Both sides run in one process, in turn, on the ASL letters of the installed spoken-to-signed. For each utterance
both read the recordings from their ``.pose`` files anew; lexicon indices and imports are loaded once, before.
"""

from __future__ import annotations

import argparse
import io
import json
import string
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from itertools import permutations
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from signgen.pose.motion import resample
from signgen.pose.sequence import PoseSequence
from signgen.text2pose.stitch import Stitch
from signgen.text2pose.stitching.clip import Clip, make_clip
from signgen.text2pose.stitching.seams import within_sign_limits
from signgen.text2pose.stitching.sentence import Sign, StitchSettings, stitch

TEXTS = {10: "signlangau", 30: "thequickbrownfoxjumpsoverthela"}


def interleaved(functions: dict[str, Callable[[], Any]], runs: int) -> dict[str, float]:
    """Median wall time [ms] of each function, run in turn."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()
    for _ in range(runs):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: median(values) for name, values in times.items()}


def peer(text: str) -> Callable[[], Any]:
    """spoken-to-signed on one fingerspelled word, its pose cache emptied before each run."""
    from spoken_to_signed.gloss_to_pose import concatenate_poses
    from spoken_to_signed.gloss_to_pose.lookup.fingerspelling_lookup import FingerspellingPoseLookup

    lookup = FingerspellingPoseLookup()

    def run() -> Any:
        lookup.cache.cache.clear()
        with redirect_stdout(io.StringIO()):  # It prints as it goes; what a terminal costs is not its fault.
            results = lookup.lookup(text, "", "en", "ase")
            return results if not isinstance(results, list) else concatenate_poses([r.pose for r in results])

    return run


def ours(source: Stitch, text: str, *, is_cold: bool) -> Callable[[], Any]:
    """signgen on the same word; cold: every recording is read from its file again."""

    def run() -> PoseSequence:
        if is_cold:
            source.forget()
        return source(text)

    return run


def speed(runs: int) -> None:
    source = Stitch(lexicon="fingerspelling:ase", rules="none")
    print(f"{'letters':>8} {'peer ms':>9} {'files ms':>9} {'ratio':>7} {'kept ms':>9} {'ratio':>7}")
    for count, text in TEXTS.items():
        found = interleaved(
            {
                "peer": peer(text),
                "cold": ours(source, text, is_cold=True),
                "warm": ours(source, text, is_cold=False),
            },
            runs,
        )
        print(f"{count:8d} {found['peer']:9.1f} {found['cold']:9.2f} {found['peer'] / found['cold']:6.1f}x "
              f"{found['warm']:9.2f} {found['peer'] / found['warm']:6.1f}x")  # fmt: skip


def letters() -> dict[str, Clip]:
    """The ASL alphabet at the working rate in the canonical shape."""
    source = Stitch(lexicon="fingerspelling:ase", canonical=True)
    entries = {entry.words[0].upper(): entry for entry in source.opened.entries}
    return {letter: source.prepared(entries[letter]) for letter in string.ascii_uppercase}


def pair_figures() -> np.ndarray:
    """(650, 2) bone ratio in the middle of the transition and peak wrist jerk, for all ordered letter pairs."""
    clips = letters()
    rows = []
    for a, b in permutations(clips, 2):
        seam = stitch([Sign((clips[x],), is_letter=True, is_edge=True) for x in (a, b)]).report["seams"][0]
        rows.append((seam["finger_bone_ratio"], seam["jerk"]))
    return np.array(rows)


def linear_figures() -> np.ndarray:
    """(650,) the same ratio when coordinates are interpolated in straight lines, from the same poses."""
    from signgen.pose.bones import FINGER_BONES, bone_lengths

    poses = {letter: clip.take(np.array([len(clip) / 2])) for letter, clip in letters().items()}
    ratios = []
    for a, b in permutations(poses.values(), 2):
        points = np.stack([a.points[0], (a.points[0] + b.points[0]) / 2, b.points[0]])[..., :2]
        confidence = np.stack(
            [a.confidence[0], np.minimum(a.confidence[0], b.confidence[0]), b.confidence[0]]
        )
        lengths = bone_lengths(points, confidence)[:, FINGER_BONES]
        ratios.append(np.nanmean(2 * lengths[1] / (lengths[0] + lengths[2])))
    return np.array(ratios)


def bones() -> None:
    figures, linear = pair_figures(), linear_figures()
    limit = within_sign_limits(list(letters().values()))[2]
    print(f"{len(figures)} letter pairs, finger bone length in mid-transition / mean of its ends:")
    print(f"  straight lines {linear.mean():.3f} (worst pair {linear.min():.3f})")
    print(
        f"  signgen        {figures[:, 0].mean():.3f} ({figures[:, 0].min():.4f} to {figures[:, 0].max():.4f})"
    )
    print(f"seam jerk: {np.mean(figures[:, 1] <= limit):.1%} of pairs at or below the within-sign 95th percentile "
          f"{limit:.0f}; median {np.median(figures[:, 1]):.0f}, largest {figures[:, 1].max():.0f}")  # fmt: skip


def rates() -> None:
    """The same letters recorded at other rates must give a sentence of the same length."""
    source = Stitch(lexicon="fingerspelling:ase", canonical=False)
    entries = {entry.words[0].upper(): entry for entry in source.opened.entries}
    print("HELLO with its second letter resampled to another rate:")
    for fps in (24.0, 25.0, 30.0, 50.0):
        signs = []
        for i, letter in enumerate("HELLO"):
            poses = source.opened.load(entries[letter])
            clip = make_clip(resample(poses, fps) if i == 1 else poses, 24.0)
            signs.append(Sign((clip,), is_letter=True, is_edge=i in (0, 4), is_double=i == 3))
        print(f"  {fps:4.0f} fps: {len(stitch(signs).clip) / 24:.3f} s")


def dgs(data: Path) -> None:
    """Signs cut from fluent DGS sentences, stitched again with the annotated durations."""
    print(f"{'pair':>5} {'signs':>6} {'fluent':>7} {'given':>7} {'signgen':>8} {'ratio':>6} {'given':>6}")
    totals = np.zeros(3)
    for path in sorted((data / "dgs_pairs").glob("*_metadata.json"), key=lambda p: int(p.name.split("_")[1])):
        found = stitched_pair(path)
        if found is None:
            continue
        name, count, lengths = found
        totals += lengths
        print(f"{name:>5} {count:6d} {lengths[0]:7.2f} {lengths[1]:7.2f} {lengths[2]:8.2f} "
              f"{lengths[2] / lengths[0]:6.2f} {lengths[1] / lengths[0]:6.2f}")  # fmt: skip
    print(
        f"  all: signgen {totals[2] / totals[0]:.3f}, given stitched files {totals[1] / totals[0]:.3f} "
        "of the fluent length"
    )


def stitched_pair(metadata: Path) -> tuple[str, int, np.ndarray] | None:
    """Name, number of signs and lengths [s]: fluent, given stitched, ours; None if the two files are the same."""
    from signgen.data.poses import read_pose

    files = [
        metadata.with_name(metadata.name.replace("metadata.json", f"{kind}.pose"))
        for kind in ("original", "updated")
    ]
    if files[0].read_bytes() == files[1].read_bytes():
        return None
    original, updated = (read_pose(file) for file in files)
    sentence = json.loads(metadata.read_text(encoding="utf-8"))["sentence"]
    glosses = sentence["glosses"]
    spans = [(max(s - sentence["start"], 0) / 1e3, (e - sentence["start"]) / 1e3)
             for s, e in zip(glosses["start"], glosses["end"], strict=True)]  # fmt: skip
    signs = []
    for start, end in spans:
        first = min(int(start * original.fps), len(original) - 2)
        clip = make_clip(original[first : max(first + 2, round(end * original.fps))], 24.0, is_cut=True)
        signs.append(Sign((clip,), seconds=end - start))
    result = stitch(signs, StitchSettings(crop=False))
    lengths = np.array([original.seconds, updated.seconds, len(result.clip) / 24])
    return metadata.name.split("_")[1], len(signs), lengths


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", choices=("speed", "bones", "rates", "dgs"))
    args = parser.parse_args()
    jobs: dict[str, Callable[[], None]] = {
        "speed": lambda: speed(args.runs),
        "bones": bones,
        "rates": rates,
        "dgs": lambda: dgs(args.data),
    }
    for name, job in jobs.items():
        if args.only in (None, name) and (name != "dgs" or (args.data / "dgs_pairs").is_dir()):
            job()
            print()


if __name__ == "__main__":
    main()
