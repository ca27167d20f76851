"""Looks of the avatar: named and made-up signers, colours, backgrounds and where they come from."""

import hashlib
import struct
import zlib

import imageio.v3 as iio
import numpy as np
import pytest

from signgen.errors import DataError
from signgen.render.mesh.colour import to_linear, to_srgb
from signgen.render.signer import looks
from signgen.render.signer.appearance import SIGNERS, Appearance, who
from signgen.render.signer.backdrop import gradient, picture


@pytest.mark.parametrize("signer", [*SIGNERS, *(f"seed:{seed}" for seed in range(25))])
def test_clothes_contrast_with_the_skin(signer):
    _, look = who(Appearance(signer=signer))
    assert looks.contrast(look.skin, look.clothes_colour) > 2


@pytest.mark.parametrize("skin", looks.SKINS)
def test_clothes_follow_a_chosen_skin(skin):
    _, look = who(Appearance(skin=skin))
    assert looks.contrast(look.skin, look.clothes_colour) >= looks.LEAST_CONTRAST


def test_made_up_signers_differ_and_come_back():
    many = [who(Appearance(signer=f"seed:{seed}")) for seed in range(12)]
    assert len({look for _, look in many}) == 12
    assert who(Appearance(signer="seed:5")) == many[5]


def test_contrast_of_black_and_white_is_21():
    assert looks.contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)


def test_srgb_there_and_back():
    values = np.linspace(0, 1, 300)
    assert to_srgb(to_linear(values)) == pytest.approx(values, abs=1e-6)
    # IEC 61966-2-1: half of the light is 188 of 255.
    assert round(255 * float(to_srgb(np.array(0.5)))) == 188


def test_background_pictures(tmp_path):
    path = tmp_path / "wall.png"
    rows = np.zeros((40, 80, 3), dtype=np.uint8)
    rows[:, 40:] = (255, 128, 0)
    iio.imwrite(path, rows)
    wall = to_srgb(picture(path, 20, 20))
    # The middle 40 x 40 px of 80 x 40 are kept.
    assert wall[5, 2] == pytest.approx((0, 0, 0), abs=0.01)
    assert wall[5, 17] == pytest.approx((1, 128 / 255, 0), abs=0.01)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match=r"wall\.png"):
        picture(path, 20, 20)


def test_a_background_is_pinned_by_place_and_bytes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    iio.imwrite("wall.jpg", np.full((32, 48, 3), 90, dtype=np.uint8))
    pinned = Appearance(background="wall.jpg")
    assert pinned.background == str(tmp_path / "wall.jpg")
    assert pinned.background_sha256 == hashlib.sha256((tmp_path / "wall.jpg").read_bytes()).hexdigest()
    kept = {"background": pinned.background, "background_sha256": pinned.background_sha256}
    assert Appearance(**kept) == pinned
    iio.imwrite("wall.jpg", np.full((32, 48, 3), 91, dtype=np.uint8))
    with pytest.raises(DataError, match="has changed since the run"):
        Appearance(**kept)


def test_a_picture_of_too_many_pixels_is_not_decoded(tmp_path):
    # The header of a PNG that claims 60000 x 60000 px.
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(64))), (b"IEND", b"")]
    rows = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks]
    path = tmp_path / "huge.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(rows))
    with pytest.raises(DataError, match="damaged, or more than"):
        picture(path, 20, 20)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp"])
def test_pictures_of_each_format(tmp_path, suffix):
    path = tmp_path / f"wall.{suffix}"
    iio.imwrite(path, np.full((64, 64, 3), (40, 120, 200), dtype=np.uint8))
    assert to_srgb(picture(path, 16, 16)).mean(axis=(0, 1)) * 255 == pytest.approx((40, 120, 200), abs=3)


def test_gradient_is_lightest_behind_the_head():
    wall = gradient(100, 100, (0.5, 0.5, 0.5)).mean(axis=-1)
    assert wall[30:42, 45:55].mean() > wall[80:, :10].mean() > 0
