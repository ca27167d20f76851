"""Folders of pictures as videos: every frame in its order, gaps and damage named."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from signgen.data.video import read_video
from signgen.errors import DataError


@pytest.fixture
def folder(tmp_path):
    for number in (1, 2, 10):
        make(tmp_path / f"images{number:04d}.png", number)
    for number in range(3, 10):
        make(tmp_path / f"images{number:04d}.png", number)
    return tmp_path


def make(path, shade, size=(6, 4), mode="RGB"):
    Image.new(mode, size, shade if mode == "L" else (shade, 0, 255 - shade)).save(path)


def test_frames_in_order(folder):
    video = read_video(folder, fps=12.5)
    frames = list(video.frames())
    assert (video.num_frames, video.width, video.height, video.fps, video.seconds) == (10, 6, 4, 12.5, 0.8)
    assert np.allclose(video.times, np.arange(10) / 12.5)
    assert [tuple(frame[0, 0]) for frame in frames] == [(n, 0, 255 - n) for n in range(1, 11)]
    assert all(frame.dtype == np.uint8 and frame.shape == (4, 6, 3) for frame in frames)


def test_grey_becomes_rgb(folder):
    make(folder / "images0001.png", 7, mode="L")
    assert tuple(next(read_video(folder, fps=25).frames())[0, 0]) == (7, 7, 7)


def test_no_rate(folder):
    with pytest.raises(DataError, match="does not say its frame rate; give fps"):
        read_video(folder)


def test_a_gap(folder):
    (folder / "images0004.png").unlink()
    with pytest.raises(DataError, match=r"1 of 10 pictures are missing after images0003\.png"):
        read_video(folder, fps=25)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"GIF89a"])
def test_damage(folder, content):
    (folder / "images0004.png").write_bytes(content)
    with pytest.raises(DataError, match=r"images0004\.png: not a PNG or JPEG"):
        list(read_video(folder, fps=25).frames())


def test_another_size(folder):
    make(folder / "images0004.png", 4, size=(8, 4))
    with pytest.raises(DataError, match="frame 3 changes the size"):
        list(read_video(folder, fps=25).frames())


def test_a_bomb_is_refused_by_its_header(folder):
    data = bytearray((folder / "images0001.png").read_bytes())
    data[16:24] = (60000).to_bytes(4, "big") * 2
    (folder / "images0001.png").write_bytes(bytes(data))
    with pytest.raises(DataError):
        read_video(folder, fps=25)
