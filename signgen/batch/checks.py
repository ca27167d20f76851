"""What a plan must be before it is believed, for its folder may come from anybody: names, counts and borders."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from signgen.batch.output.shard import is_shard_name

if TYPE_CHECKING:
    from signgen.batch.plan import Plan, Slice
    from signgen.batch.sample import Sample

MAX_SAMPLES = 1_000_000  # of one shard
MAX_LINE_BYTES = 1 << 20
# Far more than settings have, far less than what a walk through them can take.
MAX_DEPTH = 32
# It becomes part of file names.
SPLIT = re.compile(r"[A-Za-z0-9_]{1,16}")
_ID = re.compile(r"[0-9a-f]{16}")


def plan_problem(plan: Plan) -> str:
    """What is wrong with a plan as it was read; empty if nothing is."""
    parts = (plan.settings, plan.config, plan.vary)
    if not all(isinstance(part, Mapping) and is_shallow(part) for part in parts):
        return "settings, config and vary must be objects, not nested deeply"
    if not isinstance(plan.signgen, str) or type(plan.samples) is not int:
        return "a field of another type"
    if not plan.shards or sum(shard.samples for shard in plan.shards) != plan.samples:
        return "its shards hold another number of samples"
    return _shards_problem(plan.shards)


def _shards_problem(shards: Sequence[Slice]) -> str:
    names, offset = set[str](), 0
    for number, shard in enumerate(shards):
        if not is_shard_name(f"{shard.name}.tar") or shard.name.casefold() in names:
            return f"shard {number} has a name that no shard has, or that another has"
        if not 1 <= shard.samples <= MAX_SAMPLES or shard.size > shard.samples * MAX_LINE_BYTES:
            return f"shard {number} has too many samples, none, or too long ones"
        if shard.offset != offset:
            return f"shard {number} does not begin where the one before it ends"
        names.add(shard.name.casefold())
        offset += shard.size
    return ""


def samples_problem(samples: Sequence[Sample], planned: int) -> str:
    """What is wrong with the samples of a shard; empty if nothing is."""
    if len(samples) != planned:
        return f"{len(samples)} samples where {planned} are planned"
    if len({sample.id for sample in samples}) < planned:
        return "an id twice"
    return next((problem for sample in samples if (problem := _sample_problem(sample))), "")


def _sample_problem(sample: Sample) -> str:
    if not _ID.fullmatch(sample.id):
        return f"id {sample.id[:40]!r}: expected 16 hexadecimal digits"
    if isinstance(sample.seed, bool) or not 0 <= sample.seed < 1 << 32:
        return f"sample {sample.id}: seed: expected a number below 2^32"
    if not SPLIT.fullmatch(sample.split):
        return f"sample {sample.id}: split: expected up to 16 letters, digits and _"
    if not (is_shallow(sample.choices) and is_shallow(sample.meta)):
        return f"sample {sample.id}: choices or meta are nested too deeply"
    return ""


def is_shallow(value: Any) -> bool:
    """Whether a value of JSON is nested at most `MAX_DEPTH` deep."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for each in level for child in _children(each)]
        if not level:
            return True
    return False


def _children(value: Any) -> Sequence[Any]:
    return [*value.values()] if isinstance(value, Mapping) else value if isinstance(value, list) else ()
