"""Files appear whole or not at all, whatever the disk does, and nothing is left behind."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import numpy as np
import pytest
from signverse_files import points

from signgen.data import atomic, columnar, npz, shards, sidecar, signverse
from signgen.data.atomic import atomic_path, write_bytes, write_text
from signgen.errors import ResourceError
from signgen.pose.sequence import PoseSequence, cleaned

POSES = PoseSequence(cleaned(points(2)[0]), 24.0, 512, 512)

WRITERS = {
    "npz": lambda path: npz.write_npz(POSES, path),
    "signverse": lambda path: signverse.write_signverse_npz([POSES], path, "a"),
    "shard": lambda path: shards.write_shard([shards.Recording("a", (POSES,))], path),
    "columnar": lambda path: columnar.write_columnar([columnar.Clip("a", POSES)], path),
    "sidecar": lambda path: sidecar.write_sidecar(path, sidecar.Sidecar("pose")),
    "text": lambda path: write_text(path, "hello"),
}


def listing(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir())


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_folders_are_made_and_nothing_else_is_left(write, tmp_path):
    write(tmp_path / "new" / "deep" / "out.bin")
    assert listing(tmp_path / "new" / "deep") == ["out.bin"]


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize(
    ("call", "code", "hint"),
    [
        ("mkstemp", errno.EACCES, "no permission"),
        ("mkstemp", errno.EROFS, "read-only"),
        ("fsync", errno.ENOSPC, "disk is full"),
        ("fsync", errno.EDQUOT, "quota"),
        ("replace", errno.ENOSPC, "disk is full"),
        ("replace", errno.EACCES, "no permission"),
    ],
)
def test_failing_calls_leave_the_old_file(write, call, code, hint, tmp_path, monkeypatch):
    path = tmp_path / "out.bin"
    path.write_bytes(b"old")

    def fail(*_arguments, **_keywords):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(atomic.tempfile if call == "mkstemp" else atomic.os, call, fail)
    with pytest.raises(ResourceError, match=hint) as error:
        write(path)
    assert str(path) in str(error.value)
    assert path.read_bytes() == b"old"
    assert listing(tmp_path) == ["out.bin"]


class FullDisk:
    """A file that takes a number of bytes and then says that the disk is full."""

    def __init__(self, file, room):
        self._file, self._room = file, room

    def write(self, data):
        self._room -= len(data)
        if self._room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._file.write(data)

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __enter__(self):
        self._file.__enter__()
        return self

    def __exit__(self, *reason):
        return self._file.__exit__(*reason)


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_disk_full_at_any_byte(write, tmp_path, monkeypatch):
    path = tmp_path / "out.bin"
    write(path)
    whole, size = path.read_bytes(), path.stat().st_size
    import builtins
    import io

    real = io.open
    for room in {0, 1, size // 3, size - 1}:

        def limited(file, mode="r", *rest, room=room, **keywords):
            opened = real(file, mode, *rest, **keywords)
            return FullDisk(opened, room) if "w" in mode else opened

        with monkeypatch.context() as patch:
            patch.setattr(io, "open", limited)
            patch.setattr(builtins, "open", limited)
            with pytest.raises(ResourceError, match="disk is full"):
                write(path)
        assert path.read_bytes() == whole
        assert listing(tmp_path) == ["out.bin"]


def test_an_error_in_the_block_leaves_nothing(tmp_path):
    def interrupted():
        with atomic_path(tmp_path / "a.txt") as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert listing(tmp_path) == []


def test_a_folder_in_the_way(tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(ResourceError, match="folder"):
        write_bytes(tmp_path / "out", b"x")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ResourceError):
        write_bytes(tmp_path / "file" / "inside", b"x")


def test_permissions_follow_the_umask(tmp_path):
    write_bytes(tmp_path / "a", b"x")
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o666 & ~mask


def test_the_temporary_file_is_beside_the_target(tmp_path):
    with atomic_path(tmp_path / "clip.mp4") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".mp4"
        temporary.write_bytes(np.zeros(4, np.uint8).tobytes())
    assert listing(tmp_path) == ["clip.mp4"]
