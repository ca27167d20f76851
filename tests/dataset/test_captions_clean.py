"""Cleaning and cutting of cues, against what a reader would do by hand."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signgen.data.cue import Cue
from signgen.dataset.captions import Cutting, clean_cues, segment
from signgen.dataset.captions.wording import reworded


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello.", "Hello."),
        ("[Music]", ""),
        ("[upbeat music\nplaying] Hello", "Hello"),
        ("(laughter)", ""),
        ("(LOUD MUSIC) Hello", "Hello"),
        ("He is (about 5 km) away", "He is (about 5 km) away"),
        ("*applause* Thanks", "Thanks"),
        ("I *really* mean it", "I really mean it"),
        ("♪ la la ♪", "la la"),
        ("♪♪", ""),
        ("【拍手】こんにちは", "こんにちは"),
        ("(Musik) Guten Tag", "Guten Tag"),
        ("JOHN: Hello there", "Hello there"),
        ("DR. SMITH 2: Hello there", "Hello there"),
        ("ÖZGE: Merhaba", "Merhaba"),
        ("JOHN:", ""),
        ("REMEMBER: DO NOT RUN", "REMEMBER: DO NOT RUN"),
        (">> REPORTER: GOOD EVENING", "GOOD EVENING"),
        (">> Mary: hello", "hello"),
        (">>> Good evening", "Good evening"),
        ("Note: this is new", "Note: this is new"),
        ("At 12:30 we go", "At 12:30 we go"),
        ("- No!\n- Yes!", "No!\nYes!"),
        ("-5 degrees", "-5 degrees"),
        ("well-known", "well-known"),
        ("<i>Hello</i> <font color='#fff'>you</font>", "Hello you"),
        ("{\\an8\\fs20}Hello\\Nyou", "Hello\nyou"),
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("&amp;lt;i&amp;gt;Hello", "Hello"),
        ("a < b and c > d", "a < b and c > d"),
        ("e\u0301te\u0301", "été"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("no\u00a0break", "no break"),
        ("What ?", "What?"),
        ("version .5 of it", "version .5 of it"),
        ("...", ""),
        ("🙂", "🙂"),
        ("5", "5"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("a\u200cb", "ab"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("שלום \u200eabc\u200e", "שלום \u200eabc\u200e"),
        ("abc\u200e def", "abc def"),
        ("שלום \u202babc", "שלום abc"),
        ("\ud800a", "\ufffda"),
    ],
)
def test_wording(text, expected):
    assert reworded(text).text == expected


def cues(*rows):
    return [Cue(*row) for row in rows]


def test_roll_up_of_automatic_captions_says_each_line_once():
    rolled = cues(
        (0, 2, "so today"),
        (2, 2.01, "so today"),
        (2.01, 4, "so today\nwe make bread"),
        (4, 4.01, "we make bread"),
        (4.01, 6, "we make bread\nwith salt"),
        (6, 8, "[Music]"),
    )
    found = clean_cues(rolled)
    assert [(cue.start, cue.text) for cue in found.cues] == [
        (0, "so today"),
        (2.01, "we make bread"),
        (4.01, "with salt"),
    ]
    assert found.reasons == {"repeated": 2, "sound": 1}


def test_captions_that_grow_word_by_word_become_one():
    found = clean_cues(cues((0, 1, "so"), (1, 2, "so today"), (2, 3, "so today we"), (5, 6, "bread")))
    assert found.cues == (Cue(0, 3, "so today we"), Cue(5, 6, "bread"))
    assert found.reasons == {"repeated": 2}


def test_people_may_say_a_thing_twice():
    twice = cues(
        (0, 1, "No."), (1, 2, "No."), (2, 3, "Why?"), (3, 4, "Because."), (4, 5, "I see."), (5, 6, "Good.")
    )
    assert clean_cues(twice).cues == tuple(twice)


def test_overlaps_duplicates_and_durations():
    found = clean_cues(
        cues((0, 3, "a"), (0.05, 3, "b"), (2, 5, "c"), (2.5, 4, "c"), (6, 6, "d"), (7, 8, ""), (9, 10, "e"))
    )
    assert found.cues == (Cue(0, 2, "a\nb"), Cue(2, 5, "c"), Cue(9, 10, "e"))
    assert found.reasons == {"duplicate": 1, "no-duration": 1, "empty": 1}
    assert found.mended == {"merged": 1, "overlap": 1}


def test_what_is_no_caption_is_dropped_and_counted():
    crowd = [Cue(0, 9, f"person {n}") for n in range(20)]
    found = clean_cues([*crowd, Cue(10, 11, "word " * 10_000), Cue(12, 13, "end")])
    assert found.reasons == {"crowded": 12, "too-long": 1}
    assert [cue.text.count("person") for cue in found.cues] == [8, 0]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 200),
            st.integers(0, 40),
            st.sampled_from(["a", "b", "a b", "a\nb", "[x]", "", "C: d", "♪"]),
        ),
        max_size=30,
    )
)
def test_nothing_is_lost_without_a_reason(rows):
    given_cues = [Cue(start / 10, (start + length) / 10, text) for start, length, text in rows]
    found = clean_cues(given_cues)
    assert len(found.cues) + len(found.dropped) + found.mended.get("merged", 0) == len(given_cues)
    for cue, following in pairwise(found.cues):
        assert cue.start < cue.end <= following.start
    again = clean_cues(found.cues)
    assert [cue.text for cue in again.cues] == [cue.text for cue in found.cues] or again.reasons["repeated"]


def texts(*rows, cutting=Cutting()):  # noqa: B008 (frozen)
    return [cue.text for cue in segment(cues(*rows), cutting)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(0, 1, "Hello. It"), (1, 2, "rains now.")], ["Hello.", "It rains now."]),
        (
            [(0, 1, "Dr. Smith is here."), (1, 2, "He paid 3.5 euros.")],
            ["Dr. Smith is here.", "He paid 3.5 euros."],
        ),
        ([(0, 1, "We wait..."), (1, 2, "...and wait.")], ["We wait... ...and wait."]),
        ([(0, 1, "We wait..."), (1, 2, "Nobody came.")], ["We wait...", "Nobody came."]),
        ([(0, 1, 'He said "Stop!" Then'), (1, 2, "he left.")], ['He said "Stop!"', "Then he left."]),
        ([(0, 1, "so it"), (1, 2, "rains"), (5, 6, "here")], ["so it rains", "here"]),
        ([(0, 1, "heute regnet es ."), (1, 2, "morgen nicht .")], ["heute regnet es .", "morgen nicht ."]),
        ([(0, 1, "你好。今天"), (1, 2, "下雨。")], ["你好。", "今天下雨。"]),
        ([(0, 1, "สวัสดี"), (1, 2, "ครับ")], ["สวัสดีครับ"]),
        ([(0, 1, "안녕"), (1, 2, "하세요?")], ["안녕 하세요?"]),
        ([(0, 1, "क्या? हाँ। अच्छा")], ["क्या?", "हाँ।", "अच्छा"]),
        ([(0, 1, "هل؟ نعم.")], ["هل؟", "نعم."]),
        ([(0, 1, "¿Qué? ¡No!")], ["¿Qué?", "¡No!"]),
        ([(0, 1, "Am 2. Mai regnet es."), (1, 2, "Am 3.")], ["Am 2. Mai regnet es.", "Am 3."]),
        ([], []),
    ],
)  # fmt: skip
def test_sentences(rows, expected):
    assert texts(*rows) == expected


def test_times_within_a_cue_go_by_characters():
    found = segment(cues((10, 20, "abcd. efgh.")))
    assert [(cue.text, round(cue.start, 3), round(cue.end, 3)) for cue in found] == [
        ("abcd.", 10, round(10 + 10 * 5 / 11, 3)),
        ("efgh.", round(10 + 10 * 5 / 11, 3), 20),
    ]


def test_limits_cut_what_has_no_marks():
    rows = [(n, n + 1, "word") for n in range(10)]
    assert texts(*rows, cutting=Cutting(longest=5)) == ["word word word word word"] * 2
    assert texts(*rows, cutting=Cutting(most_characters=9)) == ["word word"] * 5


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("ab. !?…。\"'", min_size=1, max_size=12), max_size=12))
def test_sentences_hold_every_character_in_order(parts):
    rows = [Cue(n, n + 1, text) for n, text in enumerate(parts)]
    found = segment(rows)
    assert "".join("".join(cue.text.split()) for cue in found) == "".join(
        "".join(text.split()) for text in parts
    )
    for cue, following in pairwise(found):
        assert cue.start <= cue.end <= following.start + 1e-9
