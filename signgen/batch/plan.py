"""The plan of a batch: which samples there are, with which settings, and which shard each belongs to."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, product
from pathlib import Path
from typing import Any, Literal

from signgen.batch.checks import MAX_LINE_BYTES, plan_problem, samples_problem
from signgen.batch.disk import open_own, read_own_json, reported, sweep
from signgen.batch.output.shard import shard_name
from signgen.batch.sample import Sample, new_sample
from signgen.batch.texts import Text
from signgen.config import merge
from signgen.data.atomic import write_bytes, write_text
from signgen.data.sidecar import package_version
from signgen.data.strict_json import parse_json_object, to_json
from signgen.dataset.claims import FOLDER as CLAIMS
from signgen.dataset.lock import GATE, NAME, Locks
from signgen.errors import ConfigError, DataError
from signgen.workflow import digest
from signgen.workflow.record import config_of
from signgen.workflow.settings import Job, prepare

SCHEMA = 1
PLAN, SAMPLES = "plan.json", "plan.jsonl"
SHARD_SIZE = 500
# A choice multiplies the samples, and each combination is built once to see that it can be.
MAX_COMBINATIONS = 4096

# What a sample is: poses alone, or also a video of them; with the parts that have a say.
Kind = Literal["poses", "video"]
PARTS: dict[Kind, tuple[str, ...]] = {"poses": ("source",), "video": ("source", "renderer")}


@dataclass(frozen=True)
class Slice:
    """The lines of one shard in ``plan.jsonl``.

    Attributes:
        name: of its files, without suffix.
        samples: how many.
        offset: where they begin [bytes].
        size: how long they are [bytes].
        sha256: of these bytes.
    """

    name: str
    samples: int
    offset: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Plan:
    """A plan without its samples, which are read shard by shard.

    Attributes:
        kind: what is made of each text.
        settings: of all samples, as given; a sample's choices are laid over them.
        config: the same with every default written out.
        vary: values by dotted setting; every combination of them is made of every text.
        samples: how many.
        shards: where their lines are.
        signgen: the version that planned it.
        schema: version of this layout.
    """

    kind: Kind
    settings: Mapping[str, Any]
    config: Mapping[str, Any]
    vary: Mapping[str, Sequence[Any]]
    samples: int
    shards: tuple[Slice, ...]
    signgen: str = ""
    schema: int = SCHEMA

    @cached_property
    def config_sha256(self) -> str:
        """Hash of what decides, with a sample's choices, what it looks like."""
        return digest.of_config({"kind": self.kind, "config": self.config})

    @cached_property
    def sha256(self) -> str:
        """Hash of the whole plan, samples included."""
        return hashlib.sha256(self.text().encode()).hexdigest()

    def text(self) -> str:
        """The content of ``plan.json``."""
        return to_json(self, indent=2) + "\n"


def expand(
    texts: Sequence[Text], settings: Mapping[str, Any], vary: Mapping[str, Sequence[Any]], kind: Kind
) -> list[Sample]:
    """Every text with every combination of choices, split by split and text by text.

    What is the same twice is there once.

    Raises:
        ConfigError: a combination that cannot be built, a choice without effect, or too many.
    """
    combinations = _combinations(vary)
    for choices in combinations:
        _check_kind(job_of(settings, choices), kind, (*settings, *choices))
    fixed = digest.of_config({"kind": kind, "config": _config(settings, kind)})
    samples = (new_sample(text, choices, fixed) for text in texts for choices in combinations)
    distinct = {sample.id: sample for sample in samples}.values()
    return sorted(distinct, key=lambda sample: sample.split)


def write_plan(
    samples: Sequence[Sample],
    folder: Path,
    settings: Mapping[str, Any],
    vary: Mapping[str, Sequence[Any]],
    *,
    kind: Kind = "poses",
    shard_size: int = SHARD_SIZE,
) -> Plan:
    """Write a plan into a folder; the same plan may be written again, which changes nothing.

    Raises:
        ConfigError: the folder holds another plan.
        ResourceError: the folder cannot be written.
    """
    lines = [sample.line() for sample in samples]
    plan = Plan(
        kind, dict(settings), _config(settings, kind), dict(vary), len(samples),
        _sliced(samples, lines, shard_size), package_version("signgen"),
    )  # fmt: skip
    with reported(folder), Locks.of(folder).waited(GATE):
        if (folder / PLAN).exists():
            if read_plan(folder).sha256 != plan.sha256:
                raise ConfigError(f"{folder}: holds another plan; choose another folder")
            return plan
        for path in (folder / SAMPLES, folder / PLAN):
            sweep(path)
        if {path.name for path in folder.iterdir()} - {SAMPLES, NAME, CLAIMS}:
            raise ConfigError(f"{folder}: holds other files; choose an empty folder")
        write_bytes(folder / SAMPLES, b"".join(lines))
        write_text(folder / PLAN, plan.text())
    return plan


