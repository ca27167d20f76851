"""Columnar shards, as `signgen corpus make` and `signgen dataset build --columnar` write them, and finished batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from signgen.config import setting
from signgen.data.npz import write_npz
from signgen.data.shard_files import SUFFIX, Shard, is_batch, open_shard, shards_in, splits_of
from signgen.dataset.corpora.base import corpora, plain_name, some
from signgen.dataset.manifest import Sample

SPLITS = ("train", "dev", "test")


@corpora.register("columnar")
@dataclass(frozen=True)
class ColumnarShards:
    """Columnar shards in ``ROOT/{train,dev,test}``, or in ``ROOT`` itself, or a batch; each clip is unpacked.

    A clip's own notes say its text, gloss, signer, split, licence and languages.
    """

    licence: str = setting("", "licence to note where a clip says none")

    def __call__(self, root: Path, unpacked: Path) -> Iterator[Sample]:
        """The clips of all shards, in the order of their names."""
        return some(
            self._samples(root, unpacked), root, f"shards (*{SUFFIX}) in it or in train, dev and test"
        )

    def _samples(self, root: Path, unpacked: Path) -> Iterator[Sample]:
        for split, path in _shards(root):
            with open_shard(path) as shard:
                for number in range(len(shard)):
                    yield self._sample(shard, number, split, unpacked)

    def _sample(self, shard: Shard, number: int, split: str, unpacked: Path) -> Sample:
        entry = shard.clips[number]
        info = {name: str(value) for name, value in entry.info.items() if isinstance(value, str)}
        video_id = plain_name(entry.name)
        place = unpacked / (split or "all") / f"{video_id}.npz"
        write_npz(shard.read(number), place)
        return Sample(
            video_id,
            poses=place,
            text=info.get("text", ""),
            gloss=info.get("gloss", ""),
            signer=info.get("signer", ""),
            split=split or info.get("split", ""),
            licence=info.get("licence", "") or self.licence,
            source=info.get("source", ""),
            signed_language=info.get("signed_language", ""),
            spoken_language=info.get("spoken_language", ""),
        )


def _shards(root: Path) -> Iterator[tuple[str, Path]]:
    """Split and path of each shard."""
    if is_batch(root):
        yield from ((split, path) for split in splits_of(root) for path in shards_in(root / split))
        return
    for split in ("", *SPLITS):
        yield from ((split, path) for path in sorted((root / split).glob(f"[!.]*{SUFFIX}")))
