import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signgen.errors import ConfigError, DataError, LexiconError
from signgen.lexicon.entry import Entry
from signgen.lexicon.glosses import make_plan
from signgen.lexicon.lexicon import Lexicon, open_lexicon
from signgen.lexicon.plan import PauseItem, SignItem
from signgen.lexicon.tokens import normalise, tokenise

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ASL_WORDS = (
    "name",
    "school",
    "tomorrow",
    "go",
    "not",
    "what",
    "house",
    "thank you",
    "child",
    "ice cream",
    "dollar",
)


def signs_of(plan):
    return " ".join(
        item.gloss if isinstance(item, SignItem) else f"({item.seconds:g})" for item in plan.items
    )


def outcomes(plan):
    return [(report.text, report.outcome) for report in plan.coverage]


@pytest.fixture
def asl(make_lexicon):
    """Some words, pointing signs, digits and the letters."""
    pointing = [{"words": w, "glosses": g} for w, g in (("I", "IX-1"), ("you", "IX-2"), ("your", "POSS-2"))]
    digits = [{"words": digit, "glosses": digit} for digit in (*"0123456789", "20", "24")]
    make_lexicon(*ASL_WORDS, *pointing, *digits, name="words")
    letters = make_lexicon(*LETTERS, name="letters")
    folder = letters.folders[0].parent
    return open_lexicon(f"{folder / 'words'}+{folder / 'letters'}")


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("What is your name?", "POSS-2 NAME WHAT (0.5)"),
        ("I am not going to school tomorrow.", "TOMORROW IX-1 GO SCHOOL NOT (0.5)"),
        ("Thank you, children!", "THANK YOU (0.25) CHILD (0.5)"),
        ("ice cream", "ICE CREAM"),
        ("ice-cream", "ICE CREAM"),
        ("ICE CREAM", "ICE CREAM"),
        ("the ice", "I C E"),
        ("5", "5"),
        ("2024", "20 24"),
        ("75", "7 5"),
        ("$5", "DOLLAR 5"),
        ("B", "B"),
        ("“house”", "HOUSE"),
        ("house ... house", "HOUSE (0.5) HOUSE"),
        ("house?! (house)", "HOUSE (0.5) HOUSE"),
        (", house", "HOUSE"),
        ("house,. house", "HOUSE (0.5) HOUSE"),
        ("I'm", "IX-1"),
        ("Zoë", "Z O E"),
    ],
)
def test_plans(asl, text, signs):
    plan = make_plan(text, asl)
    assert signs_of(plan) == signs
    assert plan.mode == "english-asl"
    assert (plan.spoken_language, plan.signed_language) == ("en", "ase")
    assert plan.missing == ()


def test_report_of_every_token(asl):
    plan = make_plan("The child's café costs €5, thank you 👍!", asl)
    assert outcomes(plan) == [
        ("The", "dropped"), ("child's", "signed"), ("café", "spelled"), ("costs", "spelled"), ("€", "spelled"),
        ("5", "signed"), (",", "mark"), ("thank", "signed"), ("you", "signed"), ("👍", "missing"), ("!", "mark"),
    ]  # fmt: skip
    notes = {report.text: report.note for report in plan.coverage}
    assert notes["The"] == "article: none in ASL"
    assert notes["café"] == "é as e"
    assert notes["€"] == "as euro"
    assert notes["you"] == "with 'thank'"
    assert plan.missing == ("👍",)
    assert plan.count("signed") == 4


def test_letters_of_a_word_share_its_index_and_say_which_they_are(asl):
    plan = make_plan("go Ada", asl)
    items = [item for item in plan.items if isinstance(item, SignItem)]
    assert [(item.kind, item.word, item.text) for item in items] == [
        ("sign", 0, "go"), ("letter", 1, "a"), ("letter", 1, "d"), ("letter", 1, "a"),
    ]  # fmt: skip
    assert all(item.candidates for item in items)
    assert [item.kind for item in make_plan("2024", asl).items] == ["number", "number"]


def test_non_manuals(asl):
    plan = make_plan("Are you not going to school?", asl)
    assert [item.non_manuals for item in plan.items if isinstance(item, SignItem)] == [
        ("yes_no_question",), ("yes_no_question",), ("yes_no_question",), ("yes_no_question", "negation"),
    ]  # fmt: skip


def test_digits_in_a_name_are_spelled_by_their_names(make_lexicon):
    plan = make_plan("go R2", make_lexicon(*LETTERS))
    assert signs_of(plan) == "G O R T W O"
    assert plan.coverage[1].note == "as Rtwo"


