"""Videos beside the poses that they show, found in a folder.

A folder has ``videos/NAME.mp4`` and ``poses/NAME.npz``, as `signgen generate` and `signgen pose` write them of the
same texts; or videos with the poses of the same name beside them, as `signgen extract` writes them of videos.
A ``prompt.txt`` in it says in words what its frames show.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from signgen.data.files import read_file
from signgen.data.poses import SUFFIXES as POSES
from signgen.data.sidecar import read_sidecar, sidecar_path
from signgen.data.video import SUFFIXES as VIDEOS
from signgen.errors import DataError

PROMPT = "prompt.txt"
# What the avatar's settings must be for its signer to stand where the poses are.
IN_PLACE = {"framing": "canvas", "yaw": 0.0, "pitch": 0.0, "zoom": 1.0, "left_handed": False}
MAX_PROMPT_BYTES = 1 << 12


@dataclass(frozen=True)
class Pair:
    """A video and its poses.

    Attributes:
        source: where it was found, a folder or a list.
        name: of the clip.
        video: the video file.
        poses: the poses, in any format; as many as the video has frames.
        start: where in the video the poses start [s].
        end: where they end [s]; None for the end of the video.
        person: which of several people of the poses is meant.
    """

    source: Path
    name: str
    video: Path
    poses: Path
    start: float = 0.0
    end: float | None = None
    person: int = 0


def pairs_in(folder: Path) -> tuple[Pair, ...]:
    """The pairs of a folder, in the order of their names.

    Raises:
        DataError: there is no folder or no video in it, or a video without poses.
    """
    if not folder.is_dir():
        raise DataError(
            f"{folder}: no such folder; give a folder of videos with poses, or a manifest (.jsonl)"
        )
    is_split = (folder / "videos").is_dir()
    videos, poses = (folder / "videos", folder / "poses") if is_split else (folder, folder)
    found = tuple(_pairs(folder, videos, poses))
    if not found:
        raise DataError(
            f"{videos}: no videos; make them with `signgen generate --text-file TEXTS -o {folder / 'videos'} "
            f"--set renderer.framing=canvas`, and the poses with `signgen pose` into {folder / 'poses'}"
        )
    return found


def prompt_of(source: Path) -> str | None:
    """What a source says of its frames in words; None if it says nothing.

    Raises:
        DataError: its ``prompt.txt`` is no short text.
    """
    path = (source if source.is_dir() else source.parent) / PROMPT
    if not path.is_file():
        return None
    try:
        text = " ".join(read_file(path, MAX_PROMPT_BYTES).decode("utf-8").split())
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8; save it as UTF-8 text") from None
    if not text:
        raise DataError(f"{path}: is empty; say what the frames show, or remove it")
    return text


def _pairs(folder: Path, videos: Path, poses: Path) -> Iterator[Pair]:
    for video in sorted(path for path in videos.iterdir() if path.suffix.lower() in VIDEOS):
        beside = _beside(video, poses)
        if beside is None:
            raise DataError(
                f"{video}: no poses {poses / video.stem}.npz; make them with `signgen pose` or `signgen extract`"
            )
        _check_place(video)
        yield Pair(folder, video.stem, video, beside)


def _check_place(video: Path) -> None:
    """Raise if the sidecar of a video says that the signer was moved away from the poses: that would be learned."""
    if not (video.suffix == ".mp4" and sidecar_path(video).is_file()):
        return
    renderer = read_sidecar(sidecar_path(video)).config.get("renderer")
    if not isinstance(renderer, Mapping) or renderer.get("name") != "avatar":
        return
    for name, wanted in IN_PLACE.items():
        if renderer.get(name, wanted) != wanted:
            raise DataError(
                f"{video}: made with renderer.{name}={renderer[name]}, so the signer does not stand where the poses "
                f"are; make it with --set renderer.{name}={wanted}"
            )


def _beside(video: Path, poses: Path) -> Path | None:
    # A .json beside a video is its sidecar.
    suffixes: Sequence[str] = [suffix for suffix in POSES if suffix != ".json"]
    return next((path for s in suffixes if (path := poses / f"{video.stem}{s}").is_file()), None)
