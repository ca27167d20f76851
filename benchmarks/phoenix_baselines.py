"""Durations of glosses and sentences, and glosses of texts, on the annotations of PHOENIX14T, beside their floors.

    python benchmarks/phoenix_baselines.py ROOT

ROOT has {train,dev,test}.jsonl.gz: one object a line with text, gloss, signer, num_frames and alignments.pami0.
Everything is fitted on train alone, the names of the recogniser's models included. docs/baselines.md says how the
alignments are read and what is left out.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sacrebleu.metrics import BLEU

from signgen.judge.text.wer import gloss_wer
from signgen.text2pose.durations.alignments import Segment, locate, name_models, segments
from signgen.text2pose.durations.model import SENTENCES, Planned, fit_durations, sentence_features
from signgen.text2pose.durations.regression import fit_regression
from signgen.text2pose.glossing.neighbour import NearestText
from signgen.text2pose.glossing.translate import fit_glosser

SPLITS = ("train", "dev", "test")
SHOWN = ("dev", "test")
# Occurrences at the corpus mean that every gloss is taken to have had before any of its own.
SHRINKAGE = 2
RESAMPLES = 2000
Tokens = tuple[str, ...]


@dataclass(frozen=True)
class Recording:
    """One line of the annotations."""

    planned: Planned
    frames: int
    found: list[Segment]


@dataclass(frozen=True)
class Split:
    """One split and where its glosses are."""

    recordings: list[Recording]
    located: list[list[tuple[int, int]]]

    @property
    def planned(self) -> list[Planned]:
        return [recording.planned for recording in self.recordings]

    @property
    def lengths(self) -> list[int]:
        return [recording.frames for recording in self.recordings]

    @property
    def durations(self) -> list[tuple[str, int]]:
        """(gloss, frames) of every located gloss."""
        both = zip(self.planned, self.located, strict=True)
        return [(planned.glosses[i], frames) for planned, found in both for i, frames in found]


def recordings(path: Path) -> list[Recording]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [recording(json.loads(line)) for line in lines]


def recording(row: dict) -> Recording:
    words = tuple(word for word in row["text"].split() if word != ".")
    planned = Planned(tuple(row["gloss"].split()), words, row["signer"])
    return Recording(planned, row["num_frames"], segments(int(s) for s in row["alignments"]["pami0"].split()))


def read(root: Path) -> dict[str, Split]:
    rows = {split: recordings(root / f"{split}.jsonl.gz") for split in SPLITS}
    names = name_models((row.planned.glosses, row.found) for row in rows["train"])
    return {split: Split(found, [placed(row, names) for row in found]) for split, found in rows.items()}


def placed(row: Recording, names: dict[int, str]) -> list[tuple[int, int]]:
    return [(i, segment.frames) for i, segment in locate(row.planned.glosses, row.found, names)]


def mean_error(predicted: Iterable[float], truth: Iterable[float]) -> float:
    return float(np.mean(np.abs(np.array(list(predicted)) - np.array(list(truth)))))


def show(name: str, values: Sequence[float], form: str = "10.2f") -> None:
    print(f"  {name:<52}", *(f"{value:{form}}" for value in values))


def constant_error(data: dict[str, Split], statistic: Callable[[list[int]], float]) -> list[float]:
    value = float(statistic([frames for _, frames in data["train"].durations]))
    return [mean_error([value] * len(d), [f for _, f in d]) for d in (data[s].durations for s in SHOWN)]


def gloss_mean(train: Split) -> dict[str, float]:
    """Mean of the logarithm of each gloss's durations, held back towards that of all, as frames."""
    logs = defaultdict(list)
    for gloss, frames in train.durations:
        logs[gloss].append(np.log(frames))
    overall = float(np.mean([value for values in logs.values() for value in values]))
    means = {g: np.exp((sum(v) + SHRINKAGE * overall) / (len(v) + SHRINKAGE)) for g, v in logs.items()}
    return defaultdict(lambda: float(np.exp(overall)), means)


def gloss_means(data: dict[str, Split]) -> list[float]:
    means = gloss_mean(data["train"])
    return [
        mean_error([means[gloss] for gloss, _ in d], [f for _, f in d])
        for d in (data[s].durations for s in SHOWN)
    ]


