import numpy as np
import pytest

from signgen.data.npz import write_npz
from signgen.errors import DependencyError, LexiconError, ResourceError
from signgen.lexicon import build
from signgen.lexicon.build import build_lexicon, name_parts
from signgen.lexicon.check import check_lexicon
from signgen.lexicon.lexicon import open_lexicon
from signgen.pose.layout import LEFT_HAND, NUM_KEYPOINTS, RIGHT_HAND
from signgen.pose.sequence import PoseSequence

ASL = {"spoken_language": "en", "signed_language": "ase"}


def clip(frames=20, fps=24.0, hands=True, value=1.0):
    keypoints = np.full((frames, NUM_KEYPOINTS, 3), value, np.float32)
    keypoints[..., 2] = 1
    if not hands:
        keypoints[:, LEFT_HAND] = keypoints[:, RIGHT_HAND] = 0
    return PoseSequence(keypoints, fps, 64, 64)


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    for number, name in enumerate(("HOUSE_1", "HOUSE_2", "thank_you", "10", "sub/HOUSE_1")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_npz(clip(value=number), folder / f"{name}.npz")
    return folder


@pytest.mark.parametrize(
    ("stem", "parts"),
    [
        ("HOUSE_1", ("HOUSE", "1")),
        ("house-12", ("HOUSE", "12")),
        ("house 3", ("HOUSE", "3")),
        ("thank_you", ("THANK YOU", "")),
        ("thank_you_2", ("THANK YOU", "2")),
        ("10", ("10", "")),
        ("10_2", ("10", "2")),
        ("HOUSE1A^", ("HOUSE1A^", "")),
        ("straße", ("STRASSE", "")),
        ("_", ("_", "")),
    ],
)
def test_names(stem, parts):
    assert name_parts(stem) == parts


def test_build_from_names(source, tmp_path):
    report = build_lexicon(source, tmp_path / "out", **ASL, licence="CC0", signer="Ada")
    lexicon = open_lexicon(tmp_path / "out")
    assert lexicon.entries == report.entries
    assert {(e.words, e.glosses, e.variant, e.priority, e.licence, e.signer) for e in lexicon.entries} == {
        (("house",), ("HOUSE",), "1", 1, "CC0", "Ada"),
        (("house",), ("HOUSE",), "2", 2, "CC0", "Ada"),
        (("thank you",), ("THANK YOU",), "", 0, "CC0", "Ada"),
        (("10",), ("10",), "", 0, "CC0", "Ada"),
    }
    assert len({e.path for e in lexicon.entries}) == 5
    for entry in lexicon.entries:
        assert np.ptp(lexicon.load(entry).xy) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "source"]


def test_build_from_a_table_cuts_the_spans(source, tmp_path):
    table = tmp_path / "words.csv"
    table.write_text("path,words,start,end\nHOUSE_1.npz,home | house,250,500\n", encoding="utf-8")
    report = build_lexicon(source, tmp_path / "out", **ASL, table=table)
    (entry,) = report.entries
    assert (entry.words, entry.start, entry.end) == (("home", "house"), 0.0, None)
    assert len(open_lexicon(tmp_path / "out").load(entry)) == 6


def test_bad_recordings_are_left_out_and_named(source, tmp_path):
    (source / "BAD.pose").write_bytes(b"not a pose file")
    (source / "EMPTY.npz").touch()
    report = build_lexicon(source, tmp_path / "out", **ASL)
    assert len(report.entries) == 5
    assert sorted(finding.where.rsplit("/", 1)[1] for finding in report.findings) == ["BAD.pose", "EMPTY.npz"]


