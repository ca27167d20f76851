"""Admission: a judge must find spoiled poses worse, and the more so the more they are spoiled, before it may judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from signgen.errors import ConfigError
from signgen.judge import controls
from signgen.judge.backtranslation import LOG_LIKELIHOOD, Judge
from signgen.judge.text.measure import Measure
from signgen.judge.text.resample import Resampling, bootstrap, percentiles
from signgen.pose.sequence import PoseSequence

TRUE = "true poses"
# Printed but not asked for: where nobody says where signs begin, stretches are no signs, and a good judge may not
# mind a little jitter.
INFORMATIVE = ("order of signs", "jitter")
# A rung may stand above the one before it by this share of the whole ladder. A smaller amplitude can bring clips a hair
# closer to what a judge mostly saw, surely but by next to nothing. The share is ours.
HAIR = 0.02


@dataclass(frozen=True)
class Ladder:
    """One way of spoiling poses more and more, and what a judge said to each rung.

    Attributes:
        name: of the way.
        rungs: labels, true poses first.
        values: log-likelihood of the true texts at each rung.
        fault: what is out of order; empty if nothing is.
    """

    name: str
    rungs: tuple[str, ...]
    values: tuple[float, ...]
    fault: str = ""


@dataclass(frozen=True)
class Admission:
    """The result of the test.

    Attributes:
        ladders: all of them.
    """

    ladders: tuple[Ladder, ...]

    @property
    def is_passed(self) -> bool:
        """Whether all ladders are in order."""
        return not self.faults

    @property
    def faults(self) -> tuple[str, ...]:
        """One line for each ladder out of order."""
        return tuple(f"{ladder.name}: {ladder.fault}" for ladder in self.ladders if ladder.fault)


def rungs(poses: Sequence[PoseSequence], seed: int = 0) -> dict[str, dict[str, list[PoseSequence]]]:
    """Ladders without their first rung: name -> label -> clips, from a little spoiled to a lot.

    Raises:
        ConfigError: a single clip.
    """
    rng = np.random.default_rng([seed, 1])
    return {
        "wrong signs": {f"{p:.0%}": controls.wrong_signs(poses, p, rng) for p in (0.1, 0.25, 0.5, 1.0)},
        "amplitude": {f"{a:.0%}": controls.regressed(poses, a) for a in (0.75, 0.5, 0.25, 0.0)},
        "frozen hands": {"frozen": controls.frozen_hands(poses)},
        "reversed": {"reversed": controls.time_reversed(poses)},
        "order of signs": {"shuffled": controls.signs_shuffled(poses, rng)},
        "half the frames": {"dropped": controls.dropped(poses)},
        "twice the frames": {"repeated": controls.repeated(poses)},
        "jitter": {f"{sd:g} shoulder": controls.keypoint_noise(poses, sd, rng) for sd in (0.1, 0.2, 0.5)},
    }


def admit(
    judge: Judge,
    poses: Sequence[PoseSequence],
    texts: Sequence[str],
    *,
    seed: int = 0,
    how: Resampling | None = None,
) -> Admission:
    """Let a judge read spoiled poses and see whether it notices.

    Log-likelihoods are compared clip by clip over shared resamples. A ladder is in order if no rung is surely above
    the one before it by more than `HAIR` of the ladder, and the last is surely below true poses.

    Args:
        judge: to be admitted.
        poses: the true ones.
        texts: of them.
        seed: of all draws.
        how: to draw resamples.

    Raises:
        ConfigError: a single clip.
        PoseError: a clip that cannot be read.
    """
    first = judge.log_likelihood(poses, texts)
    ladders = []
    for name, spoiled in rungs(poses, seed).items():
        measures = [first, *(judge.log_likelihood(clips, texts) for clips in spoiled.values())]
        labels = (TRUE, *spoiled)
        values = tuple(measure.value for measure in measures)
        fault = "" if name in INFORMATIVE else _fault(labels, measures, how)
        ladders.append(Ladder(name, labels, values, fault))
    return Admission(tuple(ladders))


def check_admitted(found: Admission, judge: Judge) -> None:
    """Raise ConfigError if a judge failed."""
    if not found.is_passed:
        raise ConfigError(
            f"judge {judge.card.name}: not admitted: {found.faults[0]}"
            + (f" (and {len(found.faults) - 1} more)" if len(found.faults) > 1 else "")
            + "; train it longer or use another (--stamp prints anyway, and says so in the report)"
        )


def _fault(labels: Sequence[str], measures: Sequence[Measure], how: Resampling | None) -> str:
    drawn = bootstrap(measures, how)
    hair = HAIR * np.maximum(drawn[0] - drawn[-1], 0)
    for place in range(1, len(drawn)):
        if percentiles(drawn[place] - drawn[place - 1] - hair)[0] > 0:
            return f"{labels[place]} scores above {labels[place - 1]}"
    if percentiles(drawn[0] - drawn[-1])[0] <= 0:
        return f"{labels[-1]} is not surely below {labels[0]} in {LOG_LIKELIHOOD}"
    return ""
