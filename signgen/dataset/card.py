"""The data set's ``README.md``: what it holds, how it was made, and what it cannot be used for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from signgen.data.sidecar import package_version
from signgen.dataset.reasons import REASONS
from signgen.dataset.stages.shards import Shard
from signgen.dataset.stats import GROUPS, UNKNOWN, Figures, Stats, stats
from signgen.dataset.status import Status

# Rows of a table; a data set of many signers needs no list of all of them.
MOST_ROWS = 30

_SCHEMA = """\
## Files

| | |
|---|---|
| `shards/Sign_DWPose_NPZ_*.tar` | `poses.npz`, `caption.json` and a `.complete` for each video, as in SignVerse-2M |
| `shards/Sign_DWPose_NPZ_*.col` | the signer of the same videos in fixed point, for training: `signgen.data.columnar` |
| `shards/Sign_DWPose_NPZ_*.json` | what is in a shard |
| `videos/{video_id}/` | the same files one by one, with `quality.json` and `status.json` |
| `status.jsonl` | every video: outcome, what is known about it, figures |
| `rejects.jsonl` | every video that cannot be used, and why; every video that can, but was odd |
| `SHA256SUMS` | hash of every file; `signgen dataset verify` and `sha256sum -c` compare them |

`poses.npz` pickles its frames, as SignVerse-2M's does. Do not load it with `allow_pickle=True`: a pickle runs what it
names. `signgen.data.shards.read_shard` reads it without running anything.

A frame has 128 keypoints of x, y [px] and confidence: body 0:18 (OpenPose-18), left hand 18:39, right hand 39:60 (the
signer's own), face 60:128 (iBUG-68). What is missing is 0, 0, 0. `person_0` is the signer.
"""
_LIMITS = """\
## Limits

- Poses are estimates. Nobody has looked at every clip; the shares of hands and faces above count what the estimator
  believes it saw.
- Poses without depth lose what lies behind other parts and contact, and with them some signs.
- Texts and captions are as the sources give them; captions of broadcasts are shifted and shortened, and no one has
  checked that they say what is signed.
- Poses are not anonymous: proportions and movement can identify a person. Keep to what the signers agreed to.
- Whatever is made with this data is not a replacement for interpreters.
"""


def card(statuses: Sequence[Status], shards: Sequence[Shard], config: Mapping[str, Any]) -> str:
    """The text of the card; the same records give the same text."""
    found = stats(statuses)
    parts = [_head(found), _title(found, len(shards)), *(_group(found, name) for name in GROUPS)]
    parts += [_rejects(found), _made(config, statuses), _SCHEMA, _LIMITS]
    return "\n".join(part for part in parts if part)


def _head(found: Stats) -> str:
    """The YAML that data set hubs read."""
    languages = [code for code in found.groups["signed_language"] if code != UNKNOWN]
    licences = [name for name in found.groups["licence"] if name != UNKNOWN]
    lines = [
        "---",
        *_list("language", languages),
        "license: other",
        f"license_name: {_quoted(', '.join(licences) or UNKNOWN)}",
    ]
    return "\n".join(
        [
            *lines,
            "tags:",
            "- sign-language",
            "- pose",
            f"size_categories: {_size(found.whole.videos)}",
            "---",
            "",
        ]
    )


def _title(found: Stats, shards: int) -> str:
    whole = found.whole
    rows = (
        ("videos", f"{whole.videos:,}"), ("hours", f"{whole.hours:.2f}"), ("frames", f"{whole.frames:,}"),
        ("shards", f"{shards:,}"), ("with a text", f"{whole.captioned:,}"),
        ("frames with a hand", f"{whole.hands:.1%}"), ("frames with a face", f"{whole.face:.1%}"),
        ("rejected videos", f"{found.rejects:,}"),
    )  # fmt: skip
    table = "".join(f"| {name} | {value} |\n" for name, value in rows)
    return f"# Sign language poses\n\n| | |\n|---|---:|\n{table}"


def _group(found: Stats, name: str) -> str:
    """A table by language, split and so on; none where nothing is known."""
    groups = found.groups[name]
    if set(groups) <= {UNKNOWN}:
        return ""
    shown = list(groups.items())[:MOST_ROWS]
    more = f"\nand {len(groups) - MOST_ROWS} more.\n" if len(groups) > MOST_ROWS else ""
    head = f"| {name.replace('_', ' ')} | videos | hours | frames | hands | face |\n|---|---:|---:|---:|---:|---:|\n"
    return (
        f"## By {name.replace('_', ' ')}\n\n{head}{''.join(_row(value, row) for value, row in shown)}{more}"
    )


def _row(value: str, row: Figures) -> str:
    cells = (
        _cell(value),
        f"{row.videos:,}",
        f"{row.hours:.3f}",
        f"{row.frames:,}",
        f"{row.hands:.1%}",
        f"{row.face:.1%}",
    )
    return f"| {' | '.join(cells)} |\n"


def _rejects(found: Stats) -> str:
    rows = [(name, count, "rejected") for name, count in found.rejected.items()]
    rows += [(name, count, "used") for name, count in found.noted.items()]
    if not rows:
        return ""
    table = "".join(
        f"| {name} | {REASONS.get(name, '')} | {count:,} | {what} |\n" for name, count, what in rows
    )
    return f"## Rejected and odd videos\n\n| reason | meaning | videos | |\n|---|---|---:|---|\n{table}"


def _made(config: Mapping[str, Any], statuses: Sequence[Status]) -> str:
    extractor = config["extractor"]
    name = extractor["name"]
    settings = ", ".join(f"{key} {value}" for key, value in extractor.items() if key != "name")
    from_video = sum("crowd" in status.facts for status in statuses)
    lines = [f"Made by signgen {package_version('signgen')}; all settings are in `dataset.json`."]
    if from_video:
        lines.append(f"Poses of {from_video:,} videos: extractor `{name}` ({settings or 'no settings'}).")
    for weights in sorted({_weights(row) for status in statuses for row in status.facts.get("weights", ())}):
        lines.append(weights)
    if from_video < len(statuses):
        lines.append("Poses of the other videos were there already and were converted.")
    return "## How it was made\n\n" + "\n".join(lines) + "\n"


def _weights(row: Mapping[str, str]) -> str:
    """The line of one file of weights."""
    return (
        f"Weights `{_cell(row['name'])}`: licence {_cell(row['licence']) or UNKNOWN}, sha256 {row['sha256']}."
    )


def _list(name: str, values: Sequence[str]) -> list[str]:
    return [f"{name}:", *(f"- {_quoted(value)}" for value in values)] if values else []


def _size(videos: int) -> str:
    """The size class of data set hubs.

    >>> _size(999), _size(1000), _size(250_000)
    ('n<1K', '1K<n<10K', '100K<n<1M')
    """
    steps = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
    return next((name for most, name in steps if videos < most), "1M<n<10M")


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("`", "'").split())[:80]
