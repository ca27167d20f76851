"""The skeletons of Progressive Transformers: 150 numbers a frame, all sequences of a split in one ``.skels`` file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from annotated_types import Gt

from signgen.config import setting
from signgen.data.files import read_file
from signgen.data.npz import write_npz
from signgen.data.skels import DEFAULT_CANVAS, iterate_skels
from signgen.dataset.corpora.base import corpora, plain_name, some
from signgen.dataset.manifest import Sample
from signgen.errors import DataError

SPLITS = ("train", "dev", "test")
MAX_LIST_BYTES = 64 << 20


@corpora.register("progressive")
@dataclass(frozen=True)
class Progressive:
    """Progressive Transformers: ``{train,dev,test}.skels[.gz]``, with ``.files``, ``.gloss``, ``.text`` by line."""

    fps: Annotated[float, Gt(0)] = setting(25.0, "frames per second, which the files do not say")
    licence: str = setting("CC-BY-NC-SA-4.0", "licence to note")
    source: str = setting("phoenix14t", "corpus of the recordings")
    signed_language: str = setting("gsg", "language of the signs")
    spoken_language: str = setting("de", "language of the texts")

    def __call__(self, root: Path, unpacked: Path) -> Iterator[Sample]:
        """The samples of all splits that are there; each sequence is unpacked."""
        return some(self._samples(root, unpacked), root, "train.skels or train.skels.gz")

    def _samples(self, root: Path, unpacked: Path) -> Iterator[Sample]:
        for split in SPLITS:
            places = (root / f"{split}.skels", root / f"{split}.skels.gz")
            path = next((place for place in places if place.is_file()), None)
            if path is None:
                continue
            files = _list(root / f"{split}.files")
            texts, glosses = (_optional(root / f"{split}.{kind}", len(files)) for kind in ("text", "gloss"))
            count = 0
            for poses in iterate_skels(path, self.fps, *DEFAULT_CANVAS):
                if count == len(files):
                    raise DataError(f"{path}: more sequences than the {count} names in {split}.files")
                name = plain_name(files[count].rpartition("/")[2])
                place = unpacked / split / f"{name}.npz"
                write_npz(poses, place)
                yield self._sample(name, place, split, texts[count], glosses[count])
                count += 1
            if count < len(files):
                raise DataError(
                    f"{path}: {count} sequences for {len(files)} names in {split}.files; is it cut short?"
                )

    def _sample(self, name: str, poses: Path, split: str, text: str, gloss: str) -> Sample:
        return Sample(
            name,
            poses=poses,
            text=text,
            gloss=gloss,
            split=split,
            licence=self.licence,
            source=self.source,
            signed_language=self.signed_language,
            spoken_language=self.spoken_language,
        )


def _list(path: Path) -> list[str]:
    """The lines of a list; the break at its end starts no line."""
    try:
        text = read_file(path, MAX_LIST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path}: not UTF-8; convert the file") from None
    return [line.strip() for line in text.removesuffix("\n").split("\n")]


def _optional(path: Path, count: int) -> list[str]:
    if not path.exists():
        return [""] * count
    lines = _list(path)
    if len(lines) != count:
        raise DataError(
            f"{path}: {len(lines)} lines for {count} names; the lists belong together line by line"
        )
    return lines