def least_squares(data: dict[str, Split], counts: Callable[[Planned], list[float]]) -> list[float]:
    """Sentence lengths by a straight line in some counts."""
    design = {split: np.array([[1.0, *counts(p)] for p in data[split].planned]) for split in SPLITS}
    line = np.linalg.lstsq(design["train"], np.array(data["train"].lengths, float), rcond=None)[0]
    return [mean_error(design[split] @ line, data[split].lengths) for split in SHOWN]


def without_words(planned: Planned) -> Planned:
    return replace(planned, words=(), signer="")


def without_signer(planned: Planned) -> Planned:
    return replace(planned, signer="")


VIEWS: dict[str, Callable[[Planned], Planned]] = {
    "model: glosses": without_words,
    "model: glosses, words": without_signer,
    "model: glosses, words, signer": lambda planned: planned,
}


def model_errors(
    data: dict[str, Split], view: Callable[[Planned], Planned]
) -> tuple[list[float], list[float]]:
    """Mean errors of glosses and of sentences, on dev and test, of the model that sees this much of a sentence."""
    train = data["train"]
    model = fit_durations([view(planned) for planned in train.planned], train.located, train.lengths)
    signs, sentences = [], []
    for split in (data[name] for name in SHOWN):
        seen = [view(planned) for planned in split.planned]
        each = [model.gloss_frames(planned) for planned in seen]
        pairs = zip(each, split.located, strict=True)
        said = [predicted[i] for predicted, found in pairs for i, _ in found]
        signs.append(mean_error(said, [frames for _, frames in split.durations]))
        sentences.append(mean_error(map(model.sentence_frames, seen), split.lengths))
    return signs, sentences


def show_intervals(data: dict[str, Split]) -> None:
    """95 % intervals of the model's error on glosses and of its lead over the mean of the gloss, by recording."""
    train, means = data["train"], gloss_mean(data["train"])
    model = fit_durations(list(map(without_signer, train.planned)), train.located, train.lengths)
    for name in SHOWN:
        errors = []
        for planned, found in zip(data[name].planned, data[name].located, strict=True):
            said = model.gloss_frames(without_signer(planned))
            ours = sum(abs(said[i] - frames) for i, frames in found)
            errors.append((ours, sum(abs(means[planned.glosses[i]] - f) for i, f in found), len(found)))
        table = np.array(errors, float)
        drawn = table[np.random.default_rng(0).integers(len(table), size=(RESAMPLES, len(table)))].sum(axis=1)
        error, lead = drawn[:, 0] / drawn[:, 2], (drawn[:, 1] - drawn[:, 0]) / drawn[:, 2]
        limits = [*np.percentile(error, (2.5, 97.5)), *np.percentile(lead, (2.5, 97.5))]
        show(f"{name}, glosses and words: error, lead over the mean", limits, "6.2f")


def show_durations(data: dict[str, Split]) -> None:
    for name in SPLITS:
        split = data[name]
        total = sum(len(planned.glosses) for planned in split.planned)
        print(f"{name}: {len(split.lengths)} recordings, {len(split.durations)} of {total} glosses located")
    errors = {name: model_errors(data, view) for name, view in VIEWS.items()}
    print("Duration of a gloss: mean absolute error [frames of 25 fps], dev and test")
    show("floor: mean of all", constant_error(data, np.mean))
    show("floor: median of all", constant_error(data, np.median))
    show("floor: shrunken mean of the gloss", gloss_means(data))
    for name, (signs, _) in errors.items():
        show(name, signs)
    show_intervals(data)
    print("Length of a sentence: mean absolute error [frames of 25 fps], dev and test")
    median = float(np.median(data["train"].lengths))
    show(
        "floor: median of all", [mean_error([median] * len(data[s].lengths), data[s].lengths) for s in SHOWN]
    )
    show("floor: least squares, number of words", least_squares(data, lambda p: [len(p.words)]))
    show("floor: numbers of glosses and words", least_squares(data, lambda p: [len(p.glosses), len(p.words)]))
    for name, (_, sentences) in errors.items():
        show(name, sentences)


