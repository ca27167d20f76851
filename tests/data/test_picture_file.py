"""A still picture that nobody vouches for."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from signgen.data.picture_file import read_picture
from signgen.data.video import read_video
from signgen.errors import DataError

RGB = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)


def save(path, pixels=RGB, **settings):
    Image.fromarray(pixels).save(path, **settings)
    return path


@pytest.mark.parametrize(("name", "settings"), [("a.png", {}), ("a.webp", {"lossless": True})])
def test_pixels_and_hash(tmp_path, name, settings):
    path = save(tmp_path / name, **settings)
    picture, digest = read_picture(path)
    assert np.array_equal(picture, RGB)
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()


# What EXIF says and how numpy turns the stored pixels upright.
TURNS = {1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud, 6: lambda a: np.rot90(a, -1),
         8: lambda a: np.rot90(a, 1)}  # fmt: skip


@pytest.mark.parametrize("orientation", TURNS)
def test_phones_turn_their_pictures_in_a_note(tmp_path, orientation):
    note = Image.Exif()
    note[0x112] = orientation
    path = save(tmp_path / "a.png", exif=note)
    assert np.array_equal(read_picture(path)[0], TURNS[orientation](RGB))


def test_see_through_is_white(tmp_path):
    pixels = np.dstack([RGB, np.zeros((48, 64), np.uint8)])
    pixels[:24, :, 3] = 255
    picture, _ = read_picture(save(tmp_path / "a.png", pixels))
    assert np.array_equal(picture[:24], RGB[:24])
    assert (picture[24:] == 255).all()


def test_grey_is_rgb(tmp_path):
    picture, _ = read_picture(save(tmp_path / "a.png", RGB[..., 0]))
    assert np.array_equal(picture, np.repeat(RGB[..., :1], 3, axis=2))


def broken(tmp_path, kind):
    path = tmp_path / "a.png"
    if kind == "animation":
        frames = [Image.fromarray(RGB), Image.fromarray(255 - RGB)]
        frames[0].save(path, save_all=True, append_images=frames[1:])
    elif kind == "16 bits":
        Image.fromarray(RGB[..., 0].astype(np.uint16)).save(path)
    elif kind == "cut off":
        data = save(path).read_bytes()
        path.write_bytes(data[: len(data) // 2])
    elif kind == "text":
        path.write_text("no picture")
    elif kind == "gif":
        Image.fromarray(RGB).save(path, format="GIF")
    elif kind == "small":
        save(path, RGB[:8, :8])
    elif kind == "large":
        save(path, np.zeros((100, 101, 3), np.uint8))
    return path


@pytest.mark.parametrize(
    "kind", ["animation", "16 bits", "cut off", "text", "gif", "small", "large", "missing"]
)
def test_what_is_refused_in_one_line(tmp_path, kind):
    path = broken(tmp_path, kind)
    with pytest.raises(DataError, match=r"a\.png") as caught:
        read_picture(path, least_side=16, max_pixels=100 * 100)
    assert "\n" not in str(caught.value)


def test_a_declared_size_takes_no_memory(tmp_path):
    path = save(tmp_path / "a.png")
    data = bytearray(path.read_bytes())
    # The header of a picture of 60,000 x 60,000 px, with its own checksum.
    import struct
    import zlib

    data[16:24] = struct.pack(">II", 60_000, 60_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"a\.png"):
        read_picture(path)


def test_a_picture_is_a_video_of_one_frame(tmp_path):
    note = Image.Exif()
    note[0x112] = 6
    video = read_video(save(tmp_path / "a.png", exif=note))
    assert (video.width, video.height, video.num_frames, video.is_variable_rate) == (48, 64, 1, False)
    (frame,) = video.frames()
    assert np.array_equal(frame, np.rot90(RGB, -1))
