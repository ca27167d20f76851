import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signgen.data.cue import Cue
from signgen.data.eaf import read_eaf, write_eaf
from signgen.errors import DataError, SignGenError

FUZZ = settings(max_examples=60, deadline=None, derandomize=True)

TIERS = {
    "text": [Cue(0.0, 2.0, "Hello, <Ada> & \"co\"\nשלום 手話")],
    "gloss": [Cue(0.0, 0.8, "HELLO"), Cue(0.8, 1.1, ""), Cue(1.25, 2.0, "A-D-A")],
    "a&b \"tier\"": [],
}  # fmt: skip


def document(
    body, head='<HEADER TIME_UNITS="milliseconds"/>', intro='<?xml version="1.0" encoding="UTF-8"?>'
):
    return f"{intro}<ANNOTATION_DOCUMENT>{head}{body}</ANNOTATION_DOCUMENT>"


def slots(*values):
    inner = "".join(
        f'<TIME_SLOT TIME_SLOT_ID="t{i}"' + ("" if value is None else f' TIME_VALUE="{value}"') + "/>"
        for i, value in enumerate(values)
    )
    return f"<TIME_ORDER>{inner}</TIME_ORDER>"


def aligned(name, start, end, text="x"):
    return (
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{name}" TIME_SLOT_REF1="{start}" '
        f'TIME_SLOT_REF2="{end}"><ANNOTATION_VALUE>{text}</ANNOTATION_VALUE>'
        "</ALIGNABLE_ANNOTATION></ANNOTATION>"
    )


def dependent(name, parent, text="y"):
    return (
        f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="{name}" ANNOTATION_REF="{parent}">'
        f"<ANNOTATION_VALUE>{text}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
    )


def tier(name, *annotations):
    return f'<TIER TIER_ID="{name}" LINGUISTIC_TYPE_REF="default-lt">{"".join(annotations)}</TIER>'


def read(tmp_path, text):
    path = tmp_path / "a.eaf"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_eaf(path)


def test_round_trip(tmp_path):
    path = tmp_path / "new" / "hello.eaf"
    write_eaf(TIERS, path, "hello.mp4")
    assert read_eaf(path) == TIERS
    assert list(read_eaf(path)) == list(TIERS)


def test_same_tiers_give_the_same_bytes(tmp_path):
    write_eaf(TIERS, tmp_path / "a.eaf", "hello.mp4")
    write_eaf(TIERS, tmp_path / "b.eaf", "hello.mp4")
    assert (tmp_path / "a.eaf").read_bytes() == (tmp_path / "b.eaf").read_bytes()


def test_pympi_reads_what_we_write(tmp_path):
    elan = pytest.importorskip("pympi.Elan")
    path = tmp_path / "hello.eaf"
    write_eaf(TIERS, path, "hello.mp4")
    theirs = elan.Eaf(str(path))
    assert set(theirs.get_tier_names()) == set(TIERS)
    for name, cues in TIERS.items():
        found = sorted(
            (start, end, text or "") for start, end, text in theirs.get_annotation_data_for_tier(name)
        )
        assert found == [(round(c.start * 1000), round(c.end * 1000), c.text) for c in cues]
    assert theirs.media_descriptors == [
        {"MEDIA_URL": "./hello.mp4", "MIME_TYPE": "video/mp4", "RELATIVE_MEDIA_URL": "./hello.mp4"}
    ]


def test_we_read_what_pympi_writes(tmp_path):
    elan = pytest.importorskip("pympi.Elan")
    theirs = elan.Eaf(author="someone")
    theirs.add_tier("gloss")
    theirs.add_tier("mouth", parent="gloss", ling="default-lt")
    theirs.add_annotation("gloss", 100, 900, "HAUS & Ü")
    theirs.add_annotation("gloss", 900, 1500, "GROSS")
    theirs.add_annotation("mouth", 100, 900, "haus")
    path = tmp_path / "theirs.eaf"
    theirs.to_file(str(path))
    found = read_eaf(path)
    assert found["gloss"] == [Cue(0.1, 0.9, "HAUS & Ü"), Cue(0.9, 1.5, "GROSS")]
    assert found["mouth"] == [Cue(0.1, 0.9, "haus")]


