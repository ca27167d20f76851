"""Every caption format to tracks: what is read, what is dropped and counted, what is refused."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signgen.data.cue import Cue
from signgen.data.eaf import write_eaf
from signgen.dataset.captions import Track, read_any_captions
from signgen.dataset.captions.tags import Named, named, named_file
from signgen.dataset.captions.track import seconds_of
from signgen.errors import DataError

TWO = (Cue(1.0, 2.5, "Hello."), Cue(3.0, 4.0, "It rains."))
ROWS = [{"start": 1, "end": 2.5, "text": "Hello."}, {"start": 3.0, "end": 4, "text": "It rains."}]

JSON3 = {
    "wireMagic": "pb3",
    "pens": [{}],
    "events": [
        {"tStartMs": 0, "dDurationMs": 9000, "id": 1, "wpWinPosId": 1},
        {"tStartMs": 1000, "dDurationMs": 1500, "segs": [{"utf8": "Hel"}, {"utf8": "lo."}]},
        {"tStartMs": 2500, "dDurationMs": 10, "aAppend": 1, "segs": [{"utf8": "\n"}]},
        {"tStartMs": 3000, "dDurationMs": 1000, "segs": [{"utf8": "It rains."}]},
    ],
}

# Name of the file, its content; the cues are always TWO.
FORMATS = {
    "srt": ("a.srt", "1\n00:00:01,000 --> 00:00:02,500\nHello.\n\n2\n00:00:03,000 --> 00:00:04,000\nIt rains.\n"),
    "vtt": ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.500\nHello.\n\n00:03.000 --> 00:04.000\n<i>It</i> rains.\n"),
    "json3": ("a.json3", json.dumps(JSON3)),
    "list": ("a.json", json.dumps([{"start": 1, "duration": 1.5, "text": "Hello."}, ROWS[1]])),
    "milliseconds": (
        "a.json",
        json.dumps([{"startMs": 1000, "endMs": 2500, "text": "Hello."},
                    {"startMs": 3000, "endMs": 4000, "text": "It rains."}]),
    ),
    "texts of numbers": (
        "a.json",
        json.dumps([{"start": "1.0", "dur": "1.5", "text": "Hello."},
                    {"start": "00:00:03,0", "end": "0:04", "text": "It rains."}]),
    ),
    "whisper": ("a.json", json.dumps({"text": "Hello. It rains.", "segments": ROWS, "language": "en"})),
    "body": (
        "a.json",
        json.dumps({"body": [{"from": 1, "to": 2.5, "content": "Hello."}, {"from": 3, "to": 4, "line": "It rains."}]}),
    ),
    "by language": ("a.json", json.dumps({"en": ROWS})),
    "languages": ("a.json", json.dumps({"video_id": "a", "languages": {"en": {"text": "x", "segments": ROWS}}})),
    "csv": ("a.csv", "start,end,text\n1,2.5,Hello.\n3,4,It rains.\n"),
    "csv in disorder": ("a.csv", "Text;End;Start\nIt rains.;4;3\nHello.;00:00:02.5;1\n"),
    "tsv": ("a.tsv", "start_ms\tduration_ms\tsentence\n1000\t1500\tHello.\n3000\t1000\tIt rains.\n"),
}  # fmt: skip


@pytest.mark.parametrize("case", FORMATS)
def test_every_format(case, tmp_path):
    name, content = FORMATS[case]
    (tmp_path / name).write_text(content, encoding="utf-8")
    (track,) = read_any_captions(tmp_path / name)
    assert track.cues == TWO
    assert track.kind == "manual"
    assert dict(track.dropped) == {}


def test_elan_tiers(tmp_path):
    write_eaf({"Gloss": [Cue(0, 1, "HELLO")], "Translation_en": list(TWO)}, tmp_path / "a.eaf")
    tracks = {track.name: track for track in read_any_captions(tmp_path / "a.eaf")}
    assert tracks["Translation_en"].cues == TWO
    assert (tracks["Translation_en"].language, tracks["Gloss"].language) == ("en", "")


def test_tiers_of_translations_come_before_those_of_signs(tmp_path):
    names = ("Lexeme_Sign_r_A", "Comment", "A", "Deutsche_Übersetzung_A", "Translation_into_English_A", "no")
    write_eaf({name: list(TWO) for name in names}, tmp_path / "a.eaf")
    found = [(track.name, track.language) for track in read_any_captions(tmp_path / "a.eaf")]
    assert found == [
        ("Deutsche_Übersetzung_A", "de"), ("Translation_into_English_A", "en"), ("A", ""), ("no", ""),
        ("Lexeme_Sign_r_A", ""), ("Comment", ""),
    ]  # fmt: skip


def test_a_folder_is_all_its_files(tmp_path):
    for name in ("v.en.vtt", "v.de.vtt", "v.en-de.vtt", "v.txt"):
        (tmp_path / name).write_text(FORMATS["vtt"][1], encoding="utf-8")
    tracks = read_any_captions(tmp_path)
    found = [(track.language, track.kind, track.translated_from) for track in tracks]
    assert found == [("de", "manual", ""), ("en", "translated", "de"), ("en", "manual", "")]


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("en", Named("en")),
        ("pt-BR", Named("pt")),
        ("zh-Hans", Named("zh")),
        ("pt-br", Named("pt")),
        ("en-de", Named("en", "translated", "de")),
        ("en-orig", Named("en", "automatic")),
        ("a.en", Named("en", "automatic")),
        ("eng", Named("en")),
        ("iw", Named("he")),
        ("English", Named("en")),
        ("film", None),
        ("old", None),
        ("x", None),
        ("", None),
        ("2024", None),
    ],
)
def test_tags(tag, expected):
    assert named(tag) == expected


def test_names_of_files():
    assert named_file("my.film.en") == Named("en")
    assert named_file("en") == Named("en")
    assert named_file("v.a.en") == Named("en", "automatic")
    assert named_file("my.film") == Named("")


def test_automatic_tracks_give_themselves_away(tmp_path):
    vtt = "WEBVTT\nKind: captions\nLanguage: en\n\n00:00:00.000 --> 00:00:01.000\n \nso<00:00:00.500><c> it</c>\n"
    (tmp_path / "a.vtt").write_text(vtt, encoding="utf-8")
    timed = {
        "events": [
            {"tStartMs": 0, "dDurationMs": 900, "segs": [{"utf8": "so"}, {"utf8": " it", "tOffsetMs": 500}]}
        ]
    }
    (tmp_path / "b.en.json3").write_text(json.dumps(timed), encoding="utf-8")
    for track in read_any_captions(tmp_path):
        assert (track.language, track.kind, [cue.text for cue in track.cues]) == (
            "en",
            "automatic",
            ["so it"],
        )


def test_bad_cues_are_counted_by_reason(tmp_path):
    rows = [
        {"start": 0, "end": 1, "text": "good"},
        {"start": 3, "end": 2, "text": "backward"},
        {"start": -1, "end": 2, "text": "early"},
        {"start": "soon", "end": 2, "text": "vague"},
        {"start": 1e300, "end": 1e301, "text": "far"},
        {"start": 1, "end": 2, "text": None},
        "no cue",
        {"end": 4, "text": "no start"},
    ]
    (tmp_path / "a.json").write_text(json.dumps(rows), encoding="utf-8")
    (track,) = read_any_captions(tmp_path / "a.json")
    assert track.cues == (Cue(0, 1, "good"),)
    assert dict(track.dropped) == {"negative-duration": 1, "bad-times": 4, "no-text": 2}
    backward = "1\n00:00:05,000 --> 00:00:02,500\nno\n\n2\n00:00:06,000 --> 00:00:07,000\nyes\n"
    (tmp_path / "b.srt").write_text(backward, encoding="utf-8")
    (track,) = read_any_captions(tmp_path / "b.srt")
    assert (track.cues, dict(track.dropped)) == ((Cue(6, 7, "yes"),), {"negative-duration": 1})


def test_cues_without_an_end_last_until_the_next(tmp_path):
    (tmp_path / "a.csv").write_text("start,text\n0,a\n0,b\n2,c\n5,d\n", encoding="utf-8")
    (track,) = read_any_captions(tmp_path / "a.csv")
    assert track.cues == (Cue(0, 2, "a"), Cue(0, 2, "b"), Cue(2, 5, "c"))
    assert dict(track.dropped) == {"no-duration": 1}


BAD = {
    "unknown suffix": ("a.txt", b"hello", "no caption format has this suffix"),
    "not JSON": ("a.json", b"{", "not valid JSON"),
    "JSON of something else": ("a.json", b'{"a": [1, 2]}', "no captions found"),
    "empty list": ("a.json", b"[]", "no captions found"),
    "a number": ("a.json", b"3", "no captions found"),
    "deep JSON": ("a.json", b"[" * 100_000, "nested too deeply"),
    "NaN": ("a.json", b'[{"start": NaN, "text": "a"}]', "NaN"),
    "Latin-1": ("a.csv", "start,end,text\n1,2,ü\n".encode("latin-1"), ":2: not UTF-8"),
    "no text": ("a.csv", b"start,end\n1,2\n", "no column 'text'; found: start, end"),
    "short row": ("a.csv", b"start,end,text\n1,2\n", ":2: 2 columns, the first line has 3"),
    "no rows of SRT": ("a.srt", b"hello", "no captions found"),
    "no XML": ("a.eaf", b"hello", "not valid XML"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_one_line(case, tmp_path):
    name, content, message = BAD[case]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as error:
        read_any_captions(tmp_path / name)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(str(tmp_path / name))


def test_missing_and_empty(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_any_captions(tmp_path / "none.vtt")
    with pytest.raises(DataError, match="no captions in this folder"):
        read_any_captions(tmp_path)


@pytest.mark.parametrize("name", ["big.json", "big.json3", "big.csv", "big.srt", "big.eaf"])
def test_a_line_of_100_megabytes_is_refused_at_once(name, tmp_path):
    with (tmp_path / name).open("wb") as file:
        file.write(b'[{"start": 0, "text": "')
        file.truncate(100 << 20)
    start = time.perf_counter()
    with pytest.raises(DataError, match="larger than"):
        read_any_captions(tmp_path / name)
    assert time.perf_counter() - start < 1.0


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1:02:03.5", 3723.5), ("02:03,25", 123.25), ("7", 7.0), ("7.5s", 7.5), (True, None), (None, None), ("", None),
     ("1:2:3:4", None), ("nan", None), ("inf", None), (10**400, None), ("1e3", 1000.0)],
)  # fmt: skip
def test_seconds(value, expected):
    assert seconds_of(value) == expected


TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=30)
PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXT
)
KEYS = st.sampled_from(
    ["start", "end", "text", "duration", "segs", "utf8", "events", "segments", "en", "tStartMs", "language"]
)
JSON = st.recursive(
    PLAIN,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=20,
)
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(value=JSON)
def test_any_json_is_tracks_or_an_error(value, tmp_path):
    _is_read_or_refused(tmp_path / "a.json", json.dumps(value).encode())


@FUZZ
@given(rows=st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=6))
def test_any_table_is_tracks_or_an_error(rows, tmp_path):
    lines = ["start,end,text", *(",".join(row) for row in rows)]
    _is_read_or_refused(tmp_path / "a.csv", "\n".join(lines).encode())


@FUZZ
@given(
    data=st.binary(max_size=200),
    suffix=st.sampled_from([".srt", ".vtt", ".json", ".json3", ".csv", ".tsv", ".eaf"]),
)
def test_any_bytes_are_tracks_or_an_error(data, suffix, tmp_path):
    _is_read_or_refused(tmp_path / f"a{suffix}", data)
    _is_read_or_refused(tmp_path / f"a{suffix}", b"WEBVTT\n\n00:01.000 --> 00:02.000\n" + data)


@FUZZ
@given(times=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=12))
def test_every_row_becomes_a_cue_or_is_counted(times, tmp_path):
    rows = [{"start_ms": a, "end_ms": b, "text": "x"} for a, b in times]
    (tmp_path / "a.json").write_text(json.dumps(rows), encoding="utf-8")
    (track,) = read_any_captions(tmp_path / "a.json")
    assert len(track.cues) + sum(track.dropped.values()) == len(rows)
    assert sorted(track.cues, key=lambda cue: cue.start) == list(track.cues)


def _is_read_or_refused(path, content):
    path.write_bytes(content)
    try:
        tracks = read_any_captions(path)
    except DataError as error:
        assert "\n" not in str(error)  # noqa: PT017 (either is right)
    else:
        assert all(isinstance(track, Track) for track in tracks)
