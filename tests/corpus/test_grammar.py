"""Grammars: what a file says, what is refused and where, which sentences come out, and how many there are."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from signgen.corpus.grammar_check import count_derivations
from signgen.corpus.grammar_file import MAX_BYTES, built_in, read_grammar
from signgen.corpus.look import facts, samples, with_marks
from signgen.corpus.sample import Sampler
from signgen.errors import DataError, LexiconError

HEAD = "spoken_language: en\nsigned_language: ase\nlexicon: ase\nstart: sentence\nrules:\n"
# Lines of the head: rules begin in line 6.
RULES = """\
  sentence:
    - "{who} {eat:who.agr} {food}. = {food} {who} [neg NOT {eat}]"
  who:
    forms: [name, agr]
    options:
      - I | base = IX-1
      - she | s = IX-3
  eat: {forms: [base, s], options: [eat | eats = EAT]}
  food: [bread = BREAD, {say: an apple = APPLE, weight: 3}]
"""


def drawn(grammar, count=200, seed=0):
    sampler, rng = Sampler(grammar), np.random.default_rng(seed)
    return [sampler.draw(rng) for _ in range(count)]


def test_both_sides_agree_and_keep_their_own_order(grammar_of):
    found = {(s.text, s.gloss) for s in drawn(grammar_of(RULES))}
    assert found == {
        ("I eat bread.", "BREAD IX-1 NOT EAT"),
        ("I eat an apple.", "APPLE IX-1 NOT EAT"),
        ("She eats bread.", "BREAD IX-3 NOT EAT"),
        ("She eats an apple.", "APPLE IX-3 NOT EAT"),
    }


def test_marks_hold_over_what_is_in_their_brackets(grammar_of):
    sentence = drawn(grammar_of(RULES), 1)[0]
    assert [sign.marks for sign in sentence.signs] == [(), (), ("negation",), ("negation",)]
    assert with_marks(sentence).endswith("[neg NOT EAT]")


def test_weights_are_shares(grammar_of):
    apples = np.mean(["APPLE" in s.gloss for s in drawn(grammar_of(RULES), 2000)])
    # Three in four; four standard errors of 2000 draws are 0.039.
    assert abs(apples - 0.75) < 0.039


@pytest.mark.parametrize(
    ("rules", "count"),
    [
        (RULES, 4),
        ("  sentence: ['a = A', 'b = B', '{x} = {x}']\n  x: ['c = C', 'd = D']\n", 4),
        ("  sentence: ['{x} {x#2} = {x} {x#2}']\n  x: ['c = C', 'd = D', 'e = E']\n", 9),
        ("  sentence: ['a = A', 'a {sentence} = A {sentence}']\n", 12),  # one for each depth
        ("  sentence: ['a = A', '{sentence} {sentence#2}']\n", float("inf")),
    ],
)
def test_the_size_of_a_language(grammar_of, rules, count):
    assert count_derivations(grammar_of(rules)) == count


def test_all_derivations_of_a_small_grammar_are_reached(grammar_of):
    rules = "  sentence: ['{x} {y} = {y} {x}']\n  x: [a = A, b = B, c = C]\n  y: [d = D, e = E]\n"
    texts = {s.text for s in drawn(grammar_of(rules))}
    assert texts == {f"{x.upper()} {y}" for x, y in itertools.product("abc", "de")}


def test_a_second_filling_is_another_one(grammar_of):
    rules = "  sentence: ['{x} and {x#2} = {x} AND {x#2}']\n  x: [a = A, b = B]\n"
    assert {s.gloss for s in drawn(grammar_of(rules))} == {"A AND B", "B AND A"}


def test_rules_that_contain_themselves_end_within_the_depth(grammar_of):
    head = HEAD.replace("start:", "depth: 5\nstart:")
    rules = "  sentence:\n    - a = A\n    - {say: 'a {sentence} = A {sentence}', weight: 1000}\n"
    assert max(len(s.signs) for s in drawn(grammar_of(rules, head))) == 5


def test_sentences_that_grow_without_end_are_stopped(grammar_of):
    head = HEAD.replace("start:", "depth: 50\nstart:")
    grammar = grammar_of(
        "  sentence:\n    - a = A\n    - {say: '{sentence} {sentence#2}', weight: 1000}\n", head
    )
    with pytest.raises(DataError, match="sentences grow without end"):
        drawn(grammar, 1)


def test_a_long_chain_of_rules_is_no_trouble(grammar_of):
    rules = "".join(f"  r{i}: ['a = A', '{{r{i + 1}}}']\n" for i in range(3000)) + "  r3000: [b = B]\n"
    grammar = grammar_of(rules, HEAD.replace("start: sentence", "start: r0"))
    assert count_derivations(grammar) == 12
    assert {s.text for s in drawn(grammar, 20)} == {"A"}


def test_lower_case_keeps_its_spaces(grammar_of):
    head = HEAD.replace("start:", "case: lower\nstart:")
    assert drawn(grammar_of("  sentence: ['Im  Norden {x} . = NORD {x}']\n  x: [regen = REGEN]\n", head), 1)[
        0
    ].text == ("im norden regen .")


def test_star_takes_the_form_that_is_asked_of_the_line(grammar_of):
    rules = """\
  sentence: ["{vp.past} = {vp}"]
  vp: {forms: [base, past], options: ["{v.*} it = {v} IX-3"]}
  v: {forms: [base, past], options: [see | saw = SEE]}
