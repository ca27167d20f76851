"""What a file holds, as plain facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from signgen.errors import DataError
from signgen.pose.layout import PARTS
from signgen.pose.sequence import PoseSequence

Facts = Mapping[str, Any]


def inspect(
    path: str | Path, *, fps: float | None = None, width: int | None = None, height: int | None = None
) -> Facts:
    """The facts about a file or folder; the kind is told by its suffix, a JSON file by its content.

    Args:
        path: what to look at.
        fps: frame rate, for pose formats that carry none.
        width: canvas width [px], for pose formats that carry none.
        height: canvas height [px], for pose formats that carry none.

    Raises:
        SignGenError: a leaf that says what is wrong with the file.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    if path.is_dir():
        return _lexicon(path) if (path / "index.csv").exists() else _poses(path, fps, width, height)
    if path.suffix.lower() == ".json" and _is_sidecar(path):
        return _sidecar(path)
    look = _BY_SUFFIX.get(path.suffix.lower())
    return look(path) if look else _poses(path, fps, width, height)


def describe_part(poses: PoseSequence) -> dict[str, float]:
    """Share of the keypoints of each part that are there, 0 to 1."""
    seen = poses.confidence > 0
    return {
        name: round(float(seen[:, part].mean()), 4) if len(poses) else 0.0 for name, part in PARTS.items()
    }


def _poses(path: Path, fps: float | None, width: int | None, height: int | None) -> Facts:
    from signgen.data.poses import read_poses_with_report

    people, report = read_poses_with_report(path, fps=fps, width=width, height=height)
    first = people[0]
    return {
        "kind": "poses",
        "people": len(people),
        "frames": len(first),
        "fps": first.fps,
        "width": first.width,
        "height": first.height,
        "seconds": first.seconds,
        "depth": first.depth is not None,
        "seen": describe_part(first),
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
