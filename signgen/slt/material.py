"""What a training works with: sources as numbers, the dev set, vocabularies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from signgen.errors import ConfigError
from signgen.nn.tokenizer import Glosses, Pieces, Tokenizer, Words
from signgen.slt.batches import Order, Source, encode_source
from signgen.slt.card import facts_of
from signgen.slt.clips import Clips, load_clips, training_id
from signgen.slt.schedules import Schedule, Stage, shares_at
from signgen.slt.settings import DataSettings, SltSettings

EVERYTHING = 1 << 40


@dataclass(frozen=True, eq=False)
class Material:
    """Everything that is read before a training starts.

    Attributes:
        sources: training clips by name.
        dev: dev clips of the target source, none left out.
        tokenizer: of texts, learned from all training texts.
        glosses: vocabulary, None for a gloss-free training.
        tags: kinds of data that the model is told about; 0 for none.
    """

    sources: Mapping[str, Source]
    dev: Source
    tokenizer: Tokenizer
    glosses: Glosses | None
    tags: int

    @property
    def clips(self) -> list[Clips]:
        """The training clips of all sources."""
        return [source.clips for source in self.sources.values()]

    @property
    def facts(self) -> dict[str, Any]:
        """What the card says about them, and about the dev set."""
        return {**facts_of(self.clips), "words": len(self.tokenizer), "tags": self.tags,
                "glosses": len(self.glosses) if self.glosses else 0}  # fmt: skip


def load_material(settings: SltSettings, schedule: Schedule) -> Material:
    """Read the sources that a schedule learns from.

    Raises:
        ConfigError: no sources, or a schedule that names others.
        DataError: a folder without usable clips.
    """
    data = settings.data
    target = target_of(data)
    # The target comes first: its tag is 0, which is what a translator later takes everything for.
    names = sorted(schedule.sources(tuple(data.sources)), key=lambda name: name != target)
    clips = {name: read_split(data, name, "train") for name in names}
    texts = [text for part in clips.values() for text in part.texts]
    tokenizer = learn_tokenizer(texts, settings)
    lines = [line for part in clips.values() for line in part.glosses if line]
    glosses = Glosses.train(lines) if settings.train.gloss_weight and lines else None
    limits = (data.max_frames, data.max_tokens)
    sources = {
        name: encode_source(part, tokenizer, glosses, *limits, tag=number if schedule.is_tagged else 0)
        for number, (name, part) in enumerate(clips.items())
    }
    for name, source in sources.items():
        if not len(source.usable):
            raise ConfigError(
                f"data.max_frames, data.max_tokens: all clips of {name!r} are longer; raise them"
            )
    dev = encode_source(read_split(data, target, "dev"), tokenizer, glosses, EVERYTHING, EVERYTHING)
    return Material(sources, dev, tokenizer, glosses, len(sources) if schedule.is_tagged else 0)


def target_of(data: DataSettings) -> str:
    """Name of the source whose dev and test sets count.

    Raises:
        ConfigError: there are no sources, or none of that name.
    """
    if not data.sources:
        raise ConfigError(
            "data.sources: name at least one folder, such as real: DIR with train/, dev/ and test/"
        )
    target = data.target or next(iter(data.sources))
    if target not in data.sources:
        raise ConfigError(f"data.target: {target!r} is not one of data.sources ({', '.join(data.sources)})")
    return target


def read_split(data: DataSettings, name: str, split: str) -> Clips:
    """One split of one source."""
    return load_clips(data.sources[name] / split, data.fps, data.is_lower, data.cache)


def learn_tokenizer(texts: Sequence[str], settings: SltSettings) -> Tokenizer:
    """The tokenizer that the settings ask for.

    Raises:
        DataError: too little text for units.
    """
    size = settings.tokens.size
    if settings.tokens.kind == "words":
        return Words.train(texts, size)
    return Pieces.train(texts, size if size is not None else 1000)


def stage_order(
    material: Material,
    stage: Stage,
    settings: SltSettings,
    stage_number: int,
    batches: int,
    processes: int = 1,
) -> Order:
    """Which clips come in which step of a stage, those of all processes together.

    Raises:
        ConfigError: the stage has no share of anything.
    """
    sizes = {name: len(source.usable) for name, source in material.sources.items()}
    names = list(stage.shares or sizes)
    sources = [_source(material.sources[name], name in stage.shuffled, settings.seed) for name in names]

    def shares(progress: float) -> list[float]:
        found = shares_at(stage, sizes, progress)
        return [found[name] for name in names]

    train = settings.train
    seed = int(np.random.SeedSequence([settings.seed, stage_number]).generate_state(1)[0])
    return Order(sources, shares, batch=train.batch * processes, pool=train.pool, batches=batches, seed=seed)


def shuffled(source: Source, seed: int) -> Source:
    """The same texts with the poses of other clips, and without glosses.

    The control of every claim that synthetic poses help: whatever is learned from this is learned from text alone.
    """
    count = len(source.clips)
    circle = np.random.default_rng([seed, 3]).permutation(count)
    others = np.empty(count, np.int64)
    others[circle] = np.roll(circle, 1)
    # A clip that was too long lends its poses to nobody.
    short = source.clips.lengths[others] <= source.clips.lengths[source.usable].max()
    usable = np.array([clip for clip in source.usable if short[clip]], np.int64)
    clips = source.clips.with_poses_of(others.tolist())
    return replace(source, clips=clips, glosses=((),) * count, usable=usable)


def _source(source: Source, is_shuffled: bool, seed: int) -> Source:
    return shuffled(source, seed) if is_shuffled else source


def data_id(material: Material) -> str:
    """A hash of all training and dev clips."""
    return training_id([*material.clips, material.dev.clips])
