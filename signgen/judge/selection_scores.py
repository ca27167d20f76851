"""What judges measure of each clip for a selection, and bad clips made from good ones to calibrate it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from signgen.errors import PoseError
from signgen.judge import controls
from signgen.judge.backtranslation import Judge
from signgen.judge.pose.aligned import pck_each
from signgen.judge.selection import GLOSS_WER, LOG_LIKELIHOOD, PCK
from signgen.judge.text.wer import align
from signgen.pose.geometry import shoulder_frame
from signgen.pose.motion import resample
from signgen.pose.sequence import PoseSequence, cleaned

PCK_PART, PCK_WITHIN = "body8+hands", 0.1
WRONG_SHARE = 0.5
# A renderer may give a frame more or less than it was asked for, not a tenth.
_MOST_LOST = 0.1


@dataclass(frozen=True, eq=False)
class Candidate:
    """A clip that is measured.

    Attributes:
        poses: that were asked for.
        text: that they should mean.
        glosses: separated by spaces; empty if not known.
        extracted: poses found in the rendered video; None if there are none.
    """

    poses: PoseSequence
    text: str
    glosses: str = ""
    extracted: PoseSequence | None = None


@dataclass(frozen=True)
class Measured:
    """What was found about a clip.

    Attributes:
        values: measure -> value.
        understood: text that the first judge read.
        glosses: that it read; empty without a gloss head.
    """

    values: dict[str, float]
    understood: str = ""
    glosses: str = ""


def measure(judges: Sequence[Judge], clips: Sequence[Candidate]) -> list[Measured]:
    """Measures of clips; means over several judges.

    Log-likelihood is natural and per character of the true text; gloss WER in percent, of clips with glosses and judges
    that read some; PCK of clips with poses found in their video.

    Raises:
        PoseError: a clip that cannot be read, see `fault`.
    """
    if not clips:
        return []
    poses, texts = [clip.poses for clip in clips], [clip.text for clip in clips]
    chances = np.mean([_per_character(judge, poses, texts) for judge in judges], axis=0)
    read = [_read(judge, poses) for judge in judges]
    # A judge with a gloss head that reads none in a clip is wrong about all of them; one without a head is not asked.
    signs = [each for judge, each in zip(judges, read, strict=True) if judge.card.facts.glosses]
    found = []
    for row, clip in enumerate(clips):
        values = {LOG_LIKELIHOOD: float(chances[row])}
        lines = [each[row][1] for each in signs]
        if clip.glosses.split() and lines:
            values[GLOSS_WER] = float(np.mean([_wer(line, clip.glosses) for line in lines]))
        if clip.extracted is not None:
            values[PCK] = pck_of(clip.extracted, clip.poses)
        found.append(Measured(values, *read[0][row]))
    return found


def fault(judges: Sequence[Judge], clip: Candidate) -> str:
    """Why a clip cannot be measured; empty if it can."""
    if not clip.text:
        return "has no text"
    try:
        shoulder_frame(clip.poses)
        for judge in judges:
            judge.at_own_rate([clip.poses])
    except PoseError as error:
        return str(error).removeprefix("clip 0: ")
    return ""


def spoiled(clips: Sequence[Candidate], seed: int = 0) -> dict[str, list[Candidate]]:
    """Bad clips made from good ones: kind -> clips.

    Another text (and its glosses) for the same poses; half of the signs another's; hands that keep one shape; the mean
    pose, held. What was found in the video stays and no longer shows what was asked for; it knows nothing of texts.

    Raises:
        ConfigError: a single clip.
    """
    rng = np.random.default_rng([seed, 2])
    poses = [clip.poses for clip in clips]
    others = _other_texts(clips, rng)
    kinds = {
        f"{WRONG_SHARE:.0%} of signs wrong": controls.wrong_signs(poses, WRONG_SHARE, rng),
        "hands frozen": [controls.frozen_hands([clip])[0] for clip in poses],
        "mean pose": controls.mean_pose(poses),
    }
    # Chance leaves some clips as they were; those are not bad.
    changed = {
        kind: [
            replace(clip, poses=each)
            for clip, each in zip(clips, made, strict=True)
            if not np.array_equal(each.keypoints, clip.poses.keypoints)
        ]
        for kind, made in kinds.items()
    }
    return {kind: made for kind, made in {"another text": others, **changed}.items() if made}


def pck_of(found: PoseSequence, asked: PoseSequence) -> float:
    """Share of the asked keypoints that were found within `PCK_WITHIN` shoulder widths; NaN if none were asked.

    The found poses are brought to the asked rate and canvas first. Where lengths differ by more than a tenth, frames do
    not belong together and nothing is right.

    Raises:
        PoseError: the asked poses show no shoulders.
    """
    found = found if found.fps == asked.fps else resample(found, asked.fps)
    frames = min(len(found), len(asked))
    if max(len(found), len(asked)) - frames > max(2, _MOST_LOST * len(asked)):
        return 0.0
    each = pck_each(_on_canvas(found[:frames], asked), asked[:frames], PCK_PART, PCK_WITHIN)
    return float(each.mean()) if len(each) else float("nan")


def _per_character(judge: Judge, poses: Sequence[PoseSequence], texts: Sequence[str]) -> np.ndarray:
    statistics = judge.log_likelihood(poses, texts).statistics
    found: np.ndarray = statistics[:, 0] / np.maximum(statistics[:, 1], 1)
    return found


def _read(judge: Judge, poses: Sequence[PoseSequence]) -> list[tuple[str, str]]:
    """Text and glosses that a judge reads; a translator without a gloss head has none."""
    found = judge.translator.translate(judge.at_own_rate(poses))
    return [(item.text, str(getattr(item, "glosses", ""))) for item in found]


def _wer(line: str, truth: str) -> float:
    return 100 * sum(align(line.split(), truth.split())) / len(truth.split())


def _other_texts(clips: Sequence[Candidate], rng: np.random.Generator) -> list[Candidate]:
    """Each clip with the text of another that says something else, where there is one."""
    order = rng.permutation(len(clips)).tolist()
    made = []
    for place, clip in enumerate(clips):
        start = order.index(place)
        circle = [*order[start + 1 :], *order[:start]]
        other = next((number for number in circle if clips[number].text != clip.text), place)
        made.append(replace(clip, text=clips[other].text, glosses=clips[other].glosses, extracted=None))
    return [clip for clip, true in zip(made, clips, strict=True) if clip.text != true.text]


def _on_canvas(found: PoseSequence, asked: PoseSequence) -> PoseSequence:
    if (found.width, found.height) == (asked.width, asked.height):
        return found
    keypoints = found.keypoints.copy()
    keypoints[..., :2] *= (asked.width / found.width, asked.height / found.height)
    return PoseSequence(cleaned(keypoints), asked.fps, asked.width, asked.height)
