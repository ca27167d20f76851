"""A lexicon from videos of isolated signs: poses are extracted, trimmed to the sign, judged and named."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signgen.data.poses import read_pose
from signgen.errors import DataError
from signgen.lexicon.build import BuildReport, build_lexicon, check_target, is_video, recordings
from signgen.lexicon.entry import Entry
from signgen.lexicon.lexicon import cut
from signgen.pose.quality import quality, reject_reasons
from signgen.pose.sequence import PoseSequence
from signgen.workflow.extract import Row
from signgen.workflow.extract_folder import extract_folder
from signgen.workflow.progress import Progress, silent

# What is kept before and after a sign, so that its first and last frame are not at the very edge [s].
MARGIN = 0.1


def lexicon_from_videos(
    source: str | Path,
    output: str | Path,
    config: Mapping[str, Any] | None = None,
    *,
    spoken_language: str,
    signed_language: str,
    table: Path | None = None,
    licence: str = "",
    signer: str = "",
    workers: int = 1,
    progress: Progress = silent,
) -> BuildReport:
    """Make a lexicon of the videos and pose files under ``source``.

    Poses of videos are kept in ``.NAME.poses`` beside the output until the lexicon is whole, so that a stopped run
    goes on. Entries whose table gives no start and end are trimmed from the onset of the sign to its offset.

    Args:
        source: folder of recordings, ``HOUSE_1.mp4`` for variant 1 of HOUSE, or with an index.csv.
        output: the new folder.
        config: settings of the extraction, see `signgen.workflow.extract`.
        spoken_language: code of the words.
        signed_language: ISO 639-3 code.
        table: the entries, in the columns of an index.
        licence: of the recordings.
        signer: who signs, and agreed to this use.
        workers: processes side by side.
        progress: told how many videos are done.

    Raises:
        LexiconError: nothing to build from, a bad table, nothing that can be used, or ``output`` exists.
        DependencyError, CheckpointError: what the extractor needs is not there.
        ResourceError: disk or memory ran out; run again to go on.
    """
    source, output = Path(source), Path(output)
    check_target(output)
    naming: dict[str, Any] = {
        "spoken_language": spoken_language, "signed_language": signed_language, "table": table,
        "licence": licence, "signer": signer,
    }  # fmt: skip
    videos = sorted({entry.path for entry in recordings(source, **naming) if is_video(entry.path)})
    kept = output.parent / f".{output.name}.poses"
    found: dict[Path, Row] = {}
    if videos:
        rows = extract_folder(source, kept, config, workers=workers, progress=progress, videos=videos)
        found = {source / row.video: row for row in rows}

    def read(entry: Entry) -> PoseSequence:
        if entry.path in found:
            return _sign(read_pose(_poses_of(found[entry.path], kept)), entry)
        return cut(read_pose(entry.path), entry)

    report = build_lexicon(source, output, **naming, read=read)
    shutil.rmtree(kept, ignore_errors=True)
    return report


def trim(poses: PoseSequence) -> PoseSequence:
    """The frames of a citation form from its onset to its offset, and `MARGIN` around them."""
    from signgen.text2pose.stitching.clip import make_clip
    from signgen.text2pose.stitching.crop import active_span

    start, stop = active_span(make_clip(poses, poses.fps))
    margin = round(MARGIN * poses.fps)
    return poses[max(0, start - margin) : min(len(poses), stop + margin)]


def _poses_of(row: Row, folder: Path) -> Path:
    if row.status == "failed":
        raise DataError(row.error)
    return folder / row.outputs[0]


def _sign(poses: PoseSequence, entry: Entry) -> PoseSequence:
    """The sign of an entry; raises DataError if nobody could learn from it."""
    is_cut = bool(entry.start) or entry.end is not None
    sign = cut(poses, entry) if is_cut else trim(poses)
    reasons = reject_reasons(quality(sign))
    if reasons:
        raise DataError(f"{entry.path}: {'; '.join(reasons)}")
    return sign
