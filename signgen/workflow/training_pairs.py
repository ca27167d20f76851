"""What the video networks learn from, out of folders and out of manifests of data sets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from signgen.dataset.folder import POSES, Folder
from signgen.dataset.manifest import Sample, read_manifest
from signgen.errors import DataError
from signgen.render.diffusion.training.pairs import Pair, pairs_in

MANIFEST = ".jsonl"


def pairs_of(sources: Sequence[Path], built: Path | None = None) -> tuple[Pair, ...]:
    """The pairs of all sources.

    Args:
        sources: folders of videos with poses, or manifests of data sets (``.jsonl``).
        built: folder of a data set that was built of these manifests; its poses go before those of the corpus.

    Raises:
        DataError: a source is missing, or a video has no poses.
    """
    found: list[Pair] = []
    for source in sources:
        if source.suffix == MANIFEST:
            found += [_pair(source, sample, built) for sample in read_manifest(source) if sample.video]
        else:
            found += pairs_in(source)
    return tuple(found)


def _pair(source: Path, sample: Sample, built: Path | None) -> Pair:
    assert isinstance(sample.video, Path)
    own = None if built is None else Folder(built).video(sample.video_id) / POSES
    if own is not None and own.is_file():
        # Already cut to the part, and the signer stands first.
        return Pair(source, sample.video_id, sample.video, own, sample.start, sample.end)
    if sample.poses is not None:
        return Pair(
            source, sample.video_id, sample.video, sample.poses, sample.start, sample.end, sample.person
        )
    where = "data.poses names no built data set" if own is None else f"{own} is missing"
    raise DataError(
        f"{source}: {sample.video_id}: no poses ({where}); build them with `signgen dataset build` and set data.poses"
    )
