"""A sign sheet: every sign of a lexicon as a strip of pictures on one page that signers can search and correct."""

from __future__ import annotations

import io
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from signgen.config import merge
from signgen.data.atomic import atomic_path
from signgen.errors import ConfigError, LexiconError, SignGenError
from signgen.lexicon.entry import Entry
from signgen.lexicon.lexicon import Lexicon, open_lexicon
from signgen.lexicon.notation_source import source_of
from signgen.pose.geometry import affine
from signgen.pose.layout import (
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_WRIST,
    NUM_KEYPOINTS,
    RIGHT_ELBOW,
    RIGHT_EYE,
    RIGHT_HAND,
    RIGHT_WRIST,
)
from signgen.pose.sequence import PoseSequence
from signgen.workflow import outputs
from signgen.workflow import sign_sheet_page as page
from signgen.workflow.progress import Progress, counted, silent
from signgen.workflow.settings import Job, prepare
from signgen.workflow.sign_sheet_page import Card, Strip

SUFFIXES = (".html", ".htm")
COLUMNS, ROWS = 6, 2
# Side of one picture [px] for up to so many signs: a page of a thousand signs stays near 20 MB.
SIDES = ((200, 256), (1500, 192), (4000, 128))
SMALLEST_SIDE = 96
QUALITY = 40
# Free room around the signer, and the least that a picture shows, in shares of what is shown and of the canvas.
MARGIN, LEAST_SHOWN, OUTSIDE = 1.1, 0.2, 0.1
# A forearm hangs where its slope down is at least this (sine of the angle).
HANGING = 0.85
# Everything but hips and legs.
_UPPER = np.r_[0 : LEFT_WRIST + 1, RIGHT_EYE:NUM_KEYPOINTS]


@dataclass(frozen=True)
class SignSheet:
    """A sheet that was written.

    Attributes:
        path: where.
        bytes: its size.
        signs: how many signs are on it.
        broken: complaints about those that have no pictures.
    """

    path: Path
    bytes: int
    signs: int
    broken: tuple[str, ...]


def sign_sheet(
    lexicon: str | Path | Lexicon,
    output: str | Path,
    config: Mapping[str, Any] | None = None,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> SignSheet:
    """Write one HTML page with pictures, words and notation of every sign of a lexicon.

    Args:
        lexicon: as in `open_lexicon`, or one that is open.
        output: the page, ``.html``.
        config: settings; of the parts only ``renderer`` is used, by default ``skeleton``.
        force: replace a page that exists.
        progress: told how many signs are drawn.

    Raises:
        ConfigError: a bad setting, or the page exists.
        LexiconError: the lexicon cannot be opened or is empty.
        SignGenError: not one of the signs can be drawn; then it is the complaint of the first.
    """
    output = Path(output)
    if output.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"{output}: expected the name of a page, such as {output.stem or 'sheet'}.html")
    outputs.refuse_existing((output,), force)
    job = prepare(merge({"renderer": {"name": "skeleton"}}, config or {}))
    opened = lexicon if isinstance(lexicon, Lexicon) else open_lexicon(lexicon)
    if not opened.entries:
        raise LexiconError(f"{opened.name}: no signs in it, so there is nothing to show")
    with atomic_path(output) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        broken = _write(file, opened, job, progress)
    return SignSheet(output, output.stat().st_size, len(opened.entries), tuple(broken))


def _write(file: TextIO, lexicon: Lexicon, job: Job, progress: Progress) -> list[str]:
    """Write the page and return the complaints of the signs without pictures."""
    entries = sorted(lexicon.entries, key=_order(lexicon))
    topics = Counter(topic_of(entry) for entry in entries)
    shares_licence = len(lexicon.licences) < 2
    strips = _strips(lexicon, entries, job)
    broken: list[str] = []
    open_topic = ""
    file.write(page.head(lexicon.name, topics, lexicon.licences))
    for number, strip in enumerate(counted(strips, "drawing signs", len(entries), progress), start=1):
        entry = entries[number - 1]
        if isinstance(strip, SignGenError):
            broken.append(f"{entry.gloss}: {strip}")
            if len(broken) == len(entries):
                raise strip
        if topic_of(entry) != open_topic:
            file.write(page.topic_end() if open_topic else "")
            open_topic = topic_of(entry)
            file.write(page.topic_start(open_topic, list(topics).index(open_topic) + 1))
        shown = strip if isinstance(strip, Strip) else str(strip)
        file.write(page.card(_card(entry, shown, shares_licence), number))
    file.write(page.topic_end() + page.tail())
    return broken


def topic_of(entry: Entry) -> str:
    """Where a sign stands on the page: its notation file, or the lexicon and language of a recording."""
    if entry.sign:
        return entry.path.stem.replace("_", " ")
    return (
        entry.lexicon
        if entry.signed_language in entry.lexicon
        else f"{entry.lexicon} {entry.signed_language}"
    )


def _order(lexicon: Lexicon) -> Any:
    """Topics as they first come, and within them the entries as they come (sorting is stable)."""
    ranks = {topic: rank for rank, topic in enumerate(dict.fromkeys(map(topic_of, lexicon.entries)))}
    return lambda entry: ranks[topic_of(entry)]


