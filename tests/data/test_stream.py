"""The stream of clips: each once, in an order that readers share, in bounded memory."""

import numpy as np
import pytest

from signgen.data.columnar import Clip, Columnar, write_columnar
from signgen.data.shard_files import shards_in
from signgen.data.stream import PoseStream
from signgen.errors import ConfigError, DataError
from signgen.pose.sequence import PoseSequence

COUNTS = (5, 1, 9, 4, 7, 3)


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Six shards of 29 clips; clip ``c`` of shard ``s`` has ``10 + c`` frames and x = 16 s + c in frame 0."""
    folder = tmp_path_factory.mktemp("shards")
    for s, count in enumerate(COUNTS):
        clips = []
        for c in range(count):
            keypoints = np.ones((10 + c, 128, 3), np.float32)
            keypoints[..., 0] = 16 * s + c
            keypoints[..., 1] = np.arange(10 + c)[:, None]
            clips.append(Clip(f"{s}-{c}", PoseSequence(keypoints, 24, 512, 512), {"text": f"clip {c}"}))
        write_columnar(clips, folder / f"{s}.col")
    return shards_in(folder)


ALL = sorted(f"{s}-{c}" for s, count in enumerate(COUNTS) for c in range(count))


def names(stream):
    return [clip.name for clip in stream]


@pytest.mark.parametrize("window", [1, 2, 8])
@pytest.mark.parametrize("shuffle", [True, False])
def test_every_clip_comes_once(shards, window, shuffle):
    assert sorted(names(PoseStream(shards, window=window, shuffle=shuffle))) == ALL


def test_order_goes_by_seed_and_epoch(shards):
    first = names(PoseStream(shards, seed=3))
    assert names(PoseStream(shards, seed=3)) == first
    assert names(PoseStream(shards, seed=4)) != first
    assert names(PoseStream(shards, seed=3, epoch=1)) != first
    assert names(PoseStream(shards, shuffle=False)) == [
        f"{s}-{c}" for s, n in enumerate(COUNTS) for c in range(n)
    ]


@pytest.mark.parametrize("readers", [2, 3, 7, 40])
def test_readers_share_one_order(shards, readers):
    whole = names(PoseStream(shards, seed=1))
    parts = [names(PoseStream(shards, seed=1, reader=r, readers=readers)) for r in range(readers)]
    assert [parts[i % readers][i // readers] for i in range(len(whole))] == whole
    even = [
        names(PoseStream(shards, seed=1, reader=r, readers=readers, is_even=True)) for r in range(readers)
    ]
    assert even == [part[: len(ALL) // readers] for part in parts]


@pytest.mark.parametrize("start", [0, 1, 13, 28, 29, 99])
def test_a_stopped_run_goes_on(shards, start):
    assert names(PoseStream(shards, start=start)) == names(PoseStream(shards))[start:]


def test_clips_are_what_was_written_and_windows_lie_inside(shards):
    stream = PoseStream(shards, longest=11)
    starts = set()
    for clip in stream:
        s, c = map(int, clip.name.split("-"))
        frames = min(10 + c, 11)
        assert clip.keypoints.shape == (frames, 128, 3)
        assert (clip.keypoints[..., 0] == 16 * s + c).all()
        assert clip.keypoints[:, 0, 1].tolist() == list(range(clip.start, clip.start + frames))
        assert clip.info == {"text": f"clip {c}"}
        starts.add(clip.start)
    assert len(starts) > 2
    again = {clip.name: clip.start for clip in PoseStream(shards, longest=11, reader=1, readers=3)}
    assert again.items() <= {clip.name: clip.start for clip in stream}.items()


def test_shuffling_mixes_shards(shards):
    order = [int(name.split("-")[0]) for name in names(PoseStream(shards))]
    changes = np.count_nonzero(np.diff(order))
    assert changes > 14


def test_only_so_many_shards_are_open(shards, monkeypatch):
    opened, most = set(), 0
    enter, leave = Columnar.__enter__, Columnar.__exit__

    def entered(self):
        nonlocal most
        opened.add(self)
        most = max(most, len(opened))
        return enter(self)

    def left(self, *error):
        opened.discard(self)
        return leave(self, *error)

    monkeypatch.setattr(Columnar, "__enter__", entered)
    monkeypatch.setattr(Columnar, "__exit__", left)
    assert len(names(PoseStream(shards, window=2))) == len(ALL)
    assert (most, opened) == (2, set())


def test_an_empty_shard_and_no_shards(tmp_path):
    write_columnar([], tmp_path / "a.col")
    assert names(PoseStream(shards_in(tmp_path))) == []
    assert names(PoseStream(())) == []


def test_what_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match="no columnar shards"):
        shards_in(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        shards_in(tmp_path / "none")
    (tmp_path / "a.col").write_bytes(b"SIGNCOL1 but no more")
    with pytest.raises(DataError, match=r"a\.col"):
        names(PoseStream(shards_in(tmp_path)))
    with pytest.raises(ConfigError, match="count from 0"):
        PoseStream((), reader=2, readers=2)
