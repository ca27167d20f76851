"""Shards that grow: what was finished stays, wherever a process ends or a disk loses a piece."""

import tarfile
from hashlib import sha256

import pytest
from finished_batches import filled_spool, made_of

from signgen.batch.output.growing import Growing, count_samples
from signgen.batch.output.sample import put_sample
from signgen.batch.spool import Spool
from signgen.errors import DataError

KEYS = ["a", "b", "c"]


def grown(path, keys, size=700):
    """A growing tar of samples of one member each."""
    growing = Growing(path)
    for key in keys:
        body = key.encode() * size
        row = {"member": "poses.npz", "sha256": sha256(body).hexdigest()}
        growing.put(
            key, {"poses.npz": body}, {"files": [row], "frames": 2, "seconds": 0.5, "has_video": False}
        )
    return growing


def test_bytes_are_those_of_tarfile(tmp_path):
    facts = grown(tmp_path / "growing.tar", KEYS).publish(tmp_path / "data" / "s.tar")
    again = tmp_path / "again.tar"
    with (
        tarfile.open(tmp_path / "data" / "s.tar") as tar,
        tarfile.TarFile(again, "w", format=tarfile.USTAR_FORMAT) as out,
    ):
        for member in tar.getmembers():
            plain = tarfile.TarInfo(member.name)
            plain.size, plain.mode = member.size, 0o644
            out.addfile(plain, tar.extractfile(member))
    assert again.read_bytes() == (tmp_path / "data" / "s.tar").read_bytes()
    assert facts.sha256 == sha256(again.read_bytes()).hexdigest()
    assert (facts.bytes, facts.samples, facts.frames, facts.seconds) == (again.stat().st_size, 3, 6, 1.5)


@pytest.mark.parametrize("order", ["abc", "cba", "bca"])
def test_order_does_not_show(tmp_path, order):
    facts = grown(tmp_path / "growing.tar", order).publish(tmp_path / "s.tar")
    assert facts == grown(tmp_path / "other.tar", KEYS).publish(tmp_path / "s.tar")
    assert sha256((tmp_path / "s.tar").read_bytes()).hexdigest() == facts.sha256


def test_cut_anywhere_it_goes_on(tmp_path):
    """Every length that a killed process or a full disk may leave."""
    path = tmp_path / "growing.tar"
    grown(path, KEYS)
    whole, third = path.read_bytes(), path.stat().st_size // 3
    good = grown(tmp_path / "good.tar", KEYS).publish(tmp_path / "s.tar")
    for size in range(0, len(whole) + 1, 173):
        path.write_bytes(whole[:size])
        assert count_samples(path) >= size // third
        growing = Growing(path)
        assert growing.keys == set(KEYS[: size // third])
        grown(path, KEYS[size // third :])
        assert Growing(path).publish(tmp_path / "s.tar") == good


@pytest.mark.parametrize("at", range(0, 3 * 2560, 311))
def test_a_damaged_sample_is_made_anew(tmp_path, at):
    """Found, but for a letter inside a sidecar, of which there is no sum before the shard has one."""
    path = tmp_path / "growing.tar"
    grown(path, KEYS)
    data = bytearray(path.read_bytes())
    is_sidecar = data[at - at % 512] == ord("{")
    data[at] ^= 0x55
    path.write_bytes(data)
    kept = Growing(path).keys
    assert kept == set(KEYS[: at // 2560]) or is_sidecar


def test_a_write_that_failed_leaves_no_mark(tmp_path):
    path = tmp_path / "growing.tar"
    growing = grown(path, ["a"])
    path.write_bytes(path.read_bytes() + b"x" * 60_000)
    growing.put("b", {}, {"files": [], "frames": 1, "seconds": 0.5, "has_video": False})
    facts = growing.publish(tmp_path / "s.tar")
    assert facts.sha256 == sha256((tmp_path / "s.tar").read_bytes()).hexdigest()
    assert facts.bytes == (tmp_path / "s.tar").stat().st_size < 60_000


@pytest.mark.parametrize("key", ["", "a.b", "a/b", "..", "ä", "x" * 81, "a\n"])
def test_a_key_that_tar_readers_would_split_is_refused(tmp_path, key):
    spool = Spool(tmp_path, "s")
    with pytest.raises(DataError, match="a key has"):
        put_sample(spool, made_of(key))
    assert not list(spool.path.iterdir())


@pytest.mark.parametrize("keys", [[], ["a", "A"]])
def test_a_shard_of_no_samples_or_of_one_twice_is_refused(tmp_path, keys):
    spool = filled_spool(tmp_path, "s", keys)
    with pytest.raises(DataError):
        spool.publish(tmp_path / "s.tar")
    assert not (tmp_path / "s.tar").exists()


def test_a_shard_that_was_not_committed_is_taken_back(tmp_path):
    filled_spool(tmp_path, "s", KEYS).publish(tmp_path / "s.tar")
    spool = Spool(tmp_path, "s")
    spool.adopt(tmp_path / "s.tar")
    assert spool.keys == set(KEYS)
    assert not (tmp_path / "s.tar").exists()
