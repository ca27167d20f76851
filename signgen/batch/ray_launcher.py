"""Shards made by Ray actors: on this machine, or on a cluster whose machines share the folder.

Ray decides where an actor lives; it is handed numbers of shards and gives back how they ended, nothing else. A shard
whose actor died is taken up where it was through the folder, as after any other death, so Ray's own retries are off.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from signgen.batch.launcher import Ended, Lost, MakerOf, Turn
from signgen.batch.local import Local
from signgen.batch.plan import read_plan
from signgen.batch.ray_actor import ShardActor, Task
from signgen.batch.ray_cluster import Cluster, one_line
from signgen.batch.shard import Unfinished
from signgen.batch.stages import Maker
from signgen.batch.watch import Watch
from signgen.data.sidecar import package_version
from signgen.dataset.lock import BEACON, Locks
from signgen.errors import ConfigError, ResourceError, SignGenError

SECONDS_BETWEEN_LOOKS = 0.2
SECONDS_TO_JOIN = 60.0
# A dead actor's process may hold its shard for a moment more.
SECONDS_TO_DIE = 10.0
# Actors that die one after the other before any has joined.
MOST_STILLBORN = 3

logger = logging.getLogger(__name__)


class RayLauncher:
    """Launches shards on Ray, which is started at the first call unless it runs already.

    Args:
        workers: actors, each with a process that makes shards; None: one, or one for each GPU.
        gpus: devices by number or name. With any, each actor has a GPU of its own. On a running cluster Ray chooses
            among its own, and only their number counts.
        address: of a running cluster; empty for ``RAY_ADDRESS``, and without that for one of our own on this machine.
        maker: see `signgen.batch.worker.ShardWorker`.
        time_limit: of a sample [s].

    Raises:
        ConfigError: these contradict each other.
    """

    def __init__(
        self,
        workers: int | None = None,
        gpus: tuple[str, ...] = (),
        address: str = "",
        maker: MakerOf = Maker,
        time_limit: float = math.inf,
    ) -> None:
        self._most = Local(workers, maker, gpus, time_limit).processes
        if not self._most:
            raise ConfigError("--workers 0: the launcher ray needs one at least")
        self._gpus, self._maker, self._time_limit = len(gpus), maker, time_limit
        self._cluster = Cluster(self._most, gpus, address or os.environ.get("RAY_ADDRESS", ""))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave Ray, and end it if it was started here."""
        self._cluster.leave()

    def __call__(self, folder: Path, turns: Iterator[Turn], watch: Watch) -> Iterator[tuple[Turn, Ended]]:
        """Make shards and say how each ended.

        Raises:
            DependencyError: Ray is not installed.
            ResourceError: it cannot be started or reached, or its actors die before they can work.
            ConfigError: a machine of the cluster does not share the folder, or has another signgen.
        """
        folder = folder.absolute()
        plan = read_plan(folder).sha256
        task = Task(folder, plan, package_version("signgen"), self._maker, self._time_limit)
        locks = Locks.of(folder)
        locks.take(BEACON, shared=True)
        try:
            crew = _Crew(self._cluster.ray(), task, self._most, min(1, self._gpus))
            try:
                yield from crew.work(turns, watch)
            finally:
                crew.end()
                watch.employ(0)
        finally:
            locks.drop(BEACON)


@dataclass(eq=False)
class _Hand:
    """An actor, and what it was asked for: to join, later to make a shard, meanwhile how far it is."""

    actor: Any
    asked: Any
    has_joined: bool = False
    turn: Turn | None = None
    question: Any = None


