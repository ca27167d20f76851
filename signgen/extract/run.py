"""A video through an extractor: decoding runs ahead in a thread while the estimator works."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from signgen.data.video import Video
from signgen.errors import DataError
from signgen.extract.base import Detections, Extractor
from signgen.extract.people import Extraction, gather
from signgen.pose.motion import even_times

T = TypeVar("T")
# Frames that wait for the estimator; a few are enough, and more would only take memory.
AHEAD = 8


def extract(
    video: Video, extractor: Extractor, *, each: Callable[[Iterable[Detections]], Iterable[Detections]] = iter
) -> Extraction:
    """The people of a video, at an even rate also where the frames of the video are not.

    Args:
        video: from `signgen.data.video.read_video`.
        extractor: finds the people of each frame.
        each: a hook around the detections as they come, such as one that shows progress.

    Raises:
        DataError: the video is damaged, or the extractor lost or made up frames.
        DependencyError, CheckpointError: what the extractor needs is not there.
    """
    found = list(each(extractor(ahead(video.frames()), fps=video.fps)))
    if len(found) != video.num_frames:
        raise DataError(
            f"{video.path}: {len(found)} of {video.num_frames} frames came back from the extractor"
        )
    people = gather(found, video.fps, video.width, video.height)
    if not video.is_variable_rate:
        return people
    return replace(people, people=tuple(even_times(poses, video.times) for poses in people.people))


def ahead(items: Iterable[T], size: int = AHEAD) -> Iterator[T]:
    """``items`` unchanged, made up to ``size`` ahead by a thread; their errors are raised where they are used."""
    waiting: queue.Queue[tuple[str, Any]] = queue.Queue(size)
    stopped = threading.Event()

    def put(kind: str, value: Any) -> bool:
        while not stopped.is_set():
            try:
                waiting.put((kind, value), timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in items:
                if not put("item", item):
                    return
            put("end", None)
        except BaseException as error:
            put("error", error)

    thread = threading.Thread(target=work, name="ahead", daemon=True)
    thread.start()
    try:
        while True:
            kind, value = waiting.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value
    finally:
        stopped.set()
        thread.join()
