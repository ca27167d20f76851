"""SignVerse's pickled poses: what NumPy wrote comes back exactly, two ways; nothing in a pickle ever runs."""

from __future__ import annotations

import copyreg
import io
import os
import pickle
import struct
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signverse_files import (
    PARTS,
    card_file,
    card_frames,
    mutated,
    object_npy,
    payload_file,
    points,
    replace_member,
    with_pickle,
)  # fmt: skip

from signgen.data.npz_file import npy_bytes
from signgen.data.signverse import encode_signverse_npz, read_signverse_npz, write_signverse_npz
from signgen.data.signverse_frames import scan_frames, unpickle_frames
from signgen.errors import DataError, PoseError, SignGenError
from signgen.pose.sequence import PoseSequence, cleaned


def expected_by_numpy(data: bytes) -> np.ndarray:
    """(T, 128, 3) of person_0 by NumPy's own unpickler, which trusts its input."""
    with np.load(io.BytesIO(data), allow_pickle=True) as npz:
        frames = npz["frames"].tolist()
    out = np.zeros((len(frames), 128, 3), np.float32)
    for t, frame in enumerate(frames):
        for name, part in PARTS.items():
            if frame.get("person_0", {}).get(name) is not None:
                out[t, part] = frame["person_0"][name]
    return out


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("frames", [1, 2, 1001])
def test_card_layout(frames, dtype, compressed, tmp_path):
    data = card_file(card_frames(points(frames, dtype=dtype)), compressed=compressed)
    path = tmp_path / "poses.npz"
    path.write_bytes(data)
    (poses,) = read_signverse_npz(path)
    assert np.array_equal(poses.keypoints, expected_by_numpy(data))
    assert (poses.fps, poses.width, poses.height) == (24.0, 512, 384)


@pytest.mark.parametrize("make", [np.array, lambda a: a.tolist()], ids=["arrays", "lists"])
def test_lists_and_arrays_say_the_same(make):
    stored = points(3, dtype="f8")
    (poses,) = read_signverse_npz(card_file(card_frames(stored, make=make)))
    assert np.array_equal(poses.keypoints, stored[0].astype(np.float32))


def test_no_frames_keep_rate_and_canvas():
    (poses,) = read_signverse_npz(card_file([]))
    assert (len(poses), poses.fps, poses.width) == (0, 24.0, 512)


def test_people_come_and_go():
    stored, present = points(4, people=3), np.array([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0]], bool)
    read = read_signverse_npz(card_file(card_frames(stored, present)))
    assert len(read) == 3
    for p, poses in enumerate(read):
        assert np.array_equal(poses.keypoints, np.where(present[p][:, None, None], stored[p], 0))
    assert len(read_signverse_npz(card_file(card_frames(stored, present)), people=1)) == 1


def test_nobody_is_one_missing_person():
    (poses,) = read_signverse_npz(card_file(card_frames(points(5), np.zeros((1, 5), bool))))
    assert len(poses) == 5
    assert not poses.keypoints.any()


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("how", ["absent", "none"])
def test_a_missing_part_is_missing_keypoints(part, how):
    frames = card_frames(points(3))
    if how == "absent":
        del frames[1]["person_0"][part]
    else:
        frames[1]["person_0"][part] = None
    (poses,) = read_signverse_npz(card_file(frames))
    assert not poses.keypoints[1, PARTS[part]].any()
    assert poses.confidence[[0, 2]].all()
    assert np.count_nonzero(poses.confidence[1]) == 128 - (PARTS[part].stop - PARTS[part].start)


@pytest.mark.parametrize(
    ("stored", "kept"),
    [
        ((10, 20, 0.5), (10, 20, 0.5)),
        ((10, 20, 1.7), (10, 20, 1)),
        ((10, 20, 0), (0, 0, 0)),
        ((10, 20, -1), (0, 0, 0)),
        ((-1, -1, 0.9), (0, 0, 0)),
        ((-1, 20, 0.9), (-1, 20, 0.9)),
        ((-30, 9000, 0.9), (-30, 9000, 0.9)),
        ((np.nan, 20, 0.9), (0, 0, 0)),
        ((10, np.inf, 0.9), (0, 0, 0)),
        ((10, 20, np.nan), (0, 0, 0)),
        ((10, 20, np.inf), (0, 0, 0)),
    ],
)
def test_values_that_mean_missing(stored, kept):
    every = points(1)
    every[0, 0, 30] = stored
    (poses,) = read_signverse_npz(card_file(card_frames(every)))
    assert np.array_equal(poses.keypoints[0, 30], np.float32(kept))


