import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signgen.data.captions import MAX_LINE, read_captions, read_captions_with_report, write_webvtt
from signgen.data.cue import Cue
from signgen.errors import DataError, SignGenError

FUZZ = settings(max_examples=100, deadline=None, derandomize=True)

SRT = """1
00:00:01,000 --> 00:00:02,500
Hello

2
00:00:03,000 --> 00:00:04,000
Two
lines
"""


def read(tmp_path, text, name="film.srt", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return read_captions_with_report(path)


HELLO = (Cue(1.0, 2.5, "Hello"), Cue(3.0, 4.0, "Two\nlines"))

GOOD = {
    "plain": (SRT, HELLO),
    "byte order mark": ("\ufeff" + SRT, HELLO),
    "carriage returns": (SRT.replace("\n", "\r\n"), HELLO),
    "old Mac line ends": (SRT.replace("\n", "\r"), HELLO),
    "no final line end": (SRT.rstrip("\n"), HELLO),
    "no numbers": (SRT.replace("1\n00", "00").replace("2\n00", "00"), HELLO),
    "no blank lines between": (SRT.replace("Hello\n\n", "Hello\n"), HELLO),
    "several blank lines": (SRT.replace("\n\n", "\n \n\n\n"), HELLO),
    "points for commas": (SRT.replace(",", "."), HELLO),
    "one digit of fraction": (SRT.replace(",500", ",5"), HELLO),
    "position behind the times": (SRT.replace("02,500", "02,500  X1:0 X2:9 Y1:0 Y2:9"), HELLO),
    "tags": (SRT.replace("Hello", "{\\an8}<i>He<b>ll</b>o</i><font color='red'></font>"), HELLO),
    "no tag: comparison": (SRT.replace("Hello", "1 < 2 > 0"), (Cue(1.0, 2.5, "1 < 2 > 0"), HELLO[1])),
    "an arrow in the text": (SRT.replace("Hello", "a --> b"), (Cue(1.0, 2.5, "a --> b"), HELLO[1])),
    "a number as text": (SRT.replace("Hello", "42"), (Cue(1.0, 2.5, "42"), HELLO[1])),
    "a blank line in the text": (SRT.replace("Two\n", "Two\n\n"), HELLO),
    "hours": ("1\n100:00:00,000 --> 100:00:01,000\nlate", (Cue(360000.0, 360001.0, "late"),)),
    "right to left with marks": (
        "1\n00:00:00,000 --> 00:00:01,000\n\u202bשלום, world 12\u202c\u200f\n",
        (Cue(0.0, 1.0, "\u202bשלום, world 12\u202c\u200f"),),
    ),
}

GOOD_VTT = {
    "plain": ("WEBVTT\n\n00:01.000 --> 00:02.500\nHello\n", (Cue(1.0, 2.5, "Hello"),)),
    "header text": (
        "WEBVTT - a film\nKind: captions\n\n00:01.000 --> 00:02.500\nHello",
        (Cue(1, 2.5, "Hello"),),
    ),
    "names, settings, comments, styles": (
        "WEBVTT\n\nSTYLE\n::cue { color: red }\n\nNOTE\na comment\nof two lines\n\nintro\n"
        "00:00:01.000 --> 00:00:02.500 align:start line:0\nHello\n\nstray\n",
        (Cue(1.0, 2.5, "Hello"),),
    ),
    "markup": (
        "WEBVTT\n\n00:01.000 --> 00:02.500\n<v Ada>A &amp; B</v> <c.red>&lt;i&gt;</c> <00:01.500>x&nbsp;y\n",
        (Cue(1.0, 2.5, "A & B <i> x\u00a0y"),),
    ),
    "readings are left out": (
        "WEBVTT\n\n00:01.000 --> 00:02.500\n<ruby>手話<rt>しゅわ</rt></ruby>\n",
        (Cue(1.0, 2.5, "手話"),),
    ),
    "unescaped less-than": ("WEBVTT\n\n00:01.000 --> 00:02.500\n1 < 2", (Cue(1.0, 2.5, "1 < 2"),)),
    "no cues": ("WEBVTT\n", ()),
}


@pytest.mark.parametrize(("text", "cues"), GOOD.values(), ids=GOOD)
def test_srt(tmp_path, text, cues):
    assert read(tmp_path, text).cues == cues


@pytest.mark.parametrize(("text", "cues"), GOOD_VTT.values(), ids=GOOD_VTT)
def test_webvtt(tmp_path, text, cues):
    captions = read(tmp_path, text, "film.vtt")
    assert captions.cues == cues
    assert captions.warnings == ()


BAD = {
    "empty": (b"", "is empty"),
    "only blanks": (b" \n\n", "is empty"),
    "prose": (b"Dear Sir,\nhello\n", "no captions found"),
    "NUL": (b"1\n00:00:01,000 --> 00:00:02,000\nA\0B\n", "NUL"),
    "Latin-1": ("1\n00:00:01,000 --> 00:00:02,000\ncafé\n".encode("latin-1"), "line 3 is not UTF-8"),
    "UTF-16": (SRT.encode("utf-16"), "UTF-16"),
    "ends before it starts": (
        b"1\n00:00:03,000 --> 00:00:02,000\nx\n",
        "line 2: the cue ends at 2 s, before",
    ),
    "below zero": (b"1\n-00:00:01,000 --> 00:00:02,000\nx\n", "line 2: a time below zero"),
    "75 seconds": (b"1\n00:00:75,000 --> 00:02:02,000\nx\n", "line 2: minutes and seconds go up to 59"),
    "half an arrow": (b"1\n00:00:01,000 -> 00:00:02,000\nx\n", "line 2: bad times"),
    "no fraction": (b"1\n00:00:01 --> 00:00:02\nx\n", "line 2: bad times"),
    "second cue broken": (SRT.replace("04,000", "04").encode(), "line 6: bad times"),
    "huge line": (b"1\n00:00:01,000 --> 00:00:02,000\n" + b"x" * (MAX_LINE + 1), "line 3 is longer"),
    "huge file": (b"\n" * (9 << 20), "larger than 8 MiB"),
}


@pytest.mark.parametrize(("data", "message"), BAD.values(), ids=BAD)
def test_bad_files_give_one_line(tmp_path, data, message):
    with pytest.raises(DataError) as caught:
        read(tmp_path, data)
    assert str(caught.value).startswith(str(tmp_path / "film.srt"))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_folder_and_wrong_header(tmp_path):
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_captions(tmp_path / "none.srt")
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        read_captions(tmp_path)
    with pytest.raises(DataError, match="starts with the line WEBVTT"):
        read(tmp_path, SRT, "film.vtt")


@pytest.mark.parametrize(
    ("cues", "warning", "starts"),
    [
        ("00:02 --> 00:03 A|00:01 --> 00:02 B", "line 6: the cue starts before the one above", [1, 2]),
        ("00:01 --> 00:03 A|00:02 --> 00:04 B", "line 6: the cue overlaps one before it by 1.000 s", [1, 2]),
        ("00:01 --> 00:02 A|00:02 --> 00:03", "line 6: a cue without text was left out", [1]),
        ("00:01 --> 00:01 A|00:02 --> 00:03 B", "line 2: the cue has no duration", [1, 2]),
    ],
)
def test_oddities_are_reported(tmp_path, cues, warning, starts):
    lines = []
    for number, cue in enumerate(cues.split("|"), start=1):
        start, _, end, *words = cue.split()
        lines += [str(number), f"00:{start},000 --> 00:{end},000", *words, ""]
    captions = read(tmp_path, "\n".join(lines))
    assert [cue.start for cue in captions.cues] == starts
    assert len(captions.warnings) == 1
    assert captions.warnings[0].startswith(warning)


def test_webvtt_is_written_to_the_letter(tmp_path):
    path = tmp_path / "new" / "film.vtt"
    cues = [Cue(3661.0015, 3662, "b & c <i> -->\n\nnext"), Cue(0, 0, "instant"), Cue(1, 2, " ")]
    write_webvtt(cues, path)
    assert path.read_text(encoding="utf-8") == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:00.001\ninstant\n"
        "\n01:01:01.002 --> 01:01:02.000\nb &amp; c &lt;i&gt; --&gt;\nnext\n"
    )