def scores(hypotheses: Sequence[Tokens], references: Sequence[Tokens]) -> list[float]:
    """Gloss WER, BLEU-1 and BLEU-4 (sacrebleu, glosses as they are), length beside the references'."""
    ours, theirs = ([" ".join(glosses) for glosses in side] for side in (hypotheses, references))
    bleu = [
        BLEU(max_ngram_order=order, tokenize="none", force=True).corpus_score(ours, [theirs]).score
        for order in (1, 4)
    ]
    ratio = sum(map(len, hypotheses)) / sum(map(len, references))
    return [gloss_wer(ours, theirs).value, gloss_wer(ours, theirs, "phoenix").value, *bleu, ratio]


def words_as_glosses(text: Tokens, known: frozenset[str]) -> Tokens:
    """The words that are glosses of train when written in capitals."""
    plain = (
        w.upper().replace("Ä", "AE").replace("Ö", "OE").replace("Ü", "UE").replace("ß", "SS") for w in text
    )
    return tuple(word for word in plain if word in known)


def show_glosses(data: dict[str, Split]) -> None:
    texts = {split: [planned.words for planned in data[split].planned] for split in SPLITS}
    glosses = {split: [planned.glosses for planned in data[split].planned] for split in SPLITS}
    known = frozenset(gloss for each in glosses["train"] for gloss in each)
    begun = time.process_time()
    phrases = fit_glosser(texts["train"], glosses["train"])
    print(f"Glosses of a text (phrase table fitted in {time.process_time() - begun:.1f} s of processor time)")
    print(f"  {'':<30}{'WER':>10} {'WER clean':>10} {'BLEU-1':>10} {'BLEU-4':>10} {'length':>10}")
    nearest = NearestText(texts["train"], glosses["train"])
    systems: dict[str, Callable[[list[Tokens]], list[Tokens]]] = {
        "floor: words in capitals": lambda said: [words_as_glosses(text, known) for text in said],
        "floor: nearest text": nearest,
        "phrase table": lambda said: [phrases(text) for text in said],
    }
    known_texts = set(texts["train"])
    for split in SHOWN:
        fresh = [k for k, text in enumerate(texts[split]) if text not in known_texts]
        print(f"  {split}: {len(texts[split])} texts, {len(fresh)} of them not in train")
        for name, system in systems.items():
            answers = system(texts[split])
            show_row(name, scores(answers, glosses[split]))
            show_row(
                "  not in train", scores([answers[k] for k in fresh], [glosses[split][k] for k in fresh])
            )


def show_lengths_from_text(data: dict[str, Split]) -> None:
    """Lengths of sentences of which only the text is known: without glosses, or with those of the phrase table."""
    train = data["train"]
    seen = [without_signer(planned) for planned in train.planned]
    model = fit_durations(seen, train.located, train.lengths)
    phrases = fit_glosser([planned.words for planned in seen], [planned.glosses for planned in seen])
    errors = []
    for split in (data[name] for name in SHOWN):
        planned = [Planned(phrases(each.words), each.words) for each in split.planned]
        errors.append(mean_error(map(model.sentence_frames, planned), split.lengths))
    print("Length of a sentence from its text alone: mean absolute error [frames of 25 fps], dev and test")
    show("model: words", word_errors(data))
    show("model: words, glosses of the phrase table", errors)


def word_errors(data: dict[str, Split]) -> list[float]:
    """Mean errors of sentence lengths from words without any gloss."""
    rows = {
        split: [sentence_features(Planned((), planned.words), 0.0) for planned in data[split].planned]
        for split in SPLITS
    }
    fitted = fit_regression(rows["train"], data["train"].lengths, SENTENCES)
    return [mean_error(map(fitted, rows[split]), data[split].lengths) for split in SHOWN]


def show_row(name: str, values: Sequence[float]) -> None:
    print(f"  {name:<30}" + " ".join(f"{value:10.2f}" for value in values))


def main() -> None:
    data = read(Path(sys.argv[1]))
    show_durations(data)
    show_lengths_from_text(data)
    show_glosses(data)


if __name__ == "__main__":
    main()
