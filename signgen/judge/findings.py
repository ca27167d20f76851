"""What an evaluation finds: a verdict of each judge, measures of poses and videos, and what must stand over them."""

from __future__ import annotations

from dataclasses import dataclass

from signgen.judge.admission import Admission
from signgen.judge.agreement import Agreement, Jury, jury_of
from signgen.judge.backtranslation import Judge
from signgen.judge.card import Disjointness
from signgen.judge.gates import Gates
from signgen.judge.panel import Entry, Normalised, Panel
from signgen.judge.pose.verdict import TARGETS, verdict
from signgen.judge.score import Score
from signgen.judge.set_distances import SetDistances
from signgen.judge.text.leaks import LeakReport
from signgen.judge.text.measure import Measure
from signgen.judge.trial import Options, Trial


@dataclass(frozen=True, eq=False)
class Verdict:
    """What one judge says.

    Attributes:
        judge: who.
        disjointness: what it had seen.
        admission: whether it may judge.
        panel: floors and ceilings.
        system: the row of the system.
        scores: of the system, with intervals.
        retrieval: R@k of the system, then of true poses.
        normalised: on the panel's scale.
        detectable: least difference in the headline that this test would find between two systems as unlike as the
            system and true poses.
        alarms: one line each.
        sets: all clips of the system against all true ones.
        gates: what is lost where, if the system made videos.
    """

    judge: Judge
    disjointness: Disjointness
    admission: Admission
    panel: Panel
    system: Entry
    scores: tuple[Score, ...]
    retrieval: tuple[tuple[Score, ...], tuple[Score, ...]]
    normalised: tuple[Normalised, ...]
    detectable: float
    alarms: tuple[str, ...]
    sets: SetDistances
    gates: Gates | None = None


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All that is found; the only way to a report.

    Attributes:
        trial: what was evaluated.
        options: how.
        verdicts: one of each judge.
        agreements: of the judges among each other.
        poses: measures of poses, to be compared later.
        pose_scores: the same summed up.
        leaks: test texts among training texts; None without training texts.
        copied: names of hypotheses that are their references.
        video_scores: measures of the system's videos, summed up.
    """

    trial: Trial
    options: Options
    verdicts: tuple[Verdict, ...]
    agreements: tuple[Agreement, ...]
    poses: tuple[Measure, ...]
    pose_scores: tuple[Score, ...]
    leaks: LeakReport | None
    copied: tuple[str, ...]
    video_scores: tuple[Score, ...] = ()

    @property
    def signature(self) -> str:
        """Everything that the figures depend on but the system."""
        judges = "+".join(verdict.judge.signature for verdict in self.verdicts)
        scores = "+".join(dict.fromkeys(score.signature for score in self.verdicts[0].scores))
        poses = "+".join(dict.fromkeys(score.signature for score in self.pose_scores))
        how = f"test:{self.trial.id}|n:{len(self.trial.names)}|seed:{self.options.seed}|bs:{self.options.resamples}"
        seen = self.trial.rendered
        # Poses found in videos are another system's output than the poses that the videos were made from.
        read = f" read:{seen.extractor}" if seen is not None and not seen.has_asked else ""
        return f"{how}{read} {judges} {scores} {poses}"

    @property
    def jury(self) -> Jury:
        """Whether there are enough judges to rank systems by."""
        cards = [verdict.judge.card.facts for verdict in self.verdicts]
        return jury_of([(card.architecture, card.seed) for card in cards])

    @property
    def stamps(self) -> tuple[str, ...]:
        """What must stand over every figure."""
        lines = []
        for found in self.verdicts:
            name = found.judge.card.name
            if found.disjointness.is_contaminated:
                lines.append(f"CONTAMINATED: {name} was trained on clips of this test")
            if not found.admission.is_passed:
                lines.append(f"NOT ADMITTED: {name}: {'; '.join(found.admission.faults)}")
        # By the headline alone: one stamp of a kind is enough.
        lines += [item.stamp for item in self.agreements[:1]]
        return tuple(line for line in (*lines, self.jury.stamp) if line)


def pose_alarms(found: Evaluation) -> list[str]:
    """Measures of poses that are right at a certain value and are not there."""
    lines = []
    for score in found.pose_scores:
        if score.name in TARGETS and (said := verdict(score)) not in ("ok", "unclear", "unknown"):
            lines.append(f"{score.name} {score.value:.2f}: {said}")
    if found.copied:
        lines.append(f"{len(found.copied)} hypotheses are their references, such as {found.copied[0]}")
    if found.leaks is not None and found.leaks.leaks:
        lines.append(
            f"{len(found.leaks.exact)} test texts stand in the training texts, "
            f"{len(found.leaks.leaks) - len(found.leaks.exact)} nearly so"
        )
    return lines