def _card(entry: Entry, strip: Strip | str, shares_licence: bool) -> Card:
    source = source_of(entry)
    span = "" if entry.start == 0 and entry.end is None else f" from {entry.start:.2f} s"
    return Card(
        gloss=entry.gloss,
        words=entry.words,
        language=entry.spoken_language,
        name=entry.id,
        variant=entry.variant,
        origin=f"{entry.path.name}:{source.line}" if source else entry.path.name + span,
        licence="" if shares_licence else entry.licence,
        notation=source.text if source else "",
        strip=strip,
    )


def _strips(lexicon: Lexicon, entries: list[Entry], job: Job) -> Iterator[Strip | SignGenError]:
    """The strips in order: drawn here one after the other, encoded by other threads meanwhile."""
    side = next((side for most, side in SIDES if len(entries) <= most), SMALLEST_SIDE)
    pool = ThreadPoolExecutor(2)
    waiting: deque[Future[Strip] | SignGenError] = deque()
    try:
        for entry in entries:
            waiting.append(_started(lexicon, entry, side, job, pool))
            if len(waiting) > 4:
                yield _finished(waiting.popleft())
        while waiting:
            yield _finished(waiting.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _started(
    lexicon: Lexicon, entry: Entry, side: int, job: Job, pool: ThreadPoolExecutor
) -> Future[Strip] | SignGenError:
    try:
        poses = lexicon.load(entry)
        rows = ROWS if len(poses) > COLUMNS else 1
        sheet = _drawn(poses, rows, side, job)
    except ConfigError:
        raise
    except SignGenError as error:
        return error
    return pool.submit(_strip, sheet, side, rows, poses.seconds)


def _finished(strip: Future[Strip] | SignGenError) -> Strip | SignGenError:
    return strip if isinstance(strip, SignGenError) else strip.result()


def _drawn(poses: PoseSequence, rows: int, side: int, job: Job) -> np.ndarray:
    """(rows * side, COLUMNS * side, 3) uint8: evenly spaced frames, column by column."""
    count = (COLUMNS - 1) * rows + 1
    wanted = np.linspace(0, len(poses) - 1, count).round().astype(int)
    frames = {}
    for t, frame in enumerate(job.renderer(framed(poses, side), seed=job.seed)):
        if frame.shape != (side, side, 3):
            raise ConfigError(
                "renderer: the sheet sets the size of its pictures; leave size, width and height out"
            )
        if t in wanted:
            frames[t] = frame.copy()
    sheet = np.empty((rows * side, COLUMNS * side, 3), np.uint8)
    sheet[:] = frames[0][0, 0]
    for i, t in enumerate(wanted):
        y, x = i % rows * side, i // rows * side
        sheet[y : y + side, x : x + side] = frames[t]
    return sheet


def framed(poses: PoseSequence, side: int) -> PoseSequence:
    """The poses scaled so that head, arms and hands of the whole clip fill a square canvas.

    A hand that hangs down all the time says nothing and is left out of the picture where the other is raised.
    """
    seen = poses.keypoints[:, _shown(poses)]
    points = seen[seen[..., 2] > 0][:, :2]
    canvas = np.array([poses.width, poses.height], float)
    if len(points) == 0:
        points = np.array([[0, 0], canvas])
    points = np.clip(points, -OUTSIDE * canvas, (1 + OUTSIDE) * canvas)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = side / max(MARGIN * (high - low).max(), LEAST_SHOWN * canvas.max())
    x, y = side / 2 - scale * (low + high) / 2
    return affine(poses, np.array([[scale, 0, x], [0, scale, y]]), side, side)


def _shown(poses: PoseSequence) -> np.ndarray:
    """Numbers of the keypoints that must be in the picture."""
    arms = (
        (RIGHT_ELBOW, RIGHT_WRIST, np.r_[RIGHT_WRIST, RIGHT_HAND]),
        (LEFT_ELBOW, LEFT_WRIST, np.r_[LEFT_WRIST, LEFT_HAND]),
    )
    hanging = [hand for elbow, wrist, hand in arms if _hangs(poses.keypoints, elbow, wrist)]
    return np.setdiff1d(_UPPER, hanging[0]) if len(hanging) == 1 else _UPPER


def _hangs(keypoints: np.ndarray, elbow: int, wrist: int) -> bool:
    """Whether a forearm points down in every frame that shows it."""
    both = (keypoints[:, elbow, 2] > 0) & (keypoints[:, wrist, 2] > 0)
    way = keypoints[both, wrist, :2] - keypoints[both, elbow, :2]
    return bool(both.any() and (way[:, 1] > HANGING * np.linalg.norm(way, axis=1)).all())


def _strip(sheet: np.ndarray, side: int, rows: int, seconds: float) -> Strip:
    import imageio.v3 as iio

    buffer = io.BytesIO()
    iio.imwrite(buffer, sheet, extension=".webp", quality=QUALITY, method=4)
    return Strip(buffer.getvalue(), side, COLUMNS, rows, seconds)
