"""Weights of renderers: found, named in one line when they are missing, and never fetched unasked."""

import hashlib
import sys

import pytest

from signgen.data.checkpoints import load_index
from signgen.errors import CheckpointError, DependencyError
from signgen.render.diffusion import weights
from signgen.render.diffusion.weights import fetch_command, find_all, find_weights, fingerprint, need_extra

COMMIT = "0123456789" * 4
KINDS = ("renderer", "renderer-part")
CARDS = [card for card in load_index().values() if card.kind in KINDS]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SIGNGEN_CHECKPOINTS", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_cards_are_whole(card):
    assert card.licence
    assert card.input is not None
    assert (card.window is None) == (card.overlap is None)
    assert card.window is None or card.overlap < card.window
    assert card.profile in (None, "controlnet", "mimicmotion", "wan", "openpose")
    assert card.revision is None or len(card.revision) == 40


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("mimicmotion-1.1", "hf download tencent/MimicMotion MimicMotion_1-1.pth --local-dir {0}"),
        ("animatediff-1.5.2", "hf download guoyww/animatediff-motion-adapter-v1-5-2 config.json "
         "diffusion_pytorch_model.fp16.safetensors --revision 6167b88ffe39b4441fdf2113e77b99a6f56b7906 "
         "--local-dir {0}/animatediff-1.5.2"),
    ],
)  # fmt: skip
def test_the_command_that_gets_them(folder, name, command):
    assert fetch_command(load_index()[name]) == command.format(folder)


@pytest.mark.parametrize("card", load_index().values(), ids=lambda card: card.name)
def test_each_has_a_command(card, folder):
    command = fetch_command(card)
    assert command.split()[0] in ("hf", "curl", "sh")
    assert command.split()[0] == "sh" or str(folder) in command
    assert (".zip" in command) == (" && unzip -p " in command)


def test_patterns_are_kept_from_the_shell(folder):
    command = fetch_command(load_index()["wan-vace-1.3b"])
    assert " --include model_index.json " in command
    assert "'transformer/*.safetensors'" in command


def test_all_that_is_missing_is_one_line(folder):
    with pytest.raises(CheckpointError) as caught:
        find_all(["mimicmotion-1.1", "svd-xt-1.1"], "mimicmotion")
    line = str(caught.value)
    assert "\n" not in line
    assert (
        "the weights mimicmotion-1.1 and svd-xt-1.1 of the renderer mimicmotion are missing; run: hf " in line
    )
    assert line.endswith(
        " && ".join(fetch_command(load_index()[name]) for name in ("mimicmotion-1.1", "svd-xt-1.1"))
    )
    assert caught.value.exit_code == 5


def test_a_folder_is_found_when_it_is_whole(folder):
    card = load_index()["wan-vace-1.3b"]
    for name in card.files:
        assert_missing("wan-vace-1.3b")
        file = folder / card.file / name.replace("*", "model")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name.encode())
    found = find_weights("wan-vace-1.3b", "wan")
    assert (found.path, found.card, found.source) == (folder / card.file, card, card.source)
    assert found.account()["licence"] == "Apache-2.0"


def assert_missing(name):
    with pytest.raises(CheckpointError, match="missing; run: hf download"):
        find_weights(name, "wan")


def test_a_file_of_another_size_is_refused(folder):
    (folder / "MimicMotion_1-1.pth").write_bytes(b"short")
    with pytest.raises(CheckpointError, match=r"5 bytes where mimicmotion-1\.1 has 3049867447"):
        find_weights("mimicmotion-1.1", "mimicmotion")


def test_a_path_is_taken_as_it_is(tmp_path):
    (tmp_path / "mine.safetensors").write_bytes(b"mine")
    found = find_weights(str(tmp_path / "mine.safetensors"), "mimicmotion")
    assert found.account() == {
        "name": "mine.safetensors", "sha256": hashlib.sha256(b"mine").hexdigest(), "licence": "", "source": "",
    }  # fmt: skip


def test_the_fingerprint_of_a_folder_is_that_of_its_weights(tmp_path):
    for name, data in (("b/x.safetensors", b"x"), ("a.pth", b"a"), ("readme.md", b"r")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    rows = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in
            (("a.pth", b"a"), ("b/x.safetensors", b"x"))]  # fmt: skip
    assert fingerprint(tmp_path) == hashlib.sha256("".join(rows).encode()).hexdigest()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("mimicmotion", "did you mean 'mimicmotion-1.1'"),
        ("", "the renderer mimicmotion needs weights; give their path or a name"),
        ("no/such/file.pth", "no such file or folder"),
        ("owner/name@main", "'main' can change under your feet"),
        (f"owner/name@{COMMIT}", f"run: hf download owner/name --revision {COMMIT} --local-dir "),
    ],
)
def test_what_is_not_there(folder, setting, message):
    with pytest.raises(CheckpointError, match=message) as caught:
        find_weights(setting, "mimicmotion")
    assert "\n" not in str(caught.value)


class Hub:
    """Stands in for huggingface_hub: it fetches what it is told to, and says what that was."""

    __spec__ = "as of a module that can be found"

    def __init__(self, fails=False):
        self.asked, self.fails = [], fails

    def snapshot_download(self, repo, *, revision, allow_patterns, local_dir):
        self.asked.append((repo, revision, allow_patterns, local_dir))
        local_dir.mkdir(parents=True, exist_ok=True)
        (local_dir / "model.safetensors").write_bytes(b"half")
        if self.fails:
            raise OSError("no route to host\nand more")
        for name in allow_patterns or ():
            (local_dir / name.replace("*", "model")).parent.mkdir(parents=True, exist_ok=True)
            (local_dir / name.replace("*", "model")).write_bytes(b"whole")


def test_a_hub_is_asked_only_with_download(folder, monkeypatch):
    hub = Hub()
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    with pytest.raises(CheckpointError):
        find_weights(f"owner/name@{COMMIT}", "wan")
    assert hub.asked == []
    path = find_weights(f"owner/name@{COMMIT}", "wan", download=True).path
    assert path == folder / "owner--name@012345678901"
    assert hub.asked == [("owner/name", COMMIT, None, path.with_name(path.name + ".part"))]
    find_weights(f"owner/name@{COMMIT}", "wan", download=True)
    card = load_index()["wan-vace-1.3b"]
    find_weights("wan-vace-1.3b", "wan", download=True)
    assert hub.asked[1:] == [
        ("Wan-AI/Wan2.1-VACE-1.3B-diffusers", card.revision, list(card.files), folder / card.file)
    ]


def test_a_download_that_fails_leaves_nothing_that_looks_whole(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", Hub(fails=True))
    with pytest.raises(CheckpointError, match=r"cannot be downloaded \(no route to host\); run: hf download"):
        find_weights(f"owner/name@{COMMIT}", "wan", download=True)
    with pytest.raises(CheckpointError, match="are not here; run: hf"):
        find_weights(f"owner/name@{COMMIT}", "wan")


def test_without_a_known_revision_nothing_is_downloaded(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", Hub())
    with pytest.raises(CheckpointError, match="no pinned revision"):
        find_weights("mimicmotion-1.1", "mimicmotion", download=True)


def test_a_missing_extra_is_one_line(monkeypatch):
    monkeypatch.setattr(weights, "PACKAGES", ("torch", "no_such_package"))
    with pytest.raises(
        DependencyError, match=r'no_such_package; run: pip install "signgen\[diffusion\]"'
    ) as caught:
        need_extra("mimicmotion")
    assert caught.value.exit_code == 5
