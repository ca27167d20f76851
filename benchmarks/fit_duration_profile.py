"""Fit the default duration profile of the stitcher from the aligned glosses of PHOENIX14T and DGS sentences.

    python benchmarks/fit_duration_profile.py ../shared/data

Prints the figures that `signgen.text2pose.stitching.timing` states. How the
alignments are read: `signgen.text2pose.durations.alignments`.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from pathlib import Path

import numpy as np

from signgen.text2pose.durations.alignments import Segment, locate, name_models, segments

FPS = 25.0


def sequences(folder: Path) -> list[tuple[list[str], list[Segment]]]:
    """Glosses and segments of every sequence."""
    found = []
    for split in ("train", "dev", "test"):
        with gzip.open(folder / "phoenix14t" / f"{split}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                states = row["alignments"]["pami0"].split()
                found.append((row["gloss"].split(), segments(map(int, states))))
    return found


def aligned_durations(folder: Path) -> tuple[np.ndarray, np.ndarray, int]:
    """Durations [s] of located glosses, whether each is the last of its sentence, and the number of glosses."""
    found = sequences(folder)
    names = name_models(found, majority=0)
    placed = [(glosses, locate(glosses, spans, names)) for glosses, spans in found]
    durations = [segment.frames / FPS for _, pairs in placed for _, segment in pairs]
    final = [i == len(glosses) - 1 for glosses, pairs in placed for i, _ in pairs]
    return np.array(durations), np.array(final), sum(len(glosses) for glosses, _ in found)


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