def test_body_scores_that_are_keypoint_numbers():
    stored = points(1)
    stored[0, 0, :18, 2] = [-1 if k in (4, 9) else k for k in range(18)]
    (poses,) = read_signverse_npz(card_file(card_frames(stored)))
    assert poses.confidence[0, :18].tolist() == [float(k not in (4, 9)) for k in range(18)]


@pytest.mark.parametrize("people", [1, 2, 3])
def test_payload_layout_scales_and_deals_hands(people):
    stored = points(4, people=people, seed=1)
    stored[..., :2] /= 512
    stored[:, :, :18, 2] = 0.9
    stored[0, 2, 5, 2] = 0.1  # below the extractor's threshold: missing
    read = read_signverse_npz(payload_file(stored))
    assert len(read) == people
    for p, poses in enumerate(read):
        wanted = (stored[p] * np.float32([640, 480, 1])).astype(np.float32)
        wanted[:, :18, 2] = 1
        if p == 0:
            wanted[2, 5] = 0
        assert np.allclose(poses.keypoints, wanted, rtol=1e-6)
        assert (poses.fps, poses.width, poses.height) == (24.0, 640, 480)


def test_payload_stride_and_sizes():
    stored = points(4) / np.float32([600, 600, 1])
    assert read_signverse_npz(payload_file(stored, stride=2))[0].fps == 12
    twice = np.repeat(np.arange(1, 5, dtype=np.int32), 2)
    assert read_signverse_npz(payload_file(stored, frame_indices=twice))[0].fps == 24
    with pytest.raises(DataError, match="different sizes"):
        read_signverse_npz(payload_file(stored, frame_widths=np.array([640, 640, 640, 320], np.int32)))


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("core", [b"numpy._core", b"numpy.core"])
def test_every_protocol_and_both_spellings(protocol, core):
    stored = points(3)
    content, start = object_npy(card_frames(stored), protocol)
    if core != b"numpy._core" and protocol in (2, 3):
        content = content.replace(b"cnumpy._core.", b"cnumpy.core.")
    if core != b"numpy._core" and protocol == 4:
        old = b"\x8c\x16numpy._core.multiarray"
        content = content.replace(old, b"\x8c\x15numpy.core.multiarray")
        size = struct.unpack_from("<Q", content, start + 3)[0]
        content = content[: start + 3] + struct.pack("<Q", size - 1) + content[start + 11 :]
    scanned, unpickled = scan_frames(content, start, 3), unpickle_frames(content, start)
    assert np.array_equal(unpickled.points, stored)
    assert (scanned is not None) == (protocol in (3, 4))  # the others write bytes in other ways
    if scanned is not None:
        assert np.array_equal(scanned.points, stored)


FLOATS = st.floats(width=16) | st.sampled_from([-1.0, 0.0, float("nan"), float("inf"), 2.0])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_scan_and_unpickler_agree(data):
    """Whatever the frames hold: both readers give the same, bit for bit, or the scan steps aside."""
    frames, people = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    dtype, protocol = data.draw(st.sampled_from(["f2", "f4", "f8"])), data.draw(st.sampled_from([2, 3, 4, 5]))
    stored = points(frames, people, seed=data.draw(st.integers(0, 99)), dtype=dtype)
    for _ in range(data.draw(st.integers(0, 6))):
        place = tuple(data.draw(st.integers(0, side - 1)) for side in stored.shape)
        stored[place] = data.draw(FLOATS)
    present = np.array(data.draw(st.lists(st.booleans(), min_size=people * frames, max_size=people * frames)))
    listed = card_frames(stored, present.reshape(people, frames))
    if data.draw(st.booleans()):
        listed[-1] = listed[0]
    if data.draw(st.booleans()):
        listed[0]["note"] = data.draw(st.sampled_from([None, "hello", 3, 2.5, (1, 2), np.arange(3), "ü"]))
    content, start = object_npy(listed, protocol)
    slow, fast = unpickle_frames(content, start), scan_frames(content, start, frames)
    if fast is not None:
        assert np.array_equal(fast.people, slow.people)
        assert fast.points.tobytes() == slow.points.tobytes()
    assert fast is not None or protocol in (2, 5) or "note" in listed[0]


