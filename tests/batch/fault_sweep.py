"""Each call of a command fails in turn: what the command says, what it leaves, and how the same command goes on."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from batch_trees import differences, partial, tree
from faulty_disk import DATA, DELETES, FOR_GOOD, NAMES, ONCE, SHORT, Fault, FaultyDisk
from warm import Ended, Warm

TEXTS = "hello book\nmother eat\nqqqqzx\nschool father\n"
SETTINGS = ("--set", "source.fps=6", "--set", "source.oov=fail", "--shard-size", "2", "--no-estimate")
COMMANDS = ("plan", "run", "card", "merge", "retry")


@dataclass(frozen=True)
class Mode:
    """A way to fail.

    Attributes:
        code: the error.
        mode: once, for good, or half a write first.
        kinds: of calls.
    """

    code: int
    mode: int
    kinds: int


MODES = {
    "enospc": Mode(errno.ENOSPC, ONCE, DATA | NAMES),
    "full": Mode(errno.ENOSPC, SHORT, DATA | NAMES),
    "eio": Mode(errno.EIO, ONCE, DATA | NAMES | DELETES),
    "broken": Mode(errno.EIO, FOR_GOOD, DATA | NAMES | DELETES),
}


@dataclass(frozen=True)
class Found:
    """What came of one call that failed.

    Attributes:
        at: its number.
        call: which it was, with its path.
        code: exit code of the command.
        problems: what was not as it should be; empty if all was.
    """

    at: int
    call: str
    code: int
    problems: tuple[str, ...]


class Scene:
    """Folders in the state that each command starts from, each made once.

    Args:
        place: folder for all of it.
        warm: runs commands.
        disk: that fails on demand, below `folder`.
        has_video: samples have videos too.
    """

    def __init__(self, place: Path, warm: Warm, disk: FaultyDisk, *, has_video: bool = False) -> None:
        self.warm, self.disk = warm, disk
        self.folder = place / "at-work"
        self._texts, self._place = place / "texts.txt", place
        self._texts.write_text(TEXTS)
        self._video = ("--video", "--size", "64") if has_video else ()

    def words(self, command: str) -> tuple[object, ...]:
        """The words of a command; all write below `folder` alone."""
        batch = self.folder / "b"
        run = ("batch", "run", batch, "--workers", "0", "--max-failures", "50%", "--progress", "off")
        return {
            "plan": ("batch", "plan", self._texts, "-o", batch, *SETTINGS, *self._video),
            "run": run,
            "card": ("batch", "card", batch, "--title", "Another"),
            "retry": ("batch", "retry", batch),
            "merge": ("batch", "merge", self._place / "source", "-o", self.folder / "c"),
        }[command]

    def begin(self, command: str) -> None:
        """Put `folder` into the state before a command."""
        shutil.rmtree(self.folder, ignore_errors=True)
        before = self._place / f"before-{command}"
        if not before.exists():
            self._prepare(command)
            shutil.rmtree(before, ignore_errors=True)
            self.folder.rename(before)
        shutil.copytree(before, self.folder)

    def _prepare(self, command: str) -> None:
        self.folder.mkdir()
        steps = {"plan": (), "run": ("plan",), "merge": ("plan", "run")}.get(command, ("plan", "run"))
        for step in steps:
            ended = self.warm.run(*self.words(step))
            assert ended.code in (0, 3), ended
        if command == "merge":
            (self.folder / "b").rename(self._place / "source")


class Sweep:
    """One command whose calls fail in turn.

    Args:
        scene: where.
        command: one of `COMMANDS`.
        mode: how calls fail.
    """

    def __init__(self, scene: Scene, command: str, mode: Mode) -> None:
        self._scene, self._command, self._mode = scene, command, mode

    @cached_property
    def _lucky(self) -> tuple[Ended, dict[str, str], int]:
        """The command without a failure: how it ends, what it leaves, and how many calls count."""
        ended = self._failing(0)
        calls = self._scene.disk.calls
        assert ended.code in (0, 3), ended
        return ended, tree(self._scene.folder), calls

    @property
    def calls(self) -> int:
        """How many calls there are to fail."""
        return self._lucky[2]

    def over(self, numbers: Iterable[int]) -> Iterator[Found]:
        """What comes of it when these calls fail, one after the other."""
        for at in numbers:
            yield self._found(at)

    def _failing(self, at: int) -> Ended:
        scene, mode = self._scene, self._mode
        scene.begin(self._command)
        scene.disk.set(Fault(scene.folder, at, mode.code, mode.mode, mode.kinds))
        ended = scene.warm.run(*scene.words(self._command))
        return ended

    def _found(self, at: int) -> Found:
        lucky, good, _ = self._lucky
        ended, disk = self._failing(at), self._scene.disk
        call, has_failed = disk.told.replace(str(self._scene.folder), ""), bool(disk.failed)
        disk.heal()
        problems = [*_said(ended, lucky, has_failed), *self._left(ended.code, good)]
        if ended.code not in (0, lucky.code) or problems:
            again = self._scene.warm.run(*self._scene.words(self._command))
            if again.code != lucky.code:
                problems.append(f"the second time: code {again.code}: {again.told.strip()}")
            problems += [f"at the end {each}" for each in differences(self._scene.folder, good)]
        return Found(at, call, ended.code, tuple(problems))

    def _left(self, code: int, good: dict[str, str]) -> Iterator[str]:
        """What must not be there when the command has ended."""
        folder = self._scene.folder
        if code in (0, 3):
            yield from (f"code {code}, but {each}" for each in differences(folder, good))
        elif self._command not in ("card", "retry"):  # these begin with files that are not those at the end
            yield from (f"{each} is partial" for each in partial(folder, good))
        if self._mode.mode != FOR_GOOD:  # for then they cannot be deleted
            yield from (f"{path} is left" for path in map(str, folder.rglob(".*")) if _is_temporary(path))


def _is_temporary(path: str) -> bool:
    return ".spool" not in path and not path.endswith(".lock")


def _said(ended: Ended, lucky: Ended, has_failed: bool) -> Iterator[str]:
    """What is wrong with how the command ended."""
    lines = ended.told.strip().splitlines()
    errors = [line for line in lines if line.startswith("signgen: error:")]
    if "Traceback" in ended.told or "Exception" in ended.told:
        yield f"a traceback: {lines[-1]}"
    elif ended.code == lucky.code and not errors:
        return
    elif ended.code != 6:
        yield f"code {ended.code}: {' | '.join(lines)[-300:]}"
    elif len(errors) != 1 or lines[-1] != errors[0]:
        yield f"said {lines}"
    elif not has_failed:
        yield "an error without a call that failed"
