"""The second gate: poses found again in videos, kept for the next run, and figures of the pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from signgen.data.npz import read_npz
from signgen.data.sidecar import read_sidecar, sidecar_path
from signgen.data.video import read_video
from signgen.errors import DataError, DependencyError, PoseError, SignGenError
from signgen.judge.pose.rendered import PICTURE, pair_measures, picture_figures, picture_measures
from signgen.judge.trial import Control, Rendered
from signgen.pose.sequence import PoseSequence
from signgen.workflow import digest
from signgen.workflow.evaluation_control import AVATAR, drawn_control
from signgen.workflow.evaluation_inputs import Found, Source, read_sources
from signgen.workflow.extract import Job, extract_with, prepare
from signgen.workflow.extract_folder import processes
from signgen.workflow.progress import Progress, counted, silent

Sources = Mapping[str, Source]


@dataclass(frozen=True)
class Looking:
    """How videos are looked at.

    Attributes:
        cache: folder that keeps the poses found, by the bytes of the video and the settings of the extractor.
        config: of the extractor, as `signgen.workflow.extract.extract_video` takes it.
        workers: processes that extract side by side.
        control: clips of known poses and their videos, or ``avatar``: true poses drawn by the avatar.
        fps: rate of pose files that carry none.
    """

    cache: Path
    config: Mapping[str, Any] = field(default_factory=dict)
    workers: int = 1
    control: str = ""
    fps: float | None = None


@dataclass(frozen=True, eq=False)
class Seen:
    """What an evaluation needs, with all videos looked at.

    Attributes:
        hypotheses: clips of the system: poses asked for, or found where nobody says what was asked for.
        references: true clips.
        rendered: what is seen in the system's videos; None if there are none.
        videos: of the system, by name.
    """

    hypotheses: dict[str, Found]
    references: dict[str, Found]
    rendered: Rendered | None
    videos: dict[str, Path]


def look(hypotheses: Sources, references: Sources, looking: Looking, progress: Progress = silent) -> Seen:
    """Find the poses in all videos that an evaluation needs them of.

    Args:
        hypotheses: clips of the system.
        references: true clips of the same names.
        looking: how.
        progress: told how far it is.

    Raises:
        ConfigError: bad settings of the extractor.
        DataError: some clips have what others lack, a damaged video, or one in which nobody is seen.
        DependencyError: the extractor is not installed.
    """
    prepare(looking.config)  # a wrong setting is an error also where there are no videos
    is_second = _all_or_none(hypotheses, "hypotheses", "video or extracted poses", _is_seen)
    has_asked = _all_or_none(hypotheses, "hypotheses", "poses", lambda clip: clip.poses is not None)
    if looking.control and not is_second:
        raise DataError(
            "extractor control: the hypotheses have no videos; leave it out, or list them as 'video'"
        )
    control = _control(references, looking, progress) if looking.control else {}
    is_control = is_second and not control and all(map(_is_both, references.values()))
    groups: list[Sources] = [hypotheses, references, control]
    looked_at = [
        *(hypotheses.values() if is_second else ()),
        *(clip for clip in references.values() if is_control or clip.poses is None),
        *control.values(),
    ]
    found = _found_in({clip.video for clip in looked_at if clip.extracted is None}, looking, progress)
    hypotheses, references, control = (_with(group, found) for group in groups)
    rendered = None
    if is_second:
        known = references if is_control else control
        rendered = _rendered(hypotheses, known, list(references), has_asked, bool(control), progress)
    return Seen(
        {name: _clip(clip) for name, clip in hypotheses.items()},
        {name: _clip(clip) for name, clip in references.items()},
        rendered,
        {name: clip.video for name, clip in hypotheses.items() if clip.video is not None},
    )


def _is_seen(clip: Source) -> bool:
    return clip.video is not None or clip.extracted is not None


def _is_both(clip: Source) -> bool:
    """Whether a true clip can tell what the extractor loses against its own poses."""
    return clip.poses is not None and _is_seen(clip)


def _all_or_none(clips: Sources, side: str, what: str, has: Any) -> bool:
    lacking = [name for name, clip in clips.items() if not has(clip)]
    if lacking and len(lacking) < len(clips):
        raise DataError(
            f"{side}: clip {lacking[0]!r:.80} has no {what}, others have; give them of all or of none"
        )
    return not lacking


def _control(references: Sources, looking: Looking, progress: Progress) -> Sources:
    if looking.control == AVATAR:
        return drawn_control(references, looking.cache, progress)
    clips = read_sources(Path(looking.control), looking.fps)
    bad = [name for name in references if name not in clips or not _is_seen(clips[name])]
    if bad:
        raise DataError(
            f"{looking.control}: no video or extracted poses of clip {bad[0]!r:.80}; a control needs all"
        )
    _all_or_none(clips, looking.control, "poses", lambda clip: clip.poses is not None)
    return {name: clips[name] for name in references}


def _with(clips: Sources, found: Mapping[Path, tuple[PoseSequence, str]]) -> dict[str, Source]:
    made = {}
    for name, clip in clips.items():
        seen = found.get(clip.video) if clip.video and clip.extracted is None else None
        made[name] = replace(clip, extracted=seen[0], extracted_by=seen[1]) if seen else clip
    return made


def _clip(clip: Source) -> Found:
    if clip.poses is not None:
        return Found(clip.poses, clip.info, clip.extractor)
    assert isinstance(clip.extracted, PoseSequence)
    return Found(clip.extracted, clip.info, clip.extracted_by)


def _rendered(
    clips: Sources, known: Sources, names: Sequence[str], has_asked: bool, is_given: bool, progress: Progress
) -> Rendered:
    """All of the system's videos, in the order of ``names``."""
    extracted = _poses([clips[name].extracted for name in names])
    asked = _poses([clips[name].poses for name in names]) if has_asked else ()
    figures, unlike = pair_measures(extracted, asked) if has_asked else ([], {})
    shown, unseen = _pictures([clips[name] for name in names], progress)
    notes = [f"{names[place]}: {why}" for place, why in sorted({**unlike, **unseen}.items())]
    control = None
    if known:
        before = [known[name].poses for name in names]
        control = Control(
            "pictures of known poses" if is_given else "true videos",
            _poses([known[name].extracted for name in names]),
            _poses(before) if is_given and all(poses is not None for poses in before) else None,
        )
    by = _by(clips, names)
    if known and _by(known, names) != by:
        raise DataError(
            f"control: its poses were found by {_by(known, names)}, those of the hypotheses by {by}; extract both alike"
        )
    return Rendered(by, extracted, has_asked, control, (*figures, *shown), tuple(notes))


