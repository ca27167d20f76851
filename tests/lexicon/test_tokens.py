import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signgen.errors import DataError
from signgen.lexicon.tokens import MAX_CHARACTERS, normalise, tokenise


def texts(text, language="en", words=()):
    longest = max(map(len, words), default=0)
    return [token.text for token in tokenise(normalise(text), language, set(words).__contains__, longest)]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Don't go! It's 10:30.", ["Don't", "go", "!", "It's", "10:30", "."]),
        ("en", "Dr. Smith's e-mail", ["Dr.", "Smith's", "e-mail"]),
        ("en", "U.S. time... ok?!", ["U.S.", "time", "...", "ok", "?!"]),
        ("en", "$5.50 (50%) -5 1,000.5 20th 3D", ["$", "5.50", "(", "50", "%", ")", "-5", "1,000.5", "20th", "3D"]),
        ("en", "a\r\nb\tc\u2028d\n\ne_f", ["a", "b", "c", "d", "e", "f"]),
        ("en", "a\u202eb\u202c c\u200bd \u2067e\u2069 f\u00adg", ["ab", "cd", "e", "fg"]),
        ("en", "x\0y \ud800 z", ["x", "y", "\ufffd", "z"]),
        ("en", "e\u0301 caf\u00e9", ["é", "café"]),
        ("en", "👍🏽👩‍👩‍👧🇩🇪1️⃣☺️ ok", ["👍🏽", "👩‍👩‍👧", "🇩🇪", "1️⃣", "☺️", "ok"]),
        ("en", "½ x² Ⅷ", ["½", "x", "²", "Ⅷ"]),
        ("de", "Am 3. Mai kam Dr. Müller.", ["Am", "3.", "Mai", "kam", "Dr.", "Müller", "."]),
        ("de", "3,5 € für 1.000 Leute", ["3,5", "€", "für", "1.000", "Leute"]),
        ("fr", "L'eau n'est pas d'aujourd'hui, qu'il dit", ["L'", "eau", "n'", "est", "pas", "d'", "aujourd'hui", ",",
                                                            "qu'", "il", "dit"]),
        ("it", "dell’acqua un'amica", ["dell’", "acqua", "un'", "amica"]),
        ("es", "¿Cómo estás? ¡Bien!", ["¿", "Cómo", "estás", "?", "¡", "Bien", "!"]),
        ("el", "Τι κάνεις;", ["Τι", "κάνεις", ";"]),
        ("hy", "Ինչպե՞ս ես։", ["Ինչպե՞ս", "ես", "։"]),
        ("uk", "М'ята, п’ять", ["М'ята", ",", "п’ять"]),
        ("ar", "مرحبا، كيف حالك؟ ١٢٣", ["مرحبا", "،", "كيف", "حالك", "؟", "١٢٣"]),
        ("he", "שלום! מה שלומך?", ["שלום", "!", "מה", "שלומך", "?"]),
        ("fa", "می\u200cخواهم.", ["می\u200cخواهم", "."]),
        ("hi", "नमस्ते, मैं १२ साल का हूँ।", ["नमस्ते", ",", "मैं", "१२", "साल", "का", "हूँ", "।"]),
        ("ta", "வணக்கம் நண்பா", ["வணக்கம்", "நண்பா"]),
        ("ko", "안녕하세요? 저는", ["안녕하세요", "?", "저는"]),
        ("am", "ሰላም፣ እንዴት ነህ።", ["ሰላም", "፣", "እንዴት", "ነህ", "።"]),
    ],
)  # fmt: skip
def test_tokens(language, text, expected):
    assert texts(text, language) == expected


@pytest.mark.parametrize(
    ("language", "text", "words", "expected"),
    [
        ("zh", "我是學生。", ("我", "學生", "學"), ["我", "是", "學生", "。"]),
        ("zh", "我是學生。", (), ["我是學生", "。"]),
        ("ja", "学校へ行きます", ("学校", "行きます"), ["学校", "へ", "行きます"]),
        ("th", "สวัสดีครับ", ("สวัสดี",), ["สวัสดี", "ครับ"]),
        ("km", "សួស្តីលោក", ("សួស្តី",), ["សួស្តី", "លោក"]),
        ("lo", "ສະບາຍດີເຈົ້າ", ("ເຈົ້າ",), ["ສະບາຍດີ", "ເຈົ້າ"]),
        ("my", "မင်္ဂလာပါခင်ဗျာ", ("ခင်ဗျာ",), ["မင်္ဂလာပါ", "ခင်ဗျာ"]),
    ],
)
def test_scripts_without_spaces(language, text, words, expected):
    assert texts(text, language, words) == expected
    tokens = tokenise(normalise(text), language, set(words).__contains__, 9)
    assert all("no spaces" in token.note for token in tokens if token.kind == "word")


def test_a_word_of_the_lexicon_is_not_elided():
    assert texts("d'accord", "fr", ("d'accord",)) == ["d'accord"]


def test_too_long_is_refused_before_any_work():
    start = time.perf_counter()
    with pytest.raises(DataError, match="1,000,000 characters; one utterance has at most 100,000"):
        normalise("a" * 1_000_000)
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize(
    "piece", ["The quick brown fox. ", "我是學生", "l'", "1.", "👩‍👩‍👧", "e\u0301", "a-", "'", "U.S."]
)
def test_long_texts_are_fast(piece):
    text = (piece * MAX_CHARACTERS)[:MAX_CHARACTERS]
    start = time.perf_counter()
    tokens = tokenise(normalise(text), "fr", {"學生", "學"}.__contains__, 8)
    assert tokens
    assert time.perf_counter() - start < 5.0, "linear time takes a tenth of a second"


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(max_size=60), st.sampled_from(["en", "fr", "de", "zh", "ar", "tr", "el"]))
def test_every_visible_character_is_in_one_token(text, language):
    clean = normalise(text)
    tokens = tokenise(clean, language)
    place = 0
    for token in tokens:
        between = clean[place : token.start]
        assert all(_may_be_skipped(character) for character in between), ascii(between)
        assert clean[token.start : token.start + len(token.text)] == token.text
        place = token.start + len(token.text)
    assert all(_may_be_skipped(character) for character in clean[place:])
    assert normalise(clean) == clean


def _may_be_skipped(character: str) -> bool:
    """Spaces, and joiners and variation selectors that belong to nothing."""
    return character in "_\ufe0e\ufe0f\u200c\u200d" or unicodedata.category(character)[0] in "ZC"
