"""SignVerse-2M and data sets in its layout: shards, or folders of videos that were unpacked from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signgen.config import setting
from signgen.data.atomic import write_bytes, write_text
from signgen.data.languages import normalise_signed_language
from signgen.data.shards import Recording, read_shard
from signgen.data.signverse import encode_signverse_npz
from signgen.data.strict_json import read_json_object, to_json
from signgen.dataset.corpora.base import Missing, corpora, is_left_out, plain_name, some
from signgen.dataset.manifest import Sample
from signgen.errors import ConfigError, DataError

MAX_CAPTION_BYTES = 16 << 20


@corpora.register("signverse")
@dataclass(frozen=True)
class SignVerse:
    """SignVerse-2M: ``*.tar`` shards, or folders ``VIDEO_ID`` with ``poses.npz`` (or ``npz/poses.npz``) and captions.

    ``ROOT`` is the folder, with shards or videos anywhere in it, or one shard. Captions are ``caption.json`` or the
    WebVTT files in ``captions``. A video without its ``.complete`` file was not written to its end and is missing.
    """

    missing: Missing = setting("error", "damaged or unfinished videos: stop with an error, skip or keep them")
    licence: str = setting("", "licence to note; the poses are MIT, the videos have terms of their own")

    def __call__(self, root: Path, unpacked: Path) -> Iterator[Sample]:
        """The videos of all shards, each unpacked, then those that lie in folders."""
        if not root.exists():
            raise DataError(f"{root}: not found; expected a folder of SignVerse, or a shard")
        shards = [root] if root.is_file() else sorted(path for path in root.rglob("*.tar") if path.is_file())
        folders = [] if root.is_file() else sorted({*root.rglob("poses.npz")})
        return some(self._samples(shards, folders, unpacked), root, "*.tar, or VIDEO_ID/poses.npz")

    def _samples(self, shards: list[Path], folders: list[Path], unpacked: Path) -> Iterator[Sample]:
        for shard in shards:
            for recording in read_shard(shard, on_error="raise" if self.missing == "error" else "skip"):
                yield self._unpacked(recording, unpacked)
        for poses in folders:
            folder = poses.parent.parent if poses.parent.name == "npz" else poses.parent
            marks = (folder / f"{folder.name}.complete", folder / ".complete", poses.parent / ".complete")
            is_whole = any(mark.is_file() for mark in marks)
            if not is_left_out(is_whole, self.missing, str(folder), f"{folder.name}.complete"):
                yield self._in_folder(folder, poses)

    def _unpacked(self, recording: Recording, unpacked: Path) -> Sample:
        """A sample of files written from a recording of a shard."""
        name = plain_name(recording.video_id)
        folder = unpacked / name
        write_bytes(folder / "poses.npz", encode_signverse_npz(recording.poses, name))
        captions: Path | None = None
        if recording.caption:
            captions = folder / "caption.json"
            write_text(captions, to_json(recording.caption) + "\n")
        elif recording.subtitles:
            captions = folder / "captions"
            for file, text in sorted(recording.subtitles.items()):
                write_text(captions / plain_name(file), text)
        return self._sample(name, folder / "poses.npz", captions, recording.signed_language)

    def _in_folder(self, folder: Path, poses: Path) -> Sample:
        caption, subtitles = folder / "caption.json", folder / "captions"
        language = ""
        if caption.is_file():
            language = _language(read_json_object(caption, MAX_CAPTION_BYTES))
            return self._sample(plain_name(folder.name), poses, caption, language)
        has_subtitles = subtitles.is_dir() and any(subtitles.glob("*.vtt"))
        return self._sample(plain_name(folder.name), poses, subtitles if has_subtitles else None, language)

    def _sample(self, name: str, poses: Path, captions: Path | None, language: str) -> Sample:
        return Sample(
            name,
            poses=poses,
            captions=captions,
            licence=self.licence,
            source="signverse-2m",
            signed_language=language,
        )


def _language(caption: dict[str, Any]) -> str:
    """ISO 639-3 for the codes of SignVerse; others stay as they are."""
    code = caption.get("sign_language")
    if not isinstance(code, str):
        return ""
    try:
        return normalise_signed_language(code, source="signverse")
    except ConfigError:
        return code
