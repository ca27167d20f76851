"""Why a video is rejected, or what is odd about it: short names to count by, and a line for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from signgen.errors import DataError

# Every name there is, and what it means; docs and card quote it.
REASONS: Mapping[str, str] = {
    "missing": "the file is not there",
    "empty": "the file has no bytes",
    "unreadable": "the file cannot be read: permissions, or the disk",
    "truncated": "the file is cut off",
    "corrupt": "the file is damaged, or of no known format",
    "no-video": "there is no picture in the file, as in one with sound only",
    "no-rate": "a folder of pictures, and the manifest gives no frames per second",
    "size-changes": "the pictures change their size",
    "too-large": "the pictures or the file are too large to read",
    "one-frame": "a single picture is no signing",
    "too-short": "there is less signing than the least length",
    "out-of-range": "the part that the manifest asks for is not in the file",
    "no-person": "the person that the manifest asks for is not there",
    "no-signer": "nobody is seen in any frame",
    "small-signer": "the signer is too small in the picture",
    "body-missing": "the body is seen in too few frames",
    "hands-missing": "no hand is seen in too many frames",
    "face-missing": "the face is seen in too few frames",
    "hands-cut-off": "hands are outside the picture in too many frames",
    "jitter": "the poses tremble",
    "several-signers": "more people sign than the limit allows",
    "far-points": "keypoints lie too far apart to be stored",
    "bad-captions": "the captions cannot be read",
    "no-captions": "there is neither text, gloss nor a caption",
    "no-source": "the manifest names neither a video nor poses",
    "fetch-failed": "the command that fetches the video failed",
    "time-limit": "the video took longer than the time limit",
    "crashed": "the process died, twice",
    "internal-error": "an error of signgen itself; please report it",
    "variable-rate": "the pictures are not equally spaced in time; poses were resampled by their times",
    "rotated": "the file says that it is to be shown turned; poses are of the turned picture",
    "cues-dropped": "cues of the captions were left out",
    "ends-early": "the file ends before the part that the manifest asks for",
    "several-people": "more than one person is seen",
    "signer-switch": "the signer is not the same person throughout",
}


@dataclass(frozen=True, order=True)
class Reason:
    """A reason or a note.

    Attributes:
        name: one of `REASONS`.
        detail: what exactly, for people.
    """

    name: str
    detail: str = ""


# What the readers say, and the name of it; the first that fits counts.
_SAID: tuple[tuple[str, str], ...] = (
    ("the file is empty", "empty"),
    ("no such file", "missing"),
    ("No such file", "missing"),
    ("not a video that can be read", "corrupt"),
    ("cut off", "truncated"),
    ("no video stream", "no-video"),
    ("no files named like", "no-video"),
    ("pictures are missing", "truncated"),
    ("changes the size", "size-changes"),
    ("too large", "too-large"),
    ("larger than", "too-large"),
    ("does not say its frame rate", "no-rate"),
    ("cannot be read:", "unreadable"),
    ("not a file", "unreadable"),
)


def reason_of(error: DataError, path: Path) -> Reason:
    """The reason that an error of a reader is; its text no longer names the path, which differs by machine."""
    text = str(error).removeprefix(f"{path}: ")
    name = next((name for said, name in _SAID if said in text), "corrupt")
    if name == "corrupt" and is_cut_mp4(path):
        return Reason("truncated", "the file ends in the middle; it is cut off, get it again")
    return Reason(name, text)


def is_cut_mp4(path: Path) -> bool:
    """Whether the outermost boxes of an mp4 promise more bytes than there are.

    A cut mp4 has often lost its index, which is at its end, and then says nothing else about itself.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = 0
            while start + 8 <= size:
                file.seek(start)
                head = file.read(16)
                if start == 0 and head[4:8] != b"ftyp":
                    return False
                length = int.from_bytes(head[:4], "big")
                if length == 1:
                    length = int.from_bytes(head[8:16], "big")
                if length < 8:
                    return False
                start += length
    except OSError:
        return False
    return start > size
