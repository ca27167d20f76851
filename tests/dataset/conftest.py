"""Small corpora of made-up videos, and a build of them with the made-up extractor."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from corpus import SETTINGS, make_video, moving_dot

from signgen.dataset.build import Built, build_dataset
from signgen.dataset.manifest import Sample, write_manifest


@pytest.fixture(scope="session")
def clips(tmp_path_factory) -> list[Path]:
    """Five videos of 12 to 16 frames; each is as wide as no other."""
    folder = tmp_path_factory.mktemp("clips")
    return [
        make_video(folder / f"{n}.mp4", moving_dot(12 + n, width=128 + 16 * n, height=96)) for n in range(5)
    ]


@pytest.fixture(scope="session")
def samples(clips) -> list[Sample]:
    """The videos with texts, splits and signers."""
    return [
        Sample(
            f"v{n}",
            video=clip,
            text=f"sentence {n}",
            signer=f"S{n % 2}",
            split="test" if n == 4 else "train",
            licence="CC0-1.0",
            signed_language="ase",
        )
        for n, clip in enumerate(clips)
    ]


@pytest.fixture(scope="session")
def manifest(samples, tmp_path_factory) -> Path:
    """A manifest of them, in no special order."""
    path = tmp_path_factory.mktemp("manifest") / "MANIFEST.jsonl"
    write_manifest([samples[n] for n in (3, 0, 4, 1, 2)], path)
    return path


@pytest.fixture(scope="session")
def whole(manifest, tmp_path_factory) -> Built:
    """A build of them from start to end; not to be changed."""
    return build_dataset(manifest, tmp_path_factory.mktemp("whole") / "out", SETTINGS, workers=0)


@pytest.fixture
def built(whole, tmp_path) -> Built:
    """The same in ``tmp_path / "out"``, to do with as one likes."""
    shutil.copytree(whole.folder, tmp_path / "out")
    return whole
