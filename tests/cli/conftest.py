"""Runs commands in this process and returns what a shell would see."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from signgen.cli.main import main


@dataclass(frozen=True)
class Ran:
    """Exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.err.splitlines()

    @property
    def error(self) -> str:
        """The one line of an error."""
        lines = [line for line in self.lines if line.startswith("signgen: error: ")]
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        return lines[0].removeprefix("signgen: error: ")


@pytest.fixture
def signgen(
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path,
    request: pytest.FixtureRequest,
) -> Callable[..., Ran]:
    """``signgen("pose", "Hello", ...)``, run in an empty folder; ``stdin`` is bytes."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


@pytest.fixture
def toy_flags(toy_yaml) -> tuple[str, ...]:
    """Flags that make a command use the made-up source and renderer."""
    return ("--config", str(toy_yaml))
