"""Fixtures for all tests: made-up parts for whole jobs, real data where it is at hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import toy_parts  # noqa: F401  (registers the parts)


@pytest.fixture
def toy() -> dict[str, object]:
    """Settings of jobs made of the parts above."""
    return {"source": {"name": "toy"}, "renderer": {"name": "dots"}, "crf": 30}


@pytest.fixture
def toy_yaml(tmp_path: Path) -> Path:
    """The same as a config file."""
    path = tmp_path / "toy.yaml"
    path.write_text("source: {name: toy}\nrenderer: {name: dots}\ncrf: 30\n", encoding="utf-8")
    return path


@pytest.fixture
def shared_data() -> Path:
    """Real third-party files beside the checkout; a test that wants them is skipped where they are absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no shared data here")
    return folder


# --doctest-modules would import the conftest files once more, under one name.
collect_ignore_glob = ["conftest.py", "*/conftest.py"]
