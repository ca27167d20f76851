from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signgen.errors import LexiconError
from signgen.lexicon.entry import Entry
from signgen.lexicon.index import COLUMNS, read_index, split_terms, write_index

HEADER = ",".join(COLUMNS)


def read(folder: Path, text: str, encoding: str = "utf-8"):
    (folder / "index.csv").write_bytes(text.encode(encoding))
    return read_index(folder, "x")


@pytest.mark.parametrize(
    ("row", "start", "end", "words", "glosses", "priority"),
    [
        ("a.pose,en,ase,0,0,house,HOUSE,0", 0.0, None, ("house",), ("HOUSE",), 0),
        ("a.pose,en,ase,100,2720,house,HOUSE,3", 0.1, 2.72, ("house",), ("HOUSE",), 3),
        ("sub/a.pose,EN,ase,,,house | home / dwelling,,", 0.0, None, ("house", "home", "dwelling"), (), 0),
        ('a.pose,de,gsg,0,500,"km/h","KM/H",-1', 0.0, 0.5, ("km/h",), ("KM/H",), -1),
    ],
)
def test_rows(tmp_path, row, start, end, words, glosses, priority):
    (entry,) = read(tmp_path, f"{HEADER}\n{row}\n")
    assert (entry.start, entry.end, entry.words, entry.glosses, entry.priority) == (
        start, end, words, glosses, priority
    )  # fmt: skip
    assert entry.path == tmp_path / row.split(",")[0]
    assert entry.spoken_language == entry.spoken_language.lower()


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("/etc/passwd,en,ase,0,0,a,A,0", "leaves the lexicon's folder"),
        ("../a.pose,en,ase,0,0,a,A,0", "leaves the lexicon's folder"),
        ("x/../../a.pose,en,ase,0,0,a,A,0", "leaves the lexicon's folder"),
        ("..\\a.pose,en,ase,0,0,a,A,0", "leaves the lexicon's folder"),
        ("C:\\a.pose,en,ase,0,0,a,A,0", "leaves the lexicon's folder"),
        ("\\\\server\\a.pose,en,ase,0,0,a,A,0", "leaves the lexicon's folder"),
        ("gs://bucket/a.pose,en,ase,0,0,a,A,0", "not a local file"),
        ("a\0b.pose,en,ase,0,0,a,A,0", "NUL"),
        (",en,ase,0,0,a,A,0", "no path"),
        ("a.pose,en,ase,x,0,a,A,0", "start 'x' is not a whole number"),
        ("a.pose,en,ase,0,1.5,a,A,0", "end '1.5' is not a whole number"),
        ("a.pose,en,ase,-5,0,a,A,0", "out of range"),
        ("a.pose,en,ase,500,400,a,A,0", "empty span"),
        ("a.pose,en,ase,0,99999999999,a,A,0", "out of range"),
        ("a.pose,e n,ase,0,0,a,A,0", "not a language code"),
        ("a.pose,en,,0,0,a,A,0", "not a language code"),
        ("a.pose,en,ase,0,0,,,0", "neither words nor glosses"),
        ("a.pose,en,ase,0,0,a,A", "not as many fields"),
        ("a.pose,en,ase,0,0,a,A,0,more", "not as many fields"),
        (f"a.pose,en,ase,0,0,{'a' * 5000},A,0", "more than 4096 characters"),
    ],
)
def test_bad_rows_name_their_row(tmp_path, row, complaint):
    with pytest.raises(LexiconError, match="row 3") as caught:
        read(tmp_path, f"{HEADER}\ngood.pose,en,ase,0,0,b,B,0\n{row}\n")
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "no column path"),
        (b"path,words\n", "no column spoken_language"),
        (b"path,spoken_language,signed_language\n", "no column words"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (HEADER.encode() + b'\n"' + b"a" * 200_000, "row"),
    ],
)
def test_bad_files(tmp_path, content, complaint):
    (tmp_path / "index.csv").write_bytes(content)
    with pytest.raises(LexiconError, match=complaint):
        read_index(tmp_path)


def test_no_index_and_too_large(tmp_path, monkeypatch):
    with pytest.raises(LexiconError, match="no lexicon here"):
        read_index(tmp_path)
    monkeypatch.setattr("signgen.lexicon.index.MAX_INDEX_BYTES", 10)
    with pytest.raises(LexiconError, match="larger than"):
        read(tmp_path, HEADER)


def test_segments_of_the_peer_give_the_span(tmp_path):
    header = "path,spoken_language,signed_language,start,end,segment_start,segment_end,words,glosses,priority"
    rows = ["a.pose,en,ase,0,3000,500,1200,a,A,0", "b.pose,en,ase,0,3000,0,3000,b,B,0"]
    one, two = read(tmp_path, "\n".join([header, *rows]), "utf-8-sig")
    assert (one.start, one.end) == (0.5, 1.2)
    assert (two.start, two.end) == (0.0, 3.0)


def test_written_index_reads_back(tmp_path):
    entry = Entry(
        "x", tmp_path / "sub" / "ä.npz", "de", "gsg", 0.5, 1.25, ("Haus", "Gebäude"), ("HAUS",), 2, "left",
        "b", "CC0", "Ada",
    )  # fmt: skip
    write_index([entry], tmp_path)
    assert read_index(tmp_path, "x") == (entry,)


def test_write_refuses_what_would_not_read_back(tmp_path):
    with pytest.raises(LexiconError, match="outside"):
        write_index([Entry("x", Path("/elsewhere/a.npz"), "de", "gsg", words=("a",))], tmp_path)
    with pytest.raises(LexiconError, match="separator"):
        write_index([Entry("x", tmp_path / "a.npz", "de", "gsg", words=("a | b",))], tmp_path)
    assert not (tmp_path / "index.csv").exists()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.binary(max_size=300) | st.text(alphabet='path,"\n\r|/.\0é0-', max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused_in_one_line(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("lexicon", numbered=True)
    (folder / "index.csv").write_bytes(HEADER.encode() + b"\n" + data)
    try:
        entries = read_index(folder)
    except LexiconError as error:
        entries, message = (), str(error)
    else:
        message = ""
    assert "\n" not in message
    assert all(".." not in entry.path.relative_to(folder).parts for entry in entries)


def test_terms_without_repeats():
    assert split_terms("a|b | a / c|") == ("a", "b", "c")