@pytest.mark.parametrize("seed", range(6))
def test_agreement_survives_damage(seed):
    """Mutated pickles: where the scan accepts one, the unpickler reads the same."""
    rng = np.random.default_rng(seed)
    content, start = object_npy(card_frames(points(2, people=2)), int(rng.integers(3, 5)))
    accepted = 0
    for _ in range(150):
        damaged = content[:start] + mutated(content[start:], rng)
        fast = scan_frames(damaged, start, 2)
        if fast is not None:
            accepted += 1
            assert fast.points.tobytes() == unpickle_frames(damaged, start).points.tobytes()
    assert accepted > 5  # a changed coordinate is as plain as before


def test_scan_never_reads_outside(tmp_path):
    """The kernels as plain Python over arrays that watch every index, on damaged pickles."""
    script = textwrap.dedent(
        """
        import numpy as np
        from signverse_files import card_frames, payload_file, mutated, object_npy, points
        from signgen.data import signverse_scan_kernel as kernel
        from signgen.data import signverse_kernels

        class Watched:
            def __init__(self, array):
                self.array, self.shape = array, array.shape
            def check(self, index):
                for i, n in zip(index if isinstance(index, tuple) else (index,), self.shape):
                    assert isinstance(i, slice) or 0 <= i < n, (index, self.shape)
                return index
            def __getitem__(self, index):
                return self.array[self.check(index)]
            def __setitem__(self, index, value):
                self.array[self.check(index)] = value

        rng = np.random.default_rng(7)
        outcomes = [0, 0, 0]
        for n in range(260):
            content, start = object_npy(card_frames(points(1 + n % 2)), 3 + n % 2)
            damaged = content[:start] + mutated(content[start:], rng)
            if n % 5 == 0:
                damaged = content[: int(rng.integers(start, len(content)))]
            data = np.frombuffer(damaged, np.uint8)
            tables = [np.zeros(1 + n % 2, np.int64), np.full((40, 2), -1, np.int64),
                      np.zeros((9000, 2), np.int64), np.zeros((30, 4), np.int64), np.zeros((300, 2), np.int64)]
            outcome, *used = kernel.scan(Watched(data), start, *map(Watched, tables))
            outcomes[outcome] += 1
            if outcome == kernel.PLAIN:
                people = np.zeros(1 + n % 2, np.int64)
                found = [tables[0], *(table[:count] for table, count in zip(tables[1:4], used))]
                if signverse_kernels.measure(*map(Watched, found), people):
                    out = np.zeros((64, 1 + n % 2, 1536), np.uint8)
                    signverse_kernels.gather(data, *found, 4, out)
        assert outcomes[kernel.PLAIN] > 10 and outcomes[kernel.REFUSED] > 50, outcomes
        print("watched", outcomes)
        """
    )
    here = Path(__file__).parent
    environment = os.environ | {
        "NUMBA_DISABLE_JIT": "1",
        "PYTHONPATH": f"{here}{os.pathsep}{here.parents[1]}",
    }
    run = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "watched" in run.stdout


class Call:
    def __init__(self, function, *arguments, state=None):
        self.call = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.call


class Chain:
    """getattr(getattr(__import__("os"), "path"), ...) in one pickle."""

    def __reduce__(self):
        return getattr, (Call(getattr, Call(__import__, "os"), "path"), "join")


