"""A few samples of a plan, made by the clock in a temporary folder, so that all can be judged by them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from signgen.batch.launcher import MakerOf
from signgen.batch.plan import Plan, job_of
from signgen.batch.sample import Sample
from signgen.batch.spool import Spool
from signgen.data.npz import decode_npz
from signgen.data.strict_json import to_json
from signgen.data.tar_clips import POSES
from signgen.data.video import write_video
from signgen.errors import SignGenError
from signgen.workflow.settings import Job

# Frames drawn of a clip; and of these the first few alone, to tell what a film weighs from what a frame does.
FRAMES, FIRST_FRAMES = 24, 8
# Models small enough to be drawn by a processor while somebody waits.
SMALL_MODELS = ("tiny-flow",)

# Wall time and processor time of this process [s].
Clock = Callable[[], tuple[float, float]]


@dataclass(frozen=True)
class Probe:
    """One sample that was made to judge the others by; a clip of which frames were left out counts whole.

    Attributes:
        letters: of its text.
        signing: how long it is [s].
        bytes: on disk.
        wall: time to make it [s].
        cpu: processor time to make it, of all cores [s].
        once: what its first making took longer [s].
        entries: signs it uses.
    """

    letters: int
    signing: float
    bytes: float
    wall: float
    cpu: float
    once: float = 0.0
    entries: frozenset[str] = frozenset()


def spread(samples: Sequence[Sample], count: int) -> list[Sample]:
    """Samples from short to long and of many choices, the middle ones first.

    The samples are cut by length into as many equal parts, and of each one is taken whose choices were seen least.
    """
    order = sorted(range(len(samples)), key=lambda number: (len(samples[number].text), samples[number].id))
    count = min(count, len(order))
    seen: dict[str, int] = {}
    chosen = []
    for part in range(count):
        first, last = part * len(order) // count, (part + 1) * len(order) // count
        middle = (first + last) // 2
        near = [samples[number] for number in islice(order, middle, min(last, middle + 64))]
        best = min(near, key=lambda sample: seen.get(to_json(sample.choices), 0))
        seen[to_json(best.choices)] = seen.get(to_json(best.choices), 0) + 1
        chosen.append(best)
    # Time may end early: then those made are still spread over all lengths.
    return [chosen[number] for number in _bisected(count)]


def _bisected(count: int) -> Iterator[int]:
    """Numbers below ``count``: the middle, the middles of both halves, and so on.

    >>> list(_bisected(7))
    [3, 1, 5, 0, 2, 4, 6]
    """
    parts = [(0, count)]
    while parts:
        yield from ((low + high) // 2 for low, high in parts)
        halves = [((low, (low + high) // 2), ((low + high) // 2 + 1, high)) for low, high in parts]
        parts = [half for pair in halves for half in pair if half[0] < half[1]]


class Prober:
    """Makes samples by the clock: poses twice, then a few frames of them where a video is wanted.

    Args:
        plan: what was planned.
        folder: for what is made; nothing in it is needed later.
        clock: tells the time.
        maker: makes the poses.

    Attributes:
        failed: what samples that could not be made said.
        signs: how many signs the lexicon has; 0 if there is none.
        model: renderer that was not tried, for it needs more than a moment; empty if there is none.
    """

    def __init__(self, plan: Plan, folder: Path, clock: Clock, maker: MakerOf) -> None:
        self.failed: list[str] = []
        self.signs, self.model = 0, ""
        self._plan, self._clock = plan, clock
        self._make = maker(replace(plan, kind="poses"))
        self._trays = [_Tray(folder, name) for name in ("first", "again")]
        self._film = folder / "film.mp4"
        self._jobs: dict[str, Job] = {}
        self._warm: set[str] = set()

    def probe(self, sample: Sample) -> Probe | None:
        """A sample made; None if it cannot be, which is no reason to refuse the plan."""
        times = [self._clock()]
        try:
            for tray in self._trays:
                outcome = self._make(sample, tray)
                times.append(self._clock())
                if line := getattr(outcome, "line", ""):
                    self.failed.append(line)
                    return None
            return self._drawn(sample, self._signed(sample, times))
        except (SignGenError, OSError, MemoryError) as error:
            self.failed.append(str(error))
            return None

    def _signed(self, sample: Sample, times: Sequence[tuple[float, float]]) -> Probe:
        (begun, _), (middle, before), (ended, after) = times
        tray = self._trays[-1]
        source = self._job(sample).source
        lexicon = getattr(getattr(source, "source", source), "opened", None)
        self.signs = max(self.signs, len(getattr(lexicon, "entries", ())))
        return Probe(
            letters=len(sample.text),
            signing=tray.record["seconds"],
            bytes=tray.size,
            wall=ended - middle,
            cpu=after - before,
            once=max(0.0, (middle - begun) - (ended - middle)),
            entries=frozenset(row["entry"] for row in tray.record.get("sources", ())),
        )

    def _drawn(self, sample: Sample, made: Probe) -> Probe:
        """Add what drawing the whole clip would take, judged by frames from its middle."""
        if self._plan.kind != "video":
            return made
        job, key = self._job(sample), to_json(sample.choices)
        name = job.config["renderer"]["name"]
        if getattr(job.renderer, "device", "") and name not in SMALL_MODELS:
            self.model = name
            return made
        poses = decode_npz(self._trays[-1].members[POSES], "calibration")
        frames, first = len(poses), max(0, (len(poses) - FRAMES) // 2)
        poses = poses[first : first + FRAMES]
        times = [self._clock()]
        if key not in self._warm:
            list(job.renderer(poses[:2], seed=0))  # loads what it needs
            self._warm.add(key)
        times.append(self._clock())
        film = list(job.renderer(poses, seed=0))
        write_video(film, self._film, poses.fps, crf=job.settings.crf)
        times.append(self._clock())
        (begun, _), (middle, before), (ended, after) = times
        whole = frames / len(poses)
        return replace(
            made,
            bytes=made.bytes + self._film_bytes(film, frames, job, poses.fps),
            wall=made.wall + (ended - middle) * whole,
            cpu=made.cpu + (after - before) * whole,
            once=made.once + middle - begun,
        )

    def _film_bytes(self, film: Sequence[Any], frames: int, job: Job, fps: float) -> float:
        """Size of a film of so many frames: it begins with a whole picture, and most others are changes of it."""
        size = self._film.stat().st_size
        if len(film) <= FIRST_FRAMES:
            return size * frames / len(film)
        write_video(film[:FIRST_FRAMES], self._film, fps, crf=job.settings.crf)
        head = self._film.stat().st_size
        return head + max(0.0, (size - head) / (len(film) - FIRST_FRAMES)) * (frames - FIRST_FRAMES)

    def _job(self, sample: Sample) -> Job:
        key = to_json(sample.choices)
        if key not in self._jobs:
            self._jobs[key] = job_of(self._plan.settings, sample.choices)
        return self._jobs[key]


class _Tray(Spool):
    """A spool that remembers what was put last."""

    members: Mapping[str, bytes]
    record: Mapping[str, Any]
    size = 0

    def put(self, key: str, members: Mapping[str, bytes], record: Mapping[str, Any]) -> None:
        super().put(key, members, record)
        self.members, self.record = members, record
        self.size = sum(map(len, members.values())) + len(to_json(record))
