"""The data set's ``README.md``: what was made, from what, under which licences, and what it is not good for."""

from __future__ import annotations

import json
from collections.abc import Sequence

from signgen.batch.output.shard import ShardFacts, split_of
from signgen.batch.output.stats import UNKNOWN, Stats
from signgen.data.sidecar import package_version

MOST_ROWS = 30
_HEADINGS = {
    "signed_language": "signed language", "split": "split", "source": "source", "signer": "signer", "view": "view",
    "renderer": "renderer", "licences": "licence of what went in", "mode": "how the text was put into signs",
}  # fmt: skip

_FILES = """\
## Files

| | |
|---|---|
| `data/SPLIT-NNNNN-of-MMMMM.tar` | for each sample, side by side: `KEY.poses.npz`, `KEY.caption.json`, `KEY.mp4` \
where a video was drawn, `KEY.json` |
| `commits/` | what each shard holds, with its SHA-256 |
| `index.jsonl` | a row for each sample; `index.parquet` is the same as a table, where it was asked for |
| `croissant.json` | this page for machines |
| `SHA256SUMS` | sums of all files; `signgen batch verify` and `sha256sum -c` compare them |

`KEY.poses.npz` holds `keypoints` (T, 128, 3) of x, y [px] and confidence, `fps`, `width`, `height`, and `depth` \
(T, 128) where it is known: body 0:18 (OpenPose-18), left hand 18:39, right hand 39:60 (the signer's own), face 60:128 \
(iBUG-68). What is missing is 0, 0, 0. `KEY.caption.json` has the text and the signs by time, `KEY.json` where every \
frame came from and under which licence.

```python
import webdataset
samples = webdataset.WebDataset("data/train-{00000..00003}.tar", shardshuffle=False)

import datasets
rows = datasets.load_dataset("webdataset", data_files="data/train-*.tar", split="train", streaming=True)

from signgen.data.shards import read_shard  # the same as a stream of signgen's own poses
```
"""
_LIMITS = """\
## Limits

- Every sample is synthetic: made by a machine, not signed by a person. Videos say so in their comment tag, sidecars \
and index in the field `synthetic`. Keep the mark when you pass them on.
- No Deaf signer has checked the samples. Grammar, use of space and mouthing are those of the source, and often poor: \
signs strung together word by word are not a signed language.
- A model trained on this alone learns the habits of the source. Measure on recordings of real signers.
- Recordings that signs were taken from keep their licences; the table above counts samples by licence, `KEY.json` \
names them frame by frame. Where several meet in a sample, all hold.
- It is no replacement for interpreters.
"""


def card(found: Stats, shards: Sequence[ShardFacts], title: str) -> str:
    """The text of the card; the same shards give the same text."""
    parts = [_head(found, shards, title), _summary(found, len(shards), title)]
    parts += [_group(found, name) for name in _HEADINGS]
    parts += [_made(), _FILES, _LIMITS]
    return "\n".join(part for part in parts if part)


def _head(found: Stats, shards: Sequence[ShardFacts], title: str) -> str:
    """The YAML that data set hubs read."""
    licences = ", ".join(found.known("licences")) or UNKNOWN
    splits = sorted({split_of(facts.name) for facts in shards})
    lines = [
        "---",
        f"pretty_name: {_quoted(title)}",
        *_list("language", found.known("signed_language")),
        "license: other",
        f"license_name: {_quoted(licences[:200])}",
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
    rows = [
        ("samples", f"{found.samples:,}"), ("with a video", f"{found.videos:,}"), ("hours", f"{found.hours:.2f}"),
        ("frames", f"{found.frames:,}"), ("shards", f"{shards:,}"), ("synthetic", "all"),
    ]  # fmt: skip
    if found.tokens:
        rows.append(("input tokens without a sign", f"{found.missing:,} of {found.tokens:,}"))
    table = "".join(f"| {name} | {value} |\n" for name, value in rows)
    return f"# {_cell(title)}\n\nSynthetic signing, made from text.\n\n| | |\n|---|---:|\n{table}"


def _group(found: Stats, name: str) -> str:
    """A table of samples by value; none where nothing is known, but for licences, where that is worth saying."""
    counts = found.groups[name]
    if set(counts) <= {UNKNOWN} and name != "licences":
        return ""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rows = "".join(f"| {_cell(value)} | {count:,} |\n" for value, count in ordered[:MOST_ROWS])
    more = f"\nand {len(ordered) - MOST_ROWS:,} more.\n" if len(ordered) > MOST_ROWS else ""
    return f"## By {_HEADINGS[name]}\n\n| {_HEADINGS[name]} | samples |\n|---|---:|\n{rows}{more}"


def _made() -> str:
    return (
        f"## How it was made\n\nBy signgen {package_version('signgen')}. Seed, choices and versions of each sample "
        "are in its `KEY.json`; the same plan gives the same bytes.\n"
    )


def _list(name: str, values: Sequence[str]) -> list[str]:
    return [f"{name}:", *(f"- {_quoted(value)}" for value in values)] if values else []


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


def _cell(text: str) -> str:
    """Text that stays inside its cell and cannot bring HTML along."""
    plain = text.replace("|", "\\|").replace("`", "'").replace("<", "&lt;")
    return " ".join(plain.split())[:80]
