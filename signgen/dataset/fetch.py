"""Run the user's own command that gets a video; signgen has no downloader."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from signgen.data.atomic import resource_errors
from signgen.dataset.folder import keep_only
from signgen.dataset.reasons import Reason
from signgen.errors import ConfigError

FOLDER = ".fetched"
PLACEHOLDERS = ("{video_id}", "{output}")
CAPTION_SUFFIXES = (".vtt", ".srt")


@dataclass(frozen=True)
class Fetched:
    """What the command left in its folder.

    Attributes:
        video: the video.
        captions: captions beside it by plain names, which end in their language, as in ``ID.en.vtt``.
    """

    video: Path
    captions: Mapping[str, Path]


def parse_command(command: str) -> tuple[str, ...]:
    """The words of a command, which is run without a shell.

    Raises:
        ConfigError: unbalanced quotes, nothing to run, or no ``{output}`` in it.
    """
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise ConfigError(f"--fetch-command: {error}") from None
    if not words or not any("{output}" in word for word in words):
        raise ConfigError(
            "--fetch-command: expected a command with {output}, such as 'fetch {video_id} {output}'"
        )
    return words


def filled(words: tuple[str, ...], video_id: str, output: Path) -> list[str]:
    """The command with its placeholders filled in.

    A name that starts with a dash would be taken for an option where it is a word of its own.

    Raises:
        ValueError: that is so.
    """
    for place, word in enumerate(words):
        if video_id.startswith("-") and word.startswith("{video_id}") and "--" not in words[:place]:
            raise ValueError("the name starts with a dash and would be an option; put -- before {video_id}")
    values = dict(zip(PLACEHOLDERS, (video_id, str(output)), strict=True))
    return [_replaced(word, values) for word in words]


def fetch(words: tuple[str, ...], video_id: str, folder: Path) -> Fetched | Reason:
    """Run the command for one video; it writes ``{output}``, or one file with another suffix beside it.

    Args:
        words: from `parse_command`.
        video_id: name of the video.
        folder: an empty folder is made in it for the command.

    Raises:
        ResourceError: the folder cannot be written.
    """
    place = folder / FOLDER
    with resource_errors(place):
        place.mkdir(parents=True, exist_ok=True)
    keep_only(place, ())
    try:
        command = filled(words, video_id, place.absolute() / f"{video_id}.mp4")
        done = subprocess.run(  # noqa: S603 (the user's own command, without a shell)
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
        )
    except (OSError, ValueError) as error:
        return Reason("fetch-failed", str(getattr(error, "strerror", None) or error))
    if done.returncode:
        return Reason("fetch-failed", f"exit code {done.returncode}: {_last_line(done.stderr)}")
    return fetched_in(place)


def fetched_in(place: Path) -> Fetched | Reason:
    """What a command left in its folder."""
    files = sorted(path for path in place.iterdir() if path.is_file() and not path.is_symlink())
    captions = [path for path in files if path.suffix.lower() in CAPTION_SUFFIXES]
    videos = [path for path in files if path not in captions and path.suffix.lower() != ".json"]
    if len(videos) != 1:
        return Reason("fetch-failed", f"expected one video, the command left {len(videos)}")
    return Fetched(videos[0], {re.sub(r"[^A-Za-z0-9_.-]", "_", path.name): path for path in captions})


def _last_line(output: bytes) -> str:
    lines = output[-2000:].decode("utf-8", "replace").split("\n")
    text = next((line for line in reversed(lines) if line.strip()), "")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]


def _replaced(word: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        word = word.replace(name, value)
    return word
