"""Contact sheets show the frames they say they show."""

from __future__ import annotations

from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from signgen.data.npz import write_npz
from signgen.data.video import write_video
from signgen.errors import DataError
from signgen.pose.sequence import PoseSequence
from signgen.workflow.sheet import contact_sheet, spaced, tiled


@pytest.mark.parametrize(
    ("frames", "pictures", "expected"),
    [(0, 4, []), (1, 4, [0]), (3, 4, [0, 1, 2]), (10, 4, [0, 3, 6, 9]), (100, 2, [0, 99])],
)
def test_frames_are_evenly_spaced(frames: int, pictures: int, expected: list[int]) -> None:
    assert spaced(frames, pictures) == expected


def test_tiles_stand_row_by_row() -> None:
    frames = [np.full((2, 3, 3), value, np.uint8) for value in (10, 20, 30)]
    sheet = tiled(frames, 2)
    assert sheet.shape == (4, 6, 3)
    assert [sheet[0, 0, 0], sheet[0, 3, 0], sheet[2, 0, 0], sheet[2, 3, 0]] == [10, 20, 30, 0]


def test_a_sheet_of_a_video_holds_its_frames(tmp_path: Path) -> None:
    levels = np.linspace(20, 220, 9)
    frames = (np.full((64, 64, 3), round(level), np.uint8) for level in levels)
    write_video(frames, tmp_path / "ramp.mp4", 24)
    picture = iio.imread(
        contact_sheet(tmp_path / "ramp.mp4", tmp_path / "sheet.png", pictures=3, columns=3, side=32)
    )
    assert picture.shape == (32, 96, 3)
    for i, t in enumerate((0, 4, 8)):
        assert np.abs(picture[:, 32 * i : 32 * i + 32].astype(float) - levels[t]).max() < 6


def test_a_sheet_of_poses_shows_them(tmp_path: Path) -> None:
    keypoints = np.zeros((2, 128, 3))
    keypoints[0, [2, 3]] = [(100, 100, 1), (100, 400, 1)]
    write_npz(PoseSequence(keypoints, 24, 512, 512), tmp_path / "arm.npz")
    picture = iio.imread(contact_sheet(tmp_path / "arm.npz", tmp_path / "sheet.png"))
    assert picture.shape == (256, 512, 3)
    first, second = picture[:, :256].astype(int), picture[:, 256:].astype(int)
    assert np.abs(first[125, 50] - second[125, 50]).max() > 60
    assert np.ptp(second.reshape(-1, 3), axis=0).max() == 0


def test_bad_requests_are_one_line(tmp_path: Path) -> None:
    write_npz(PoseSequence(np.zeros((0, 128, 3)), 24, 64, 64), tmp_path / "none.npz")
    with pytest.raises(DataError, match="no frames"):
        contact_sheet(tmp_path / "none.npz", tmp_path / "sheet.png")
    with pytest.raises(DataError, match="picture"):
        contact_sheet(tmp_path / "none.npz", tmp_path / "sheet.txt")
    assert not (tmp_path / "sheet.png").exists()
