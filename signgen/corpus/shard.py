"""One shard of a corpus: sentences signed one after another and written as columns; what a worker process does."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

import numpy as np

from signgen.corpus.grammar import Grammar, Sentence
from signgen.corpus.perform import Performer
from signgen.corpus.settings import CorpusSettings
from signgen.corpus.splits import SPLITS
from signgen.data.columnar import Clip, write_columnar
from signgen.data.shard_files import SUFFIX
from signgen.extract.base import SYNTHETIC

# A stream of numbers of its own, apart from those that draw sentences.
_STREAM = 7


@dataclass(frozen=True)
class Task:
    """A shard to make.

    Attributes:
        split: of its sentences.
        number: of the shard in its split.
        first: number of its first sentence in the split.
        sentences: its sentences.
        seed: of the corpus; clips carry it in their names, so that no two corpora share a name.
    """

    split: str
    number: int
    first: int
    sentences: tuple[Sentence, ...]
    seed: int

    def path(self, folder: Path) -> Path:
        """Its file in a corpus."""
        return folder / self.split / f"{self.split}-{self.number:05d}{SUFFIX}"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its clips."""
        start = f"{self.split}-s{self.seed}"
        return tuple(f"{start}-{self.first + i:07d}" for i in range(len(self.sentences)))


class ShardMaker:
    """Makes shards of one corpus, wherever it runs."""

    def __init__(self, grammar: Grammar, lexicon: str, settings: CorpusSettings, licence: str) -> None:
        self._grammar, self._settings, self._licence = grammar, settings, licence
        self.ingredients = (grammar, lexicon, settings, licence)
        self.performer = Performer(grammar, lexicon, settings.style, settings.seed)

    def __call__(self, task: Task, folder: Path) -> None:
        """Make a shard.

        Raises:
            SignGenError: a recording cannot be read, or the disk is full.
        """
        write_columnar(self._clips(task), task.path(folder))

    def _clips(self, task: Task) -> Iterator[Clip]:
        seed, split = self._settings.seed, SPLITS.index(task.split)
        for number, (name, sentence) in enumerate(zip(task.names, task.sentences, strict=True), task.first):
            rng = np.random.default_rng([seed, split, _STREAM, number])
            made = self.performer(sentence, rng)
            info = {
                "text": sentence.text,
                "gloss": sentence.gloss,
                "timeline": [list(span) for span in made.timeline],
                "signer": made.signer.name,
                "spoken_language": self._grammar.spoken_language,
                "signed_language": self._grammar.signed_language,
                "extractor": SYNTHETIC,
                "document": name,
                "seed": seed,
                "style": self._settings.preset,
                "licence": self._licence,
            }
            yield Clip(name, made.poses, info)


_maker: ShardMaker | None = None


def start_worker(grammar: Grammar, lexicon: str, settings: CorpusSettings, licence: str) -> None:
    """Make a process ready for `work`; when to stop is its parent's decision, and it ends with its parent."""
    global _maker
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _maker = ShardMaker(grammar, lexicon, settings, licence)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def work(task: Task, folder: Path) -> None:
    """Make a shard in a process that `start_worker` made ready."""
    assert isinstance(_maker, ShardMaker)
    _maker(task, folder)