def payloads(marker: Path) -> dict[str, bytes]:
    import _codecs

    command = f"touch {marker}"
    frame = {"person_0": {"body": Call(os.system, command)}}
    nested = np.empty(1, object)
    nested[0] = frame
    text = command.encode()
    arguments = b"X" + struct.pack("<I", len(text)) + text
    copyreg.add_extension("posix", "system", 240)
    try:
        extension = pickle.dumps(os.system, 2)
    finally:
        copyreg.remove_extension("posix", "system", 240)
    gadget = b"cnumpy.testing._private.utils\nrunstring\n(" + arguments + b"}tR."
    return {
        "os.system": pickle.dumps(Call(os.system, command)),
        "builtins.eval": pickle.dumps(Call(eval, f"open({str(marker)!r}, 'w')")),
        "builtins.exec": pickle.dumps(Call(exec, f"open({str(marker)!r}, 'w')")),
        "nested in honest frames": pickle.dumps(nested),
        "numpy gadget": gadget,
        "getattr chain": pickle.dumps(Chain()),
        "copyreg": pickle.dumps(Call(copyreg._reconstructor, os.PathLike, object, None)),
        "subprocess": pickle.dumps(Call(subprocess.Popen, ["touch", str(marker)])),
        "torch storage": b"\x80\x02ctorch.storage\n_load_from_bytes\nC\x01xq\x00\x85R.",
        "persistent id": b"\x80\x02" + arguments + b"Q.",
        "extension code": extension,
        "INST": b"(" + arguments + b"iposix\nsystem\n.",
        "OBJ": b"(cposix\nsystem\n" + arguments + b"o.",
        "codecs": pickle.dumps(Call(_codecs.encode, "a", "rot13")),
        "state on a name": b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n}X\x08\x00\x00\x00__call__Nsb.",
        "memo bomb": b"\x80\x02Nr\xff\xff\xff\xff.",
        "list bomb": b"\x80\x02" + b"]" * 3_000_000 + b".",
        "dict bomb": b"\x80\x02" + b"}" * 3_000_000 + b".",
        "declared terabyte": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b".",
    }


@pytest.mark.parametrize("layout", ["frames", "frame_payloads"])
def test_payloads_are_blocked_without_side_effect(layout, tmp_path):
    marker = tmp_path / "it_ran"
    blocked = 0
    for name, pickled in payloads(marker).items():
        data = with_pickle(pickled)
        if layout == "frame_payloads":
            content = with_pickle(pickled, name="frame_payloads")
            data = replace_member(payload_file(points(1)), "frame_payloads.npy", _member(content, layout))
        with pytest.raises(DataError) as error:
            read_signverse_npz(data)
        assert "\n" not in str(error.value), name
        blocked += 1
    assert blocked >= 10
    assert not marker.exists()


def _member(data: bytes, name: str) -> bytes:
    import zipfile

    return zipfile.ZipFile(io.BytesIO(data)).read(f"{name}.npy")


def test_the_payloads_would_have_run(tmp_path):
    """The attack is real: Python's own unpickler runs it."""
    marker = tmp_path / "it_ran"
    pickle.loads(payloads(marker)["os.system"])
    assert marker.exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fps": 0.0}, "fps"),
        ({"fps": np.nan}, "fps"),
        ({"width": 0}, "width"),
        ({"width": 2.5}, "width"),
        ({"height": np.nan}, "NaN|height"),
        ({"num_frames": 7}, "num_frames says 7, frames has 2"),
        ({"frames": np.zeros((2, 3))}, "expected a list of frames"),
        ({"frames": [1, 2]}, "expected a list of frames"),
        ({"frames": np.array(["a", None], object)}, "not a list of dicts"),
    ],
)
def test_wrong_files_say_what_is_wrong(change, message):
    with pytest.raises(DataError, match=message):
        read_signverse_npz(card_file(card_frames(points(2)), **change), where="video/poses.npz")


@pytest.mark.parametrize("shape", [(17, 3), (18, 2), (18,), (0, 3), (2, 18, 3)])
@pytest.mark.parametrize("part", ["body", "face"])
def test_wrong_keypoint_counts_name_the_place(part, shape):
    frames = card_frames(points(2))
    frames[1]["person_0"][part] = np.ones(shape, np.float32)
    with pytest.raises(DataError, match=f"frame 1, person 0, {part}"):
        read_signverse_npz(card_file(frames))


