"""The signals that ask a run to end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from signgen.batch.watch import Watch

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


@contextmanager
def stopped_by_signals(watch: Watch) -> Iterator[None]:
    """They stop the watch while the block lasts; a second Ctrl-C does not wait."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        if watch.is_told_to_stop and number == signal.SIGINT:
            raise KeyboardInterrupt
        watch.stop()

    before: Sequence[Any] = [signal.signal(number, stop) for number in STOP_SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(STOP_SIGNALS, before, strict=True):
            signal.signal(number, handler)
