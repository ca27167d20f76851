"""Compare the synthesised signs of the built-in lexicon with ASL-LEX 2.0, from keypoints alone.

Run: python benchmarks/phonology.py [../shared/data/asl_lex_phonology.csv] [--list | --markdown | --renew]
Prints the agreement per feature and whether every disagreement has its reason in phonology_reasons.yaml; it
exits with 1 if one is missing or stale. --list prints every disagreement, --markdown the tables of
docs/phonology.md from the reasons, --renew brings both up to date (new reasons are left empty).
How entries and rows are paired, and the conventions, are in docs/phonology.md.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import yaml

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
TITLES = {
    "handshape": "Handshape",
    "major": "Major location",
    "sign_type": "Sign type",
    "movement": "Movement",
}
# What keypoints cannot tell apart, or ASL-LEX codes by rule and not by form.
SAME = {
    "handshape": {"k": "p", "thumb_up": "a", "t": "baby_o", "lax": "curved_5"},
    "movement": {"BackAndForth": "Straight"},
}
GOALS = {"handshape": 0.90, "major": 0.95, "sign_type": 0.97, "movement": 0.85}
REASONS = Path(__file__).with_name("phonology_reasons.yaml")
PAGE = Path(__file__).parents[1] / "docs" / "phonology.md"
# The tables stand in the page after this heading.
HEADING = "## Every disagreement\n"


class Pair(NamedTuple):
    """An entry, what its keypoints show, the row of ASL-LEX of the same name, feature to whether they agree."""

    entry: Entry
    measured: Phonology
    row: dict[str, str]
    agree: dict[str, bool]


# Feature to sign to what we have, what ASL-LEX has, and why.
Reasons = dict[str, dict[str, dict[str, str]]]


def key(name: str) -> str:
    """A name for comparison: ICE-CREAM and icecream_2 are one."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"_\d$", "", name.lower()))


def coded(path: Path) -> dict[str, list[dict[str, str]]]:
    """Rows of ASL-LEX by name without the number of the variant."""
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            rows[key(row["EntryID"])].append(row)
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


def compare(path: Path) -> list[Pair]:
    """Entries with the rows of the same name; of several variants those that agree most, each row once."""
    rows, ours = coded(path), defaultdict(list)
    for entry in open_lexicon("ase").entries:
        if key(entry.gloss) in rows and not entry.lexicon.endswith(":letters"):
            ours[key(entry.gloss)].append((entry, measure(synthesised(entry), entry.start, entry.end or 1e9)))
    found = []
    for name, variants in ours.items():
        pairs = [Pair(e, m, row, agreements(m, row)) for e, m in variants for row in rows[name]]
        pairs.sort(key=lambda pair: sum(pair.agree.values()), reverse=True)
        while pairs:
            best = pairs[0]
            found.append(best)
            pairs = [p for p in pairs if p.entry is not best.entry and p.row is not best.row]
    return found


def disagreements(found: list[Pair]) -> Reasons:
    """Feature to sign to both codes, without a reason."""
    out: Reasons = {name: {} for name in COLUMNS}
    for entry, measured, row, agree in found:
        for name in (name for name, is_same in agree.items() if not is_same):
            out[name][entry.sign] = {"ours": getattr(measured, name), "asl_lex": row[COLUMNS[name]]}
    return out


def renewed(found: Reasons, reasons: Reasons) -> Reasons:
    """The disagreements found with the reasons that still hold for them; others are empty."""
    return {
        name: {
            sign: codes | {"why": _why(codes, reasons.get(name, {}).get(sign, {}))}
            for sign, codes in sorted(signs.items())
        }
        for name, signs in found.items()
    }


def _why(codes: dict[str, str], reason: dict[str, str]) -> str:
    is_same = all(reason.get(side) == code for side, code in codes.items())
    return reason.get("why", "") if is_same else ""


def problems(found: Reasons, reasons: Reasons) -> list[str]:
    """Disagreements without a reason, and reasons for what is no longer so."""
    new = renewed(found, reasons)
    missing = [
        f"{name} {sign}: no reason" for name in new for sign, one in new[name].items() if not one["why"]
    ]
    stale = [f"{n} {s}: stale reason" for n in reasons for s in reasons[n] if s not in found.get(n, {})]
    return missing + stale


def markdown(reasons: Reasons) -> str:
    """One table per feature."""
    lines = []
    for name, signs in reasons.items():
        lines += [
            f"### {TITLES[name]}: {len(signs)}",
            "",
            "| sign | here | ASL-LEX | reason |",
            "|---|---|---|---|",
        ]
        lines += [f"| {s} | {one['ours']} | {one['asl_lex']} | {one['why']} |" for s, one in signs.items()]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def write(reasons: Reasons) -> None:
    """Write the file of reasons, and the tables into the page."""
    text = yaml.safe_dump(reasons, sort_keys=False, allow_unicode=True, width=200)
    REASONS.write_text("# Why signs differ from ASL-LEX 2.0; see phonology.py.\n" + text, encoding="utf-8")
    before = PAGE.read_text(encoding="utf-8").partition(HEADING)[0]
    PAGE.write_text(before + HEADING + "\n" + markdown(reasons), encoding="utf-8")


def report(found: list[Pair]) -> str:
    """Agreement per feature, of all and of signs of one part."""
    simple = [one for one in found if one.row["Compound.2.0"] == "0"]
    lines = [f"{len(found)} entries in both, {len(simple)} of them no compounds"]
    for name, goal in GOALS.items():
        all_of, of_one = ([p.agree[name] for p in some if name in p.agree] for some in (found, simple))
        share, share_of_one = sum(all_of) / len(all_of), sum(of_one) / len(of_one)
        lines.append(
            f"{name:12}{share:7.1%} of {len(all_of):4} {share_of_one:9.1%} of {len(of_one):4}   goal {goal:.0%}"
        )
    return "\n".join(lines)


def main() -> int:
    """Print what is asked for."""
    paths = [Path(a) for a in sys.argv[1:] if not a.startswith("-")]
    reasons: Reasons = yaml.safe_load(REASONS.read_text(encoding="utf-8")) if REASONS.exists() else {}
    if "--markdown" in sys.argv:
        print(markdown(reasons), end="")
        return 0
    path = paths[0] if paths else Path(__file__).parents[2] / "shared" / "data" / "asl_lex_phonology.csv"
    if not path.exists():
        sys.exit(f"{path}: not there; give the csv of ASL-LEX 2.0")
    found = compare(path)
    print(report(found))
    differing = disagreements(found)
    if "--list" in sys.argv:
        for name, signs in differing.items():
            for sign, codes in signs.items():
                print(f"{name:10} {sign:22} {codes['ours']:30} ASL-LEX: {codes['asl_lex']}")
    if "--renew" in sys.argv:
        reasons = renewed(differing, reasons)
        write(reasons)
    wrong = problems(differing, reasons)
    print("\n".join(wrong) or "every disagreement has its reason")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
