"""Compare the synthesised signs of the built-in lexicon with ASL-LEX 2.0, from keypoints alone.

Run: python benchmarks/phonology.py [../shared/data/asl_lex_phonology.csv] [--list]
Prints the agreement per feature and, with --list, every disagreement. Of several variants in ASL-LEX the one
that agrees most is taken. Nothing of ASL-LEX is kept.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import defaultdict
from pathlib import Path

from signgen.lexicon.entry import Entry
from signgen.lexicon.lexicon import open_lexicon
from signgen.lexicon.phonology import Phonology, measure
from signgen.lexicon.written import synthesised

COLUMNS = {
    "handshape": "Handshape.2.0",
    "major": "MajorLocation.2.0",
    "sign_type": "SignType.2.0",
    "movement": "Movement.2.0",
}
# What keypoints cannot tell apart, or ASL-LEX codes by rule and not by form.
SAME = {
    "handshape": {"k": "p", "thumb_up": "a", "lax": "curved_5"},
    "movement": {"BackAndForth": "Straight"},
}
GOALS = {"handshape": 0.90, "major": 0.95, "sign_type": 0.97, "movement": 0.85}


def coded(path: Path) -> dict[str, list[dict[str, str]]]:
    """Rows of ASL-LEX by name without the number of the variant."""
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            rows[re.sub(r"_\d$", "", row["EntryID"]).lower()].append(row)
    return rows


def agreements(found: Phonology, row: dict[str, str]) -> dict[str, bool]:
    """Feature to whether it agrees; features that ASL-LEX does not code as one of ours are left out."""
    out = {}
    for name, column in COLUMNS.items():
        same = SAME.get(name, {})
        ours, theirs = getattr(found, name), row[column]
        if name == "sign_type" and theirs in ("DominanceViolation", "SymmetryViolation"):
            out[name] = ours.startswith("Asymmetrical")
        elif theirs not in ("Other", "NA", "", "X-shaped"):
            out[name] = same.get(ours, ours) == same.get(theirs, theirs)
    return out


def compare(path: Path) -> list[tuple[Entry, Phonology, dict[str, str], dict[str, bool]]]:
    """Every entry that ASL-LEX has as well, measured, with the row that agrees most."""
    rows, found = coded(path), []
    for entry in open_lexicon("ase").entries:
        near = rows.get(entry.gloss.lower().replace("-", "_"), [])
        if not near or entry.lexicon.endswith(":letters"):
            continue
        measured = measure(synthesised(entry), entry.start, entry.end or 1e9)
        best = max(near, key=lambda row: sum(agreements(measured, row).values()))
        found.append((entry, measured, best, agreements(measured, best)))
    return found


def main() -> None:
    """Print the table."""
    paths = [Path(a) for a in sys.argv[1:] if not a.startswith("-")]
    path = paths[0] if paths else Path(__file__).parents[2] / "shared" / "data" / "asl_lex_phonology.csv"
    if not path.exists():
        sys.exit(f"{path}: not there; give the csv of ASL-LEX 2.0")
    found = compare(path)
    simple = [
        one for one in found if one[2]["Compound.2.0"] == "0" and one[2]["NumberOfMorphemes.2.0"] == "1"
    ]
    print(
        f"{len(found)} entries in both; {len(simple)} of them of one part (of others ASL-LEX codes the first part)"
    )
    for name, goal in GOALS.items():
        votes, of_one = ([agree[name] for *_, agree in some if name in agree] for some in (found, simple))
        share, share_of_one = sum(votes) / len(votes), sum(of_one) / len(of_one)
        print(
            f"{name:12}{share:7.1%} of {len(votes):4} {share_of_one:9.1%} of {len(of_one):4}   goal {goal:.0%}"
        )
    if "--list" in sys.argv:
        for entry, measured, row, agree in found:
            for name in (name for name, is_same in agree.items() if not is_same):
                print(f"{name:10} {entry.sign:22} {getattr(measured, name):30} ASL-LEX: {row[COLUMNS[name]]}")


if __name__ == "__main__":
    main()