def test_time_slots_are_in_order_of_time_and_ids_are_unique(tmp_path):
    path = tmp_path / "a.eaf"
    write_eaf(TIERS, path)
    root = ET.fromstring(path.read_bytes())
    times = [int(slot.get("TIME_VALUE", "")) for slot in root.iter("TIME_SLOT")]
    assert times == sorted(times)
    assert len({slot.get("TIME_SLOT_ID") for slot in root.iter("TIME_SLOT")}) == len(times) == 8
    assert [child.tag for child in root][:3] == ["HEADER", "TIME_ORDER", "TIER"]
    assert not list(root.iter("MEDIA_DESCRIPTOR"))


def test_instants_get_a_millisecond_and_stay_apart(tmp_path):
    write_eaf({"t": [Cue(1, 1, "a"), Cue(1, 1, "b"), Cue(1, 2, "c")]}, tmp_path / "a.eaf")
    cues = read_eaf(tmp_path / "a.eaf")["t"]
    assert [(cue.start, cue.end) for cue in cues] == [(1.0, 1.001), (1.001, 1.002), (1.002, 2.0)]


def test_characters_that_xml_cannot_hold(tmp_path):
    write_eaf({"t\x01": [Cue(0, 1, "a\0b\ud800c\r\nd")]}, tmp_path / "a.eaf", "a\x02.mp4")
    assert read_eaf(tmp_path / "a.eaf") == {"t\ufffd": [Cue(0, 1, "a\ufffdb\ufffdc\nd")]}


@pytest.mark.parametrize(
    ("tiers", "message"),
    [
        ({"t": [Cue(0, 2, "a"), Cue(1, 3, "b")]}, "put them on two tiers"),
        ({"": []}, "needs a name of its own"),
        ({"a\x01": [], "a\x02": []}, "needs a name of its own"),
    ],
)
def test_tiers_that_elan_cannot_hold(tmp_path, tiers, message):
    with pytest.raises(DataError, match=message):
        write_eaf(tiers, tmp_path / "a.eaf")
    assert list(tmp_path.iterdir()) == []


def test_dependent_annotations_have_the_times_of_their_parents(tmp_path):
    text = document(
        slots(0, 500)
        + tier("mouth", dependent("c", "b", "m"))
        + tier("gloss", dependent("b", "a", "g"))
        + tier("text", aligned("a", "t0", "t1"))
    )
    found = read(tmp_path, text)
    assert found == {
        "mouth": [Cue(0, 0.5, "m")],
        "gloss": [Cue(0, 0.5, "g")],
        "text": [Cue(0, 0.5, "x")],
    }


def test_slots_without_times_lie_between_their_neighbours(tmp_path):
    text = document(
        slots(0, None, None, 900)
        + tier("t", aligned("a", "t0", "t1"), aligned("b", "t1", "t2"), aligned("c", "t2", "t3"))
    )
    spans = [(cue.start, cue.end) for cue in read(tmp_path, text)["t"]]
    assert spans == [
        (0, pytest.approx(0.3)),
        (pytest.approx(0.3), pytest.approx(0.6)),
        (pytest.approx(0.6), 0.9),
    ]


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<ANNOTATION_DOCUMENT>&b;</ANNOTATION_DOCUMENT>"
)
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    "<ANNOTATION_DOCUMENT>&a;</ANNOTATION_DOCUMENT>"
)

