"""The torch dataset: workers and ranks together see each clip once."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from signgen.data.columnar import Clip, write_columnar
from signgen.data.shard_files import shards_in
from signgen.data.stream import PoseStream
from signgen.nn import stream as nn_stream
from signgen.nn.stream import PoseDataset
from signgen.pose.sequence import PoseSequence


@pytest.fixture
def stream(tmp_path):
    keypoints = np.ones((4, 128, 3), np.float32)
    for s in range(3):
        clips = [Clip(f"{s}-{c}", PoseSequence(keypoints * (1, 1, 0.5), 24, 64, 64)) for c in range(7)]
        write_columnar(clips, tmp_path / f"{s}.col")
    return PoseStream(shards_in(tmp_path), seed=5)


def name(clip):
    return clip.name


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_share_the_stream(stream, workers):
    loader = DataLoader(PoseDataset(stream, name), batch_size=None, num_workers=workers)
    assert sorted(loader) == sorted(map(name, stream))


@pytest.mark.parametrize("ranks", [2, 4])
def test_ranks_get_equally_many(stream, ranks, monkeypatch):
    seen = []
    for rank in range(ranks):
        monkeypatch.setattr(nn_stream, "_ranks", lambda rank=rank: (ranks, rank))
        seen.append(list(PoseDataset(stream, name)))
    whole = list(map(name, stream))
    assert [seen[i % ranks][i // ranks] for i in range(len(whole) // ranks * ranks)] == whole[
        : 21 // ranks * ranks
    ]
    assert {len(part) for part in seen} == {21 // ranks}


def test_epochs_differ_and_go_on_in_the_middle(stream):
    dataset = PoseDataset(stream, name)
    first = list(dataset)
    dataset.set_epoch(1)
    second = list(dataset)
    assert second != first
    dataset.set_epoch(1, start=5)
    assert list(dataset) == second[5:]


def test_clips_collate_into_tensors(stream):
    loader = DataLoader(PoseDataset(stream, lambda clip: clip.keypoints), batch_size=7)
    assert [batch.shape for batch in loader] == [torch.Size([7, 4, 128, 3])] * 3
