"""A video to a pose file, with an account of how, how good it is and what was repaired."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from signgen.config import check, merge, setting
from signgen.data.poses import write_poses
from signgen.data.sidecar import Sidecar, describe_output, sidecar_path, write_sidecar
from signgen.data.video import Video, read_video
from signgen.errors import DataError
from signgen.extract.base import Detections, Extractor, extractors
from signgen.extract.people import Extraction
from signgen.extract.run import extract
from signgen.pose.clean import clean
from signgen.pose.quality import quality
from signgen.pose.sequence import PoseSequence
from signgen.workflow import digest, outputs
from signgen.workflow.convert import check_pose_path
from signgen.workflow.progress import Progress, counted, silent
from signgen.workflow.record import describe_poses
from signgen.workflow.settings import plain

EXTRACTOR = "mediapipe"


@dataclass(frozen=True)
class Settings:
    """What decides, together with the extractor, what poses are written."""

    clean: bool = setting(True, "fill short gaps, repair swapped sides and drop outliers")
    all_people: bool = setting(False, "write everybody, not only the signer")


@dataclass(frozen=True)
class Job:
    """An extractor and settings ready to run, and both as plain values."""

    extractor: Extractor
    settings: Settings
    config: dict[str, Any]


@dataclass(frozen=True)
class Row:
    """What became of one video.

    Attributes:
        video: its path, relative to the folder of a run over many.
        status: ``done`` now, ``kept`` from an earlier run, or ``failed``.
        outputs: names of the files written, the signer's first, the sidecar last.
        frames: frames of the poses.
        warnings: what the user should know.
        error: why it failed.
    """

    video: str
    status: Literal["done", "kept", "failed"]
    outputs: tuple[str, ...] = ()
    frames: int = 0
    warnings: tuple[str, ...] = ()
    error: str = ""


def prepare(config: Mapping[str, Any] | None = None) -> Job:
    """Build the extractor that ``config`` names and check the rest; raises ConfigError."""
    merged = merge({"extractor": {}}, config or {})
    section = merged.pop("extractor")
    section = {"name": section} if isinstance(section, str) else {"name": EXTRACTOR, **section}
    settings, extractor = check(Settings, merged), extractors.build(section)
    return Job(
        extractor, settings, {"extractor": {"name": section["name"], **plain(extractor)}, **plain(settings)}
    )


def extract_video(
    video: str | Path,
    output: str | Path,
    config: Mapping[str, Any] | None = None,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> Row:
    """Write the poses of a video, with a sidecar that tells how, how good they are and what was repaired.

    Args:
        video: any file that `signgen.data.video` reads.
        output: the signer's poses, in the format of the suffix; others are ``clip_person_1.npz`` and so on.
        config: settings: an ``extractor`` by name or with settings, ``clean`` and ``all_people``.
        force: replace files that exist.
        progress: told how far the extractor is.

    Raises:
        SignGenError: a leaf that says what is wrong; then nothing is left behind.
    """
    return extract_with(prepare(config), Path(video), check_pose_path(Path(output)), force, progress)


def extract_with(job: Job, video: Path, output: Path, force: bool, progress: Progress) -> Row:
    """`extract_video` with an extractor that is already built."""
    opened = read_video(video)

    def shown(found: Iterable[Detections]) -> Iterator[Detections]:
        return counted(found, "frames", opened.num_frames, progress)

    extraction = extract(opened, job.extractor, each=shown)
    count = len(extraction.people) if job.settings.all_people else 1
    targets = [output, *(_of_person(output, number) for number in range(1, count))]
    sidecar = sidecar_path(output)
    outputs.refuse_existing((*targets, sidecar), force)
    people, repairs = _cleaned(extraction.people[:count], job.settings.clean)
    warnings = _warnings(opened, extraction)
    with outputs.all_or_nothing() as written:
        for poses, target in zip(people, targets, strict=True):
            write_poses(poses, target)
            written.append(target)
        account = {
            "input": {"path": str(video.resolve()), "sha256": digest.of_file(video)},
            "poses": describe_poses(people[0]),
            "quality": quality(people[0], extraction.people[1:]).as_dict(),
            "repairs": repairs,
            "switches": [asdict(switch) for switch in extraction.switches],
            "people": len(extraction.people),
        }
        files = tuple(describe_output(path) for path in written)
        weights: tuple[dict[str, str], ...] = getattr(job.extractor, "sources", tuple)()
        written_with = Sidecar(
            "extract",
            job.config,
            sources=weights,
            licences=sorted({source["licence"] for source in weights} - {""}),
            outputs=files,
            warnings=warnings,
            account=account,
        )
        write_sidecar(sidecar, written_with)
        written.append(sidecar)
    return Row(video.name, "done", tuple(path.name for path in written), len(people[0]), warnings)


def _cleaned(
    people: Sequence[PoseSequence], is_wanted: bool
) -> tuple[list[PoseSequence], list[dict[str, Any]]]:
    """The people, and what was repaired of the first."""
    if not is_wanted:
        return list(people), []
    done = [clean(poses) for poses in people]
    return [each.poses for each in done], [asdict(repair) for repair in done[0].repairs]


def _warnings(video: Video, extraction: Extraction) -> tuple[str, ...]:
    found = []
    if video.is_variable_rate:
        found.append(f"variable frame rate: resampled to {video.fps:g} frames/s")
    if extraction.crowd > 1:
        found.append(f"{extraction.crowd} people in one frame; the most prominent is taken for the signer")
    for switch in extraction.switches:
        found.append(f"the signer is another person from {switch.frame / video.fps:.2f} s on")
    if not extraction.signer.confidence.any():
        raise DataError(f"{video.path}: nobody was found in this video")
    return tuple(found)


def _of_person(output: Path, number: int) -> Path:
    return output.with_name(f"{output.stem}_person_{number}{output.suffix}")
