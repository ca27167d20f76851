"""Videos of a batch that are signed: each says what it is, and the check of the batch holds."""

import pytest
from certificates import make_credentials

from signgen.batch.local import Local
from signgen.batch.make import plan_batch
from signgen.batch.output.finish import finish_folder
from signgen.batch.output.verify import verify_folder
from signgen.batch.run import run_batch
from signgen.data.batch_clips import read_clip
from signgen.data.provenance import read_credentials
from signgen.data.shard_files import open_shard, shards_in
from signgen.data.video import SYNTHETIC_MARK, read_video
from signgen.errors import ConfigError
from signgen.workflow.inspect import inspect

pytest.importorskip("c2pa")
SMALL = {"source": {"width": 64, "height": 64}, "renderer": {"name": "skeleton"}}
TEXTS = ["hello", "thank you", "mother"]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return make_credentials(tmp_path_factory.mktemp("keys"))


def test_videos_of_a_batch_are_signed(tmp_path, keys):
    folder = tmp_path / "b"
    plan_batch(TEXTS, folder, {**SMALL, "credentials": f"{keys[0]},{keys[1]}"}, video=True)
    assert run_batch(folder, launcher=Local(0)).is_complete
    finish_folder(folder, parquet=False)
    assert not verify_folder(folder, deep=True).damage
    with open_shard(shards_in(folder)[0]) as shard:
        names = [entry.name for entry in shard.clips]
    for name in names:
        path = tmp_path / "clip.mp4"
        path.write_bytes(read_clip(folder / name).video)
        found = read_credentials(path)
        assert (found["state"], found["account"]["synthetic"]) == ("Valid", True)
        assert found["source_type"][0].endswith("/algorithmicMedia")
        assert read_video(path).metadata["comment"] == SYNTHETIC_MARK
    assert inspect(folder / names[0])["credentials state"] == "Valid"
    assert str(keys[1]) not in (folder / "README.md").read_text()


def test_what_is_signed_does_not_change_what_is_made(tmp_path, keys):
    plans = [
        plan_batch(TEXTS, tmp_path / name, {**SMALL, **more}, video=True)
        for name, more in (("plain", {}), ("signed", {"credentials": f"{keys[0]},{keys[1]}"}))
    ]
    assert plans[0].config_sha256 == plans[1].config_sha256
    assert plans[0].sha256 != plans[1].sha256
    lines = [(tmp_path / name / "plan.jsonl").read_bytes() for name in ("plain", "signed")]
    assert lines[0] == lines[1]


def test_credentials_of_poses_and_missing_keys_are_refused(tmp_path, keys):
    with pytest.raises(ConfigError, match="credentials: makes no difference to poses"):
        plan_batch(TEXTS, tmp_path / "poses", {"credentials": f"{keys[0]},{keys[1]}"})
    section = {"certificate": str(keys[0]), "key": str(tmp_path / "none.pem")}
    plan_batch(TEXTS, tmp_path / "b", {**SMALL, "credentials": section}, video=True)
    with pytest.raises(ConfigError, match=r"none.pem: cannot be read"):
        run_batch(tmp_path / "b", launcher=Local(0))
    assert not list((tmp_path / "b/data").glob("*"))
