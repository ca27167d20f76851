import numpy as np
import pytest

from signgen.errors import ConfigError, DataError, DependencyError, LexiconError
from signgen.lexicon import installed, lexicon
from signgen.lexicon.entry import Entry
from signgen.lexicon.lexicon import available_lexicons, cut, open_lexicon
from signgen.pose.layout import NUM_KEYPOINTS
from signgen.pose.sequence import PoseSequence


def moving(frames: int, fps: float = 25.0) -> PoseSequence:
    """Poses whose first coordinate is the number of the frame."""
    keypoints = np.ones((frames, NUM_KEYPOINTS, 3), np.float32)
    keypoints[..., 0] = np.arange(frames)[:, None]
    return PoseSequence(keypoints, fps, 100, 100)


# A frame belongs to a span that touches it: [start * fps, end * fps) in whole frames, rounded outwards.
@pytest.mark.parametrize(
    ("fps", "start", "end", "first", "last"),
    [
        (25, 0.0, None, 0, 50),
        (25, 0.0, 2.0, 0, 50),
        (25, 0.0, 9.0, 0, 50),
        (25, 0.4, 0.8, 10, 20),
        (25, 0.41, 0.79, 10, 20),
        (30, 0.333, 0.667, 10, 20),  # thirds of a second, rounded to milliseconds
        (24, 1.0, None, 24, 50),
    ],
)
def test_cut(tmp_path, fps, start, end, first, last):
    entry = Entry("x", tmp_path / "a.npz", "en", "ase", start, end, ("a",))
    frames = cut(moving(50, fps), entry).keypoints[:, 0, 0]
    assert (frames[0], frames[-1] + 1) == (first, last)


@pytest.mark.parametrize(("start", "end"), [(2.0, None), (5.0, 6.0), (5.0, None)])
def test_cut_refuses_an_empty_span(tmp_path, start, end):
    with pytest.raises(LexiconError, match=r"a\.npz: the span"):
        cut(moving(50), Entry("x", tmp_path / "a.npz", "en", "ase", start, end, ("a",)))


def test_load_reads_once_and_forgets_the_oldest(make_lexicon, monkeypatch):
    reads = []

    def read_pose(path):
        reads.append(path.name)
        return moving(10)

    monkeypatch.setattr("signgen.data.poses.read_pose", read_pose)
    monkeypatch.setattr(lexicon, "CACHE_BYTES", 2 * moving(10).keypoints.nbytes)
    signs = make_lexicon("a", "b", "c")
    a, b, c = signs.entries
    assert signs.load(a) is signs.load(a)
    signs.load(b)
    signs.load(a)
    signs.load(c)  # b was used longest ago
    signs.load(a)
    assert reads == ["0.pose", "1.pose", "2.pose"]
    signs.load(b)
    assert reads[3:] == ["1.pose"]


def test_many_spans_of_one_recording_read_it_once(make_lexicon, monkeypatch):
    reads = []
    monkeypatch.setattr("signgen.data.poses.read_pose", lambda path: reads.append(path) or moving(50))
    spans = [{"path": "long.pose", "start": s, "end": s + 400, "words": f"w{s}"} for s in (0, 400, 800)]
    signs = make_lexicon(*spans)
    firsts = [signs.load(entry).keypoints[0, 0, 0] for entry in signs.entries]
    assert firsts == [0, 10, 20]
    assert len(reads) == 1


def test_load_of_a_missing_recording(make_lexicon):
    signs = make_lexicon("a")
    signs.entries[0].path.unlink()
    with pytest.raises(DataError, match=r"0\.pose"):
        signs.load(signs.entries[0])


def test_layers_keep_their_order_and_names(make_lexicon):
    one, two = make_lexicon("house", name="one"), make_lexicon("house", "tree", name="two")
    both = open_lexicon(f"{one.folders[0]}+{two.folders[0]}")
    assert both.name == "one+two"
    assert [entry.lexicon for entry in both.entries] == ["one", "two", "two"]
    assert both.pairs == (("en", "ase"),)


def test_a_folder_may_have_a_plus_in_its_name(make_lexicon):
    signs = make_lexicon("house", name="a+b")
    assert open_lexicon(str(signs.folders[0])).name == "a+b"


@pytest.mark.parametrize("spec", ["", "no/such/folder", "builtin", "a+", "fingerspellin:ase"])
def test_unknown_lexicons(spec):
    with pytest.raises(LexiconError, match="no such lexicon folder"):
        open_lexicon(spec)


def test_without_the_package(monkeypatch):
    monkeypatch.setattr(installed, "find_spec", lambda name: None)
    with pytest.raises(DependencyError, match=r"pip install 'signgen\[lexicons\]'"):
        open_lexicon("fingerspelling:ase")
    assert [info.name for info in available_lexicons()] == ["ase"]


# Rows of the index of spoken-to-signed 0.4.0, counted by hand with `cut -d, -f3 index.csv | sort | uniq -c`.
COUNTS = {
    "ase": 26, "asq": 31, "bzs": 27, "cse": 34, "csq": 34, "eso": 32, "fsl": 26, "gsg": 30, "gss": 24, "ise": 40,
    "jos": 38, "lls": 32, "mfs": 29, "psr": 26, "sgg": 32, "ssp": 30, "svk": 44, "swl": 29, "tsm": 29, "ukl": 33,
}  # fmt: skip


def test_the_installed_alphabets(letters):
    listed = [info for info in available_lexicons() if info.name.startswith("fingerspelling:")]
    assert {info.name: info.entries for info in listed} == {
        f"fingerspelling:{k}": v for k, v in COUNTS.items()
    }
    assert all(info.licences and info.folder == letters for info in listed)
    with pytest.raises(ConfigError, match="there are: ase, asq"):
        open_lexicon("fingerspelling:xxx")
    assert len(open_lexicon("fingerspelling").entries) == sum(COUNTS.values())


def test_real_letters_load_whole(letters):
    from pose_format import Pose

    alphabet = open_lexicon("fingerspelling:ase")
    for entry in alphabet.entries[:3]:
        peer = Pose.read(entry.path.read_bytes())
        poses = alphabet.load(entry)
        assert len(poses) == len(peer.body.data), "the index gives times of the untrimmed video"
        assert poses.fps == pytest.approx(peer.body.fps)
        assert (poses.part(slice(39, 60))[..., 2] > 0).mean() > 0.9, "the right hand spells"
