"""Look a lexicon through: unreadable and missing recordings, missing hands, mixed rates, duplicates."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from signgen.data.languages import is_known
from signgen.errors import SignGenError
from signgen.lexicon.entry import Entry
from signgen.lexicon.lexicon import Lexicon, cut, open_lexicon, whole_clip
from signgen.pose.layout import LEFT_HAND, RIGHT_HAND
from signgen.pose.sequence import PoseSequence

# A sign may start and end with the hands out of the picture; in half of it they must be there.
_MIN_HANDS = 0.5
# The median PHOENIX-2014T sign lasts 0.5 s and the 95th percentile 1.2 s; a whole sentence is no sign.
_MAX_SECONDS = 10.0
_READ = 1 << 20


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a lexicon.

    Attributes:
        severity: ``error`` (the entry cannot be signed) or ``warning``.
        kind: ``missing``, ``unreadable``, ``no_hands``, ``long``, ``mixed_rates``, ``same_content``,
            ``same_variant`` or ``language``.
        where: the file, or the index.
        message: one line.
    """

    severity: Literal["error", "warning"]
    kind: str
    where: str
    message: str


def check_lexicon(spec: str | Path | Lexicon) -> list[Finding]:
    """Read every recording of a lexicon and say what is wrong, errors first.

    Raises:
        SignGenError: the lexicon cannot be opened at all.
    """
    lexicon = spec if isinstance(spec, Lexicon) else open_lexicon(spec)
    findings = [*_languages(lexicon), *_same_variant(lexicon.entries), *_same_content(lexicon.entries)]
    rates: Counter[float] = Counter()
    for entry in lexicon.entries:
        findings.extend(_check_entry(entry, rates))
    if len(rates) > 1:
        counts = ", ".join(f"{count} at {fps:g} fps" for fps, count in rates.most_common())
        findings.append(Finding("warning", "mixed_rates", lexicon.name, f"several frame rates: {counts}"))
    return sorted(findings, key=lambda finding: finding.severity)


def _check_entry(entry: Entry, rates: Counter[float]) -> Iterator[Finding]:
    where = f"{entry.path}#{entry.sign}" if entry.sign else str(entry.path)
    if not entry.path.exists():
        yield Finding("error", "missing", where, f"{entry.gloss}: the recording is missing")
        return
    try:
        poses = cut(whole_clip(entry), entry)
    except SignGenError as error:
        yield Finding("error", "unreadable", where, f"{entry.gloss}: {error}")
        return
    rates[round(poses.fps, 2)] += 1
    share = hands_share(poses)
    if share < _MIN_HANDS:
        yield Finding(
            "warning", "no_hands", where, f"{entry.gloss}: a hand is seen in {share:.0%} of the frames"
        )
    if poses.seconds > _MAX_SECONDS:
        yield Finding("warning", "long", where, f"{entry.gloss}: {poses.seconds:.1f} s is long for one sign")


def hands_share(poses: PoseSequence) -> float:
    """Share of the frames in which at least half of the keypoints of a hand are seen."""
    seen = [(poses.part(hand)[..., 2] > 0).mean(axis=1) >= 0.5 for hand in (LEFT_HAND, RIGHT_HAND)]
    return float(np.logical_or(*seen).mean()) if len(poses) else 0.0


def _languages(lexicon: Lexicon) -> Iterator[Finding]:
    for code in lexicon.signed_languages:
        if not is_known(code):
            yield Finding(
                "warning", "language", lexicon.name, f"signed language {code!r} is not in ISO 639-3"
            )


def _same_variant(entries: Sequence[Entry]) -> Iterator[Finding]:
    groups: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
    for entry in entries:
        key = (entry.lexicon, entry.spoken_language, entry.signed_language, entry.gloss, entry.variant)
        groups[(*key, entry.signer)].append(entry)
    for same in groups.values():
        if len(same) > 1:
            first = same[0]
            name = f"{first.gloss} ({first.signed_language})"
            text = f"{name}: {len(same)} entries of one variant; name their variants"
            yield Finding("warning", "same_variant", str(first.path), text)


def _same_content(entries: Sequence[Entry]) -> Iterator[Finding]:
    """Different files with the same bytes; only files of the same size are read."""
    sizes: dict[int, set[Path]] = defaultdict(set)
    for path in {entry.path for entry in entries if entry.path.is_file()}:
        sizes[path.stat().st_size].add(path)
    digests: dict[str, list[Path]] = defaultdict(list)
    for paths in sizes.values():
        for path in sorted(paths) if len(paths) > 1 else ():
            digests[_digest(path)].append(path)
    for same in digests.values():
        if len(same) > 1:
            others = ", ".join(path.name for path in same[1:])
            yield Finding("warning", "same_content", str(same[0]), f"the same recording as {others}")


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_READ):
            digest.update(block)
    return digest.hexdigest()
