"""What ``signgen batch plan`` says of the time and room a batch will take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from signgen.cli.voice import say

if TYPE_CHECKING:
    from signgen.batch.estimate import Estimate, Range
    from signgen.batch.plan import Plan
    from signgen.batch.sample import Sample


def tell_estimate(plan: Plan, samples: Sequence[Sample], folder: Path) -> None:
    """Make a few samples, judge the others by them and say it; nothing of this ends a plan."""
    from signgen.batch.estimate import cores, estimate, free_bytes

    found = estimate(plan, samples)
    if found is None:
        say("no estimate: none of the samples tried could be made; `signgen batch run` will tell each")
        return
    for line in lines(found, len(plan.shards), free_bytes(folder), cores()):
        say(line)


def lines(found: Estimate, shards: int, free: float, cores: int) -> Iterator[str]:
    """The estimate in words."""
    yield (
        f"estimate from {found.probes} sample{'s'[: found.probes != 1]} made now: "
        f"{spelled(found.signing, HOURS)} of signing"
        + (f"; {len(found.failed)} more failed: {found.failed[0]:.100}" if found.failed else "")
    )
    times = (
        f"{spelled(found.seconds(workers, cores), TIMES)} with --workers {workers}"
        for workers in sorted({1, cores})
    )
    yield "time, as busy as this machine is: " + ", ".join(times) + _without(found)
    yield (
        f"disk: {spelled(found.bytes, BYTES)} in {shards} shards of up to {spelled(found.shard_bytes, BYTES)}; "
        f"{_number(free / 1e9)} GB are free"
    )
    if found.gpu is not None:
        yield f"GPU: {spelled(found.gpu, HOURS)} {found.gpu_source}"
    elif found.gpu_source:
        yield f"GPU: {found.gpu_source}"
    if found.bytes.high > free:
        sure = "does not" if found.bytes.low > free else "may not"
        yield f"warning: the disk {sure} have enough room; choose another folder with -o"
    if (size := found.better_shard_size) is not None:
        yield (
            f"a shard would take one worker {spelled(found.work * (found.shard_samples / found.samples), TIMES)}; "
            f"--shard-size {size} is easier to handle"
        )


def _without(found: Estimate) -> str:
    return "; drawing not counted, for its model was not tried" if found.gpu_source else ""


# A unit is used for values from its own size on.
HOURS = ((3600.0, "h"), (60.0, "min"), (1.0, "s"))
TIMES = ((172_800.0, "days"), (7200.0, "h"), (120.0, "min"), (1.0, "s"))
BYTES = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "bytes"))
_SIZES = {"days": 86_400.0, "h": 3600.0, "min": 60.0, "s": 1.0}


def spelled(values: Range, units: Sequence[tuple[float, str]]) -> str:
    """A range in the largest unit that fits its middle.

    >>> from signgen.batch.estimate import Range
    >>> spelled(Range(7000, 9000), HOURS), spelled(Range(2.5e8, 2.6e8), BYTES), spelled(Range(59.8, 60.3), TIMES)
    ('1.9 to 2.5 h', '250 to 260 MB', '60 s')
    """
    least, unit = next(((each, name) for each, name in units if values.middle >= each), units[-1])
    size = _SIZES.get(unit, least)
    low, high = _number(values.low / size), _number(values.high / size)
    return f"{low} {unit}" if low == high else f"{low} to {high} {unit}"


def _number(value: float) -> str:
    """Two digits, or all before the point.

    >>> [_number(each) for each in (0.0123, 1.234, 56.7, 1234.5)]
    ['0.012', '1.2', '57', '1,234']
    """
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
