"""Several drafts of a text, and the one that judges find likeliest to mean it."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from signgen.errors import ConfigError
from signgen.judge.backtranslation import Judge
from signgen.text2pose.base import PoseSource, Utterance, utter


def best_of(source: PoseSource, text: str, *, seed: int, count: int, judge: str) -> Utterance:
    """The likeliest of drafts with the seeds ``seed``, ``seed + 1``, ...

    A judge that chose must not score what it chose: use another one for that.

    Args:
        source: makes the drafts.
        text: what they should mean.
        seed: of the first draft.
        count: how many drafts.
        judge: folder or name, see `signgen.workflow.judges.load_judges`; several judges vote by their mean.

    Raises:
        ConfigError: no judge is named.
        CheckpointError: it is missing or damaged.
        SignGenError: as the source raises.
    """
    if not judge:
        raise ConfigError(
            "n_best: several drafts need a judge that chooses; name one with --judge, such as ase"
        )
    judges = _judges(judge)
    drafts = [utter(source, text, seed=seed + number) for number in range(count)]
    scores = likelihoods(judges, drafts, text)
    best = int(np.argmax(scores))
    account = {
        "judge": judge,
        "judges": [each.card.id for each in judges],
        "log_likelihood_per_character": [round(float(score), 6) for score in scores],
        "seed": seed + best,
    }
    return replace(drafts[best], report={**drafts[best].report, "n_best": account})


def likelihoods(judges: tuple[Judge, ...], drafts: list[Utterance], text: str) -> np.ndarray:
    """(n,) natural log-probability of a character of the text given each draft, mean over the judges."""
    poses = [draft.poses for draft in drafts]
    found = [judge.log_likelihood(poses, [text] * len(poses)).statistics[:, 0] for judge in judges]
    mean: np.ndarray = np.mean(found, axis=0) / max(1, len(text))
    return mean


@lru_cache(maxsize=2)
def _judges(spec: str) -> tuple[Judge, ...]:
    """Read once for all texts."""
    from signgen.workflow.judges import load_judges

    return tuple(load_judges([spec]))
