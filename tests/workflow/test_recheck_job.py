"""Frames that are read again as part of a job."""

import json
from dataclasses import dataclass

import numpy as np
import pytest
from made_up_signer import signer

from signgen.data.poses import write_poses
from signgen.errors import ConfigError
from signgen.extract.base import Detections, extractors
from signgen.workflow.render import render_video
from signgen.workflow.settings import prepare


@dataclass(frozen=True)
class Blind:
    """Finds nobody."""

    def __call__(self, frames, *, fps):
        for _ in frames:
            yield Detections(np.zeros((0, 128, 3), np.float32))


@pytest.fixture
def blind(monkeypatch):
    extractors.names()
    monkeypatch.setitem(extractors._parts, "blind", Blind)


def test_what_stays_bad_is_told(tmp_path, blind):
    write_poses(signer(12), tmp_path / "poses.npz")
    config = {
        "renderer": {"name": "skeleton", "size": 64},
        "recheck": {"extractor": "blind", "window": 8, "join": 2, "tries": 1},
    }
    result = render_video(tmp_path / "poses.npz", tmp_path / "clip.mp4", config)
    assert len(result.warnings) == 2
    assert result.warnings[1].startswith("frames 8 to 11: not what was asked for (error 1.00)")
    sidecar = json.loads((tmp_path / "clip.json").read_text())
    assert sidecar["config"]["recheck"]["extractor"] == "blind"
    report = sidecar["account"]["frames"]["renderer"]["recheck"]
    assert [len(window["tried"]) for window in report["windows"]] == [2, 2]
    assert report["redrawn"] == 0


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"extractor": "nobody"}, "no extractor called 'nobody'"),
        ({"extractor": {"size": 3}}, "recheck.extractor.name"),
        ({"windw": 3}, "recheck.windw: unknown setting; did you mean 'window'"),
        ({"window": 4, "join": 4}, "half a window"),
        ({"limit": 2}, "recheck.limit"),
    ],
)
def test_what_is_refused(section, says):
    with pytest.raises(ConfigError, match=says):
        prepare({"recheck": section})
