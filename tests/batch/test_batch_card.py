"""The page of a data set: what it says is so, its examples run, and the checkers of others take its metadata."""

import json
import re
import shutil
import socket
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
import yaml
from finished_batches import FRAMES, TEXT, make_batch
from finished_batches import SIDE as VIDEO_SIDE

from signgen.batch.output.finish import finish_folder
from signgen.batch.output.lengths import BARS, Lengths
from signgen.batch.output.picture import COLUMNS, SIDE
from signgen.batch.output.verify import verify_folder
from signgen.batch.plan import Plan, Slice
from signgen.data.picture_file import read_picture
from signgen.errors import ConfigError


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    return make_batch(tmp_path_factory.mktemp("cards") / "b")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return make_batch(tmp_path_factory.mktemp("cards") / "f", 1, 2, has_video=True)


@pytest.mark.filterwarnings("ignore")
def test_the_examples_of_the_card_run(batch, tmp_path, monkeypatch):
    pytest.importorskip("webdataset")
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path))
    monkeypatch.chdir(batch)
    blocks = re.findall(r"```python\n(.*?)```", (batch / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 3
    found: list[dict] = [{} for _ in blocks]
    for block, names in zip(blocks, found, strict=True):
        exec(block, names)
    web, rows, own = found
    assert web["caption"]["text"] == rows["text"] == own["cues"][0].text == TEXT
    assert len(web["poses"]["keypoints"]) == len(rows["keypoints"]) == len(own["poses"]) == FRAMES


def test_a_picture_shows_each_sample_it_names(batch, film):
    for folder, rows in ((batch, 4), (film, 2)):
        text = (folder / "README.md").read_text()
        assert "](samples.png)" in text
        named = re.findall(r"^\| (\d) \| .* \| `(.*)` \|$", text, re.MULTILINE)
        assert [int(number) for number, _ in named] == list(range(1, rows + 1))
        pixels, _ = read_picture(folder / "samples.png")
        assert pixels.shape == (rows * SIDE, COLUMNS * SIDE, 3)
        cells = pixels.reshape(rows, SIDE, COLUMNS, SIDE, 3).std(axis=(1, 3)).max(axis=-1)
        assert (cells > 3).all()  # nothing is empty
    # Frame t of the videos of the test is grey of 40 t; the picture goes from frame 1 to frame 4 of 5.
    middle = pixels[SIDE // 2, SIDE // 2 :: SIDE].mean(axis=-1)
    assert VIDEO_SIDE < SIDE
    np.testing.assert_allclose(middle, [40, 80, 80, 120, 120, 160], atol=3)


def test_the_histogram_counts_every_sample():
    lengths = Lengths()
    for seconds in (0.1, 0.4, 0.6, 2.2, 2.3, 2.4, 400.0, 9000.0):
        lengths.add(seconds)
    bars = lengths.bars()
    assert len(bars) <= BARS
    assert sum(count for _, count in bars) == 8
    assert bars[0] == (0.0, 6)
    assert lengths.quantile(0.5) == 2.5
    drawn = ElementTree.fromstring(lengths.svg())
    assert len(drawn.findall("{*}rect")) == len(bars)
    assert Lengths().svg().startswith("<svg")


def test_words_without_a_sign_and_settings_are_told(batch):
    text = (batch / "README.md").read_text()
    assert "6 of 12 words of the texts have no sign" in text
    assert "wörld (6)" in text
    assert "Joined from plans with the settings `c0` (6 samples)" in text


def test_a_text_cannot_bring_markup_into_the_card(tmp_path):
    from signgen.batch.output.card import _cell

    assert _cell("a|b <img src=x> [c](d)\n`e`") == r"a\|b &lt;img src=x> \[c\](d) \`e\`"
    folder = make_batch(tmp_path / "b", 1, 1)
    finish_folder(folder, title='<b>"x"\n---\n', parquet=False)
    parts = (folder / "README.md").read_text().split("---\n")
    assert yaml.safe_load(parts[1])["pretty_name"] == '<b>"x"\n---\n'


def test_keys_of_signers_are_not_published(tmp_path):
    folder = make_batch(tmp_path / "b", 1, 1)
    settings = {"source": {"speed": 0.9}, "credentials": "/home/me/key.pem"}
    shards = (Slice("train-00000-of-00001", 1, 0, 1, "0" * 64),)
    (folder / "plan.json").write_text(Plan("poses", settings, {}, {"seed": [0, 1]}, 1, shards).text())
    finish_folder(folder, parquet=False)
    text = (folder / "README.md").read_text()
    assert "key.pem" not in text
    recipe = yaml.safe_load(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1])
    assert recipe == {"source": {"speed": 0.9}, "vary": {"seed": [0, 1]}}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("published", ["", "2026-11-22"])
def test_croissant_is_valid_by_its_own_checker_and_its_records_are_read(
    batch, tmp_path, published, monkeypatch
):
    mlcroissant = pytest.importorskip("mlcroissant")

    def refused(_socket, address):
        raise AssertionError(f"somebody asked the network: {address}")

    monkeypatch.setattr(socket.socket, "connect", refused)
    folder = shutil.copytree(batch, tmp_path / "b")
    finish_folder(folder, parquet=False, published=published)
    found = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    issues = found.metadata.ctx.issues
    assert not issues.errors
    # The day of publication is known to the publisher alone.
    assert [("datePublished" in line) for line in sorted(issues.warnings)] == ([] if published else [True])
    rows = list(found.records("samples"))
    index = [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]
    for row, expected in zip(rows, index, strict=True):
        for name, value in row.items():
            told = value.decode() if isinstance(value, bytes) else value
            assert told == expected[name.removeprefix("samples/")]


def test_a_day_that_is_none_is_refused(batch):
    for day in ("22.11.2026", "2026-13-01", "20261122"):
        with pytest.raises(ConfigError, match="published"):
            finish_folder(batch, published=day)


def test_the_page_is_summed_too(batch, tmp_path):
    for name in ("samples.png", "lengths.svg"):
        folder = shutil.copytree(batch, tmp_path / Path(name).stem)
        (folder / name).write_bytes(b"")
        assert [item.name for item in verify_folder(folder).damage] == [name]
