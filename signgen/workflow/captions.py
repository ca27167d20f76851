"""Subtitles to a signing track: every cue is signed at its time, with an idle pose between."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from signgen.data.captions import read_captions, write_webvtt
from signgen.data.cue import Cue
from signgen.errors import ConfigError, DataError, LexiconError
from signgen.lexicon.plan import TokenReport
from signgen.pose.bones import minimum_jerk
from signgen.pose.motion import fill_gaps, resample
from signgen.pose.sequence import PoseSequence
from signgen.text2pose.base import Utterance
from signgen.workflow import outputs
from signgen.workflow.generate import draw, sign
from signgen.workflow.progress import Progress, counted, silent
from signgen.workflow.record import (
    Result,
    describe_coverage,
    describe_poses,
    warnings_of_renderer,
    write_record,
)
from signgen.workflow.settings import FLAT_RENDERER, Job, prepare
from signgen.workflow.texts import has_words

MAX_SPEEDUP = 1.5
MAX_TRACK_SECONDS = 4 * 3600.0
# Time to move from the pose that ended one cue into the pose that starts the next [s].
APPROACH_SECONDS = 0.4
_BRIDGE_FRAMES = 62


@dataclass(frozen=True)
class Placement:
    """When a cue is signed.

    Attributes:
        text: the cue's text.
        cue_start: when it should start [s].
        start: first frame of its signing.
        frames: number of frames after speeding up; 0 if nothing of it could be signed.
        speedup: how many times faster than its natural pace.
        late: how long after its cue it starts, because the one before was not finished [s].
    """

    text: str
    cue_start: float
    start: int
    frames: int
    speedup: float
    late: float


@dataclass(frozen=True)
class Track:
    """A signing track.

    Attributes:
        poses: its poses.
        placements: when each cue is signed.
        utterances: the signing of each cue; None where nothing of it could be signed.
        coverage: what became of each token of all cues.
    """

    poses: PoseSequence
    placements: tuple[Placement, ...]
    utterances: tuple[Utterance | None, ...]
    coverage: tuple[TokenReport, ...]

    @property
    def whole(self) -> Utterance:
        """All of it as one: the origins are those of its cues, one cue after the other, and not in its own frames."""
        said = [utterance for utterance in self.utterances if utterance]
        origins = tuple(origin for utterance in said for origin in utterance.origins)
        report = next((utterance.report for utterance in said), {})
        return Utterance(self.poses, coverage=self.coverage, origins=origins, report=report)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Cues that could not be signed, and the overrun report."""
        silent = [p for p in self.placements if not p.frames]
        late = [p for p in self.placements if p.late > 0]
        lines = [f"cue at {p.cue_start:.2f} s has nothing that can be signed: {p.text[:60]}" for p in silent]
        if late:
            worst = max(late, key=lambda p: p.late)
            lines.append(
                f"{len(late)} of {len(self.placements)} cues start late, the worst by {worst.late:.2f} s "
                f"(cue at {worst.cue_start:.2f} s); raise --max-speedup or --speed"
            )
        return tuple(lines)


def caption_track(
    subtitles: str | Path,
    output: str | Path,
    config: Mapping[str, Any] | None = None,
    *,
    max_speedup: float = MAX_SPEEDUP,
    force: bool = False,
    progress: Progress = silent,
) -> Result:
    """Sign subtitles as a video that runs beside the film, with WebVTT at the times of the signing.

    Args:
        subtitles: SubRip or WebVTT.
        output: the video; ``.vtt`` and ``.json`` are written beside it.
        config: settings as for `generate`.
        max_speedup: how much faster than its natural pace a cue may be signed to end before the next.
        force: replace files that exist.
        progress: told how far signing and drawing are.

    Raises:
        SignGenError: a leaf that says what is wrong; then nothing is left behind.
    """
    subtitles, output = Path(subtitles), Path(output)
    if output.with_suffix(".vtt").absolute() == subtitles.absolute():
        raise ConfigError(
            f"{output}: its captions would replace the subtitles {subtitles}; choose another name"
        )
    cues = read_captions(subtitles)
    return write_track(
        cues, output, config, max_speedup=max_speedup, force=force, progress=progress, where=str(subtitles)
    )


def write_track(
    cues: Sequence[Cue],
    output: Path,
    config: Mapping[str, Any] | None = None,
    *,
    max_speedup: float = MAX_SPEEDUP,
    force: bool = False,
    progress: Progress = silent,
    where: str = "cues",
) -> Result:
    """`caption_track` from cues that are already read; errors about them start with ``where``."""
    job = prepare(config, renderer=FLAT_RENDERER)
    outputs.check_video_path(output)
    captions, sidecar = output.with_suffix(".vtt"), output.with_suffix(".json")
    outputs.refuse_existing((output, captions, sidecar), force)
    job.check_drawing()
    track = make_track(job, cues, max_speedup, progress, where)
    with outputs.all_or_nothing() as written:
        drawn = draw(job, track.whole, output, written, progress)
        write_webvtt(signed_cues(track.placements, track.poses.fps), captions)
        written.append(captions)
        account = {**describe_track(track), "frames": drawn, "max_speedup": max_speedup, "cues": cues}
        warnings = (*track.warnings, *warnings_of_renderer(account))
        write_record(
            sidecar, "captions", job, written, account=account, origins=track.whole.origins, warnings=warnings
        )
        written.append(sidecar)
    return Result(
        tuple(written),
        len(track.poses),
        track.poses.seconds,
        next((said.mode for said in track.utterances if said), ""),
        track.coverage,
        account["poses"]["sha256"],
        drawn["sha256"],
        (*warnings, *job.warnings()),
    )


