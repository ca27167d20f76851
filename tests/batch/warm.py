"""``signgen`` commands without their start: a process that has everything loaded forks one child for each command."""

from __future__ import annotations

import atexit
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        code: exit code; negative: the signal that ended it.
        out: what it said on stdout.
        told: on stderr.
    """

    code: int
    out: str
    told: str


class Warm:
    """Commands of one server; use as a context.

    Args:
        place: folder for its own files and its warming up.
        environment: variables beside those of this process.
    """

    def __init__(self, place: Path, environment: Mapping[str, str] | None = None) -> None:
        self._place = place
        place.mkdir(parents=True, exist_ok=True)
        self._server = subprocess.Popen(
            [sys.executable, __file__, place],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )

    def __enter__(self) -> Warm:
        return self

    def __exit__(self, *error: object) -> None:
        self._server.communicate(timeout=30)

    def start(self, *words: object) -> int:
        """Begin a command; its process id."""
        return int(self._ask({"argv": [str(word) for word in words]}))

    def wait(self, pid: int, seconds: float = 60.0) -> Ended:
        """Wait for the end of a command; one that takes longer is killed."""
        killer = threading.Timer(seconds, os.kill, (pid, signal.SIGKILL))
        killer.start()
        code = int(self._ask({"wait": pid}))
        killer.cancel()
        out, told = ((self._place / f"{pid}.{name}").read_text(errors="replace") for name in ("out", "err"))
        return Ended(code, out, told)

    def run(self, *words: object, seconds: float = 60.0) -> Ended:
        """Run a command to its end."""
        return self.wait(self.start(*words), seconds)

    def _ask(self, row: Mapping[str, object]) -> str:
        assert isinstance(self._server.stdin, object)
        self._server.stdin.write(json.dumps(row) + "\n")  # type: ignore[union-attr]
        self._server.stdin.flush()  # type: ignore[union-attr]
        return self._server.stdout.readline()  # type: ignore[union-attr]


def _serve(place: Path) -> None:
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever else is said on stdout is no answer
    _warm_up()
    gc.collect()
    gc.freeze()  # or each child would copy every page it counts references on
    for line in sys.stdin:
        row = json.loads(line)
        if "wait" in row:
            code = os.waitstatus_to_exitcode(os.waitpid(row["wait"], 0)[1])
            os.write(answers, f"{code}\n".encode())
            continue
        pid = os.fork()
        if pid == 0:
            _become(place, row["argv"])
        os.write(answers, f"{pid}\n".encode())


def _become(place: Path, words: list[str]) -> None:
    """Be a process that was started with this command; ends as it does."""
    for number, path in enumerate((os.devnull, place / f"{os.getpid()}.out", place / f"{os.getpid()}.err")):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
        os.dup2(handle, number)
        os.close(handle)
    from signgen.cli.main import run

    sys.argv, code = ["signgen", *words], 1
    try:
        run()
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 0
    except BaseException:
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # taking everything apart that was warmed up would take a second


def _warm_up() -> None:
    """Have modules, kernels and the built-in lexicon loaded by making something of each kind."""
    from signgen.cli.main import main

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "texts.txt").write_text("hello book\n")
        small = ["--set", "source.fps=6", "--size", "64", "--video", "--no-estimate"]
        main(["batch", "plan", str(folder / "texts.txt"), "-o", str(folder / "b"), *small])
        main(["batch", "run", str(folder / "b"), "--workers", "0", "-q"])
        main(["batch", "verify", str(folder / "b"), "--deep", "-q"])
        main(["batch", "merge", str(folder / "b"), "-o", str(folder / "c")])


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
