"""What `signgen show checkpoints` says is here."""

import pytest

from signgen.data.checkpoints import load_index
from signgen.errors import ConfigError
from signgen.workflow.checkpoint_list import describe_checkpoint, list_checkpoints


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SIGNGEN_CHECKPOINTS", str(tmp_path))
    return tmp_path


def states():
    names, *rows = list_checkpoints()
    return {row[0]: row[names.index("state")] for row in rows}


def test_each_says_whether_it_is_here(folder):
    assert states().keys() == load_index().keys()
    card = load_index()["animatediff-1.5.2"]
    assert states()[card.name] == "not here"
    for missing, name in zip((1, 0), card.files, strict=True):
        (folder / card.file).mkdir(exist_ok=True)
        (folder / card.file / name).write_bytes(b"x")
        part = f"{missing} of 2 files missing in {folder / card.file}"
        assert states()[card.name] == (part if missing else str(folder / card.file))
    (folder / "yolox_l.onnx").write_bytes(b"x")
    assert states()["yolox_l"] == str(folder / "yolox_l.onnx")


def test_one_in_full(folder):
    said = describe_checkpoint("mimicmotion-1.1")
    assert said["pictures"] == "576 x 1024 px"
    assert said["window"] == "72 frames, 6 shared"
    assert said["drawing"] == "mimicmotion"
    assert said["GPU memory"] == "16 GB"
    assert said["get it with"].startswith("hf download tencent/MimicMotion MimicMotion_1-1.pth ")


def test_an_unknown_name_is_told_the_nearest():
    with pytest.raises(ConfigError, match=r"did you mean 'mimicmotion-1\.[01]'"):
        describe_checkpoint("mimicmotion")