def make_track(
    job: Job, cues: Sequence[Cue], max_speedup: float, progress: Progress = silent, where: str = "subtitles"
) -> Track:
    """Sign every cue and put the poses on one timeline."""
    cues = sorted((cue for cue in cues if cue.text.strip()), key=lambda cue: cue.start)
    if not cues:
        raise DataError(f"{where}: no cue with a text; nothing to sign")
    if cues[-1].end > MAX_TRACK_SECONDS:
        raise DataError(
            f"{where}: a cue ends at {cues[-1].end:.0f} s, past {MAX_TRACK_SECONDS:.0f} s; split the file"
        )
    pairs = [_sign_cue(job, cue) for cue in counted(cues, "signing", len(cues), progress)]
    said = tuple(utterance for utterance, _ in pairs)
    signed = [utterance.poses for utterance in said if utterance]
    if not signed:
        raise LexiconError(f"{where}: no cue can be signed with this lexicon; try another --lexicon")
    lengths = [len(utterance.poses) if utterance else 0 for utterance in said]
    placements = place(cues, lengths, signed[0].fps, max_speedup)
    coverage = tuple(token for _, tokens in pairs for token in tokens)
    return Track(lay_out(placements, said, max(cue.end for cue in cues)), placements, said, coverage)


def place(
    cues: Sequence[Cue], lengths: Sequence[int], fps: float, max_speedup: float
) -> tuple[Placement, ...]:
    """When to sign each cue: at its start, or as soon as the one before is done.

    A cue that would run into the next one is sped up, at most ``max_speedup`` times.
    """
    placements = []
    free = 0
    for i, (cue, length) in enumerate(zip(cues, lengths, strict=True)):
        wanted = round(cue.start * fps)
        start = max(wanted, free) if length else wanted
        coming = next((cues[j].start for j in range(i + 1, len(cues)) if lengths[j]), math.inf)
        room = length if math.isinf(coming) else round(coming * fps) - start
        fastest = -(-length // Fraction(max_speedup))
        frames = min(length, max(room, int(fastest)))
        speedup = length / frames if frames else 1.0
        late = (start - wanted) / fps
        placements.append(Placement(cue.text, cue.start, start, frames, round(speedup, 4), round(late, 4)))
        free = max(free, start + frames)
    return tuple(placements)


def lay_out(placements: Sequence[Placement], said: Sequence[Utterance | None], end: float) -> PoseSequence:
    """The poses of a track that lasts until ``end`` [s] or the end of the last sign."""
    first = next(utterance.poses for utterance in said if utterance)
    placed = [(p.start, _paced(u.poses, p.frames)) for p, u in zip(placements, said, strict=True) if u]
    total = max(round(end * first.fps), *(start + len(keypoints) for start, keypoints in placed))
    track = np.empty((total, *first.keypoints.shape[1:]), dtype=np.float32)
    idle, filled = placed[0][1][0], 0
    for start, keypoints in placed:
        _idle_between(track[filled:start], idle, keypoints[0], first, is_first=filled == 0)
        track[start : start + len(keypoints)] = keypoints
        idle, filled = keypoints[-1], start + len(keypoints)
    track[filled:] = idle
    return first.replace(keypoints=track, depth=None)


def signed_cues(placements: Sequence[Placement], fps: float) -> list[Cue]:
    """The cues at the times at which they are signed."""
    return [Cue(p.start / fps, (p.start + p.frames) / fps, p.text) for p in placements if p.frames]


def describe_track(track: Track) -> dict[str, Any]:
    """The account of a track for its sidecar."""
    said = [utterance for utterance in track.utterances if utterance]
    return {
        "mode": said[0].mode,
        "coverage": describe_coverage(track.coverage),
        "placements": list(track.placements),
        "poses": describe_poses(track.poses),
    }


def _sign_cue(job: Job, cue: Cue) -> tuple[Utterance | None, tuple[TokenReport, ...]]:
    """A cue's signing and what became of its tokens; a cue of which nothing can be signed leaves a gap."""
    text = " ".join(cue.text.split())
    if not has_words(text):
        return None, ()
    try:
        utterance = sign(job, text)
    except LexiconError as error:
        if not error.missing:
            raise
        return None, tuple(TokenReport(word, "missing") for word in error.missing)
    return utterance, utterance.coverage


def _paced(poses: PoseSequence, frames: int) -> np.ndarray:
    """Keypoints of ``poses`` played so that they take ``frames`` frames."""
    return resample(poses, poses.fps * frames / len(poses)).keypoints


def _idle_between(
    gap: np.ndarray, idle: np.ndarray, coming: np.ndarray, like: PoseSequence, is_first: bool
) -> None:
    """Hold ``idle`` over ``gap`` (n, 128, 3) and move into ``coming`` at its end, in place."""
    gap[:] = idle
    moving = 0 if is_first else min(len(gap), round(APPROACH_SECONDS * like.fps))
    if not moving:
        return
    ends = np.zeros((_BRIDGE_FRAMES + 2, *idle.shape), dtype=np.float32)
    ends[0], ends[-1] = idle, coming
    bridge = fill_gaps(like.replace(keypoints=ends, depth=None), _BRIDGE_FRAMES).keypoints
    eased = minimum_jerk(np.arange(1, moving + 1) / (moving + 1))
    gap[-moving:] = bridge[np.rint(eased * (len(bridge) - 1)).astype(int)]
