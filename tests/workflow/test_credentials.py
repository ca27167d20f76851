"""Videos of a job that are signed: what is claimed of them, and how it hangs together with the sidecar."""

import json
import shutil

import pytest
from certificates import make_credentials

from signgen.data.provenance import read_credentials
from signgen.errors import ConfigError
from signgen.text2pose.base import FrameOrigin, Utterance
from signgen.workflow.credentials import credentials_of, source_type
from signgen.workflow.generate import generate, generate_poses
from signgen.workflow.inspect import inspect
from signgen.workflow.render import render_video
from signgen.workflow.rerun import rerun

pytest.importorskip("c2pa")
SMALL = {"source": {"width": 64, "height": 64}, "renderer": {"name": "skeleton"}}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return make_credentials(tmp_path_factory.mktemp("keys"))


def test_a_signed_video_says_what_its_sidecar_says(tmp_path, keys):
    section = {"certificate": str(keys[0]), "key": str(keys[1])}
    path = tmp_path / "hello.mp4"
    generate("hello", path, {**SMALL, "credentials": section})
    record, found = json.loads((tmp_path / "hello.json").read_text()), read_credentials(path)
    account = found["account"]
    assert (found["state"], account["synthetic"]) == ("Valid", True)
    assert account["text_sha256"] == record["text_sha256"]
    assert account["poses_sha256"] == record["account"]["poses"]["sha256"]
    assert account["frames_sha256"] == record["account"]["frames"]["sha256"]
    assert account["licences"] == record["licences"]
    assert found["source_type"][0].endswith(f"/{record['account']['frames']['source_type']}")
    assert str(keys[1]) not in json.dumps(record)
    assert inspect(path)["credentials state"] == "Valid"
    plain = tmp_path / "plain.mp4"
    generate("hello", plain, SMALL)
    unsigned = json.loads((tmp_path / "plain.json").read_text())
    assert unsigned["config"] == record["config"]
    assert unsigned["account"]["frames"]["sha256"] == record["account"]["frames"]["sha256"]
    assert rerun(tmp_path / "hello.json").is_identical


def test_drawn_poses_of_a_file_are_data_that_were_drawn(tmp_path, keys):
    generate_poses("hello", tmp_path / "p.npz", SMALL)
    both = f"{keys[0]},{keys[1]}"
    done = render_video(tmp_path / "p.npz", tmp_path / "r.mp4", {**SMALL, "source": {}, "credentials": both})
    assert done.warnings == ()
    assert read_credentials(tmp_path / "r.mp4")["source_type"][0].endswith("/dataDrivenMedia")
    copied = tmp_path / "open.pem"
    shutil.copy(keys[1], copied)
    copied.chmod(0o644)
    done = render_video(tmp_path / "p.npz", tmp_path / "o.mp4", {"credentials": f"{keys[0]},{copied}"})
    assert "other users can read" in done.warnings[0]


WRITTEN, RECORDED = (FrameOrigin(0, 1, "sign", entry) for entry in ("ase/a.yaml#HELLO", "ase/a/hello.pose"))
REST = FrameOrigin(1, 2, "rest")


@pytest.mark.parametrize(
    ("origins", "report", "renderer", "expected"),
    [
        ((WRITTEN, REST), {}, {}, "algorithmicMedia"),
        ((WRITTEN, RECORDED), {}, {}, "dataDrivenMedia"),
        ((), {}, {}, "dataDrivenMedia"),
        ((), {"weights": "f00"}, {}, "trainedAlgorithmicMedia"),
        ((WRITTEN,), {}, {"weights": [{"name": "tiny-flow"}]}, "trainedAlgorithmicMedia"),
    ],
)
def test_source_types(origins, report, renderer, expected):
    assert source_type(Utterance(None, origins=origins, report=report), {"renderer": renderer}) == expected


@pytest.mark.parametrize(
    "section", ["cert.pem", "a,b,c", {"certificate": "a.pem"}, {"certificat": "a.pem"}, ","]
)
def test_bad_sections(section):
    with pytest.raises(ConfigError, match="credentials"):
        credentials_of(section)
