"""MediaPipe Holistic on the avatar, whose keypoints are known, and on real signers."""

import sys

import numpy as np
import pytest

from signgen.errors import DependencyError
from signgen.extract.mediapipe import MediaPipe

# MediaPipe's own packages warn about each other.
pytestmark = pytest.mark.filterwarnings("ignore")


def test_a_missing_package_is_said_at_the_first_frame(monkeypatch):
    monkeypatch.setitem(sys.modules, "mediapipe.python.solutions.holistic", None)
    found = MediaPipe()(iter([np.zeros((8, 8, 3), np.uint8)]), fps=24)
    with pytest.raises(DependencyError, match=r"pip install \"signgen\[mediapipe\]\""):
        next(found)


@pytest.fixture(scope="module")
def signed():
    """A letter signed by the avatar: frames, and the poses they show."""
    pytest.importorskip("mediapipe")
    from signgen.lexicon.lexicon import open_lexicon
    from signgen.render.avatar import Avatar

    lexicon = open_lexicon("ase")
    entry = next(entry for entry in lexicon.entries if entry.glosses == ("HELLO",))
    poses = lexicon.load(entry)
    middle = len(poses) // 2
    poses = poses[middle - 8 : middle + 8]
    return list(Avatar()(poses)), poses


def test_the_avatar_is_found_where_it_is(signed):
    frames, truth = signed
    found = list(MediaPipe()(iter(frames), fps=24))
    assert [len(frame.keypoints) for frame in found] == [1] * len(frames)
    points = np.stack([frame.keypoints[0] for frame in found])
    width = np.linalg.norm(truth.xy[0, 2] - truth.xy[0, 5])
    away = np.linalg.norm(points[..., :2] - truth.xy, axis=2) / width
    # Its shoulders, elbows and the wrist of the raised right hand; the nose.
    assert np.median(away[:, [0, 2, 3, 4, 5]]) < 0.12
    assert points[:, 60:, 2].all()
    hand = points[:, 39:60, 2].any(axis=1)
    assert hand.mean() > 0.8
    assert np.median(away[hand, 39:60]) < 0.15


def test_black_frames_hold_nobody():
    pytest.importorskip("mediapipe")
    found = list(MediaPipe()(iter([np.zeros((64, 64, 3), np.uint8)] * 3), fps=24))
    assert [len(frame.keypoints) for frame in found] == [0, 0, 0]


def test_frames_are_not_changed(signed):
    frame = signed[0][0]
    before = frame.copy()
    next(iter(MediaPipe()(iter([frame]), fps=24)))
    assert np.array_equal(frame, before)


@pytest.mark.parametrize("name", ["video/autsl_sign.mp4", "video/person_540x720.mp4"])
def test_real_people_are_found_in_every_frame(shared_data, name):
    pytest.importorskip("mediapipe")
    from signgen.data.video import read_video
    from signgen.extract.run import extract

    signer = extract(read_video(shared_data / name), MediaPipe()).signer
    seen = signer.confidence > 0
    assert seen[:, :8].all()
    assert seen[:, 60:].all()
    assert signer.depth is not None


def test_it_agrees_with_dwpose_on_a_real_signer(shared_data):
    """The figures of docs/extraction.md: body 0.06 and wrists 0.08 shoulder widths, hands PCK 0.85 at 0.2."""
    pytest.importorskip("mediapipe")
    from signgen.data.dwpose_npz import read_dwpose
    from signgen.data.video import read_video
    from signgen.extract.run import extract

    folder = shared_data / "dwpose_signer"
    other = read_dwpose(folder / "npz", 24, 1280, 720)[0]
    signer = extract(read_video(folder / "human_signer.mp4"), MediaPipe()).signer
    width = np.median(np.linalg.norm(other.xy[:, 2] - other.xy[:, 5], axis=1))
    away = np.linalg.norm(signer.xy - other.xy, axis=2) / width
    both = (signer.confidence > 0.3) & (other.confidence > 0.3)
    assert np.median(away[:, :18][both[:, :18]]) <= 0.06
    assert np.median(away[:, [4, 7]][both[:, [4, 7]]]) <= 0.08
    assert (away[:, 18:60][both[:, 18:60]] <= 0.2).mean() >= 0.85


def test_a_lexicon_of_real_videos_signs(shared_data, tmp_path):
    pytest.importorskip("mediapipe")
    from signgen.data.video import read_video
    from signgen.workflow.generate import generate
    from signgen.workflow.lexicon_videos import lexicon_from_videos

    videos = tmp_path / "videos"
    videos.mkdir()
    for name, path in (("TREE", "video/autsl_sign.mp4"), ("HELLO", "video/person_540x720.mp4")):
        (videos / f"{name}.mp4").symlink_to(shared_data / path)
    report = lexicon_from_videos(videos, tmp_path / "lex", spoken_language="en", signed_language="ase")
    assert [entry.glosses for entry in report.entries] == [("HELLO",), ("TREE",)]
    result = generate("hello tree", tmp_path / "out.mp4", {"source": {"lexicon": str(tmp_path / "lex")}})
    assert result.missing == ()
    assert read_video(tmp_path / "out.mp4").num_frames == result.frames > 24