def _by(clips: Sources, names: Sequence[str]) -> str:
    """What found the poses in the videos."""
    return ", ".join(sorted({clips[name].extracted_by or "not known" for name in names}))


def _poses(clips: Iterable[PoseSequence | None]) -> tuple[PoseSequence, ...]:
    return tuple(clip for clip in clips if clip is not None)


def _pictures(clips: Sequence[Source], progress: Progress) -> tuple[list[Any], dict[int, str]]:
    """Figures of the pictures of all clips that have a video, and why others have none."""
    rows, unseen = np.full((len(clips), len(PICTURE)), np.nan), {}
    if not any(clip.video for clip in clips):
        return [], {}
    for place, clip in enumerate(counted(clips, "pictures", len(clips), progress)):
        if clip.video is None or clip.extracted is None:
            continue
        opened = read_video(clip.video)
        if (opened.width, opened.height) != (clip.extracted.width, clip.extracted.height):
            unseen[place] = f"the video is {opened.width}x{opened.height}, its poses are on another canvas"
            continue
        try:
            rows[place] = picture_figures(opened.frames(), clip.extracted)
        except PoseError as error:
            unseen[place] = str(error)
    return picture_measures(rows), unseen


def _found_in(
    given: Iterable[Path | None], looking: Looking, progress: Progress
) -> dict[Path, tuple[PoseSequence, str]]:
    """Poses of videos, from the cache or extracted now, and what found them."""
    videos = sorted({video for video in given if video is not None})
    if not videos:
        return {}
    job = prepare({**looking.config, "all_people": False})
    key = digest.of_config(job.config)[:8]
    places = {}
    for video in videos:
        try:
            places[video] = looking.cache / f"{digest.of_file(video)[:24]}-{key}.npz"
        except OSError as error:
            raise DataError(f"{video}: cannot be read: {error.strerror}") from None
    left = {place: video for video, place in places.items() if not _is_kept(place)}
    tasks = [(job.config, video, place) for place, video in left.items()]
    for _ in counted(_extracted(tasks, looking.workers), "videos", len(tasks), progress):
        pass
    name = str(job.config["extractor"]["name"])
    return {video: (read_npz(place), name) for video, place in places.items()}


def _is_kept(place: Path) -> bool:
    """Whether an earlier run wrote the poses whole; the name already says of which bytes, with which settings."""
    try:
        record = read_sidecar(sidecar_path(place))
        return [file.sha256 for file in record.outputs] == [digest.of_file(place)]
    except (SignGenError, OSError):
        return False


def _extracted(tasks: Sequence[tuple[dict[str, Any], Path, Path]], workers: int) -> Iterator[None]:
    try:
        if workers == 1:
            yield from map(_extract, tasks)
            return
        with processes(workers) as pool:
            for future in as_completed([pool.submit(_extract, task) for task in tasks]):
                yield future.result()
    except DependencyError as error:
        raise DependencyError(
            f"{error}; or extract where it is installed (signgen extract VIDEOS -o POSES) and list the poses as "
            "'extracted' beside 'video'"
        ) from None


def _extract(task: tuple[dict[str, Any], Path, Path]) -> None:
    config, video, place = task
    job: Job = prepare(config)
    extract_with(job, video, place, True, silent)
