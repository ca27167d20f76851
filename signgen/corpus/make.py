"""Make a corpus: sentences, shards of poses, a manifest and the report; go on where a stopped run left off."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TextIO

from signgen.corpus.figures import Figures
from signgen.corpus.folder import MANIFEST, CorpusFolder
from signgen.corpus.grammar import Grammar
from signgen.corpus.grammar_file import read_grammar
from signgen.corpus.look import facts
from signgen.corpus.settings import CorpusSettings
from signgen.corpus.shard import ShardMaker, Task, start_worker, work
from signgen.corpus.splits import SPLITS, Splits
from signgen.data.atomic import atomic_path
from signgen.data.columnar import Columnar
from signgen.data.sidecar import package_version
from signgen.data.strict_json import to_json
from signgen.errors import ConfigError, ResourceError
from signgen.lexicon.lexicon import Lexicon, open_lexicon

Progress = Callable[[str, int, int | None], None]
NOTE = (
    "Sentences of a grammar, signed by a program: not recordings, and not checked by Deaf signers. "
    "Train on it, compare with it; do not learn the language from it."
)


@dataclasses.dataclass(frozen=True)
class Made:
    """What was made.

    Attributes:
        folder: where.
        report: what ``corpus.json`` says.
        kept: shards that an earlier run had finished.
    """

    folder: Path
    report: Mapping[str, Any]
    kept: int


def make_corpus(
    spec: str | Path,
    folder: Path,
    settings: CorpusSettings,
    *,
    workers: int = 1,
    force: bool = False,
    progress: Progress = lambda stage, done, total: None,
) -> Made:
    """Make a corpus from a grammar; the bytes do not depend on the number of workers, nor on stops.

    Args:
        spec: a grammar file, or the name of one of the package.
        folder: where to; ``train``, ``dev`` and ``test`` get columnar shards.
        settings: see `signgen.corpus.settings.prepare`.
        workers: processes; 1 works in this one.
        force: replace a corpus that is there.
        progress: called with the sentences that are done.

    Raises:
        SignGenError: a bad grammar, glosses that the lexicon lacks, a grammar with too few sentences, a folder that
            holds something else.
    """
    grammar = read_grammar(spec)
    lexicon = _lexicon(grammar, settings)
    splits = Splits(grammar, settings)
    place = CorpusFolder(folder, _recipe(grammar, settings, lexicon))
    licence = "; ".join(lexicon.licences) if lexicon else ""
    maker = ShardMaker(grammar, lexicon.name if lexicon else "", settings, licence)
    if lexicon:
        _ = maker.performer.vocabulary  # complains about glosses before anything is written
    place.claim(force)
    figures, totals, kept = Figures(splits.held_out), _Totals(), 0
    with (
        atomic_path(folder / MANIFEST) as manifest,
        manifest.open("w", encoding="utf-8", newline="\n") as file,
    ):
        done = 0
        for task, is_kept in _made(splits, place, maker, workers if lexicon else 0):
            kept += is_kept
            for sentence in task.sentences:
                figures.see(task.split, sentence)
            _list(file, task, grammar, totals.add(task, folder) if lexicon else {}, licence)
            done += len(task.sentences)
            progress("sentences", done, settings.sentences)
    report = _report(grammar, settings, lexicon, figures, totals)
    place.finish(report)
    return Made(folder, report, kept)


def _lexicon(grammar: Grammar, settings: CorpusSettings) -> Lexicon | None:
    if not settings.poses:
        return None
    name = settings.lexicon or grammar.lexicon
    if not name:
        raise ConfigError(
            f"poses: {grammar.name} names no lexicon; give one that has its glosses with --lexicon, or --no-poses"
        )
    return open_lexicon(name)


def _made(
    splits: Splits, place: CorpusFolder, maker: ShardMaker, workers: int
) -> Iterator[tuple[Task, bool]]:
    """Every task in order, once its shard is written, and whether it was there before; no shards with 0 workers."""
    if workers == 0:
        yield from ((task, False) for task in _tasks(splits))
    elif workers == 1:
        for task in _tasks(splits):
            is_kept = place.has(task)
            if not is_kept:
                maker(task, place.path)
            yield task, is_kept
    else:
        with _pool(maker, workers) as pool:
            yield from _in_order(pool, _tasks(splits), place, 2 * workers)


def _in_order(
    pool: ProcessPoolExecutor, tasks: Iterator[Task], place: CorpusFolder, ahead: int
) -> Iterator[tuple[Task, bool]]:
    """Tasks as they were given, with at most so many ``ahead``: the sentences of a corpus need not fit in memory."""
    waiting: deque[tuple[Task, Future[None] | None]] = deque()
    for task in tasks:
        waiting.append((task, None if place.has(task) else pool.submit(work, task, place.path)))
        if len(waiting) > ahead:
            yield _settled(*waiting.popleft())
    while waiting:
        yield _settled(*waiting.popleft())


def _settled(task: Task, future: Future[None] | None) -> tuple[Task, bool]:
    if future is not None:
        future.result()
    return task, future is None


@contextmanager
def _pool(maker: ShardMaker, workers: int) -> Iterator[ProcessPoolExecutor]:
    pool = ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=start_worker, initargs=maker.ingredients
    )
    try:
        yield pool
    except BrokenProcessPool:
        raise ResourceError(
            "a worker died, perhaps for lack of memory; run again with fewer --workers to go on"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _tasks(splits: Splits) -> Iterator[Task]:
    for split in SPLITS:
        sentences, number, first = splits.of(split), 0, 0
        while block := tuple(islice(sentences, splits.settings.shard)):
            yield Task(split, number, first, block, splits.settings.seed)
            number, first = number + 1, first + len(block)


class _Totals:
    """Frames and seconds of each split, and who signs."""

    def __init__(self) -> None:
        self.frames: dict[str, int] = {}
        self.seconds: dict[str, float] = {}
        self.shards: dict[str, int] = {}

    def add(self, task: Task, folder: Path) -> dict[str, str]:
        """Count a shard; the signer of each of its clips."""
        with Columnar(task.path(folder)) as shard:
            clips = shard.clips
        self.frames[task.split] = self.frames.get(task.split, 0) + sum(clip.frames for clip in clips)
        seconds = sum(clip.frames / clip.fps for clip in clips)
        self.seconds[task.split] = self.seconds.get(task.split, 0.0) + seconds
        self.shards[task.split] = self.shards.get(task.split, 0) + 1
        return {clip.name: str(clip.info["signer"]) for clip in clips}

    def of(self, split: str) -> dict[str, Any]:
        if split not in self.frames:
            return {}
        return {
            "frames": self.frames[split],
            "seconds": round(self.seconds[split], 2),
            "shards": self.shards[split],
        }


def _list(file: TextIO, task: Task, grammar: Grammar, signers: Mapping[str, str], licence: str) -> None:
    """Lines of the manifest, in the form of `signgen dataset`."""
    for name, sentence in zip(task.names, task.sentences, strict=True):
        row = {
            "video_id": name,
            "text": sentence.text,
            "gloss": sentence.gloss,
            "signer": signers.get(name, ""),
            "split": task.split,
            "licence": licence,
            "source": f"grammar {grammar.name}",
            "signed_language": grammar.signed_language,
            "spoken_language": grammar.spoken_language,
        }
        file.write(to_json({key: value for key, value in row.items() if value}) + "\n")


def _recipe(grammar: Grammar, settings: CorpusSettings, lexicon: Lexicon | None) -> dict[str, Any]:
    """All that decides the bytes, as far as it can be told cheaply: a lexicon by the sizes and times of its files."""
    paths = sorted({entry.path for entry in lexicon.entries}) if lexicon else []
    files = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths if path.is_file()]
    return {
        "signgen": package_version("signgen"),
        "numpy": package_version("numpy"),
        "grammar": grammar.sha256,
        "settings": dataclasses.asdict(settings),
        "lexicon": files,
    }


def _report(
    grammar: Grammar, settings: CorpusSettings, lexicon: Lexicon | None, figures: Figures, totals: _Totals
) -> dict[str, Any]:
    return {
        "about": NOTE,
        "signgen": package_version("signgen"),
        "grammar": facts(grammar),
        "spoken_language": grammar.spoken_language,
        "signed_language": grammar.signed_language,
        "lexicon": {"name": lexicon.name, "licences": list(lexicon.licences)} if lexicon else None,
        "settings": dataclasses.asdict(settings),
        "splits": {split: figures.of(split) | totals.of(split) for split in SPLITS},
        "vocabulary": figures.vocabulary(),
        "overlap": figures.overlap(),
    }