class _Crew:
    """The actors of one call; they are hired when there is work for them."""

    def __init__(self, ray: Any, task: Task, most: int, gpus: int) -> None:
        self._ray, self._most = ray, most
        self._class = ray.remote(
            num_cpus=1, num_gpus=gpus, max_restarts=0, concurrency_groups={"make": 1, "answer": 1}
        )(ShardActor)
        self._task = ray.put(task)
        self._hands: list[_Hand] = []
        self._waiting: deque[Turn] = deque()
        self._stillborn = 0
        self._held_until: dict[int, float] = {}
        self._needs = f"1 CPU{' and 1 GPU' * bool(gpus)}"

    def work(self, turns: Iterator[Turn], watch: Watch) -> Iterator[tuple[Turn, Ended]]:
        """See `signgen.batch.launcher.Launcher`."""
        started = asked = time.monotonic()
        while True:
            self._feed(turns, watch)
            busy = [hand for hand in self._hands if hand.turn is not None]
            if not busy and (watch.is_stopped or not self._waiting):
                return
            calls = {hand.asked: hand for hand in self._hands if hand.asked is not None}
            ready, _ = self._ray.wait(list(calls), timeout=SECONDS_BETWEEN_LOOKS)
            for call in ready:
                yield from self._settle(calls[call], watch)
            now = time.monotonic()
            if now - asked >= SECONDS_BETWEEN_LOOKS:
                asked = now
                self._ask(watch)
            if now - started > SECONDS_TO_JOIN and not any(hand.has_joined for hand in self._hands):
                started = now
                logger.warning("waiting for a machine of the cluster with %s to spare", self._needs)

    def end(self) -> None:
        """Dismiss all."""
        for hand in self._hands:
            self._ray.kill(hand.actor)
        self._hands.clear()

    def _feed(self, turns: Iterator[Turn], watch: Watch) -> None:
        """Give work to who is free; hire for what is left of it."""
        for hand in self._hands:
            if hand.has_joined and hand.turn is None and not watch.is_stopped:
                hand.turn = self._waiting.popleft() if self._waiting else next(turns, None)
                if hand.turn is None:
                    break
                make = hand.actor.make.options(concurrency_group="make")
                hand.asked = make.remote(hand.turn)
        while not watch.is_stopped and len(self._hands) < self._most:
            joining = sum(not hand.has_joined for hand in self._hands)
            if joining >= len(self._waiting):
                turn = next(turns, None)
                if turn is None:
                    return
                self._waiting.append(turn)
            self._hire()

    def _hire(self) -> None:
        actor = self._class.remote()
        join = actor.join.options(concurrency_group="make")
        self._hands.append(_Hand(actor, join.remote(self._task)))

    def _settle(self, hand: _Hand, watch: Watch) -> Iterator[tuple[Turn, Ended]]:
        """What came of a call that has an answer, or whose actor is no more."""
        from ray.exceptions import RayError, RayTaskError

        call, hand.asked = hand.asked, None
        try:
            answer = self._ray.get(call)
        except RayTaskError:
            raise  # a bug
        except RayError as error:
            yield from self._bury(hand, watch, error)
            return
        if hand.turn is None:
            if isinstance(answer, SignGenError):
                raise answer
            hand.has_joined, self._stillborn = True, 0
            watch.employ(sum(each.has_joined for each in self._hands))
            return
        (ended, tally), turn, hand.turn = answer, hand.turn, None
        is_held = isinstance(ended, Unfinished) and ended.is_held
        if is_held and time.monotonic() < self._held_until.get(turn.shard, 0.0):
            time.sleep(SECONDS_BETWEEN_LOOKS)
            self._waiting.append(turn)
            return
        watch.tell(turn.shard, tally)
        yield turn, ended

    def _bury(self, hand: _Hand, watch: Watch, error: Exception) -> Iterator[tuple[Turn, Ended]]:
        self._hands.remove(hand)
        watch.employ(sum(each.has_joined for each in self._hands))
        if hand.turn is not None:
            self._held_until[hand.turn.shard] = time.monotonic() + SECONDS_TO_DIE
            yield hand.turn, Lost("ended with its Ray actor")
            return
        self._stillborn += 1
        if self._stillborn >= MOST_STILLBORN:
            raise ResourceError(f"Ray: actors die before they can work: {one_line(error)}")

    def _ask(self, watch: Watch) -> None:
        """Take the answers that are there, and ask again; with the question each learns whether to stop."""
        for hand in self._hands:
            if hand.turn is None:
                continue
            if hand.question is not None:
                if not self._ray.wait([hand.question], timeout=0)[0]:
                    continue
                self._hear(hand, hand.turn, watch)
            answer = hand.actor.answer.options(concurrency_group="answer")
            hand.question = answer.remote(watch.is_stopped)

    def _hear(self, hand: _Hand, turn: Turn, watch: Watch) -> None:
        from ray.exceptions import RayTaskError

        try:
            shard, tally = self._ray.get(hand.question)
        except RayTaskError:
            raise
        except self._ray.exceptions.RayError:
            return  # it is dead, which the call to make its shard tells
        if shard == turn.shard:
            watch.tell(shard, tally)
