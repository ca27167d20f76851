"""What a worker does with its turns, wherever it works; made once in each, for it loads what it needs once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from signgen.batch.launcher import MakerOf, Turn
from signgen.batch.outcome import Failed, Ok
from signgen.batch.plan import read_plan
from signgen.batch.pulse import Pulse, unfelt
from signgen.batch.shard import Commit, Unfinished, run_shard
from signgen.batch.stages import Maker
from signgen.batch.watch import Tally
from signgen.errors import SignGenError


def tally_of(commit: Commit) -> Tally:
    """How far a shard is that was committed before."""
    failed = len(commit.failed)
    return Tally(commit.planned - failed, failed, commit.planned)


class ShardWorker:
    """Makes shards of one folder.

    Args:
        folder: of the plan.
        maker: called with the plan; what it gives makes the samples.
    """

    def __init__(self, folder: Path, maker: MakerOf = Maker) -> None:
        self._folder = folder
        self._plan = read_plan(folder)
        self._make = maker(self._plan)

    def __call__(
        self,
        turn: Turn,
        *,
        is_stopped: Callable[[], bool],
        tell: Callable[[Tally], None],
        pulse: Pulse = unfelt,
    ) -> Commit | Unfinished | SignGenError:
        """Make what is missing of a shard and commit it.

        Args:
            turn: which shard.
            is_stopped: asked before each sample.
            tell: told how far the shard is, after each sample.
            pulse: told which sample is at which stage; see `Pulses.of`.

        Returns:
            What became of the shard; an error is one that would hit every sample, and ends the run.
        """
        tally = Tally()

        def told(outcome: Ok | Failed, is_new: bool) -> None:
            nonlocal tally
            if isinstance(outcome, Failed):
                tally = replace(tally, failed=tally.failed + 1)
            else:
                tally = replace(tally, made=tally.made + 1, seconds=tally.seconds + outcome.seconds)
            tally = replace(tally, before=tally.before + (not is_new))
            tell(tally)

        tell(tally)
        try:
            ended = run_shard(
                self._plan,
                turn.shard,
                self._folder,
                self._make,
                is_stopped=is_stopped,
                told=told,
                pulse=pulse,
                is_careful=turn.is_careful,
            )
            if isinstance(ended, Commit) and tally == Tally():  # it was there already
                tell(tally_of(ended))
            return ended
        except SignGenError as error:
            return error
