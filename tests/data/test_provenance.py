"""Signed origin of videos, with the real library: signed, read back, tampered with."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
from certificates import lock_key, make_credentials

from signgen.data.provenance import (
    ALGORITHMIC,
    SOURCE_TYPE,
    Claim,
    Credentials,
    check_credentials,
    has_manifest,
    read_credentials,
    sign_video,
)
from signgen.data.video import SYNTHETIC_MARK, read_video, write_video
from signgen.errors import ConfigError, RenderError

pytest.importorskip("c2pa")
CLAIM = Claim(ALGORITHMIC, {"poses_sha256": "ab" * 32})


@pytest.fixture(scope="module")
def credentials(tmp_path_factory):
    return Credentials(*make_credentials(tmp_path_factory.mktemp("keys")))


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "clip.mp4"
    write_video([np.full((64, 64, 3), 9 * t, np.uint8) for t in range(20)], path, 24)
    return path


@pytest.mark.parametrize("curve", ["SECP256R1", "SECP384R1"])
def test_what_is_signed_is_read_back(tmp_path, video, curve):
    frames = list(read_video(video).frames())
    assert not has_manifest(video)
    assert read_credentials(video) is None
    sign_video(video, Credentials(*make_credentials(tmp_path / "keys", curve=curve)), CLAIM)
    assert has_manifest(video)
    found = read_credentials(video)
    assert (found["state"], found["signer"], found["actions"]) == ("Valid", "test signer", ["c2pa.created"])
    assert found["problems"] == ["signingCredential.untrusted"]
    assert found["made_by"][0].startswith("signgen ")
    assert found["source_type"] == [f"{SOURCE_TYPE}{ALGORITHMIC}"]
    assert found["account"] == {"poses_sha256": "ab" * 32, "synthetic": True}
    again = read_video(video)
    assert again.metadata["comment"] == SYNTHETIC_MARK
    assert all((one == two).all() for one, two in zip(frames, again.frames(), strict=True))


def test_a_changed_frame_shows(video, credentials):
    sign_video(video, credentials, CLAIM)
    data = bytearray(video.read_bytes())
    data[data.find(b"mdat") + 200] ^= 1
    video.write_bytes(data)
    found = read_credentials(video)
    assert (found["state"], found["problems"]) == (
        "Invalid",
        ["signingCredential.untrusted", "assertion.bmffHash.mismatch"],
    )


def test_a_changed_claim_shows(video, credentials):
    sign_video(video, credentials, CLAIM)
    data = video.read_bytes()
    assert data.count(b"algorithmicMedia") == 1
    video.write_bytes(data.replace(b"algorithmicMedia", b"digitalCaptureXX"))
    found = read_credentials(video)
    assert (found["state"], "assertion.hashedURI.mismatch" in found["problems"]) == ("Invalid", True)


def test_a_key_that_others_can_read_is_told(tmp_path):
    credentials = Credentials(*make_credentials(tmp_path))
    assert check_credentials(credentials) == ()
    credentials.key.chmod(0o644)
    assert "chmod 600" in check_credentials(credentials)[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c, k: k.unlink(), "key.pem: cannot be read"),
        (lambda c, k: c.write_text("no"), "cert.pem: not a certificate"),
        (lambda c, k: k.write_text("no"), "key.pem: not a private key"),
        (lambda c, k: lock_key(k, b"word"), "key.pem: has a passphrase"),
        (lambda c, k: make_credentials(k.parent / "b")[1].rename(k), "is not the key of"),
        (lambda c, k: make_credentials(k.parent, start=-9, days=5), "not today; renew it"),
        (lambda c, k: make_credentials(k.parent, start=5), "not today; renew it"),
    ],
)
def test_credentials_that_cannot_sign(tmp_path, video, change, message):
    credentials = Credentials(*make_credentials(tmp_path / "keys"))
    change(credentials.certificate, credentials.key)
    before = video.read_bytes()
    with pytest.raises(ConfigError, match=message):
        sign_video(video, credentials, CLAIM)
    assert video.read_bytes() == before
    assert [path.name for path in video.parent.iterdir() if path.is_file()] == ["clip.mp4"]


def test_a_timestamp_that_nobody_gives_is_one_line(video, credentials):
    with pytest.raises(ConfigError, match="no address"):
        Credentials(credentials.certificate, credentials.key, "example.org")
    stamped = Credentials(credentials.certificate, credentials.key, "http://127.0.0.1:9/none")
    before = video.read_bytes()
    with pytest.raises(RenderError, match="cannot be signed"):
        sign_video(video, stamped, CLAIM)
    assert video.read_bytes() == before


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.parametrize(("timestamp", "asks"), [("", False), ("http://127.0.0.1:9/none", True)])
def test_the_network_is_asked_for_nothing_but_a_timestamp(video, credentials, timestamp, asks):
    code = (
        "from pathlib import Path; from signgen.data.provenance import *\n"
        f"video, certificate, key = map(Path, {[str(video), str(credentials.certificate), str(credentials.key)]!r})\n"
        f"sign_video(video, Credentials(certificate, key, {timestamp!r}), Claim(ALGORITHMIC, {{}}))\n"
        "assert read_credentials(video)['state'] == 'Valid'"
    )
    command = ["strace", "-f", "-e", "trace=connect", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if "ptrace" in done.stderr and "not permitted" in done.stderr:
        pytest.skip("strace may not trace here")
    assert ("sin_addr" in done.stderr) == asks
    assert (done.returncode == 0) != asks
