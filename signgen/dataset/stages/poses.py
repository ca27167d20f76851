"""Stage 2, poses: a part of a video through an extractor, or poses that are there already, in one layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from signgen.data.signverse import encode_signverse_npz
from signgen.data.video import Video
from signgen.dataset.folder import POSES, QUALITY
from signgen.dataset.manifest import Sample
from signgen.dataset.reasons import Reason, reason_of
from signgen.dataset.settings import Settings
from signgen.dataset.stages.base import Made, rejected
from signgen.dataset.stages.clips import UnusableError, ends_early, open_clip, rotation, span
from signgen.dataset.stages.judge import judged
from signgen.errors import DataError
from signgen.pose.sequence import PoseSequence

if TYPE_CHECKING:
    from signgen.extract.people import Extraction


def make_poses(sample: Sample, settings: Settings) -> Made:
    """The poses of a sample as ``poses.npz`` of SignVerse, the signer first, and ``quality.json``.

    Raises:
        DependencyError, CheckpointError: what the extractor needs is not there.
    """
    path = sample.poses or sample.video
    if path is None:
        return rejected("no-source", "give video or poses, or a command that fetches the video")
    try:
        found = _stored(sample, path) if sample.poses else _extracted(sample, path, settings)
    except UnusableError as unusable:
        return Made(reasons=(unusable.reason,))
    except DataError as error:
        return Made(reasons=(reason_of(error, path),))
    people = found.people if settings.options.all_people else found.people[:1]
    facts, quality = judged(people)
    npz = encode_signverse_npz(people, sample.video_id)
    return Made({POSES: npz, QUALITY: quality}, (), found.notes, {**facts, **found.facts})


@dataclass(frozen=True)
class _Found:
    """The people of a sample, the signer first, and what is to be said about them."""

    people: list[PoseSequence]
    notes: tuple[Reason, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def _stored(sample: Sample, path: Path) -> _Found:
    """Poses of a file, the person that the manifest names first."""
    from signgen.data.poses import read_poses

    people = read_poses(path, fps=sample.fps, width=sample.width, height=sample.height)
    if sample.person >= len(people):
        raise UnusableError("no-person", f"person {sample.person} of {len(people)}, counted from 0")
    signer = people.pop(sample.person)
    part = span(sample, np.arange(len(signer)) / signer.fps)
    # The lines of a .skels file are clips of their own, not people of one.
    others = [] if path.name.endswith((".skels", ".skels.gz")) else people
    return _Found([poses[part] for poses in (signer, *others)], tuple(ends_early(sample, signer.seconds)))


def _extracted(sample: Sample, path: Path, settings: Settings) -> _Found:
    """People in a video, or in a part of it."""
    from signgen.extract.run import extract
    from signgen.pose.clean import clean

    clip, seconds = open_clip(sample, path)
    found = extract(clip, settings.extractor)
    people, repairs = list(found.people), Counter[str]()
    if settings.options.clean:
        cleaned = [clean(poses, settings.cleaning) for poses in people]
        repairs = Counter(repair.kind for repair in cleaned[0].repairs)
        people = [result.poses for result in cleaned]
    facts = {"crowd": found.crowd, "switches": len(found.switches), "repairs": dict(repairs)}
    return _Found(people, (*_notes(clip, found), *ends_early(sample, seconds)), facts)


def _notes(video: Video, found: Extraction) -> Iterator[Reason]:
    if video.is_variable_rate:
        yield Reason("variable-rate", f"{video.num_frames} pictures, on average {video.fps:.3f} a second")
    turned = 0 if video.path.is_dir() else rotation(video.path)
    if turned:
        yield Reason("rotated", f"by {turned} degrees")
    if found.crowd > 1:
        yield Reason("several-people", f"up to {found.crowd} in one picture")
    if found.switches:
        yield Reason("signer-switch", f"{len(found.switches)} times")


def warm_up() -> None:
    """Load the compiled loops, which takes a second, before the time of the first video starts to count."""
    import signgen.extract.run  # noqa: F401
    from signgen.pose.clean import clean

    corners = np.random.default_rng(0).uniform(1, 99, (8, 128, 3)).astype(np.float32)
    corners[..., 2] = 1
    judged([clean(PoseSequence(corners, 24.0, 100, 100)).poses])