def test_a_phrase_of_the_lexicon_stays_whole(make_lexicon):
    plan = make_plan("How are you?", make_lexicon("how are you", "house"))
    assert signs_of(plan) == "HOW ARE YOU (0.5)"
    assert plan.items[0].non_manuals == ("wh_question",)
    assert [report.note for report in plan.coverage[1:3]] == ["with 'How'"] * 2


def test_regional_codes_use_the_language(make_lexicon):
    plan = make_plan("casa", make_lexicon("casa", spoken_language="pt"), spoken_language="pt-BR")
    assert [item.backup for item in plan.items] == [""]


def test_word_by_word_is_labelled(asl):
    plan = make_plan("I am not going.", asl, rules="none")
    assert plan.mode == "word-by-word"
    assert signs_of(plan) == "IX-1 A M NOT GO (0.5)"


def test_oov(asl):
    text = "My house, Xu: zebra 👍 b 9zz"
    assert outcomes(make_plan(text, asl, oov="skip"))[5] == ("zebra", "missing")
    assert "Z" not in signs_of(make_plan(text, asl, oov="skip"))
    with pytest.raises(LexiconError, match="5 words are not in lexicon words") as caught:
        make_plan(text, asl, oov="fail")
    assert caught.value.missing == ("My", "Xu", "zebra", "👍", "9zz")
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match="did you mean 'fingerspell'"):
        make_plan(text, asl, oov="spell")


def test_oov_fail_names_ten_and_keeps_all(asl):
    words = [f"zz{a}{b}" for a in "abcd" for b in "abcd"]
    with pytest.raises(LexiconError, match=r"16 words .*, \.\.\.;") as caught:
        make_plan(" ".join(words), asl, oov="fail")
    assert caught.value.missing == tuple(words)


def test_a_lexicon_without_letters_says_so(make_lexicon):
    plan = make_plan("house tree", make_lexicon("house"))
    assert outcomes(plan) == [("house", "signed"), ("tree", "missing")]
    assert "no letters" in plan.coverage[1].note


def test_letters_of_another_language_spell_but_its_words_do_not_sign(make_lexicon):
    plan = make_plan("Gift", make_lexicon(*LETTERS, "gift", "house", "car", "tree"), spoken_language="de")
    assert signs_of(plan) == "G I F T"
    assert all(item.backup == "en" for item in plan.items)
    assert "from en" in plan.coverage[0].note


def test_no_spaces_with_a_lexicon(make_lexicon):
    words = [{"words": w, "glosses": g, "spoken_language": "zh", "signed_language": "csl"} for w, g in
             (("我", "I"), ("学生", "STUDENT"), ("是", "BE"), ("你好", "HELLO"))]  # fmt: skip
    plan = make_plan("你好！我是学生。北京", make_lexicon(*words))
    assert signs_of(plan) == "HELLO (0.5) I BE STUDENT (0.5)"
    assert plan.missing == ("北京",)
    assert "no spaces" in plan.coverage[0].note


EMPTY = ["", " ", "\n\n", "\u202e\u202c\u200b", "\0", "\t\r\n", "_"]


@pytest.mark.parametrize("text", EMPTY)
def test_nothing_to_sign(asl, text):
    plan = make_plan(text, asl)
    assert plan.items == plan.coverage == ()


@pytest.mark.parametrize("text", ["👍🏽", "👩‍👩‍👧", "\ud800", "🇩🇪🇫🇷", "½", "©", "9" * 50])
def test_only_what_no_lexicon_has(asl, text):
    plan = make_plan(text, asl)
    assert plan.items == ()
    assert {report.outcome for report in plan.coverage} == {"missing"}
    assert all(report.note for report in plan.coverage)


def test_a_million_characters(asl):
    with pytest.raises(DataError, match="1,000,000 characters"):
        make_plan("x" * 1_000_000, asl)


def test_a_hundred_thousand_characters_in_seconds(asl):
    start = time.perf_counter()
    plan = make_plan("The quick child is going to school. " * 2770, asl)
    assert len(plan.coverage) == 2770 * 8
    assert time.perf_counter() - start < 20