def _sliced(samples: Sequence[Sample], lines: Sequence[bytes], size: int) -> tuple[Slice, ...]:
    """The borders of the shards; the samples of each are of one split."""
    borders: list[tuple[str, int, int]] = []
    for split, group in groupby(range(len(samples)), key=lambda number: samples[number].split):
        numbers = list(group)
        last = numbers[-1] + 1
        borders += [(split, first, min(first + size, last)) for first in range(numbers[0], last, size)]
    counts, seen = Counter(split for split, _, _ in borders), Counter[str]()
    shards, offset = [], 0
    for split, first, last in borders:
        part = b"".join(lines[first:last])
        name = shard_name(split, seen[split], counts[split]).removesuffix(".tar")
        shards.append(Slice(name, last - first, offset, len(part), hashlib.sha256(part).hexdigest()))
        seen[split], offset = seen[split] + 1, offset + len(part)
    return tuple(shards)


def read_plan(folder: Path) -> Plan:
    """The plan of a folder.

    Raises:
        DataError: there is none, or it is not one of this version.
    """
    path = folder / PLAN
    if not path.exists() and not path.is_symlink():
        raise DataError(f"{folder}: holds no plan; make one with `signgen batch plan TEXTS -o {folder}`")
    row = read_own_json(path)
    if row.get("schema") != SCHEMA or row.get("kind") not in [*PARTS]:
        raise DataError(f"{path}: not a plan that this signgen can read; make it anew")
    try:
        shards = tuple(
            Slice(**{key: _whole(value, key) for key, value in item.items()}) for item in row.pop("shards")
        )
        plan = Plan(**row, shards=shards)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise DataError(f"{path}: not a plan; make it anew") from None
    if problem := plan_problem(plan):
        raise DataError(f"{path}: not a plan: {problem}; make it anew")
    return plan


def read_samples(folder: Path, plan: Plan, shard: int) -> list[Sample]:
    """The samples of one shard in the order they have there, that of their ids.

    Raises:
        DataError: the lines are not those that were planned.
    """
    path, where = folder / SAMPLES, plan.shards[shard]
    with open_own(path) as file:
        is_long_enough = os.fstat(file.fileno()).st_size >= where.offset + where.size
        file.seek(where.offset if is_long_enough else 0)
        lines = file.read(where.size if is_long_enough else 0)
    if hashlib.sha256(lines).hexdigest() != where.sha256:
        raise DataError(f"{path}: the samples of shard {shard} are not those that were planned; plan anew")
    samples = sorted(_samples(lines, str(path)), key=lambda sample: sample.id)
    if problem := samples_problem(samples, where.samples):
        raise DataError(f"{path}: shard {shard}: {problem}; plan anew")
    return samples


def job_of(settings: Mapping[str, Any], choices: Mapping[str, Any]) -> Job:
    """The parts and settings of samples with these choices.

    Raises:
        ConfigError: they cannot be built.
    """
    return prepare(merge(settings, _nested(choices)))


def _samples(lines: bytes, where: str) -> Iterator[Sample]:
    for line in lines.splitlines():
        yield Sample.of(parse_json_object(line, where, MAX_LINE_BYTES), where)


def _whole(value: Any, key: str) -> Any:
    if type(value) is not (str if key in ("sha256", "name") else int) or (type(value) is int and value < 0):
        raise ValueError(key)
    return value


def _config(settings: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    return config_of(job_of(settings, {}), PARTS[kind])


def _combinations(vary: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    count = 1
    for path, values in vary.items():
        if not values or len({to_json(value) for value in values}) != len(values):
            raise ConfigError(f"vary: {path}: expected a list of different values")
        count *= len(values)
    if count > MAX_COMBINATIONS:
        raise ConfigError(f"vary: {count:,} combinations are too many (at most {MAX_COMBINATIONS:,})")
    return [dict(zip(vary, values, strict=True)) for values in product(*vary.values())]


def _check_kind(job: Job, kind: Kind, paths: Iterable[str]) -> None:
    """Refuse settings that poses alone, or the frames drawn, do not show."""
    if kind == "video":
        job.check_look()
    drawn = [path for path in paths if path.split(".")[0] == "renderer"]
    drawn += [name for name in ("recheck", "credentials") if getattr(job.settings, name) is not None]
    if kind == "poses" and drawn:
        raise ConfigError(f"{drawn[0]}: makes no difference to poses; pass --video to draw them")


def _nested(choices: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for path, value in choices.items():
        for key in reversed(path.split(".")):
            value = {key: value}
        nested = merge(nested, value)
    return nested
