"""Stages side by side: overlap, order, bounds, stops and errors."""

from __future__ import annotations

import threading
import time

import pytest

from signgen.batch.pipeline import DEPTH, Stage, one_by_one, side_by_side


def never():
    return False


def sleeping(name, seconds, log=None, **more):
    def do(item):
        time.sleep(seconds)
        if log is not None:
            log.append((name, item))
        return item

    return Stage(name, do, **more)


@pytest.mark.parametrize("through", [one_by_one, side_by_side])
def test_order_and_results(through):
    stages = [Stage("add", lambda n: n + 1), Stage("double", lambda n: 2 * n), Stage("text", str)]
    assert list(through(range(20), stages, never)) == [str(2 * (n + 1)) for n in range(20)]
    assert list(through([], stages, never)) == []


def test_the_slowest_stage_alone_takes_time():
    """Twenty items through 10, 30 and 20 ms: 1.2 s one by one, 0.63 s side by side."""
    stages = [sleeping("sign", 0.01), sleeping("draw", 0.03), sleeping("pack", 0.02)]
    started = time.monotonic()
    assert list(side_by_side(range(20), stages, never)) == list(range(20))
    assert 0.6 <= time.monotonic() - started < 1.0


def test_a_slow_stage_stops_those_before_it():
    log, gate = [], threading.Event()
    stages = [
        sleeping("sign", 0.0, log),
        Stage("draw", lambda item: (gate.wait(10), item)[1]),
    ]
    out = side_by_side(range(50), stages, never)
    first = threading.Thread(target=next, args=(out,))
    first.start()
    time.sleep(0.4)
    signed = len(log)
    gate.set()
    first.join()
    assert signed == DEPTH + 2  # one is drawn, two wait, one waits to be handed over
    assert len(list(out)) == 49


def test_who_takes_nothing_stops_all_stages():
    log = []
    out = side_by_side(range(50), [sleeping("sign", 0.0), sleeping("pack", 0.0, log)], never)
    assert next(out) == 0
    time.sleep(0.3)
    assert len(log) == 1 + DEPTH + 1
    assert [next(out) for _ in range(4)] == [1, 2, 3, 4]
    out.close()
    assert len(log) < 12


def test_a_stop_leaves_out_what_waits_for_a_costly_stage():
    """What is drawn is packed; what is signed is not drawn any more."""
    log, is_stopped = [], threading.Event()
    stages = [
        sleeping("sign", 0.0, log),
        sleeping("draw", 0.05, log),
        sleeping("pack", 0.1, log, is_always_finished=True),
    ]
    done = []
    for item in side_by_side(range(50), stages, is_stopped.is_set):
        done.append(item)
        if item == 1:
            is_stopped.set()
            drawn = sum(name == "draw" for name, _ in log)
    assert done == list(range(len(done)))
    assert drawn <= sum(name == "draw" for name, _ in log) <= drawn + 1
    assert len(done) == sum(name == "draw" for name, _ in log)


@pytest.mark.parametrize("at", ["sign", "draw", "pack"])
def test_an_error_comes_after_what_was_finished_before_it(at):
    def fail(item):
        if item == 3:
            raise OSError("disk")
        return item

    stages = [Stage(name, fail if name == at else (lambda item: item)) for name in ("sign", "draw", "pack")]
    done = []
    with pytest.raises(OSError, match="disk"):
        done.extend(_noted(side_by_side(range(50), stages, never), done))
    assert done == [0, 1, 2]


def _noted(items, done):
    for item in items:
        done.append(item)
    return []
