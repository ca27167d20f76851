"""A lexicon from videos: trimmed, named, listed, and usable for signing."""

import numpy as np
import pytest
from made_up_signer import signer
from toy_parts import Spots

from signgen.data.npz import read_npz
from signgen.data.video import write_video
from signgen.errors import DependencyError, LexiconError
from signgen.extract.base import Detections
from signgen.lexicon.build import build_lexicon
from signgen.lexicon.lexicon import open_lexicon
from signgen.workflow.lexicon_videos import lexicon_from_videos, trim

NAMES = {"spoken_language": "en", "signed_language": "ase"}
SPOTS = {"extractor": {"name": "spots"}}


def citation_form(rest=24, raise_=12, sign=36):
    """Hands at rest, raised in half a second, going round for a second and a half, and back."""
    poses = signer(2 * rest + 2 * raise_ + sign)
    keypoints = poses.keypoints.copy()
    still = keypoints[0].copy()
    up = np.clip((np.arange(len(poses)) - rest) / raise_, 0, 1)
    up = np.minimum(up, up[::-1])
    up = (up * up * (3 - 2 * up))[:, None, None]
    arms = [3, 4, 6, 7, *range(18, 60)]
    moving = keypoints[:, arms, :2] - still[arms, :2]
    moving *= (np.abs(np.arange(len(poses)) - len(poses) / 2) <= sign / 2)[:, None, None]
    keypoints[:, arms, :2] = still[arms, :2] + moving + (1 - up) * (0, 160)
    return poses.replace(keypoints=keypoints)


def test_a_citation_form_is_trimmed_to_its_sign():
    poses = citation_form()
    kept = trim(poses)
    # The hands are up from frame 36 to 72 of 108; 0.1 s is kept on either side.
    assert 36 - 5 <= len(poses) - 108 + _first(poses, kept) <= 36 + 2
    assert abs(len(kept) - (36 + 4)) <= 8


def _first(poses, kept):
    return next(t for t in range(len(poses)) if np.array_equal(poses.keypoints[t], kept.keypoints[0]))


def film(path, count=24, is_black=False):
    path.parent.mkdir(parents=True, exist_ok=True)

    def frames():
        for t in range(count):
            frame = np.zeros((512, 512, 3), np.uint8)
            frame[28:36, 30 + t : 38 + t] = 0 if is_black else 255
            yield frame

    write_video(frames(), path, 24)


@pytest.fixture
def people(monkeypatch):
    """Spots whose shoulders stand apart and whose hands are seen, so that they pass for signers."""

    def found(self, frames, *, fps):
        poses = signer(200)
        for t, frame in enumerate(frames):
            yield Detections(
                poses.keypoints[t : t + 1] if frame.max() > 100 else np.zeros((0, 128, 3), np.float32)
            )

    monkeypatch.setattr(Spots, "__call__", found)


def test_videos_become_a_lexicon_that_signs(tmp_path, people):
    source, out = tmp_path / "videos", tmp_path / "lex"
    film(source / "TREE_1.mp4"), film(source / "TREE_2.mp4", 30), film(source / "house.mp4")
    film(source / "nobody.mp4", is_black=True)
    (source / "broken.mp4").write_bytes(b"no video")
    report = lexicon_from_videos(source, out, SPOTS, **NAMES)
    assert sorted(entry.path.name for entry in report.entries) == ["TREE_1.npz", "TREE_2.npz", "house.npz"]
    assert sorted(finding.where.rpartition("/")[2] for finding in report.findings) == [
        "broken.mp4",
        "nobody.mp4",
    ]
    assert not list(tmp_path.glob(".lex.poses"))
    lexicon = open_lexicon(out)
    assert {(entry.glosses, entry.variant) for entry in lexicon.entries} == {
        (("TREE",), "1"), (("TREE",), "2"), (("HOUSE",), ""),
    }  # fmt: skip
    from signgen.text2pose.base import sources, utter

    spoken = utter(sources.build({"name": "stitch", "lexicon": str(out)}), "house tree", seed=0)
    assert len(spoken.poses) > 10
    assert [token.outcome for token in spoken.coverage] == ["signed", "signed"]


def test_spans_of_a_table_are_kept(tmp_path, people):
    source = tmp_path / "videos"
    film(source / "long.mp4", 96)
    rows = "path,spoken_language,signed_language,start,end,words,glosses,priority\n"
    (source / "index.csv").write_text(rows + "long.mp4,en,ase,1000,3000,tree,TREE,0\n")
    report = lexicon_from_videos(source, tmp_path / "lex", SPOTS, **NAMES)
    assert len(read_npz(report.entries[0].path)) == 48


def test_pose_files_are_taken_as_they_are_and_videos_need_an_extractor(tmp_path):
    source = tmp_path / "videos"
    film(source / "TREE.mp4")
    with pytest.raises(DependencyError, match="--extractor"):
        build_lexicon(source, tmp_path / "lex", **NAMES)
    with pytest.raises(LexiconError, match="none of 1 recordings"):
        lexicon_from_videos(source, tmp_path / "lex", SPOTS, **NAMES)
    assert not (tmp_path / "lex").exists()
