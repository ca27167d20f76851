"""Figures of a data set: hours, frames, hands and faces by language, split and signer, and what was rejected."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from signgen.data.files import read_file
from signgen.data.strict_json import parse_json_object
from signgen.dataset.folder import SUMS, VIDEOS, Folder
from signgen.dataset.status import Status, read_status
from signgen.errors import DataError

# What figures are told by.
GROUPS = ("signed_language", "spoken_language", "split", "signer", "source", "licence")
UNKNOWN = "unknown"
MAX_LIST_BYTES = 1 << 31


@dataclass(frozen=True)
class Figures:
    """Figures of some videos that can be used; shares are of their frames.

    Attributes:
        videos: their number.
        frames: of all of them.
        hours: of all of them.
        hands: share of frames in which at least a hand is seen.
        face: share of frames in which the face is seen.
        captioned: how many have a text.
    """

    videos: int
    frames: int
    hours: float
    hands: float
    face: float
    captioned: int


@dataclass(frozen=True)
class Stats:
    """Figures of a data set.

    Attributes:
        whole: all videos that can be used.
        groups: figures by the value of each of `GROUPS`.
        rejected: videos that cannot be used by the name of the reason; one with two reasons counts twice.
        noted: what was odd about videos that can be used, likewise.
        rejects: number of videos that cannot be used.
        pending: number of videos that are not done yet.
    """

    whole: Figures
    groups: Mapping[str, Mapping[str, Figures]]
    rejected: Mapping[str, int]
    noted: Mapping[str, int]
    rejects: int
    pending: int


def read_statuses(folder: Path) -> Iterator[Status]:
    """The records of all videos in a data set, by name.

    Raises:
        DataError: this is no data set, or a record is damaged.
    """
    place = Folder(folder)
    if not (folder / "videos").is_dir():
        raise DataError(f"{folder}: no data set here; `signgen dataset build MANIFEST -o {folder}` makes one")
    names = _listed(folder) or [path.name for path in sorted((folder / "videos").iterdir())]
    for name in names:
        status = read_status(place.status(name))
        if status is not None:
            yield status


def _listed(folder: Path) -> list[str]:
    """The videos of a data set that is finished; without it, every folder is one."""
    if not (folder / SUMS).exists():
        return []
    rows = read_file(folder / VIDEOS, MAX_LIST_BYTES).splitlines()
    return [str(parse_json_object(row, str(folder / VIDEOS)).get("video_id")) for row in rows]


def stats(statuses: Iterable[Status]) -> Stats:
    """The figures of the videos with these records."""
    statuses = list(statuses)
    done = [status for status in statuses if status.outcome == "done"]
    bad = [status for status in statuses if status.outcome == "rejected"]
    return Stats(
        figures(done),
        {name: _grouped(done, name) for name in GROUPS},
        _counted(reason.name for status in bad for reason in status.reasons),
        _counted(note.name for status in done for note in status.notes),
        len(bad),
        len(statuses) - len(done) - len(bad),
    )


def figures(done: Iterable[Status]) -> Figures:
    """The figures of videos that can be used."""
    facts = [status.facts for status in done]
    frames = sum(row["frames"] for row in facts)

    def share(name: str) -> float:
        return round(sum(row[name] * row["frames"] for row in facts) / frames, 4) if frames else 0.0

    hours = round(sum(row["seconds"] for row in facts) / 3600, 6)
    return Figures(
        len(facts),
        frames,
        hours,
        share("any_hand"),
        share("face"),
        sum(bool(row["has_text"]) for row in facts),
    )


def _grouped(done: Iterable[Status], name: str) -> dict[str, Figures]:
    groups: dict[str, list[Status]] = defaultdict(list)
    for status in done:
        groups[status.sample.get(name) or UNKNOWN].append(status)
    return {value: figures(groups[value]) for value in sorted(groups)}


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))
