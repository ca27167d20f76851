"""The `avatar` renderer: a made-up signer in three dimensions, on any processor."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Annotated, ClassVar

from annotated_types import Ge, Le

from signgen.config import setting
from signgen.pose.geometry import mirror
from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame, renderers
from signgen.render.draw import by_short_side, frame_size
from signgen.render.signer.appearance import Appearance

if TYPE_CHECKING:
    from signgen.render.mesh.painter import Painter
    from signgen.render.signer.scene import Scene

Side = Annotated[int, Ge(16), Le(4096)]
MAX_THREADS = 8


@renderers.register("avatar")
@dataclass(frozen=True)
class Avatar(Appearance):
    """Poses as a signer with skin, hair and clothes, given depth first if they have none; see `Appearance`."""

    size: Side | None = setting(None, "short side of the frames [px]; default: as the poses' canvas")
    width: Side | None = setting(None, "width of the frames [px]; default: as the poses' canvas")
    height: Side | None = setting(None, "height of the frames [px]; default: as the poses' canvas")
    samples: Annotated[int, Ge(1), Le(4)] = setting(
        2, "samples of a pixel along a side: smoother edges, slower"
    )
    threads: Annotated[int, Ge(0), Le(MAX_THREADS)] = setting(0, "frames drawn at once; 0: one per processor")

    has_own_body: ClassVar[bool] = True

    def __call__(
        self, poses: PoseSequence, appearance: Frame | None = None, *, seed: int = 0
    ) -> Iterator[Frame]:
        """Frames of the poses. The looks are settings and nothing is random: both other arguments are ignored.

        Raises:
            PoseError: poses in which no shoulders are ever seen.
        """
        size = frame_size(poses, *by_short_side(poses, self.size, self.width, self.height))
        poses = mirror(poses) if self.left_handed else poses
        if len(poses) == 0:
            return iter(())
        if poses.depth is None:
            from signgen.body.lift import lift

            poses = lift(poses)
        from signgen.render.signer.scene import scene_of

        return _drawn(scene_of(poses, self, size, self.samples), self.threads)


def processors() -> int:
    """How many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _drawn(scene: Scene, threads: int) -> Iterator[Frame]:
    """The frames in order, several drawn at once, each thread with a painter of its own."""
    count = min(threads or processors(), MAX_THREADS, len(scene))
    painters: SimpleQueue[Painter] = SimpleQueue()
    for _ in range(count):
        painters.put(scene.painter())

    def draw(frame: int) -> Frame:
        painter = painters.get()
        try:
            return painter.paint(scene.points(frame))
        finally:
            painters.put(painter)

    pool = ThreadPoolExecutor(count)
    waiting: deque[Future[Frame]] = deque()
    try:
        for frame in range(len(scene)):
            waiting.append(pool.submit(draw, frame))
            if len(waiting) > 2 * count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
