"""The data set's ``README.md``: what was made, from what, under which licences, and what it is not good for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from signgen.batch.output.card_texts import FIELDS, FILES, LIMITS, LOADING
from signgen.batch.output.lengths import LENGTHS
from signgen.batch.output.picture import PICTURE, Shown
from signgen.batch.output.shard import ShardFacts
from signgen.batch.output.stats import UNKNOWN, Stats
from signgen.data.shard_files import split_of
from signgen.data.sidecar import package_version

MOST_ROWS, MOST_WORDS = 20, 12
_HEADINGS = {
    "split": "split", "signed_language": "signed language", "spoken_language": "language of the texts",
    "mode": "how texts were put into signs", "source": "source", "signer": "signer", "view": "view",
    "renderer": "renderer",
}  # fmt: skip


def card(
    found: Stats, shards: Sequence[ShardFacts], title: str, shown: Sequence[Shown] = (), recipe: str = ""
) -> str:
    """The text of the card; the same shards give the same text.

    Args:
        found: figures of all samples.
        shards: by name.
        title: of the data set.
        shown: what the picture beside it shows, row by row.
        recipe: the settings that it was planned with, as YAML; empty where several plans were joined.
    """
    splits = sorted({split_of(facts.name) for facts in shards}, key=lambda name: (name != "train", name))
    parts = (
        _head(found, splits, title), _summary(found, len(shards), title), _samples(shown), _lengths(found),
        _groups(found), _licences(found), LOADING.format(**_first(shards, splits)), FIELDS, _made(found, recipe),
        FILES, _gaps(found), LIMITS,
    )  # fmt: skip
    return "\n".join(part for part in parts if part)


def _head(found: Stats, splits: Sequence[str], title: str) -> str:
    """The YAML that data set hubs read."""
    licences = ", ".join(found.known("licences")) or UNKNOWN
    lines = [
        "---",
        f"pretty_name: {_quoted(title)}",
        *_list("language", dict.fromkeys((*found.known("signed_language"), *found.known("spoken_language")))),
        "license: other",
        f"license_name: {_quoted(licences[:200])}",
        *_list("task_categories", ["translation", *(["video-classification"] if found.videos else [])]),
        "tags:", "- sign-language", "- pose", "- synthetic", "- webdataset",
        "source_datasets:", "- machine-generated",
        f"size_categories:\n- {_size(found.samples)}",
        "configs:", "- config_name: default", "  data_files:",
        *(f"  - split: {split}\n    path: {_quoted(f'data/{split}-*.tar')}" for split in splits),
        "---",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _summary(found: Stats, shards: int, title: str) -> str:
    hours = f"{found.hours:.2f} hours" if found.hours >= 0.1 else f"{found.seconds / 60:.1f} minutes"
    what = "poses of 128 keypoints" + (f", {found.videos:,} with a video" if found.videos else "")
    rows = [
        ("samples", f"{found.samples:,}"), ("with a video", f"{found.videos:,}"), ("duration", hours),
        ("frames", f"{found.frames:,}"), ("shards", f"{shards:,}"), ("synthetic", "all"),
    ]  # fmt: skip
    if found.tokens:
        rows += [
            ("words fingerspelled", f"{found.spelled / found.tokens:.1%}"),
            ("words without a sign", f"{found.missing / found.tokens:.1%}"),
        ]
    table = "".join(f"| {name} | {value} |\n" for name, value in rows)
    return (
        f"# {_cell(title)}\n\n{found.samples:,} samples of **synthetic** signing, made from text: {what}. "
        f"Nobody signed them.\n\n| | |\n|---|---:|\n{table}"
    )


def _samples(shown: Sequence[Shown]) -> str:
    """The picture, and what its rows are."""
    if not shown:
        return ""
    rows = "".join(
        f"| {number} | {_cell(item.text)} | {_cell(item.gloss)} | {_cell(item.signer)} | `{item.key}` |\n"
        for number, item in enumerate(shown, 1)
    )
    return (
        f"![Frames of {len(shown)} samples, a row each]({PICTURE})\n\n"
        f"| row | text | signs | signer | sample |\n|---|---|---|---|---|\n{rows}"
    )


def _lengths(found: Stats) -> str:
    half, most = found.lengths.quantile(0.5), found.lengths.quantile(0.95)
    return (
        f"## Lengths\n\n![Samples by length]({LENGTHS})\n\nHalf of the samples are shorter than {half:g} s, "
        f"95 % shorter than {most:g} s.\n"
    )


def _groups(found: Stats) -> str:
    """Tables of samples by value; none where there is nothing to tell apart or nothing known."""
    tables = [_table(found, name, heading) for name, heading in _HEADINGS.items()]
    return "## What is in it\n\n" + "\n".join(table for table in tables if table)


def _licences(found: Stats) -> str:
    return (
        "## Licences of what went in\n\nRecordings that signs were taken from, and networks that signed or drew, keep "
        "their licences. `KEY.json` names them frame by frame; where several meet in a sample, all hold.\n\n"
        + (_table(found, "licences", "licence", width=400) or "None of them says its licence.\n")
    )


def _table(found: Stats, name: str, heading: str, width: int = 80) -> str:
    counts = found.groups[name]
    if set(counts) <= {UNKNOWN}:
        return ""
    rows = "".join(
        f"| {_cell(value, width)} | {count:,} |\n" for value, count in _by_count(counts.items())[:MOST_ROWS]
    )
    more = f"\nand {len(counts) - MOST_ROWS:,} more.\n" if len(counts) > MOST_ROWS else ""
    return f"| {heading} | samples |\n|---|---:|\n{rows}{more}"


def _made(found: Stats, recipe: str) -> str:
    hashes = _by_count(found.groups["config_hash"].items())
    told = f"## How it was made\n\nBy signgen {package_version('signgen')}. "
    if recipe and len(hashes) == 1:
        told += (
            f"Settings with the hash `{hashes[0][0][:16]}`, as given to `signgen batch plan TEXTS --config`:\n\n"
            f"```yaml\n{recipe}```\n\n`plan.jsonl` lists the texts. "
        )
    else:
        listed = ", ".join(f"`{name[:16]}` ({count:,} samples)" for name, count in hashes[:MOST_ROWS])
        told += f"Joined from plans with the settings {listed}. "
    return told + (
        "Seed, choices and versions of each sample are in its `KEY.json`. The same plan gives the same bytes again, "
        "but for videos that were signed.\n"
    )


def _gaps(found: Stats) -> str:
    """What of the texts is not in the signing."""
    if not found.missing:
        return ""
    words = ", ".join(
        f"{_cell(word, 30)} ({count:,})" for word, count in _by_count(found.words.items())[:MOST_WORDS]
    )
    return (
        f"## Known gaps\n\n{found.missing:,} of {found.tokens:,} words of the texts have no sign and were left out. "
        f"Most often: {words}.\n"
    )


def _first(shards: Sequence[ShardFacts], splits: Sequence[str]) -> dict[str, str]:
    """The split that the examples load, and its shards as webdataset writes them."""
    names = [facts.name for facts in shards if split_of(facts.name) == splits[0]]
    head, _, tail = names[0].partition("-")
    first, last = tail[:5], names[-1].partition("-")[2][:5]
    is_row = len(names) == int(last) - int(first) + 1 and len(tail) == len("00000-of-00000.tar")
    pattern = f"{head}-{{{first}..{last}}}{tail[5:]}" if is_row and len(names) > 1 else names[0]
    return {"split": splits[0], "pattern": pattern, "shard": names[0]}


def _by_count(items: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted(items, key=lambda item: (-item[1], item[0]))


def _list(name: str, values: Iterable[str]) -> list[str]:
    rows = [f"- {_quoted(value)}" for value in values]
    return [f"{name}:", *rows] if rows else []


def _size(samples: int) -> str:
    """The size class of data set hubs.

    >>> _size(999), _size(1000), _size(2_000_000)
    ('n<1K', '1K<n<10K', '1M<n<10M')
    """
    steps = (
        (1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
        (10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"),
    )  # fmt: skip
    return next((name for most, name in steps if samples < most), "100M<n<1B")


def _quoted(text: str) -> str:
    """Text as YAML takes it; JSON is YAML."""
    return json.dumps(text)


def _cell(text: str, width: int = 80) -> str:
    """Text that stays inside its cell and cannot bring HTML, links or pictures along."""
    plain = " ".join(text.split())
    plain = plain if len(plain) <= width else plain[: width - 1] + "…"
    for sign in "\\`*_[]|":
        plain = plain.replace(sign, f"\\{sign}")
    return plain.replace("&", "&amp;").replace("<", "&lt;")
