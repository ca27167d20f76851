"""Make a lexicon from a folder of recordings: whole or not at all."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from signgen.data.video import SUFFIXES as VIDEO_SUFFIXES
from signgen.errors import DataError, DependencyError, LexiconError, PoseError, ResourceError
from signgen.lexicon.check import Finding
from signgen.lexicon.entry import Entry
from signgen.lexicon.index import INDEX_NAME, language_code, read_index, write_index
from signgen.lexicon.keys import gloss_key
from signgen.lexicon.lexicon import cut
from signgen.pose.sequence import PoseSequence

POSE_SUFFIXES = (".pose", ".npz")

_NAME = re.compile(r"(?P<gloss>.+?)(?:[_ -](?P<variant>\d{1,3}))?")


@dataclass(frozen=True)
class BuildReport:
    """What became of the recordings.

    Attributes:
        folder: the new lexicon.
        entries: what is in it.
        findings: recordings that were left out, and why.
    """

    folder: Path
    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]


def build_lexicon(
    source: Path,
    out: Path,
    *,
    spoken_language: str,
    signed_language: str,
    table: Path | None = None,
    licence: str = "",
    signer: str = "",
    read: Callable[[Entry], PoseSequence] | None = None,
) -> BuildReport:
    """Make the lexicon ``out`` from the recordings under ``source``.

    Words and glosses come from a table (``table``, or ``source/index.csv`` if there is one) in the columns of
    `signgen.lexicon.index`, else from file names: ``HOUSE_1.pose`` is variant 1 of HOUSE. Each sign is cut to
    its span and written as a dense ``.npz``. Files that cannot be read are left out and reported.

    Args:
        source: a folder of pose files, or, with ``read``, of videos.
        out: the new folder.
        spoken_language: code of the words.
        signed_language: ISO 639-3 code.
        table: the entries, in the columns of an index.
        licence: of the recordings.
        signer: who signs.
        read: gives the poses of an entry, cut to its sign; a DataError or PoseError of it leaves the entry out.

    Raises:
        LexiconError: nothing to build from, a bad table, or ``out`` exists.
        DependencyError: there are videos and no ``read``.
        ResourceError: ``out`` cannot be written.
    """
    check_target(out)
    wanted = recordings(
        source, spoken_language=spoken_language, signed_language=signed_language, table=table, licence=licence,
        signer=signer,
    )  # fmt: skip
    if read is None:
        _refuse_videos(sorted({e.path for e in wanted if is_video(e.path)}))
    with _new_folder(out) as folder:
        entries, findings = _copy(wanted, folder, read or _read)
        if not entries:
            raise LexiconError(
                f"{source}: none of {len(findings)} recordings can be used; the first: {findings[0].message}"
            )
        write_index(entries, folder)
    name = out.resolve().name
    placed = (replace(e, lexicon=name, path=out / e.path.relative_to(folder)) for e in entries)
    return BuildReport(out, tuple(placed), findings)


def check_target(out: Path) -> None:
    """Raise LexiconError if ``out`` holds anything."""
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise LexiconError(f"{out}: already exists; name a new folder")


def is_video(path: Path) -> bool:
    """Whether a recording is a video by its name."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def recordings(
    source: Path,
    *,
    spoken_language: str,
    signed_language: str,
    table: Path | None = None,
    licence: str = "",
    signer: str = "",
) -> tuple[Entry, ...]:
    """What `build_lexicon` makes entries of: the rows of the table, or the files by their names.

    Raises:
        LexiconError: no such folder, nothing in it, or a bad table.
    """
    if not source.is_dir():
        raise LexiconError(f"{source}: no such folder; give a folder of pose files or videos")
    defaults = {
        "spoken_language": language_code(spoken_language, "spoken_language", "lexicon build"),
        "signed_language": language_code(signed_language, "signed_language", "lexicon build"),
        "licence": licence,
        "signer": signer,
    }
    if table is None and (source / INDEX_NAME).is_file():
        table = source / INDEX_NAME
    return _from_table(source, table, defaults) if table else _from_names(source, defaults)


def name_parts(stem: str) -> tuple[str, str]:
    """Gloss and variant in a file name.

    >>> name_parts("HOUSE_1"), name_parts("thank_you"), name_parts("10"), name_parts("HOUSE1A^")
    (('HOUSE', '1'), ('THANK YOU', ''), ('10', ''), ('HOUSE1A^', ''))
    """
    match = _NAME.fullmatch(stem)
    gloss, variant = (match["gloss"], match["variant"] or "") if match else (stem, "")
    return gloss.replace("_", " ").strip().upper() or stem, variant


def _from_table(source: Path, table: Path, defaults: dict[str, str]) -> tuple[Entry, ...]:
    return read_index(source, source.resolve().name, table, defaults)


def _from_names(source: Path, defaults: dict[str, str]) -> tuple[Entry, ...]:
    files = sorted(path for path in source.rglob("*") if path.is_file() and not path.name.startswith("."))
    poses = [path for path in files if path.suffix.lower() in POSE_SUFFIXES]
    known = {path.with_suffix("") for path in poses}
    videos = [path for path in files if is_video(path) and path.with_suffix("") not in known]
    if not poses and not videos:
        raise LexiconError(f"{source}: no pose files ({', '.join(POSE_SUFFIXES)}) and no videos")
    return tuple(_named(path, defaults) for path in sorted(poses + videos))


def _named(path: Path, defaults: dict[str, str]) -> Entry:
    gloss, variant = name_parts(path.stem)
    return Entry(
        lexicon="",
        path=path,
        spoken_language=defaults["spoken_language"],
        signed_language=defaults["signed_language"],
        words=(gloss_key(gloss),),
        glosses=(gloss,),
        priority=int(variant or 0),
        variant=variant,
        licence=defaults["licence"],
        signer=defaults["signer"],
    )


def _refuse_videos(videos: list[Path]) -> None:
    if videos:
        raise DependencyError(
            f"{videos[0]}: {len(videos)} videos need an extractor of poses: name one with --extractor, "
            "or give pose files of the same names beside them"
        )


def _read(entry: Entry) -> PoseSequence:
    from signgen.data.poses import read_pose

    return cut(read_pose(entry.path), entry)


def _copy(
    wanted: Iterable[Entry], folder: Path, read: Callable[[Entry], PoseSequence]
) -> tuple[tuple[Entry, ...], tuple[Finding, ...]]:
    """Write each sign into ``folder``; returns what was written and what was left out."""
    from signgen.data.npz import write_npz

    entries: list[Entry] = []
    findings: list[Finding] = []
    taken: set[str] = set()
    for entry in wanted:
        try:
            poses = read(entry)
        except (DataError, PoseError, LexiconError) as error:
            findings.append(Finding("error", "unreadable", str(entry.path), str(error)))
            continue
        name = _free_name(entry.path.name.removesuffix(entry.path.suffix), taken)
        write_npz(poses, folder / entry.signed_language / name)
        entries.append(replace(entry, path=folder / entry.signed_language / name, start=0.0, end=None))
    return tuple(entries), tuple(findings)


def _free_name(stem: str, taken: set[str]) -> str:
    """A file name not used yet, also not in another case: some systems would take them for one."""
    number = 1
    name = f"{stem}.npz"
    while name.lower() in taken:
        number += 1
        name = f"{stem}_{number}.npz"
    taken.add(name.lower())
    return name


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """A temporary folder beside ``out`` that takes its name when the block ends well."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise ResourceError(f"{out}: cannot be written: {error.strerror}; choose another folder") from None
    try:
        yield folder
        folder.chmod(0o755)
        folder.replace(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
