"""Scores of texts, their intervals and paired tests, side by side with sacrebleu's own.

    python benchmarks/text_metrics.py [--texts 642] [--rounds 5]

Texts are drawn from 2,000 made-up words of Zipf's frequencies, about 14 to a text; the two systems have three and
four of ten words wrong. Both sides count BLEU and chrF2; results are compared before they are timed. Times are of
the processor, all threads together, the median of all rounds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.significance import PairedTest

from signgen.judge.text.leaks import leak_audit
from signgen.judge.text.measure import Measure
from signgen.judge.text.paired import paired_differences
from signgen.judge.text.profiles import Profile
from signgen.judge.text.resample import bootstrap, percentiles, swap
from signgen.judge.text.scores import Scorer, scorer

WORDS = 2000
PROFILE = Profile("sacrebleu", ("BLEU", "chrF2"))


def texts_of(n: int, rng: np.random.Generator) -> list[list[int]]:
    lengths = rng.integers(5, 24, n)
    return [list(np.minimum(rng.zipf(1.3, length), WORDS)) for length in lengths]


def spoil(texts: list[list[int]], share: float, rng: np.random.Generator) -> list[list[int]]:
    return [[int(rng.integers(WORDS)) if rng.random() < share else word for word in text] for text in texts]


def written(texts: list[list[int]]) -> list[str]:
    return [" ".join(f"w{word:x}" for word in text) + " ." for text in texts]


def timed(rounds: int, *tasks: Callable[[], object]) -> list[float]:
    """Median processor seconds of each, taken in turn."""
    taken: list[list[float]] = [[] for _ in tasks]
    for _ in range(rounds):
        for task, seconds in zip(tasks, taken, strict=True):
            start = time.process_time()
            task()
            seconds.append(time.process_time() - start)
    return [median(seconds) for seconds in taken]


def show(task: str, theirs: float, ours: float) -> None:
    print(f"{task:<58} {theirs * 1000:9.0f} ms {ours * 1000:9.0f} ms {theirs / ours:6.1f} x")


def their_scores(said: list[str], references: list[str]) -> list[float]:
    orders = [
        BLEU(max_ngram_order=order, force=True).corpus_score(said, [references]).score
        for order in (1, 2, 3, 4)
    ]
    return [*orders, CHRF().corpus_score(said, [references]).score]


def their_test(kind: str, systems: list[list[str]], references: list[str]) -> dict[str, float]:
    metrics = {"BLEU": BLEU(references=[references], force=True), "chrF2": CHRF(references=[references])}
    named = [(str(index), said) for index, said in enumerate(systems)]
    _, found = PairedTest(named, metrics, None, kind)()
    return {name: found[name][1].p_value for name in metrics}


def compare(judge: Scorer, systems: list[list[str]], references: list[str]) -> None:
    """Both sides must agree before they are timed."""
    values = [measure.value for measure in judge.measures(systems[0])]
    np.testing.assert_allclose(values, their_scores(systems[0], references), atol=1e-9)
    ours = {found.name: found for found in paired_differences(*map(judge.measures, systems))}
    for kind, attribute in (("bs", "p_bootstrap"), ("ar", "p_randomised")):
        theirs = their_test(kind, systems, references)
        for name, other in (("BLEU-4", "BLEU"), ("chrF2", "chrF2")):
            np.testing.assert_allclose(getattr(ours[name], attribute), theirs[other])
    print(f"equal: BLEU-1..4 and chrF2 to 1e-9, p values of {len(systems)} systems by both tests")


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--texts", type=int, default=642)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    rng = np.random.default_rng(0)
    truth = texts_of(given.texts, rng)
    references, *systems = map(written, (truth, spoil(truth, 0.3, rng), spoil(truth, 0.4, rng)))
    judge = scorer(references, "en", PROFILE)
    compare(judge, systems, references)
    print(f"{given.texts} texts{'':<45} {'sacrebleu':>15} {'signgen':>12}")
    against(judge, systems, references, given.rounds)
    train = written(texts_of(7096, rng))
    (seconds,) = timed(given.rounds, lambda: leak_audit(train, references, "en"))
    print(f"leak audit of {given.texts} texts against {len(train):,}: {seconds * 1000:.0f} ms")


def their_intervals(said: list[str], references: list[str]) -> list[object]:
    metrics = BLEU(references=[references], force=True), CHRF(references=[references])
    return [metric.corpus_score(said, None, n_bootstrap=1000) for metric in metrics]


def our_measures(systems: list[list[str]], references: list[str]) -> list[list[Measure]]:
    judge = scorer(references, "en", PROFILE)
    return [judge.measures(said)[3:] for said in systems]


def our_intervals(said: list[str], references: list[str]) -> list[tuple[float, float]]:
    (measures,) = our_measures([said], references)
    return [percentiles(values) for values in bootstrap(measures)]


def our_bootstrap(systems: list[list[str]], references: list[str]) -> list[np.ndarray]:
    first, second = our_measures(systems, references)
    return bootstrap([*first, *second])


def against(judge: Scorer, systems: list[list[str]], references: list[str], rounds: int) -> None:
    one = systems[0], references
    both = systems, references
    tasks: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "BLEU-1..4 and chrF2 of a system": (
            lambda: their_scores(*one),
            lambda: scorer(references, "en", PROFILE).measures(systems[0]),
        ),
        "the same of a further system": (lambda: their_scores(*one), lambda: judge.measures(systems[0])),
        "BLEU-4 and chrF2 with intervals, 1,000 resamples": (
            lambda: their_intervals(*one),
            lambda: our_intervals(*one),
        ),
        "paired bootstrap of BLEU-4 and chrF2, 1,000 resamples": (
            lambda: their_test("bs", *both),
            lambda: our_bootstrap(*both),
        ),
        "approximate randomisation of both, 10,000 trials": (
            lambda: their_test("ar", *both),
            lambda: swap(*our_measures(*both)),
        ),
    }
    for task, sides in tasks.items():
        show(task, *timed(rounds, *sides))


if __name__ == "__main__":
    main()
