"""Error rates of glosses and texts against hand calculation and recorded figures of slt and jiwer."""

from __future__ import annotations

import re

import numpy as np
import pytest

from signgen.errors import ConfigError, DataError
from signgen.judge.text.phoenix import clean_phoenix
from signgen.judge.text.text_wer import text_wer
from signgen.judge.text.wer import GLOSS_PROFILES, SCLITE_COSTS, Edits, align, gloss_wer


@pytest.mark.parametrize(
    ("hypothesis", "reference", "expected"),
    [
        ("A B C D", "A B C D", (0, 0, 0)),
        ("X Y Z", "A B C", (3, 0, 0)),
        ("A B", "", (0, 2, 0)),
        ("", "A B", (0, 0, 2)),
        ("B C D E", "A B C D", (0, 1, 1)),
        ("A C", "A B C", (0, 0, 1)),
    ],
)
def test_by_hand(hypothesis, reference, expected):
    """Plain costs; only one cheapest alignment each."""
    assert align(hypothesis.split(), reference.split()) == Edits(*expected)


@pytest.mark.parametrize(
    ("hypothesis", "reference", "expected"),
    [
        ("A B C D", "A B C D", (0, 0, 0)),
        ("X Y Z", "A B C", (3, 0, 0)),
        ("B C D E", "A B C D", (0, 1, 1)),
        ("C C A", "A A B", (1, 1, 1)),
        ("D E A B C", "A B C D E", (0, 2, 2)),
        ("B A A C B A", "A B C A", (1, 2, 0)),
    ],
)
def test_slt_costs_as_recorded(hypothesis, reference, expected):
    """Recorded from slt's wer_single, its matrix widened from 8 bits."""
    assert align(hypothesis.split(), reference.split(), SCLITE_COSTS) == Edits(*expected)


def test_costs_change_what_counts_as_an_error():
    # Three substitutions cost 12, as do two insertions and two deletions: slt counts what its trace finds.
    plain = gloss_wer(["C C A"], ["A A B"], "plain")
    sclite = gloss_wer(["C C A"], ["A A B"], "slt")
    assert (plain.value, sclite.value) == (100.0, 100.0)
    assert plain.signature != sclite.signature


@pytest.mark.parametrize("profile", GLOSS_PROFILES)
def test_long_sequences_do_not_overflow(profile):
    """8-bit costs fail beyond 85 glosses."""
    reference = " ".join(f"G{index}" for index in range(400))
    assert gloss_wer(["X"], [reference], profile).value == 100.0
    assert gloss_wer([reference], [reference], profile).value == 0.0


def test_corpus_rate_weighs_by_reference_length():
    measure = gloss_wer(["A B C", "X"], ["A B C", "Y"])
    assert measure.value == pytest.approx(25.0)
    np.testing.assert_allclose(measure.score().each, [0, 100])
    assert measure.is_better_high is False
    assert "costs-sub/ins/del:1/1/1" in measure.signature


@pytest.mark.parametrize(
    ("glosses", "expected"),
    [
        ("__ON__ loc-NORD REGEN __OFF__", "NORD REGEN"),
        ("cl-KOMMEN REGEN-PLUSPLUS", "KOMMEN REGEN"),
        ("WETTER S T A D T", "WETTER S+T+A+D+T"),
        ("I SCH L A N D", "I SCH+L+A+N+D"),
        ("IX A B", "IX A+B"),
        ("K OE L N", "K OE L+N"),
        ("A NN A", "A NN A"),
        # At the start the joining rules see only two letters at a time.
        ("A B C WETTER", "A B+C WETTER"),
        ("REGEN REGEN REGEN NORD NORD", "REGEN NORD"),
        ("MORGEN MORGEN-PLUSPLUS", "MORGEN"),
        ("HEUTE-NACHT HEUTE-NACHT", "HEUTE-NACHT"),
        ("NORDRAUM NORD", "NORD"),
        ("NORD loc-NORD SUED", "NORD SUED"),
        ("WIE AUSSEHEN", "WIE-AUSSEHEN"),
        ("__LEFTHAND__ SONNE __EMOTION__ SONNE", "SONNE"),
        ("   ", ""),
    ],
)
def test_phoenix_cleaning_as_recorded(glosses, expected):
    """Recorded from slt's clean_phoenix_2014_trans."""
    assert clean_phoenix(glosses) == expected


def test_phoenix_cleaning_is_part_of_the_rate():
    hypothesis, reference = ["__ON__ REGEN REGEN NORD"], ["REGEN loc-NORD"]
    assert gloss_wer(hypothesis, reference, "plain").value == pytest.approx(150.0)
    assert gloss_wer(hypothesis, reference, "phoenix").value == 0.0


@pytest.mark.parametrize(
    ("hypothesis", "reference", "expected"),
    [
        ("its dry up north", "It's dry in the north, isn't it ?", 77.77778),
        ("am tage sonnig und warm.", "Am Tag sonnig .", 100.0),
        ("we will not we can", "we won't, we can't", 16.66667),
        ("", "regen .", 100.0),
    ],
)
def test_text_rate_as_recorded(hypothesis, reference, expected):
    """Recorded from jiwer 3.1.0 with the transforms of the SLRTP challenge; the last by hand."""
    assert text_wer([hypothesis], [reference], "de").value == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("hypotheses", "references", "profile", "error", "words"),
    [
        (["A"], ["A", "B"], "plain", DataError, "1 for 2 references"),
        ([], [], "plain", DataError, "no texts at all"),
        (["A"], [" "], "plain", DataError, "no reference has a token"),
        (["A"], ["__ON__"], "phoenix", DataError, "no reference has a token"),
        ([float("nan")], ["A"], "plain", DataError, "number 1 is nan"),
        ("A B", ["A"], "plain", DataError, "one string"),
        (["A"], ["A"], "wer++", ConfigError, "unknown; known: plain, phoenix, slt"),
    ],
)
def test_refuses(hypotheses, references, profile, error, words):
    with pytest.raises(error, match=re.escape(words)) as caught:
        gloss_wer(hypotheses, references, profile)
    assert "\n" not in str(caught.value)