def test_characters_that_utf8_cannot_hold(tmp_path):
    write_webvtt([Cue(0, 1, "a\ud800b\0c")], tmp_path / "a.vtt")
    assert read_captions(tmp_path / "a.vtt") == [Cue(0, 1, "a?b\ufffdc")]


def spans():
    return st.tuples(st.integers(0, 10**7), st.integers(1, 10**5), st.text(min_size=1, max_size=60))


@FUZZ
@given(st.lists(spans(), max_size=8))
def test_webvtt_round_trip(tmp_path_factory, items):
    path = tmp_path_factory.mktemp("vtt") / "a.vtt"
    cues = [Cue(start / 1000, (start + length) / 1000, text) for start, length, text in items]
    write_webvtt(cues, path)
    expected = [
        Cue(cue.start, cue.end, plain(cue.text)) for cue in sorted(cues, key=lambda c: (c.start, c.end))
    ]
    assert read_captions(path) == [cue for cue in expected if cue.text]


def plain(text):
    """The text as captions can hold it: no blank lines, no outer blanks, no characters without UTF-8."""
    text = "".join("?" if unicodedata.category(c) == "Cs" else c for c in text).replace("\0", "\ufffd")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.strip(" \t") for line in lines if line.strip(" \t"))


PIECES = st.sampled_from(
    ["WEBVTT", "NOTE", "1", "\n", "\n\n", "\r\n", "00:00:01,000", "00:02.000", " --> ", "->", "-", "<i>", "</rt>",
     "<rt>", "<", "{\\an8}", "&#x202e;", "&amp;", "\ufeff", "שלום", "\0", "x" * 50]
)  # fmt: skip


@FUZZ
@given(st.one_of(st.lists(PIECES, max_size=30).map("".join).map(str.encode), st.binary(max_size=200)))
def test_any_bytes_give_cues_or_one_line(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / "a.srt"
    path.write_bytes(data)
    try:
        captions = read_captions_with_report(path)
    except SignGenError as error:
        captions = None
        message = str(error)
    assert all(isinstance(cue, Cue) for cue in captions.cues) if captions else "\n" not in message


@pytest.mark.parametrize("piece", ["<i", "<rt>", "<00:", "{\\", "&", "00:", "00:00:01,000 --> ", "\n", "-->"])
def test_hostile_repetition_takes_no_time(tmp_path, piece):
    line = piece * (60_000 // len(piece))
    begin = time.perf_counter()
    read(tmp_path, "1\n00:00:00,000 --> 00:00:01,000\nx\n\n2\n00:00:02,000 --> 00:00:03,000\ny" + line)
    assert time.perf_counter() - begin < 2
