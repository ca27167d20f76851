"""Runs the app and turns whatever happens into one line and an exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

import typer

from signgen.cli.app import app
from signgen.cli.codes import BROKEN_PIPE, INTERRUPTED, RESOURCES, STOPPED, USAGE
from signgen.errors import SignGenError

# The base of all of typer's complaints about arguments.
_UsageError = typer.BadParameter.__mro__[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; errors of the user are one line on stderr."""
    try:
        code = app(args=arguments, prog_name="signgen", standalone_mode=False)
        sys.stdout.flush()
    except SignGenError as error:
        return fail(str(error), error.exit_code)
    except BrokenPipeError:
        # Whoever read our output has gone; nothing can be said, and flushing again at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except (KeyboardInterrupt, typer.Abort):
        return fail("interrupted; nothing half-written is left", INTERRUPTED)
    except MemoryError:
        return fail("out of memory; use a shorter text or a smaller --size", RESOURCES)
    except Exception as error:
        if isinstance(error, _UsageError):
            return fail(_usage_line(error), USAGE)
        raise
    if code == INTERRUPTED:
        return fail("interrupted; nothing half-written is left", INTERRUPTED)
    return code if isinstance(code, int) else 0


def run() -> None:
    """The ``signgen`` command."""
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main())


def fail(message: str, code: int) -> int:
    """Print the one line of an error and return its code."""
    typer.echo(f"signgen: error: {' '.join(message.split())}", err=True)
    return code


def _stop(signum: int, frame: FrameType | None) -> None:
    """SIGTERM: leave through all `finally` blocks, so that temporary files go; the run can be repeated."""
    typer.echo("signgen: stopped; run the same command again to go on", err=True)
    sys.exit(STOPPED)


def _usage_line(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "signgen"
    message = str(getattr(error, "format_message", lambda: error)())
    return f"{message.rstrip('.')}; see `{command} --help`"
