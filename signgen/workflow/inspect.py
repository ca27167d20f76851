"""What a file holds, as plain facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from signgen.data.batch_clips import is_clip
from signgen.data.shard_files import TAR, is_batch
from signgen.errors import DataError
from signgen.workflow.inspect_batch import (
    batch_clip_facts,
    batch_facts,
    credentials_facts,
    describe_signer,
    tar_facts,
)

Facts = Mapping[str, Any]


def inspect(
    path: str | Path, *, fps: float | None = None, width: int | None = None, height: int | None = None
) -> Facts:
    """The facts about a file, a folder or ``BATCH/KEY``; the kind is told by its suffix, a JSON file by its content.

    Args:
        path: what to look at.
        fps: frame rate, for pose formats that carry none.
        width: canvas width [px], for pose formats that carry none.
        height: canvas height [px], for pose formats that carry none.

    Raises:
        SignGenError: a leaf that says what is wrong with the file.
    """
    path = Path(path)
    if is_clip(path):
        return batch_clip_facts(path)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    if path.suffix.lower() == TAR:
        return tar_facts(path)
    if path.is_dir() and is_batch(path):
        return batch_facts(path)
    if path.is_dir():
        return _lexicon(path) if (path / "index.csv").exists() else _poses(path, fps, width, height)
    if path.suffix.lower() == ".json" and _is_sidecar(path):
        return _sidecar(path)
    look = _BY_SUFFIX.get(path.suffix.lower())
    return look(path) if look else _poses(path, fps, width, height)


def _poses(path: Path, fps: float | None, width: int | None, height: int | None) -> Facts:
    from signgen.data.poses import read_poses_with_report

    people, report = read_poses_with_report(path, fps=fps, width=width, height=height)
    return {
        "kind": "poses",
        "people": len(people),
        **describe_signer(people[0]),
        "conversion": str(report),
    }


def _video(path: Path) -> Facts:
    from signgen.data.video import read_video

    video = read_video(path)
    return {
        "kind": "video",
        "frames": video.num_frames,
        "fps": video.fps,
        "width": video.width,
        "height": video.height,
        "seconds": video.seconds,
        "variable_rate": video.is_variable_rate,
        "metadata": dict(video.metadata),
        **credentials_facts(path),
    }


def _captions(path: Path) -> Facts:
    from signgen.data.captions import read_captions

    cues = read_captions(path)
    return {
        "kind": "captions",
        "cues": len(cues),
        "start": cues[0].start if cues else 0.0,
        "end": max((cue.end for cue in cues), default=0.0),
        "characters": sum(len(cue.text) for cue in cues),
    }


def _eaf(path: Path) -> Facts:
    from signgen.data.eaf import read_eaf

    return {
        "kind": "ELAN tiers",
        **{f"tier {name}": f"{len(cues)} annotations" for name, cues in read_eaf(path).items()},
    }


def _sidecar(path: Path) -> Facts:
    from signgen.data.sidecar import read_sidecar

    record = read_sidecar(path)
    return {
        "kind": "sidecar",
        "command": record.command,
        "signgen": record.signgen,
        "text": record.text,
        "seed": record.seed,
        "config": dict(record.config),
        "recordings": len(record.sources),
        "licences": list(record.licences),
        "outputs": [file.name for file in record.outputs],
        "warnings": list(record.warnings),
        "versions": dict(record.versions),
    }


def _lexicon(path: Path) -> Facts:
    from signgen.lexicon.lexicon import open_lexicon

    lexicon = open_lexicon(path)
    return {
        "kind": "lexicon",
        "recordings": len(lexicon.entries),
        "signed_languages": list(lexicon.signed_languages),
        "spoken_languages": list(lexicon.spoken_languages),
        "licences": list(lexicon.licences),
    }


def _config(path: Path) -> Facts:
    from signgen.config import load_yaml
    from signgen.workflow.settings import prepare

    return {"kind": "config", **prepare(load_yaml(path)).config}


def _is_sidecar(path: Path) -> bool:
    from signgen.data.strict_json import read_json_object

    try:
        values = read_json_object(path)
    except DataError:
        return False
    return "schema" in values and "command" in values


_BY_SUFFIX: dict[str, Callable[[Path], Facts]] = {
    **dict.fromkeys((".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v"), _video),
    **dict.fromkeys((".srt", ".vtt"), _captions),
    **dict.fromkeys((".yaml", ".yml"), _config),
    ".eaf": _eaf,
}
