"""How2Sign: American Sign Language for English instructions, in the folders that its download script makes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Gt

from signgen.config import setting
from signgen.dataset.corpora.base import (
    MISSING_DOC,
    Missing,
    corpora,
    is_left_out,
    media_in,
    plain_name,
    some,
)
from signgen.dataset.manifest import Sample
from signgen.dataset.table import Line, read_table
from signgen.errors import DataError

SPLITS = ("train", "val", "test")
# Rates of cameras; a count of frames over a time gives one of them to a hundredth or so.
RATES = (23.976, 24.0, 25.0, 29.97, 30.0, 50.0, 59.94, 60.0)
RATE_TOLERANCE = 0.05
_NAMES = ("VIDEO_NAME", "SENTENCE_NAME", "SENTENCE")
_TIMES = (("START_REALIGNED", "END_REALIGNED"), ("START", "END"))
_SIGNER = re.compile(r"-([0-9]{1,2})-rgb_(?:front|side)$")


@corpora.register("how2sign")
@dataclass(frozen=True)
class How2Sign:
    """How2Sign: ``how2sign_realigned_{train,val,test}.csv`` and keypoints, clips or whole videos.

    ``ROOT`` is the folder ``How2Sign`` or the one around it. Lists are in
    ``sentence_level/SPLIT/text/en/raw_text/re_aligned`` or in ``ROOT``; keypoints, clips and videos in
    ``sentence_level/SPLIT/rgb_front/features/openpose_output/json/SENTENCE_NAME``,
    ``sentence_level/SPLIT/rgb_front/raw_videos/SENTENCE_NAME.mp4`` and
    ``video_level/SPLIT/rgb_front/raw_videos/VIDEO_NAME.mp4``.
    """

    media: Literal["any", "poses", "clips", "videos"] = setting(
        "any", "what to take; any: clips, else videos, else poses"
    )
    view: Literal["front", "side"] = setting("front", "camera")
    width: Annotated[int, Gt(0)] = setting(1280, "canvas of the keypoints, which do not say [px]")
    height: Annotated[int, Gt(0)] = setting(720, "likewise")
    missing: Missing = setting("error", MISSING_DOC)
    licence: str = setting("CC-BY-NC-4.0", "licence to note")

    def __call__(self, root: Path, unpacked: Path) -> Iterator[Sample]:
        """The samples of all splits that are there, one for each sentence."""
        base = root / "How2Sign" if (root / "How2Sign").is_dir() else root
        return some(self._samples(base), base, _lists(base, "train")[0].relative_to(base).as_posix())

    def _samples(self, base: Path) -> Iterator[Sample]:
        for split in SPLITS:
            path = next((place for place in _lists(base, split) if place.is_file()), None)
            for row in read_table(path, required=_NAMES, delimiter="\t") if path else ():
                sample = self._located(base, split, row, _sample(row, split, self.licence))
                is_there = bool(sample.video or sample.poses)
                name = row["SENTENCE_NAME"]
                expected = f"{self.media} media of {name} in sentence_level/{split} or video_level/{split}"
                if not is_left_out(is_there, self.missing, row.where, expected):
                    yield sample

    def _located(self, base: Path, split: str, row: Line, sample: Sample) -> Sample:
        """The sample with its file. A clip is the sentence alone, and so are its keypoints; of a video it is a part."""
        kinds = {"any": ("clips", "videos", "poses")}.get(self.media, (self.media,))
        for kind in kinds:
            if found := getattr(self, f"_{kind}")(base, split, row, sample):
                return found  # type: ignore[no-any-return]
        return sample

    def _clips(self, base: Path, split: str, row: Line, sample: Sample) -> Sample | None:
        places = (base / "sentence_level" / split / f"rgb_{self.view}" / name for name in ("raw_videos", ""))
        found = next(
            (file for place in places if (file := media_in(place, self._name(row["SENTENCE_NAME"])))), None
        )
        return replace(sample, video=found, start=0.0, end=None) if found else None

    def _videos(self, base: Path, split: str, row: Line, sample: Sample) -> Sample | None:
        places = (base / "video_level" / split / f"rgb_{self.view}" / name for name in ("raw_videos", ""))
        found = next(
            (file for place in places if (file := media_in(place, self._name(row["VIDEO_NAME"])))), None
        )
        return replace(sample, video=found) if found else None

    def _poses(self, base: Path, split: str, row: Line, sample: Sample) -> Sample | None:
        features = base / "sentence_level" / split / f"rgb_{self.view}" / "features" / "openpose_output"
        folder = features / "json" / self._name(row["SENTENCE_NAME"])
        if not folder.is_dir():
            return None
        frames = sum(1 for file in folder.iterdir() if file.name.endswith("_keypoints.json"))
        seconds = (sample.end or 0.0) - sample.start
        rate = _rate(frames, seconds, row.where)
        return replace(
            sample, poses=folder, start=0.0, end=None, fps=rate, width=self.width, height=self.height
        )

    def _name(self, name: str) -> str:
        return name.replace("-rgb_front", f"-rgb_{self.view}")


def _lists(base: Path, split: str) -> list[Path]:
    text = base / "sentence_level" / split / "text" / "en" / "raw_text"
    aligned, first = f"how2sign_realigned_{split}.csv", f"how2sign_{split}.csv"
    return [text / "re_aligned" / aligned, base / aligned, text / first, base / first]


def _sample(row: Line, split: str, licence: str) -> Sample:
    start, end = _times(row)
    signer = _SIGNER.search(row["SENTENCE_NAME"])
    return Sample(
        plain_name(row["SENTENCE_NAME"]),
        text=row["SENTENCE"],
        signer=signer.group(1) if signer else "",
        split=split,
        licence=licence,
        source="how2sign",
        signed_language="ase",
        spoken_language="en",
        start=start,
        end=end,
    )


def _times(row: Line) -> tuple[float, float]:
    for names in _TIMES:
        start, end = (row.number(name) for name in names)
        if start is not None and end is not None:
            if not 0 <= start < end:
                raise DataError(
                    f"{row.where}: a sentence from {start:g} to {end:g} s; correct or remove the line"
                )
            return start, end
    raise DataError(f"{row.where}: no times; expected START_REALIGNED and END_REALIGNED, or START and END")


def _rate(frames: int, seconds: float, where: str) -> float:
    """The rate of a camera that takes so many frames in so long."""
    found = min(RATES, key=lambda rate: abs(frames / seconds - rate))
    if abs(frames / seconds - found) > RATE_TOLERANCE * found + 1 / seconds:
        raise DataError(
            f"{where}: {frames} frames of keypoints for {seconds:.2f} s fit no rate of a camera; are some missing?"
        )
    return found