"""
    assert drawn(grammar_of(rules), 1)[0].text == "Saw it"


# What is wrong with the rules, the line (the first rule is in line 6), and what the complaint says.
WRONG = [
    ("  sentence: 'a = A'\n", 6, "sentence: expected a list"),
    ("  sentence: []\n", 6, "expected a list that is not empty"),
    ("  sentence:\n    - a\n", 7, "expected `text = GLOSSES`"),
    ("  sentence:\n    - '{whom} = {whom}'\n", 7, "there is no rule 'whom'"),
    ("  sentence:\n    - '{x = A'\n", 7, "brace"),
    ("  sentence:\n    - '{x y} = A'\n", 7, "{x y} is no slot"),
    ("  sentence:\n    - 'a = [no A]'\n", 7, "mark 'no' is unknown; known: neg"),
    ("  sentence:\n    - 'a = [neg A'\n", 7, "[ without ]"),
    ("  sentence:\n    - 'a = A]'\n", 7, "] without ["),
    ("  sentence:\n    - {say: a = A, wait: 3}\n", 7, "wait: no such key; did you mean 'weight'?"),
    ("  sentence:\n    - {say: a = A, weight: -1}\n", 7, "weight: expected a number from 1e-06"),
    ("  sentence:\n    - {weight: 1}\n", 7, "say is missing"),
    ("  sentence:\n    - a | b = A\n", 7, "2 forms where the rule has 1 (base)"),
    ("  sentence:\n    - '{x.past} = {x}'\n  x: [a = A]\n", 7, "rule 'x' has no form 'past'"),
    ("  sentence:\n    - '{x#2} = {x#2}'\n  x: [a = A]\n", 7, "has one option, so no second one can differ"),
    ("  sentence:\n    - '{x:y.agr} = {x}'\n  x: [a = A]\n", 7, "there is no slot {y} in this line"),
    (
        "  sentence:\n    - '{x:y.agr} {y} = {x}'\n  x: [a = A]\n  y: [b = B]\n",
        7,
        "rule 'y' has no form 'agr'",
    ),
    ("  sentence:\n    - '{x:y.base} {y} = {x}'\n  x: [a = A]\n  y: [b = B]\n", 7, "y.base may be 'b'"),
    ("  sentence: [a = A]\n  other: [b = B]\n", 7, "rule 'other' is never used"),
    ("  sentence:\n    - 'a {sentence} = A {sentence}'\n", 7, "never ends"),
    ("  sentence: [a = A]\n  sentence: [b = B]\n", 7, "sentence: written twice"),
    ("  sentence: [a = A]\n  Other: [b = B]\n", 7, "a name has small letters"),
    ("  sentence: {forms: [one, one], options: [a | b = A]}\n", 6, "forms: expected different names"),
    ("  sentence: {forms: [one]}\n", 6, "options is missing"),
    ("  sentence: &a [a = A]\n  x: *a\n", 7, "references (*name) are not allowed"),
    ("  sentence: [{a: {b: {c: {d: {e: f}}}}}]\n", 6, "nested too deep"),
    ("  sentence: [a = A\n", 7, "not valid YAML"),
    ("  sentence: ['" + "a" * 3000 + " = A']\n", 6, "at most 2000 characters"),
]


@pytest.mark.parametrize(("rules", "line", "said"), WRONG, ids=[said for _, _, said in WRONG])
def test_wrong_rules_are_named_with_their_line(grammar_of, rules, line, said):
    with pytest.raises(DataError) as error:
        grammar_of(rules)
    text = str(error.value)
    assert said in text
    assert f"small.yaml:{line}: " in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (
            HEAD.replace("start: sentence", "start: sentense"),
            "there is no rule 'sentense'; did you mean 'sentence'?",
        ),
        (HEAD.replace("start: sentence", "start: sentence\ndepth: 1"), "depth: 1 is too little"),
        (HEAD.replace("signed_language: ase\n", ""), "signed_language is missing"),
        (HEAD.replace("language: en", "language: English"), ":1: spoken_language: expected an ISO 639 code"),
        (HEAD.replace("start:", "case: UPPER\nstart:"), ":4: case: 'UPPER' is unknown"),
        (HEAD.replace("lexicon:", "lexikon:"), ":3: lexikon: no such key; did you mean 'lexicon'?"),
    ],
)
def test_a_wrong_head_is_refused(grammar_of, head, said):
    with pytest.raises(DataError) as error:
        grammar_of(RULES, head)
    assert said in str(error.value)


def test_files_that_are_no_grammar(tmp_path):
    for name, data, said in (
        ("none.yaml", None, "no such grammar; give a YAML file or one of: english-asl"),
        ("latin.yaml", b"about: \xe9", "not UTF-8"),
        ("empty.yaml", b"", "empty"),
        ("list.yaml", b"- a", ":1: file: expected names with values"),
        ("large.yaml", b"#" * (MAX_BYTES + 1), "larger than"),
    ):
        if data is not None:
            (tmp_path / name).write_bytes(data)
        with pytest.raises(DataError, match="^.*" + name) as error:
            read_grammar(tmp_path / name)
        assert said in str(error.value)


def test_glosses_that_the_lexicon_lacks_are_named(grammar_of):
    from signgen.corpus.vocabulary import Vocabulary
    from signgen.lexicon.lexicon import open_lexicon

    grammar = grammar_of("  sentence:\n    - a = NOSUCHSIGN EAT\n    - b = fs-Ü!\n    - c = fs-ANNA\n")
    with pytest.raises(LexiconError, match=r"lacks 2 glosses: NOSUCHSIGN \(line 7\), fs-Ü! \(line 8\)"):
        Vocabulary(open_lexicon("ase"), grammar)


@pytest.mark.parametrize("name", built_in())
def test_built_in_grammars_speak(name):
    about = facts(read_grammar(name))
    assert about["about"]
    lines = samples(read_grammar(name), 300, 1)
    assert all(line["text"].strip() and line["gloss"] and "  " not in line["text"] for line in lines)
    assert len({line["text"] for line in lines}) > 150


def test_the_english_grammar_uses_at_least_300_signs_of_the_built_in_lexicon():
    from signgen.corpus.vocabulary import Vocabulary
    from signgen.lexicon.lexicon import open_lexicon

    grammar = read_grammar("english-asl")
    Vocabulary(open_lexicon("ase"), grammar)
    assert sum(not gloss.startswith("fs-") for gloss in grammar.glosses) >= 300
    # Not only written, but said: in three thousand sentences.
    assert len({gloss for s in drawn(grammar, 3000) for gloss in s.gloss.split()}) >= 300


TIMES = {"YESTERDAY", "TOMORROW", "LAST-WEEK", "NEXT-WEEK", "RECENT", "SOON", "EVERYDAY"}
WH = {"WHO", "WHEN", "WHY", "HOW", "WHERE", "WHAT", "WHICH", "HOW-MANY"}


def test_the_english_grammar_follows_the_order_of_asl():
    sentences = drawn(read_grammar("english-asl"), 3000)
    seen = dict.fromkeys(("time", "wh", "yn", "neg"), 0)
    for sentence in sentences:
        glosses = sentence.gloss.split()
        marks = {mark for sign in sentence.signs for mark in sign.marks}
        is_simple = not {"BECAUSE", "BUT", "THINK", "KNOW", "BELIEVE", "DOUBT", "GUESS"} & set(glosses)
        if TIMES & set(glosses) and is_simple and glosses[0] not in ("GOODBYE",):
            seen["time"] += 1
            assert min(glosses.index(time) for time in TIMES & set(glosses)) == 0, sentence
        if sentence.text.endswith("?") and glosses[0] != "HELLO":
            kind = "wh" if "wh_question" in marks else "yn"
            seen[kind] += 1
            assert kind == "yn" or glosses[-1] in WH, sentence
            assert marks & {"wh_question", "yes_no_question"}, sentence
        if " not " in sentence.text or "n't " in sentence.text:
            seen["neg"] += 1
            assert "negation" in marks, sentence
    assert all(count > 100 for count in seen.values()), seen
