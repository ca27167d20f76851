"""Both published layouts load whole; a tensor that is missing, unknown or misshapen is named."""

import pickle

import pytest
import torch
from formula_weights import PARTS, TINY, filled, write_weights
from safetensors.torch import load_file, save_file

from signgen.errors import CheckpointError
from signgen.render.diffusion.mimicmotion.checkpoint import find_files, load
from signgen.render.diffusion.mimicmotion.model import load_model
from signgen.render.diffusion.mimicmotion.networks import architecture_of, build

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def original():
    return filled()


@pytest.fixture(scope="module")
def empty():
    """Networks without weights, for files that are refused."""
    return build(TINY)


@pytest.fixture(params=["merged", "split"])
def folder(request, original, tmp_path):
    write_weights(tmp_path, original, request.param)
    return tmp_path


def loaded(folder, **files):
    networks = build(TINY)
    load(networks, find_files(folder, folder / "base", **files), CPU, torch.float32)
    return networks


def change(folder, alter):
    """Rewrite the weights of the UNet and the PoseNet, whatever their layout; ``alter`` gets both by full names."""
    merged = folder / "MimicMotion_1-1.pth"
    if merged.exists():
        tensors = torch.load(merged, weights_only=True)
        alter(tensors)
        torch.save(tensors, merged)
        return
    for prefix, name in (
        ("unet.", "MimicMotionMergedUnet_1-1-fp16.safetensors"),
        ("pose_net.", "mimic_motion_pose_net.safetensors"),
    ):
        tensors = {prefix + key: value for key, value in load_file(folder / name).items()}
        alter(tensors)
        save_file({key.removeprefix(prefix): value for key, value in tensors.items()}, folder / name)


def test_both_layouts_load_every_tensor(folder, original):
    networks = loaded(folder)
    for part in PARTS:
        ours, theirs = getattr(networks, part).state_dict(), getattr(original, part).state_dict()
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    positions = networks.image_encoder.vision_model.embeddings.position_ids
    assert positions.tolist() == [list(range(50))]


def renamed(tensors):
    if "unet.conv_in.bias" in tensors:
        tensors["unet.conv_in.bia"] = tensors.pop("unet.conv_in.bias")


def dropped(tensors):
    tensors.pop("pose_net.scale", None)


def misshapen(tensors):
    if "unet.conv_out.weight" in tensors:
        tensors["unet.conv_out.weight"] = tensors["unet.conv_out.weight"][:3].clone()


def added(tensors):
    if "unet.conv_in.bias" in tensors:
        tensors["unet.conv_more.bias"] = torch.zeros(4)


@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (renamed, r"missing: (unet\.)?conv_in\.bias; not known: (unet\.)?conv_in\.bia;"),
        (dropped, r"missing: (pose_net\.)?scale;"),
        (misshapen, r"of another shape: (unet\.)?conv_out\.weight;"),
        (added, r"not known: (unet\.)?conv_more\.bias;"),
    ],
)
def test_one_wrong_tensor_is_named(folder, empty, alter, message):
    change(folder, alter)
    with pytest.raises(CheckpointError, match=message) as caught:
        load(empty, find_files(folder, folder / "base"), CPU, torch.float32)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert empty.unet.conv_in.weight.is_meta, "nothing is loaded if anything is wrong"


def test_a_tensor_of_no_network_is_named(original, empty, tmp_path):
    write_weights(tmp_path, original)
    change(tmp_path, lambda tensors: tensors.update({"optimizer.step": torch.zeros(1)}))
    with pytest.raises(CheckpointError, match=r"not known: optimizer\.step"):
        load(empty, find_files(tmp_path, tmp_path / "base"), CPU, torch.float32)


def test_a_unet_without_its_pose_net_says_what_to_do(original, tmp_path):
    write_weights(tmp_path, original, "split")
    (tmp_path / "mimic_motion_pose_net.safetensors").rename(tmp_path / "elsewhere.safetensors")
    with pytest.raises(CheckpointError, match=r"put mimic_motion_pose_net\.safetensors beside it"):
        loaded(tmp_path)
    assert loaded(tmp_path, pose_net=tmp_path / "elsewhere.safetensors").pose_net.scale.item() > 0


class Unsafe:
    def __reduce__(self):
        return (print, ("this must never run",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda path: path.write_bytes(b""), "cut short"),
        (lambda path: path.write_bytes(b"not a pickle"), "cut short"),
        (lambda path: path.write_bytes(pickle.dumps({"unet.x": Unsafe()})), "cut short"),
        (lambda path: torch.save({"unet.x": Unsafe()}, path), "cut short"),
        (lambda path: torch.save([torch.zeros(1)], path), "tensors by name and nothing else"),
        (lambda path: torch.save({"unet.x": 3}, path), "tensors by name and nothing else"),
    ],
)
def test_damaged_and_dangerous_files(original, empty, tmp_path, content, message, capsys):
    write_weights(tmp_path, original)
    content(tmp_path / "MimicMotion_1-1.pth")
    with pytest.raises(CheckpointError, match=message):
        load(empty, find_files(tmp_path, tmp_path / "base"), CPU, torch.float32)
    assert "never" not in capsys.readouterr().out


def test_a_safetensors_file_that_is_cut_short(original, empty, tmp_path):
    write_weights(tmp_path, original, "split")
    path = tmp_path / "MimicMotionMergedUnet_1-1-fp16.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(CheckpointError, match="cut short"):
        load(empty, find_files(tmp_path, tmp_path / "base"), CPU, torch.float32)


def test_missing_files_are_named(original, empty, tmp_path):
    write_weights(tmp_path, original)
    with pytest.raises(CheckpointError, match=r"nowhere\.pth: no such file"):
        load(empty, find_files(tmp_path / "nowhere.pth", tmp_path / "base"), CPU, torch.float32)
    with pytest.raises(CheckpointError, match=r"has no vae/diffusion_pytorch_model\.fp16\.safetensors or"):
        find_files(tmp_path, tmp_path)
    with pytest.raises(CheckpointError, match=r"has no MimicMotion_1-1\.pth or"):
        find_files(tmp_path / "base", tmp_path / "base")


def test_positions_of_old_files_are_no_weights(original, tmp_path):
    write_weights(tmp_path, original)
    path = tmp_path / "base" / "image_encoder" / "model.safetensors"
    save_file(load_file(path) | {"vision_model.embeddings.position_ids": torch.arange(50)[None]}, path)
    assert loaded(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "expected a mapping"),
        ("{", "cannot be read"),
        ('{"block_out_channels": []}', "no network can be"),
    ],
)
def test_a_damaged_configuration(original, tmp_path, text, message):
    write_weights(tmp_path, original)
    (tmp_path / "base" / "unet" / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=message):
        build(architecture_of(tmp_path / "base"))


def test_a_base_without_configurations_is_the_published_one(tmp_path):
    assert architecture_of(tmp_path).unet["block_out_channels"] == (320, 640, 1280, 1280)


def test_the_model_stays_loaded(original, tmp_path):
    write_weights(tmp_path, original)
    files = find_files(tmp_path, tmp_path / "base")
    first = load_model(files, tmp_path / "base", CPU, torch.float32)
    assert load_model(files, tmp_path / "base", CPU, torch.float32) is first
    assert (
        next(load_model(files, tmp_path / "base", CPU, torch.bfloat16).unet.parameters()).dtype
        == torch.bfloat16
    )
    load_model.cache_clear()
