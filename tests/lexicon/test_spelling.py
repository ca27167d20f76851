import pytest

from signgen.lexicon.lexicon import open_lexicon
from signgen.lexicon.spelling import Alphabet, spell


def alphabet(*letters):
    return Alphabet(dict.fromkeys(letters, ()), max(map(len, letters)))


LATIN = tuple("abcdefghijklmnopqrstuvwxyz")


@pytest.mark.parametrize(
    ("word", "letters", "spelled", "note"),
    [
        ("Ada", LATIN, "A D A", ""),
        ("Schule", (*LATIN, "sch", "ch"), "SCH U L E", ""),
        ("Buch", (*LATIN, "sch", "ch"), "B U CH", ""),
        ("calle", (*LATIN, "ll"), "C A LL E", ""),
        ("mamma", (*LATIN, "mm"), "M A MM A", ""),
        ("café", LATIN, "C A F E", "é as e"),
        ("café", (*LATIN, "é"), "C A F É", ""),
        ("Straße", LATIN, "S T R A S S E", "ß as ss"),
        ("Wasser", (*LATIN, "ß"), "W A S S E R", ""),
        ("don't-go", LATIN, "D O N T G O", ""),
        ("Łódź", LATIN, "L O D Z", "ł as l; ó as o; ź as z"),
        ("ﬁn", LATIN, "F I N", ""),
        ("Wax", tuple("ax"), "A X", "no sign for w"),
        ("привет", LATIN, "", "no sign for п р и в е т"),
        ("مَرْحَبًا", tuple("محربا"), "م ر ح ب ا", ""),
        ("κάνεις", tuple("ακνεισ"), "Κ Α Ν Ε Ι Σ", "ά as α"),
    ],
)
def test_spell(word, letters, spelled, note):
    result = spell(word, alphabet(*letters), "en")
    assert " ".join(result.letters).upper() == spelled
    assert result.note == note


@pytest.mark.parametrize(
    ("spec", "word", "language", "units"),
    [
        ("sgg", "Schachtel", "de", ["SCH", "A", "CH", "T", "E", "L"]),
        ("asq", "Straße", "de", ["S", "T", "R", "A", "ẞ", "E"]),
        ("gsg", "Größe", "de", ["G", "R", "ö", "ß", "E"]),
        ("ise", "gatto", "it", ["G", "A", "tt", "O"]),
        ("mfs", "perro", "es", ["P", "E", "Rr", "O"]),
        ("csq", "ljubav", "hr", ["Lj", "U", "B", "A", "V"]),
        ("cse", "chléb", "cs", ["Ch", "L", "E", "B"]),
        ("tsm", "ışık", "tr", ["I", "Ş", "I", "K"]),
        ("tsm", "İstanbul", "tr", ["İ", "S", "T", "A", "N", "B", "U", "L"]),
        ("jos", "السلام", "ar", ["ال", "س", "لا", "م"]),
        ("ukl", "їжак", "uk", ["Ї", "Ж", "А", "К"]),
    ],
)
def test_real_alphabets(letters, spec, word, language, units):
    tables = open_lexicon(f"fingerspelling:{spec}").tables(language, spec)
    result = spell(word, Alphabet(tables.letters, tables.longest_letter), language)
    assert [tables.letters[letter][0].words[0] for letter in result.letters] == units
    assert not result.missing
