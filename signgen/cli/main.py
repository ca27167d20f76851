"""Runs the app and turns whatever happens into one line and an exit code."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType

import typer

from signgen.cli.app import app
from signgen.cli.codes import BROKEN_PIPE, INTERRUPTED, RESOURCES, STOPPED, USAGE
from signgen.errors import SignGenError

# What writing to a stream may meet, as opening a file never does.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
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
        # Whoever read our output has gone; nothing can be said.
        _drop_output()
        return BROKEN_PIPE
    except SystemExit as ending:
        if isinstance(ending.__context__, BrokenPipeError):  # the library of commands noticed it first
            return BROKEN_PIPE
        raise
    except OSError as error:
        if error.errno not in _NO_ROOM or error.filename is not None:
            raise
        _drop_output()
        return fail(f"output: cannot be written: {error.strerror}", RESOURCES)
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
    _prepare_streams()
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main())


def fail(message: str, code: int) -> int:
    """Print the one line of an error and return its code."""
    with suppress(OSError):  # there may be nobody to tell
        typer.echo(f"signgen: error: {' '.join(message.split())}", err=True)
    return code


def _prepare_streams() -> None:
    """Have three streams that take any text.

    Without those that the caller has closed, the next file to be opened would get their number, and what libraries
    print into it. Text that a terminal's encoding lacks is escaped.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    sys.stdin = sys.stdin or os.fdopen(0)
    sys.stdout, sys.stderr = sys.stdout or os.fdopen(1, "w"), sys.stderr or os.fdopen(2, "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Let flushing at exit, which Python does once more, find a place that takes everything."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _stop(signum: int, frame: FrameType | None) -> None:
    """SIGTERM: leave through all `finally` blocks, so that temporary files go; the run can be repeated."""
    with suppress(OSError):
        typer.echo("signgen: stopped; run the same command again to go on", err=True)
    sys.exit(STOPPED)


def _usage_line(error: Exception) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "signgen"
    message = str(getattr(error, "format_message", lambda: error)())
    return f"{message.rstrip('.')}; see `{command} --help`"