@pytest.mark.parametrize(
    ("prepare", "error", "message"),
    [
        (lambda source, out: out.mkdir() or (out / "x").touch(), LexiconError, "already exists"),
        (lambda source, out: out.touch(), LexiconError, "already exists"),
        (lambda source, out: [p.unlink() for p in source.rglob("*.npz")], LexiconError, "no pose files"),
        (lambda source, out: [p.write_bytes(b"x") for p in source.rglob("*.npz")], LexiconError, "none of 5"),
        (lambda source, out: (source / "film.mp4").touch(), DependencyError, "extractor"),
        (
            lambda source, out: (source / "index.csv").write_text("path,words\n../a,b\n"),
            LexiconError,
            "leaves",
        ),
    ],
)
def test_nothing_half_built(source, tmp_path, prepare, error, message):
    out = tmp_path / "out"
    prepare(source, out)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(error, match=message) as caught:
        build_lexicon(source, out, **ASL)
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_build_refuses_bad_codes_and_missing_folders(source, tmp_path):
    with pytest.raises(LexiconError, match="not a language code"):
        build_lexicon(source, tmp_path / "out", spoken_language="e n", signed_language="ase")
    with pytest.raises(LexiconError, match="no such folder"):
        build_lexicon(tmp_path / "none", tmp_path / "out", **ASL)


def test_build_with_a_full_disk(source, tmp_path, monkeypatch):
    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(build.tempfile, "mkdtemp", full)
    with pytest.raises(ResourceError, match="cannot be written"):
        build_lexicon(source, tmp_path / "out", **ASL)
    assert not (tmp_path / "out").exists()


def test_a_film_beside_its_poses_is_no_matter(source, tmp_path):
    (source / "HOUSE_1.mp4").touch()
    assert len(build_lexicon(source, tmp_path / "out", **ASL).entries) == 5


def test_check(tmp_path):
    folder = tmp_path / "signs"
    folder.mkdir()
    write_npz(clip(), folder / "good.npz")
    write_npz(clip(), folder / "same.npz")
    write_npz(clip(value=2, fps=30), folder / "fast.npz")
    write_npz(clip(value=3, hands=False), folder / "handless.npz")
    write_npz(clip(value=4, frames=300), folder / "long.npz")
    (folder / "bad.npz").write_bytes(b"PK\x03\x04 but no zip")
    rows = [
        "good.npz,en,ase,0,0,house,HOUSE,0", "same.npz,en,ase,0,0,house,HOUSE,0", "fast.npz,en,ase,0,0,a,A,0",
        "handless.npz,en,ase,0,0,b,B,0", "long.npz,en,zzz,0,0,c,C,0", "bad.npz,en,ase,0,0,d,D,0",
        "none.npz,en,ase,0,0,e,E,0", "good.npz,en,ase,5000,6000,f,F,0",
    ]  # fmt: skip
    header = "path,spoken_language,signed_language,start,end,words,glosses,priority"
    (folder / "index.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    findings = check_lexicon(folder)
    assert sorted((f.severity, f.kind, f.where.rsplit("/", 1)[-1]) for f in findings) == [
        ("error", "missing", "none.npz"),
        ("error", "unreadable", "bad.npz"),
        ("error", "unreadable", "good.npz"),
        ("warning", "language", "signs"),
        ("warning", "long", "long.npz"),
        ("warning", "mixed_rates", "signs"),
        ("warning", "no_hands", "handless.npz"),
        ("warning", "same_content", "good.npz"),
        ("warning", "same_variant", "good.npz"),
    ]
    assert [f.severity for f in findings] == sorted(f.severity for f in findings)
    assert all("\n" not in f.message for f in findings)


def test_check_of_a_clean_lexicon(source, tmp_path):
    build_lexicon(source, tmp_path / "out", **ASL)
    kinds = {finding.kind for finding in check_lexicon(str(tmp_path / "out"))}
    assert kinds == {"same_variant"}, "sub/HOUSE_1 and HOUSE_1 are both variant 1"


def test_check_of_the_real_letters(letters):
    assert check_lexicon("fingerspelling:ase") == []


def test_build_from_real_recordings(shared_data, tmp_path):
    report = build_lexicon(
        shared_data / "dgs_signs", tmp_path / "out", spoken_language="de", signed_language="gsg"
    )
    assert len(report.entries) == 3
    assert {entry.words for entry in report.entries} == {("equal",), ("house",), ("young",)}
    assert all(finding.severity == "warning" for finding in check_lexicon(tmp_path / "out"))
