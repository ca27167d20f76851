"""Stitch one sentence: from the recordings of its signs to one clip with the account of its frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from signgen.pose.arms import SIDES
from signgen.pose.motion import BODY_HZ, FINGER_HZ
from signgen.text2pose.stitching.assemble import Core, Joint, Pace, Run, assemble
from signgen.text2pose.stitching.clip import Clip
from signgen.text2pose.stitching.crop import stillest
from signgen.text2pose.stitching.idle import DRAWN, RestPoses, at_rest, settle_idle_hands, settle_trunk
from signgen.text2pose.stitching.joins import Candidate, Choice, choose
from signgen.text2pose.stitching.kernels import furthest_travel
from signgen.text2pose.stitching.nonmanual import apply_marks
from signgen.text2pose.stitching.passages import PASSAGE, joined, smoothed, unsmoothed
from signgen.text2pose.stitching.seams import figures_of, seam_report, within_sign_limits
from signgen.text2pose.stitching.timing import DEFAULT_PROFILE, FASTEST, DurationProfile, warp

# The hand rises to the first sign and falls after the last in this time, along the recording's own way up and down,
# of which at most so much is used.
RAISE_SECONDS = 0.25
REACH_SECONDS = 0.4
# A letter whose wrist or fingertips travel further than this [shoulder widths] is signed with movement (J, Z).
MOVING_LETTER = 0.45
LONGEST_LETTER = 0.8
# The second of two equal letters slides this far to the side [shoulder widths].
DOUBLE_SLIDE = 0.12


_LETTER_POINTS = np.array([k for wrist, _, first in SIDES for k in (wrist, first + 8, first + 20)])


@dataclass(frozen=True)
class Sign:
    """A sign to stitch.

    Attributes:
        recordings: its variants, at the working rate and in the canonical shape; best first, not empty.
        is_letter: a letter of a fingerspelled word.
        is_edge: the first or last letter of its word, or the last sign of a sentence: it lasts longer.
        is_double: the letter repeats the one before.
        seconds: duration, or None for the profile's.
        pause: rest after the sign [s].
        marks: non-manual marks over the sign.
    """

    recordings: tuple[Clip, ...]
    is_letter: bool = False
    is_edge: bool = False
    is_double: bool = False
    seconds: float | None = None
    pause: float = 0.0
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class StitchSettings:
    """Tempo, smoothing and switches of the stitcher; each step can be turned off to see what it does.

    Attributes:
        speed: factor on the speed of everything.
        transition_scale: factor on the length of transitions.
        crop: cut rest, lead-in and lead-out off the recordings.
        retime: bend signs to the duration profile.
        smooth: low-pass the result.
        settle: give idle hands one rest pose.
        body_hz: cut-off for the body.
        finger_hz: cut-off for the fingers.
        profile: durations.
    """

    speed: float = 1.0
    transition_scale: float = 1.0
    crop: bool = True
    retime: bool = True
    smooth: bool = True
    settle: bool = True
    body_hz: float = BODY_HZ
    finger_hz: float = FINGER_HZ
    profile: DurationProfile = field(default=DEFAULT_PROFILE)


@dataclass(frozen=True, eq=False)
class Stitched:
    """A stitched sentence.

    Attributes:
        clip: all frames; ``clip.source`` is the recording's frame number, NaN for frames that were made.
        runs: what each frame is, in order and without gaps.
        choices: the variant and cut of each sign.
        report: seams and notes, ready for JSON.
    """

    clip: Clip
    runs: tuple[Run, ...]
    choices: tuple[Choice, ...]
    report: dict[str, Any]


def stitch(signs: Sequence[Sign], settings: StitchSettings | None = None) -> Stitched:
    """Join the recordings of ``signs`` (not empty) into one fluent clip.

    Signs are worked on in passages, so that an hour of signing needs little more memory than its poses.
    """
    settings = settings or StitchSettings()
    choices = choose([[_candidate(clip, sign, settings) for clip in sign.recordings] for sign in signs])
    runs: list[Run] = []
    notes: list[str] = []
    passages = _passages(signs, choices, settings, runs, notes)
    clips, figures = [], []
    for block in (
        smoothed(passages, settings.body_hz, settings.finger_hz) if settings.smooth else unsmoothed(passages)
    ):
        transitions = [run for run in runs if run.operation == "transition" and block.holds(run.start)]
        figures.append(figures_of(block.context, transitions, block.context_start))
        clips.append(block.clip)
    chosen = [sign.recordings[choice.variant] for sign, choice in zip(signs, choices, strict=True)]
    transitions = [run for run in runs if run.operation == "transition"]
    report = seam_report(transitions, np.concatenate(figures), within_sign_limits(chosen)) | {"notes": notes}
    return Stitched(apply_marks(joined(clips), _spans(signs, runs)), tuple(runs), tuple(choices), report)


def _passages(
    signs: Sequence[Sign],
    choices: Sequence[Choice],
    settings: StitchSettings,
    runs: list[Run],
    notes: list[str],
) -> Iterator[Clip]:
    """The chosen recordings on one time line, passage by passage; fills in ``runs`` and ``notes`` on the way."""
    pace = Pace(settings.profile, settings.transition_scale, settings.speed)
    rest: RestPoses = {}
    joint: Joint | None = None
    for start in range(0, len(signs), PASSAGE):
        numbers = range(start, min(start + PASSAGE, len(signs)))
        cores = [_checked_core(i, signs, choices, settings, notes) for i in numbers]
        if settings.settle:
            cores, rest = settle_idle_hands(cores, rest)
        is_last = numbers[-1] + 1 == len(signs)
        rise = at_rest(cores[0].frames[:1], rest) if settings.settle and joint is None else None
        fall = at_rest(cores[-1].frames[-1:], rest) if settings.settle and is_last else None
        clip, found, joint = assemble(cores, pace, joint, is_last=is_last, rests=(rise, fall))
        if settings.settle:
            settle_trunk(clip)
        runs += found
        yield clip


def _checked_core(
    i: int, signs: Sequence[Sign], choices: Sequence[Choice], settings: StitchSettings, notes: list[str]
) -> Core:
    clip = signs[i].recordings[choices[i].variant]
    core, is_capped = _core(clip, choices[i], signs[i], settings, (i == 0, i + 1 == len(signs)))
    if is_capped:
        notes.append(f"sign {i}: longer than wanted, else it would move at more than double its speed")
    return _slid(core) if signs[i].is_double else core


def _candidate(clip: Clip, sign: Sign, settings: StitchSettings) -> Candidate:
    start, stop = clip.active_span if settings.crop else (0, len(clip))
    if sign.is_letter and settings.retime and _travel(clip, start, stop) <= MOVING_LETTER:
        seconds = sign.seconds or settings.profile.letter_seconds(sign.is_edge) / settings.speed
        start, stop = stillest(clip, start, stop, max(2, round(seconds * clip.fps)))
    return Candidate(clip, start, stop)


def _core(
    clip: Clip, choice: Choice, sign: Sign, settings: StitchSettings, ends: tuple[bool, bool]
) -> tuple[Core, bool]:
    """The chosen frames bent to their duration; the first sign keeps its raise, the last its lowering."""
    active = clip.active_span if settings.crop else (0, len(clip))
    start = min(active[0], choice.start) if ends[0] else choice.start
    stop = max(active[1], choice.stop) if ends[1] else choice.stop
    is_capped = False
    if settings.retime or sign.seconds is not None:
        seconds = sign.seconds if sign.seconds is not None else _seconds(clip, choice, sign, settings)
        bent, is_capped = warp(
            clip.wrist_speed[start:stop],
            max(1, round(seconds * clip.fps)),
            FASTEST * max(1.0, settings.speed),
        )
        positions = start + bent
    else:
        positions = np.arange(start, stop, dtype=np.float64)
    if any(ends) and settings.crop and not clip.is_cut:
        positions = _with_ends(clip, positions, start, stop, ends, settings.speed)
    frames, after = clip.take(positions), clip[choice.stop :]
    return Core(frames, after, sign.pause, sign.is_letter, sign.seconds is not None), is_capped


def _with_ends(
    clip: Clip, positions: np.ndarray, start: int, stop: int, ends: tuple[bool, bool], speed: float
) -> np.ndarray:
    """The positions of frames ``start`` to ``stop``, with those of the raise before or the lowering after them."""
    first, last = _shown_span(clip)
    reach, count = REACH_SECONDS * clip.fps, round(RAISE_SECONDS / speed * clip.fps)
    raised = lowered = np.zeros(0)
    if ends[0]:
        raised = np.linspace(min(max(start - reach, first), start), start, count + 1)[:-1]
    if ends[1]:
        lowered = np.linspace(stop - 1, max(min(stop - 1 + reach, last), stop - 1), count + 1)[1:]
    return np.concatenate([raised, positions, lowered])


def _shown_span(clip: Clip) -> tuple[int, int]:
    """First and last frame that shows an arm whole; without one a hand would float in the air."""
    arms = [clip.confidence[:, [elbow, wrist]].min(axis=1) for wrist, elbow, _ in SIDES]
    shown = np.flatnonzero(np.maximum(*arms) >= DRAWN)
    return (int(shown[0]), int(shown[-1])) if len(shown) else (0, len(clip) - 1)


def _seconds(clip: Clip, choice: Choice, sign: Sign, settings: StitchSettings) -> float:
    natural = (choice.stop - choice.start) / clip.fps
    if not sign.is_letter:
        seconds = settings.profile.written_seconds if clip.is_spatial else settings.profile.sign_seconds
        return seconds(natural, sign.is_edge) / settings.speed
    return min(natural, LONGEST_LETTER / settings.speed)


def _travel(clip: Clip, start: int, stop: int) -> float:
    """Furthest that a wrist or an index or little fingertip gets from where the sign begins."""
    return float(furthest_travel(clip.points, clip.confidence, start, stop, _LETTER_POINTS))


def _slid(core: Core) -> Core:
    """A double letter: the hand that spells moves a little outwards."""
    points = core.frames.points.copy()
    for side, (wrist, elbow, first) in zip((1.0, -1.0), SIDES, strict=True):
        if (core.frames.confidence[:, first] > 0).mean() > 0.5:
            points[:, first : first + 21, 0] += side * DOUBLE_SLIDE
            points[:, wrist, 0] += side * DOUBLE_SLIDE
            points[:, elbow, 0] += side * DOUBLE_SLIDE / 2
    points[core.frames.confidence == 0] = 0
    return replace(core, frames=replace(core.frames, points=points))


def _spans(signs: Sequence[Sign], runs: Sequence[Run]) -> dict[str, list[tuple[int, int]]]:
    """Frame spans of each mark: over its signs and the transitions between two signs that both carry it."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for run in runs:
        marks = set(signs[run.sign].marks if run.operation != "rest" else ())
        if run.operation == "transition":
            marks &= set(signs[run.sign + 1].marks)
        for mark in marks:
            spans.setdefault(mark, []).append((run.start, run.end))
        if run.operation == "pause":
            spans.setdefault("blink", []).append((run.start, run.end))
    return spans
