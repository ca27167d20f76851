"""What a training of the SignDW Transformer works with: examples of all sources, dev clips, vocabularies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from signgen.errors import ConfigError, DataError
from signgen.nn.tokenizer import Pieces
from signgen.signdw.motion.clip_codes import ClipCodes, load_codes
from signgen.signdw.motion.folder import load_tokenizer
from signgen.signdw.motion.tokenizer import MotionTokenizer
from signgen.signdw.network.plan import GlossVocabulary
from signgen.signdw.network.retrieved import Library, library_of
from signgen.signdw.network.text import TextEncoding
from signgen.signdw.settings import LANGUAGES, SignDWSettings
from signgen.signdw.training.examples import (
    Example,
    Examples,
    glosses_of,
    make_examples,
    shares_of,
    texts_of,
    tokenizer_texts,
    words_of,
)
from signgen.signdw.training.settings import SignDWRun
from signgen.signdw.training.text_plans import read_sentences, text_examples


@dataclass(frozen=True, eq=False)
class Material:
    """Everything that is read before a training starts.

    Attributes:
        motion: the tokenizer that made the codes.
        sources: training clips by name.
        shares: how often each source is drawn from; they sum up to 1.
        dev: dev clips of all sources.
        tokenizer: of texts, learned from all training texts.
        glosses: vocabulary; None for a network that plans lengths alone.
        words: of the training texts.
        licence: of the clips.
        texts: sentences without poses that further plans are learned from; None: there are none.
        read: the texts of those sentences.
        signs: isolated signs that are retrieved; None: none are.
    """

    motion: MotionTokenizer
    sources: Mapping[str, Examples]
    shares: tuple[float, ...]
    dev: tuple[Example, ...]
    tokenizer: Pieces
    glosses: GlossVocabulary | None
    words: list[str]
    licence: str
    texts: Examples | None = None
    read: tuple[str, ...] = ()
    signs: Library | None = None

    @property
    def sizes(self) -> list[int]:
        """Codes of each stream."""
        return [stream.size for stream in self.motion.streams]

    @property
    def clip_count(self) -> int:
        """Training clips that are learned from."""
        return sum(map(len, self.sources.values()))

    def names_and_texts(self) -> tuple[list[str], list[str]]:
        """Names and texts of all training clips."""
        clips = [source.clips for source in self.sources.values()]
        texts = [text for part in clips for text in texts_of(part)]
        return [name for part in clips for name in part.names], [*texts, *self.read]


def load_material(run: SignDWRun) -> Material:
    """Read the sources of a training and encode their clips.

    Raises:
        ConfigError: no sources or no tokenizer.
        DataError: a folder without usable clips.
        CheckpointError: the tokenizer is missing or damaged.
    """
    data, settings = run.data, run.model
    if not data.sources:
        raise ConfigError("data.sources: name at least one folder, such as ase: DIR with train/ and dev/")
    if data.tokenizer is None:
        raise ConfigError(
            "data.tokenizer: name the folder of a motion tokenizer; signgen train tokenizer makes one"
        )
    motion = load_tokenizer(motion_folder(data.tokenizer))
    clips = {name: load_codes(folder / "train", motion, data.cache) for name, folder in data.sources.items()}
    texts = [text for part in clips.values() for text in texts_of(part)]
    tokenizer = Pieces.train(tokenizer_texts(texts), settings.words)
    glosses = _glosses(clips, settings)
    encoding = TextEncoding(tokenizer, LANGUAGES, settings.max_words)
    signs = _signs(run, motion)
    sources = {name: make_examples(part, encoding, glosses, settings, signs) for name, part in clips.items()}
    for name, source in sources.items():
        _check_some(source, f"{data.sources[name]}/train")
    further, read = _further(run, list(sources.values()), encoding, glosses)
    dev = [load_codes(folder / "dev", motion, data.cache) for folder in data.sources.values()]
    dev_examples = [make_examples(part, encoding, glosses, settings, signs) for part in dev]
    for folder, source in zip(data.sources.values(), dev_examples, strict=True):
        _check_some(source, f"{folder}/dev")
    return Material(
        motion,
        sources,
        tuple(shares_of(sources, data.weights)),
        _spread([source.items for source in dev_examples], run.train.dev_clips),
        tokenizer,
        glosses,
        words_of([*texts, *read]),
        _licences(clips),
        further,
        read,
        signs,
    )


def _further(
    run: SignDWRun,
    sources: Sequence[Examples],
    encoding: TextEncoding,
    glosses: GlossVocabulary | None,
) -> tuple[Examples | None, tuple[str, ...]]:
    """Sentences without poses, and their texts."""
    if not run.data.texts:
        return None, ()
    if glosses is None or not run.train.plan_batch:
        raise ConfigError("data.texts: teach plans of glosses; needs model.align=gloss and train.plan_batch")
    sentences = [sentence for folder in run.data.texts for sentence in read_sentences(folder)]
    found = text_examples(sentences, sources, encoding, glosses, run.model, run.seed)
    _check_some(found, "data.texts")
    return found, tuple(" ".join(str(sentences[item.clip]["text"]).split()) for item in found.items)


def _glosses(clips: Mapping[str, ClipCodes], settings: SignDWSettings) -> GlossVocabulary | None:
    if settings.align != "gloss":
        return None
    names = glosses_of(clips.values())
    return GlossVocabulary(names) if names else None


def _signs(run: SignDWRun, motion: MotionTokenizer) -> Library | None:
    if not run.model.is_retrieving:
        return None
    if run.model.align != "gloss" or run.data.signs is None:
        raise ConfigError(
            "model.is_retrieving: needs model.align=gloss, and data.signs with isolated signs; give --retrieval LEXICON"
        )
    return library_of(load_codes(run.data.signs, motion, run.data.cache))


def _licences(clips: Mapping[str, ClipCodes]) -> str:
    found = {str(info["licence"]) for part in clips.values() for info in part.infos if info.get("licence")}
    return "; ".join(sorted(found))


def _check_some(source: Examples, where: str) -> None:
    if not len(source):
        reasons = ", ".join(f"{count} for {reason}" for reason, count in source.left_out.items())
        raise DataError(f"{where}: no clip to learn from ({reasons or 'it is empty'}); look at model.max_*")


def _spread(sources: list[tuple[Example, ...]], most: int) -> tuple[Example, ...]:
    """At most so many of all sources, taken in turn."""
    longest = max(map(len, sources))
    turns = [source[place] for place in range(longest) for source in sources if place < len(source)]
    return tuple(turns[:most])


def motion_folder(path: Path) -> Path:
    """The tokenizer of a training of one, or the folder itself."""
    inner = path / "tokenizer"
    return inner if inner.is_dir() else path