@pytest.mark.parametrize(
    "value", ["text", [["a"] * 3] * 18, [[1, 2], [3]], {"x": 1}, [[10**400] * 3] * 18, 5]
)
def test_what_is_no_array_is_refused(value):
    frames = card_frames(points(1))
    frames[0]["person_0"]["body"] = value
    with pytest.raises(DataError):
        read_signverse_npz(card_file(frames))


def test_crowds_are_bounded():
    frames = card_frames(points(1))
    frames[0]["person_64"] = frames[0]["person_0"]
    with pytest.raises(DataError, match="more than 64 people"):
        read_signverse_npz(card_file(frames))


def test_one_frame_listed_a_million_times_is_refused_quickly():
    frames = card_frames(points(1, people=60))
    content, start = object_npy(frames * 30_000, 4)
    with pytest.raises(DataError, match="more than fit"):
        unpickle_frames(content, start)
    assert scan_frames(content, start, 30_000) is None


@pytest.mark.parametrize("seed", range(3))
def test_mutated_files_raise_only_our_errors(seed):
    rng = np.random.default_rng(seed)
    files = [
        card_file(card_frames(points(2, people=2)), compressed=bool(seed % 2)),
        payload_file(points(2) / np.float32(512)),
    ]
    for n in range(60):
        message = ""
        try:
            for poses in read_signverse_npz(mutated(files[n % 2], rng)):
                assert np.isfinite(poses.keypoints).all()
        except SignGenError as error:
            message = str(error)
        assert "\n" not in message


def test_written_files_are_the_cards(tmp_path):
    people = [PoseSequence(cleaned(points(3, seed=p)[0]), 30.0, 640, 480) for p in range(2)]
    path = tmp_path / "poses.npz"
    write_signverse_npz(people, path, "xyz")
    with np.load(path, allow_pickle=True) as npz:
        assert sorted(npz) == sorted(
            ["video_id", "fps", "num_frames", "frame_ids", "width", "height", "frames"]
        )
        assert (npz["video_id"].item(), npz["fps"].item(), npz["num_frames"].item()) == ("xyz", 30.0, 3)
        frame = npz["frames"].tolist()[2]
    assert frame["num_people"] == 2
    assert np.array_equal(frame["person_1"]["left_hand"], people[1].keypoints[2, 18:39])
    for before, after in zip(people, read_signverse_npz(path), strict=True):
        assert np.array_equal(before.keypoints, after.keypoints)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("frames", [0, 1, 2])
def test_round_trip_and_same_bytes(frames, compressed):
    poses = PoseSequence(cleaned(points(frames)[0]), 24.0, 512, 512)
    data = encode_signverse_npz([poses], "a", compressed=compressed)
    again = PoseSequence(poses.keypoints.copy(), 24.0, 512, 512)
    assert data == encode_signverse_npz([again], "a", compressed=compressed)
    assert np.array_equal(read_signverse_npz(data)[0].keypoints, poses.keypoints)


def test_people_must_match():
    one, two = (PoseSequence(np.zeros((t, 128, 3)), 24, 512, 512) for t in (1, 2))
    for people in ([], [one, two]):
        with pytest.raises(PoseError):
            encode_signverse_npz(people, "a")


def test_depth_comes_back_and_bad_depth_is_refused(tmp_path):
    keypoints = np.full((3, 128, 3), 0.5, np.float32)
    depth = np.arange(3 * 128, dtype=np.float32).reshape(3, 128)
    flat = PoseSequence(keypoints, 24, 64, 64)
    people = [flat.replace(depth=depth), flat]
    first, second = read_signverse_npz(encode_signverse_npz(people, "a"))
    assert np.array_equal(first.depth, depth)
    assert second.depth is None
    archive = zipfile.ZipFile(io.BytesIO(encode_signverse_npz(people, "a")))
    damaged = io.BytesIO()
    with zipfile.ZipFile(damaged, "w") as out:
        for name in archive.namelist():
            short = npy_bytes(depth[:2]) if name == "depth_0.npy" else archive.read(name)
            out.writestr(name, short)
    with pytest.raises(DataError, match="depth"):
        read_signverse_npz(damaged.getvalue())