BAD = {
    "empty": ("", "not valid XML"),
    "text": ("hello", "not valid XML"),
    "cut off": (document(slots(0))[:60], "not valid XML"),
    "NUL": ("<ANNOTATION_DOCUMENT>\0</ANNOTATION_DOCUMENT>", "not valid XML"),
    "Latin-1": (document("<TIER TIER_ID='é'/>").encode("latin-1"), "not valid XML"),
    "unknown encoding": (document("", intro='<?xml version="1.0" encoding="klingon"?>'), "klingon"),
    "entity bomb": (BOMB, "document type"),
    "entity of another file": (OUTSIDE, "document type"),
    "another document": ("<svg/>", "not an ELAN file"),
    "deep nesting": (document("<A>" * 100 + "</A>" * 100), "nested too deep"),
    "other units": (document("", head='<HEADER TIME_UNITS="PAL-frames"/>'), "only milliseconds"),
    "bad time": (document(slots("-5")), "bad TIME_VALUE"),
    "huge time": (document(slots("9" * 30)), "bad TIME_VALUE"),
    "no such slot": (document(slots(0) + tier("t", aligned("a", "t0", "t9"))), "no time slot 't9'"),
    "backwards": (document(slots(5, 1) + tier("t", aligned("a", "t0", "t1"))), "ends before it starts"),
    "no such parent": (document(tier("t", dependent("a", "b"))), "no annotation 'b'"),
    "a circle": (document(tier("t", dependent("a", "b"), dependent("b", "a"))), "refers to itself"),
    "no times": (document(slots(None, None) + tier("t", aligned("a", "t0", "t1"))), "no times at all"),
    "same tier twice": (document(tier("t") + tier("t")), "two tiers"),
    "same id twice": (document(slots(0, 1) + tier("t", *[aligned("a", "t0", "t1")] * 2)), "two annotations"),
    "annotation outside": (document(slots(0, 1) + aligned("a", "t0", "t1")), "outside every tier"),
    "missing attribute": (document("<TIER/>"), "<TIER> without TIER_ID"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_bad_files_give_one_line(tmp_path, text, message):
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_missing_and_too_large(tmp_path):
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_eaf(tmp_path / "none.eaf")
    with (tmp_path / "big.eaf").open("wb") as file:
        file.truncate(1 << 32)
    with pytest.raises(DataError, match="larger than 64 MiB"):
        read_eaf(tmp_path / "big.eaf")


def test_a_long_chain_is_walked_once(tmp_path):
    chain = [dependent(f"a{i}", f"a{i + 1}") for i in range(30_000)]
    text = document(slots(0, 1) + tier("t", *chain, aligned("a30000", "t0", "t1")))
    assert len(read(tmp_path, text)["t"]) == 30_001


TEXTS = st.text(max_size=30)


@FUZZ
@given(st.dictionaries(TEXTS, st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50), TEXTS), max_size=5)))
def test_any_tiers_round_trip(tmp_path_factory, tiers):
    path = tmp_path_factory.mktemp("eaf") / "a.eaf"
    cues = {name: laid_out(items) for name, items in tiers.items()}
    try:
        write_eaf(cues, path)
    except DataError as error:
        assert "needs a name" in str(error)  # noqa: PT017
        return
    assert list(read_eaf(path).values()) == [
        [Cue(cue.start, cue.end, plain(cue.text)) for cue in tier_cues] for tier_cues in cues.values()
    ]


def laid_out(items):
    cues, now = [], 0
    for gap, length, text in items:
        cues.append(Cue((now + gap) / 1000, (now + gap + length) / 1000, text))
        now += gap + length
    return cues


def plain(text):
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    bad = [
        c
        for c in text
        if (ord(c) < 32 and c not in "\t\n") or 0xD800 <= ord(c) <= 0xDFFF or c in "\ufffe\uffff"
    ]
    for c in bad:
        text = text.replace(c, "\ufffd")
    return text


@FUZZ
@given(st.data())
def test_any_damage_gives_tiers_or_one_line(tmp_path_factory, data):
    whole = document(
        slots(0, None, 900) + tier("t", aligned("a", "t0", "t1"), aligned("b", "t1", "t2"))
    ).encode()
    at = data.draw(st.integers(0, len(whole)))
    damaged = whole[:at] + data.draw(st.binary(max_size=8)) + whole[at + data.draw(st.integers(0, 20)) :]
    path = tmp_path_factory.mktemp("eaf") / "a.eaf"
    path.write_bytes(damaged)
    try:
        assert isinstance(read_eaf(path), dict)
    except SignGenError as error:
        assert "\n" not in str(error)  # noqa: PT017
