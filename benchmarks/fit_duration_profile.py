"""Fit the default duration profile of the stitcher from the aligned glosses of PHOENIX14T and DGS sentences.

    python benchmarks/fit_duration_profile.py ../shared/data

Prints the figures that `signgen.text2pose.stitching.timing` states. The alignments give, for each frame of
25 fps, the state of a gloss model with three states per gloss: state 0 is rest, gloss = (state - 1) // 3.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import json
import sys
from collections import Counter, defaultdict
from itertools import groupby
from pathlib import Path

import numpy as np

FPS = 25.0


def sequences(folder: Path) -> list[tuple[list[str], list[tuple[int, int]]]]:
    """(glosses, [(model, frames), ...]) of every sequence; rest frames and loops of one model are merged."""
    found = []
    for split in ("train", "dev", "test"):
        with gzip.open(folder / "phoenix14t" / f"{split}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                states = [int(s) for s in row["alignments"]["pami0"].split()]
                runs = [(model, len(list(run))) for model, run in groupby((s - 1) // 3 for s in states)]
                found.append((row["gloss"].split(), [run for run in runs if run[0] >= 0]))
    return found


def gloss_of_model(found: list[tuple[list[str], list[tuple[int, int]]]]) -> dict[int, str]:
    """The gloss each model stands for, by majority over the sequences with as many runs as glosses."""
    votes: dict[int, Counter[str]] = defaultdict(Counter)
    for glosses, runs in found:
        if len(glosses) == len(runs):
            for gloss, (model, _) in zip(glosses, runs, strict=True):
                votes[model][gloss] += 1
    return {model: counter.most_common(1)[0][0] for model, counter in votes.items()}


def aligned_durations(folder: Path) -> tuple[np.ndarray, np.ndarray, int]:
    """Durations [s] of located glosses, whether each is the last of its sentence, and the number of glosses."""
    found = sequences(folder)
    names = gloss_of_model(found)
    durations, final, total = [], [], 0
    for glosses, runs in found:
        total += len(glosses)
        heard = [names.get(model, "") for model, _ in runs]
        matcher = difflib.SequenceMatcher(None, glosses, heard, autojunk=False)
        for block in matcher.get_matching_blocks():
            for i in range(block.size):
                durations.append(runs[block.b + i][1] / FPS)
                final.append(block.a + i == len(glosses) - 1)
    return np.array(durations), np.array(final), total


def sign_share(folder: Path) -> tuple[float, int]:
    """Share of the time from the first to the last sign of DGS sentences that lies inside signs."""
    inside = span = signs = 0
    for path in sorted((folder / "dgs_pairs").glob("*_metadata.json")):
        glosses = json.loads(path.read_text(encoding="utf-8"))["sentence"]["glosses"]
        inside += sum(glosses["end"]) - sum(glosses["start"])
        span += max(glosses["end"]) - min(glosses["start"])
        signs += len(glosses["gloss"])
    return inside / span, signs


def citation_durations(folder: Path) -> np.ndarray:
    """Durations [s] of the citation forms of ASL-LEX 2.0, from sign onset to offset."""
    with (folder / "asl_lex_phonology.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    column = next(name for name in rows[0] if "duration" in name.lower())
    return np.array([float(row[column]) / 1000 for row in rows if row[column].strip() not in ("", "NA")])


def main() -> None:
    folder = Path(sys.argv[1])
    durations, final, total = aligned_durations(folder)
    share, signs = sign_share(folder)
    citation = citation_durations(folder)
    points = (5, 25, 50, 75, 95)
    print(f"PHOENIX14T: {len(durations)} of {total} glosses located ({len(durations) / total:.1%})")
    print(f"  mean {durations.mean() * FPS:.1f} frames; percentiles {points} [s]:",
          np.round(np.percentile(durations, points), 2).tolist())  # fmt: skip
    ratio = durations[final].mean() / durations[~final].mean()
    print(
        f"  sentence-final {durations[final].mean() * FPS:.1f}, else {durations[~final].mean() * FPS:.1f}: {ratio:.2f}x"
    )
    print(f"DGS sentences: {signs} signs fill {share:.2f} of the time between first and last")
    print(
        f"ASL-LEX: {len(citation)} citation forms, percentiles [s]:",
        np.round(np.percentile(citation, points), 2).tolist(),
    )


if __name__ == "__main__":
    main()
