"""`Lexicon`: recordings of isolated signs with the words they stand for, from one folder or several layers."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor
from pathlib import Path

from signgen.errors import LexiconError
from signgen.lexicon.entry import Entry
from signgen.lexicon.index import INDEX_NAME, read_index
from signgen.lexicon.lookup import Tables, build_tables
from signgen.pose.sequence import PoseSequence

# 128 MiB hold about 40 minutes of signs at 24 fps: every sign of a long text stays, a whole corpus does not.
CACHE_BYTES = 128 << 20


class Lexicon:
    """Recordings of isolated signs.

    Attributes:
        name: what the user called it; the names of layers are joined by ``+``.
        folders: the folders of its layers, first layer first.
        entries: all recordings, first layer first.
    """

    def __init__(self, name: str, folders: Iterable[Path], entries: Iterable[Entry]) -> None:
        self.name = name
        self.folders = tuple(folders)
        self.entries = tuple(entries)
        self._tables: dict[tuple[str, str], Tables] = {}
        self._clips: OrderedDict[tuple[Path, str, float, float | None], PoseSequence] = OrderedDict()
        self._clip_bytes = 0
        self._recording: tuple[Path, PoseSequence] | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Lexicon({self.name!r}, {len(self.entries)} entries)"

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The (spoken, signed) language pairs, in the order in which they come."""
        return tuple(dict.fromkeys((e.spoken_language, e.signed_language) for e in self.entries))

    @property
    def spoken_languages(self) -> tuple[str, ...]:
        """Codes of the languages of its words."""
        return tuple(dict.fromkeys(spoken for spoken, _ in self.pairs))

    @property
    def signed_languages(self) -> tuple[str, ...]:
        """Codes of its signed languages."""
        return tuple(dict.fromkeys(signed for _, signed in self.pairs))

    @property
    def licences(self) -> tuple[str, ...]:
        """The licences of its recordings."""
        return tuple(dict.fromkeys(e.licence for e in self.entries if e.licence))

    def tables(self, spoken_language: str, signed_language: str) -> Tables:
        """Lookup tables of one language pair, built when first asked for."""
        pair = (spoken_language, signed_language)
        if pair not in self._tables:
            self._tables[pair] = build_tables(self.entries, *pair)
        return self._tables[pair]

    def forget(self) -> None:
        """Drop the recordings kept in memory."""
        with self._lock:
            self._clips.clear()
            self._clip_bytes = 0
            self._recording = None

    def load(self, entry: Entry) -> PoseSequence:
        """The poses of an entry, cut to its span; the most recently used are kept in memory.

        Raises:
            DataError: the recording is missing, damaged or of an unknown format.
            LexiconError: the span lies outside the recording, or nothing is in it.
        """
        key = (entry.path, entry.sign, entry.start, entry.end)
        with self._lock:
            if key in self._clips:
                self._clips.move_to_end(key)
                return self._clips[key]
            clip = cut(self._read(entry), entry)
            self._clips[key] = clip
            self._clip_bytes += _size(clip)
            while self._clip_bytes > CACHE_BYTES and len(self._clips) > 1:
                self._clip_bytes -= _size(self._clips.popitem(last=False)[1])
            return clip

    def _read(self, entry: Entry) -> PoseSequence:
        """The whole recording; the last one is kept, for lexicons that cut many signs from one file."""
        if entry.sign:
            return whole_clip(entry)
        if self._recording is not None and self._recording[0] == entry.path:
            return self._recording[1]
        poses = whole_clip(entry)
        self._recording = (entry.path, poses)
        return poses


def whole_clip(entry: Entry) -> PoseSequence:
    """All of a recording, or the whole movement of a sign in notation.

    Raises:
        DataError: the recording is missing, damaged or of an unknown format.
        LexiconError: the notation is bad.
    """
    if entry.sign:
        from signgen.lexicon.written import synthesised

        return synthesised(entry)
    from signgen.data.poses import read_pose

    return read_pose(entry.path)


