"""How good the made poses are, by a judge that neither chose them nor learned from any of this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from signgen.data.shard_files import open_shard, shards_in
from signgen.judge import controls
from signgen.judge.backtranslation import Judge
from signgen.judge.text.resample import with_intervals
from signgen.judge.text.scores import scorer
from signgen.loop.compare import BLEU
from signgen.pose.sequence import PoseSequence
from signgen.workflow.progress import Progress

# Streams of the draw of clips.
_DRAW = 13
TRUE, ALL = "real", "made"


@dataclass(frozen=True, eq=False)
class Kind:
    """Clips of one kind, not read yet.

    Attributes:
        name: for tables.
        clips: shard and number of each.
    """

    name: str
    clips: Sequence[tuple[Path, int]]


def kinds_of(real: Path, made: Path, chosen: Path) -> list[Kind]:
    """Real training clips, all that was made, and what of it was chosen and refused."""
    kept = {name for shard in shards_in(chosen) for name in _names(shard)}
    every = [(shard, number, name) for shard in shards_in(made) for number, name in enumerate(_names(shard))]
    true = [(shard, number) for shard in shards_in(real) for number in range(len(_names(shard)))]
    parts = {
        TRUE: true,
        ALL: [(shard, number) for shard, number, _ in every],
        "chosen": [(shard, number) for shard, number, name in every if name in kept],
        "refused": [(shard, number) for shard, number, name in every if name not in kept],
    }
    return [Kind(name, clips) for name, clips in parts.items()]


def score(
    kinds: Sequence[Kind], judges: Sequence[Judge], language: str, most: int, *, progress: Progress
) -> list[dict[str, Any]]:
    """What each judge reads in at most so many clips of each kind; made poses of other texts are the floor.

    Returns:
        a row for each judge and kind: BLEU-4 and log-likelihood of a character, with intervals.
    """
    rows, done = [], 0
    total = len(judges) * (len(kinds) + 1)
    drawn = {kind.name: _read(kind, most) for kind in kinds if len(kind.clips)}
    poses, texts = drawn[ALL]
    others = controls.shuffled(poses, np.random.default_rng(_DRAW))
    drawn[f"{ALL}, of other texts"] = (others, texts)
    for judge in judges:
        for name, (clips, references) in drawn.items():
            rows.append(
                {"judge": judge.card.name, "kind": name, **_scores(judge, clips, references, language)}
            )
            done += 1
            progress("kinds of poses", done, total)
    return rows


def _scores(
    judge: Judge, poses: Sequence[PoseSequence], texts: Sequence[str], language: str
) -> dict[str, Any]:
    found = scorer(texts, language).measures(judge.texts(poses), may_say_nothing=True)
    bleu = next(measure for measure in found if measure.name == BLEU)
    scores = with_intervals([bleu, judge.log_likelihood(poses, texts)])
    values = {each.name: {"value": each.value, "interval": each.interval} for each in scores}
    return {"clips": len(texts), **values, "signature": judge.signature}


def _read(kind: Kind, most: int) -> tuple[list[PoseSequence], list[str]]:
    """Poses and texts of clips drawn from a kind, shard by shard."""
    rng = np.random.default_rng([_DRAW, len(kind.clips)])
    places = sorted(rng.choice(len(kind.clips), size=min(most, len(kind.clips)), replace=False).tolist())
    poses, texts = [], []
    for path in dict.fromkeys(kind.clips[place][0] for place in places):
        with open_shard(path) as shard:
            for place in places:
                if kind.clips[place][0] == path:
                    number = kind.clips[place][1]
                    poses.append(shard.read(number))
                    texts.append(str(shard.clips[number].info["text"]))
    return poses, texts


def _names(path: Path) -> list[str]:
    with open_shard(path) as shard:
        return [entry.name for entry in shard.clips]