# One sentence in each of 27 languages: greeting, comma, question and number, in the language's own marks.
SENTENCES = {
    "ar": "مرحبا، كيف حالك؟ ١٢",
    "bg": "Здравей, как си? 12",
    "cs": "Ahoj, jak se máš? 12",
    "da": "Hej, hvordan går det? 12",
    "de": "Hallo, wie geht’s? 12",
    "el": "Γεια σου, τι κάνεις; 12",
    "en": "Hi, how are you? 12",
    "es": "Hola, ¿cómo estás? 12",
    "et": "Tere, kuidas läheb? 12",
    "fa": "سلام، چطوری؟ ۱۲",
    "fi": "Hei, mitä kuuluu? 12",
    "fr": "Salut, ça va ? 12",
    "he": "שלום, מה שלומך? 12",
    "hi": "नमस्ते, आप कैसे हैं? १२",
    "hr": "Bok, kako si? 12",
    "hu": "Szia, hogy vagy? 12",
    "it": "Ciao, come stai? 12",
    "ja": "こんにちは、元気ですか？１２",
    "ko": "안녕, 어떻게 지내? 12",
    "lt": "Labas, kaip sekasi? 12",
    "pl": "Cześć, jak się masz? 12",
    "pt": "Olá, como estás? 12",
    "ru": "Привет, как дела? 12",
    "sv": "Hej, hur mår du? 12",
    "th": "สวัสดี, สบายดีไหม? ๑๒",
    "tr": "Merhaba, nasılsın? 12",
    "zh": "你好，你好吗？１２",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_languages(language, make_lexicon):
    assert len(SENTENCES) == 27
    text = SENTENCES[language]
    characters = sorted({c for c in text.lower() if c.isalpha()} | {"a", "b"})
    rows = [{"words": c, "glosses": c.upper(), "spoken_language": language} for c in characters]
    digits = [{"words": c, "glosses": c, "spoken_language": language} for c in "12"]
    plan = make_plan(text, make_lexicon(*rows, *digits))
    assert plan.missing == (), plan.coverage
    assert plan.count("mark") >= 2
    assert [item.seconds for item in plan.items if isinstance(item, PauseItem)] == [0.25, 0.5]
    assert plan.coverage[-1].outcome == "signed"
    asked = [item for item in plan.items if isinstance(item, SignItem) and item.non_manuals]
    assert asked, "a question shows on the face"
    assert not [item for item in plan.items[-2:] if item.non_manuals]


@pytest.mark.parametrize("text", ["הבית שלי 12", "بيتي ١٢", "\u202bבית\u202c", "abc עברית 3"])
def test_right_to_left_with_digits(make_lexicon, text):
    lexicon = make_lexicon(*({"words": c, "glosses": c} for c in "אבגדהוזחטיכלמנסעפצקרשתיםןץףךابتيabc0123"))
    plan = make_plan(text, lexicon, rules="none")
    assert [report.text for report in plan.coverage] == normalise(text).split()
    assert plan.missing == ()


def dummy_lexicon(folder):
    """Words, digits and letters, on one recording that exists."""
    path = folder / "a.pose"
    path.touch()
    words = [*"abcdefghijklmnopqrstuvwxyz", *"0123456789", "house", "thank you", "not", "what", "学"]
    return Lexicon(
        "x", (folder,), (Entry("x", path, "en", "ase", words=(w,), glosses=(w.upper(),)) for w in words)
    )


PIECES = "what house thank you is not , . ? 12 don't 👍 学 \u202e - ' tomorrow Xy é"


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.text(max_size=40)
    | st.lists(st.sampled_from(PIECES.split(" ")))
    .map(" ".join),
    st.sampled_from(["fingerspell", "skip"]),
    st.sampled_from(["auto", "none"]),
)  # fmt: skip
def test_coverage_adds_up(tmp_path_factory, text, oov, rules):
    plan = make_plan(text, dummy_lexicon(tmp_path_factory.getbasetemp()), oov=oov, rules=rules)
    tokens = tokenise(plan.text, "en", "学".__eq__, 9)
    assert [report.text for report in plan.coverage] == [token.text for token in tokens]
    counts = sum(map(plan.count, ("signed", "spelled", "missing", "dropped", "mark")))
    assert counts == len(tokens)
    for item in plan.items:
        if isinstance(item, SignItem):
            assert item.candidates
            assert plan.coverage[item.word].outcome in ("signed", "spelled", "missing")
    shown = {item.word for item in plan.items if isinstance(item, SignItem)}
    for index, report in enumerate(plan.coverage):
        if report.outcome in ("signed", "spelled") and "with '" not in report.note:
            assert index in shown


def test_real_letters(letters):
    plan = make_plan("Hello, my name is Ada. I am a CODA.", open_lexicon("fingerspelling:ase"))
    assert signs_of(plan) == "H E L L O (0.25) M Y N A M E A D A (0.5) I C O D A (0.5)"
    assert [r.text for r in plan.coverage if r.outcome == "dropped"] == ["is", "am", "a"]
    assert {item.kind for item in plan.items if isinstance(item, SignItem)} == {"letter"}
