"""Shards as other people's libraries read them."""

import io
import json

import numpy as np
import pytest
from finished_batches import FRAMES, TEXT, make_batch, poses_of

KEYS = [f"a{n}-{i}" for n in range(2) for i in range(3)]


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    return make_batch(tmp_path_factory.mktemp("readers") / "b")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return make_batch(tmp_path_factory.mktemp("films") / "b", 1, 2, has_video=True)


@pytest.mark.filterwarnings("ignore")
def test_webdataset_reads_every_sample(batch, film):
    webdataset = pytest.importorskip("webdataset")
    urls = [str(path) for path in sorted((batch / "data").glob("*.tar"))]
    found = list(webdataset.WebDataset(urls, shardshuffle=False, empty_check=False))
    assert [row["__key__"] for row in found] == KEYS
    for row in found:
        with np.load(io.BytesIO(row["poses.npz"])) as npz:
            np.testing.assert_array_equal(npz["keypoints"], poses_of(row["__key__"]).keypoints)
        assert json.loads(row["caption.json"])["text"] == json.loads(row["json"])["text"] == TEXT
    decoded = (
        webdataset.WebDataset(urls[:1], shardshuffle=False).decode().to_tuple("poses.npz", "caption.json")
    )
    assert next(iter(decoded))[1]["gloss"][0]["text"] == "HELLO"
    films = webdataset.WebDataset(str(next((film / "data").iterdir())), shardshuffle=False)
    assert all(row["mp4"][4:8] == b"ftyp" for row in films)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("is_stream", [True, False])
def test_hugging_face_datasets_loads_the_folder_by_its_card(tmp_path, batch, is_stream, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    found = list(
        datasets.load_dataset(
            str(batch), split="train", streaming=is_stream, cache_dir=str(tmp_path / "cache")
        )
    )
    assert [row["__key__"] for row in found] == KEYS
    assert all(row["json"]["synthetic"] and row["json"]["missing"] == "wörld" for row in found)
    keypoints = np.asarray(found[0]["poses.npz"]["keypoints"], np.float32)
    assert keypoints.shape == (FRAMES, 128, 3)
    np.testing.assert_array_equal(keypoints, poses_of(KEYS[0]).keypoints)


@pytest.mark.filterwarnings("ignore")
def test_hugging_face_datasets_loads_videos(tmp_path, film, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    rows = datasets.load_dataset(
        "webdataset", data_files=str(film / "data/*.tar"), split="train", streaming=True
    )
    found = list(rows.cast_column("mp4", datasets.Video(decode=False)))
    assert [row["mp4"]["bytes"][4:8] for row in found] == [b"ftyp"] * 2


def test_the_table_has_the_rows_of_the_index(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    folder = make_batch(tmp_path / "b", parquet=True)
    rows = [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]
    found = parquet.read_table(folder / "index.parquet").to_pylist()
    for row, expected in zip(found, rows, strict=True):
        assert row == {**expected, "sha256": {**expected["sha256"], "mp4": None}}