def cut(poses: PoseSequence, entry: Entry) -> PoseSequence:
    """The frames of ``poses`` that the span of ``entry`` touches; an end after the last frame is the last frame.

    Raises:
        LexiconError: no frame is left.
    """
    # A time that was rounded to a millisecond may fall just short of its frame.
    slack = 0.0006 * poses.fps
    first = floor(entry.start * poses.fps + slack)
    last = len(poses) if entry.end is None else min(len(poses), ceil(entry.end * poses.fps - slack))
    if last <= first:
        span = f"{entry.start:g} to {'the end' if entry.end is None else f'{entry.end:g} s'}"
        raise LexiconError(
            f"{entry.path}: the span {span} has no frame of the recording ({poses.seconds:g} s); "
            f"correct it in {INDEX_NAME}"
        )
    return poses if (first, last) == (0, len(poses)) else poses[first:last]


def open_lexicon(spec: str | Path) -> Lexicon:
    """Open a lexicon.

    Args:
        spec: ``ase``, the built-in lexicon; a folder with ``index.csv`` or with signs in notation
            (docs/notation.md); ``fingerspelling:<iso>`` for the letters of a sign language in the
            installed spoken-to-signed package; several joined by ``+``, where the first layer is looked up
            first.

    Raises:
        LexiconError: no such folder, or a bad index.
        ConfigError: no such fingerspelling alphabet; the text lists the ones there are.
        DependencyError: the spoken-to-signed package is not installed.
    """
    text = str(spec)
    if isinstance(spec, Path) or Path(text).is_dir() or "+" not in text:
        return _open_one(text)
    layers = [_open_one(part.strip()) for part in text.split("+")]
    return Lexicon(
        "+".join(layer.name for layer in layers),
        (folder for layer in layers for folder in layer.folders),
        (entry for layer in layers for entry in layer.entries),
    )


@dataclass(frozen=True)
class LexiconInfo:
    """One line of ``signgen lexicon list``."""

    name: str
    spoken_languages: tuple[str, ...]
    signed_languages: tuple[str, ...]
    entries: int
    licences: tuple[str, ...]
    folder: Path


def available_lexicons() -> tuple[LexiconInfo, ...]:
    """The lexicons that can be opened by name: the built-in ones and those of installed packages."""
    from signgen.lexicon.installed import fingerspelling_entries, fingerspelling_folder
    from signgen.lexicon.written import BUILT_IN

    own = tuple(describe(_open_one(name)) for name in BUILT_IN)
    if fingerspelling_folder() is None:
        return own
    folder, entries = fingerspelling_entries()
    return own + tuple(describe(Lexicon(name, (folder,), of_one)) for name, of_one in sorted(entries.items()))


def describe(lexicon: Lexicon) -> LexiconInfo:
    """What ``signgen lexicon list`` tells about a lexicon."""
    return LexiconInfo(
        lexicon.name,
        lexicon.spoken_languages,
        lexicon.signed_languages,
        len(lexicon.entries),
        lexicon.licences,
        lexicon.folders[0],
    )


def _open_one(spec: str) -> Lexicon:
    from signgen.lexicon.installed import PREFIX, open_fingerspelling
    from signgen.lexicon.written import BUILT_IN, built_in, is_written, open_written

    if spec in BUILT_IN and not Path(spec).is_dir():
        folder, entries = built_in(spec)
        return Lexicon(spec, (folder,), entries)
    if spec == PREFIX or spec.startswith(f"{PREFIX}:"):
        folder, entries = open_fingerspelling(spec.partition(":")[2])
        return Lexicon(spec, (folder,), entries)
    folder = Path(spec).expanduser()
    if not spec or not folder.is_dir():
        raise LexiconError(
            f"{spec or 'lexicon'}: no such lexicon folder; give a folder with {INDEX_NAME}, {', '.join(BUILT_IN)}, or "
            f"{PREFIX}:<sign language> (`signgen lexicon list`)"
        )
    name = folder.resolve().name
    if is_written(folder):
        return Lexicon(name, (folder,), open_written(folder, name))
    return Lexicon(name, (folder,), read_index(folder, name))


def _size(poses: PoseSequence) -> int:
    return poses.keypoints.nbytes + (0 if poses.depth is None else poses.depth.nbytes)
