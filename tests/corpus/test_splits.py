"""Train, dev and test: what they share, what counts as the same, and when a grammar has too little to say."""

from __future__ import annotations

import pytest

from signgen.corpus.figures import Figures
from signgen.corpus.grammar import Sentence, SignedGloss
from signgen.corpus.grammar_file import read_grammar
from signgen.corpus.near import HeldOut, words_of
from signgen.corpus.settings import prepare
from signgen.corpus.splits import SPLITS, Splits
from signgen.errors import DataError


def sentence(text, gloss="A"):
    return Sentence(text, tuple(SignedGloss(g) for g in gloss.split()))


# Text and gloss of two sentences, whether they say the same, whether they are near.
PAIRS = [
    (("I eat bread.", "A"), ("i eat, bread", "B"), True, True),
    (("Tomorrow I eat.", "A"), ("I eat tomorrow.", "B"), True, False),
    (("My mom eats.", "M E"), ("My mother eats.", "M E"), True, True),
    (("I eat bread.", "A"), ("I eat cheese.", "B"), False, True),
    (("I eat bread.", "A"), ("I eat.", "B"), False, True),
    (("I eat.", "A"), ("I often eat.", "B"), False, True),
    (("I eat bread.", "A"), ("You buy bread.", "B"), False, False),
    (("I eat bread now.", "A"), ("eat bread I now", "B"), True, False),
    (("a b c d", "A"), ("b c d e", "B"), False, False),
]


@pytest.mark.parametrize(("first", "second", "same", "near"), PAIRS)
def test_same_and_near(first, second, same, near):
    for one, other in ((first, second), (second, first)):
        held_out = HeldOut()
        held_out.add(sentence(*one))
        assert bool(held_out.same(sentence(*other))) == same
        assert bool(held_out.near(sentence(*other))) == near


def edit_distance(a, b):
    """Words put in, left out or replaced to turn one text into the other."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (left != right))
    return row[-1]


def drawn(name="english-small", **changes):
    settings = prepare({"sentences": 300, "seed": 5, **changes})
    splits = Splits(read_grammar(name), settings)
    return {split: list(splits.of(split)) for split in SPLITS}


def test_counts_and_seeds():
    found = drawn()
    assert {split: len(sentences) for split, sentences in found.items()} == {
        "train": 240,
        "dev": 30,
        "test": 30,
    }
    assert found == drawn()
    assert found != drawn(seed=6)


def test_test_sentences_do_not_depend_on_how_many_train_sentences_there_are():
    more = drawn(sentences=400, dev=0.075, test=0.075)
    assert more["test"] == drawn()["test"]
    assert more["train"][:240] == drawn()["train"]


@pytest.mark.parametrize("apart", [1, 2])
def test_disjoint_splits_share_nothing(apart):
    found = drawn(apart=apart)
    for one, other in (("train", "dev"), ("train", "test"), ("dev", "test")):
        words, glosses = ({key(s) for s in found[one]} for key in (lambda s: tuple(sorted(words_of(s.text))),
                                                                   lambda s: s.gloss))  # fmt: skip
        for s in found[other]:
            assert tuple(sorted(words_of(s.text))) not in words
            assert s.gloss not in glosses
        nearest = min(
            edit_distance(words_of(a.text), words_of(b.text)) for a in found[one] for b in found[other]
        )
        assert nearest >= apart
    for split in ("dev", "test"):
        assert len({s.text for s in found[split]}) == len(found[split])


def test_without_disjointness_texts_are_shared():
    found = drawn(disjoint="none")
    assert {s.text for s in found["train"]} & {s.text for s in found["test"]}


def test_overlap_is_counted_as_by_hand():
    held_out = {
        "test": (sentence("I eat bread", "A"), sentence("you sleep", "B"), sentence("we work late", "C D"))
    }
    figures = Figures(held_out)
    for s in held_out["test"]:
        figures.see("test", s)
    for s in (sentence("Bread eat I", "X"), sentence("you sleep well", "Y"), sentence("a b c", "C")):
        figures.see("train", s)
    assert figures.overlap() == {
        "test": {"same_in_train": 1, "one_word_from_train": 1, "sentences": 3,
                 "words_not_in_train": 3, "glosses_not_in_train": 3},
    }  # fmt: skip
    assert figures.of("train")["different_texts"] == 3
    assert figures.vocabulary()["gloss_counts"] == {"C": 2, "A": 1, "B": 1, "D": 1, "X": 1, "Y": 1}


def test_overlap_of_a_corpus_agrees_with_distances():
    found = drawn()
    figures = Figures({split: found[split] for split in ("dev", "test")})
    for split, sentences in found.items():
        for s in sentences:
            figures.see(split, s)
    texts = {words_of(s.text) for s in found["train"]}
    for split in ("dev", "test"):
        near = sum(min(edit_distance(words_of(s.text), text) for text in texts) <= 1 for s in found[split])
        assert figures.overlap()[split]["one_word_from_train"] == near
        assert figures.overlap()[split]["same_in_train"] == 0


def test_a_grammar_with_too_little_to_say_is_told_so(grammar_of):
    grammar = grammar_of("  sentence: [a = A, b = B, c = C]\n")
    with pytest.raises(DataError, match="test: after 3 of 5 sentences nothing new comes; ask for fewer"):
        Splits(grammar, prepare({"sentences": 50}))
    splits = Splits(grammar, prepare({"sentences": 20, "dev": 0.05, "test": 0.1}))
    with pytest.raises(DataError, match="train: after 0 of 17 sentences"):
        list(splits.of("train"))
