"""What is compared: the same translator, the same number of updates, and other things to learn from."""

from __future__ import annotations

from collections.abc import Mapping

from signgen.slt.schedules import Schedule, Stage

# Sources: the real set, all that was made, what of that was chosen, and as much of it drawn by chance.
REAL, MADE, CHOSEN, DRAWN = "real", "made", "chosen", "drawn"
BASE, LOOP, UNSELECTED, CHANCE, JOINT = "real-only", "pretrain-finetune", "unselected", "by-chance", "joint"
CONTROL, STITCHED = "shuffled-control", "made-only"
DEFAULT_SCHEDULES = (BASE, LOOP, UNSELECTED, CHANCE, JOINT, CONTROL, STITCHED)
ABOUT: Mapping[str, str] = {
    BASE: "the real set alone",
    LOOP: "chosen poses, then the real set",
    UNSELECTED: "all made poses, then the real set",
    CHANCE: "as many made poses as were chosen, drawn by chance, then the real set",
    JOINT: "chosen poses and the real set, half and half",
    CONTROL: "chosen texts with the poses of other texts, then the real set",
    STITCHED: "chosen poses alone",
}


def schedule_of(name: str, pretrain: float, rate: float) -> Schedule:
    """A schedule by name.

    Args:
        name: one of `DEFAULT_SCHEDULES`.
        pretrain: share of the updates before fine-tuning.
        rate: learning rate of fine-tuning, times that of pre-training.
    """
    after = Stage({REAL: 1}, steps=1 - pretrain, rate=rate)
    stages: Mapping[str, tuple[Stage, ...]] = {
        BASE: (Stage({REAL: 1}),),
        LOOP: (Stage({CHOSEN: 1}, steps=pretrain), after),
        UNSELECTED: (Stage({MADE: 1}, steps=pretrain), after),
        CHANCE: (Stage({DRAWN: 1}, steps=pretrain), after),
        JOINT: (Stage({REAL: 1, CHOSEN: 1}),),
        # The same new texts, signed as other texts: what this gains is gained from text and from longer training.
        CONTROL: (Stage({CHOSEN: 1}, steps=pretrain, shuffled=(CHOSEN,)), after),
        STITCHED: (Stage({CHOSEN: 1}),),
    }
    return Schedule(name, stages[name])
