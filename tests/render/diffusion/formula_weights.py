"""Networks filled by a formula, so that what others computed from the same numbers can be compared with ours.

For a tensor called ``name``: seed = FNV-1a of the name, splitmix64 of the flat index, mapped to [-1, 1) in
float64 and scaled by what the tensor is for. No random generator of any library is involved.
"""

import json

import numpy as np
import torch

from signgen.render.diffusion.mimicmotion.networks import Architecture, build

TINY = Architecture(
    unet={
        "sample_size": 12,
        "in_channels": 8,
        "out_channels": 4,
        "down_block_types": ("CrossAttnDownBlockSpatioTemporal",) * 2 + ("DownBlockSpatioTemporal",),
        "up_block_types": ("UpBlockSpatioTemporal",) + ("CrossAttnUpBlockSpatioTemporal",) * 2,
        "block_out_channels": (32, 64, 64),
        "addition_time_embed_dim": 32,
        "projection_class_embeddings_input_dim": 96,
        "layers_per_block": 2,
        "cross_attention_dim": 32,
        "transformer_layers_per_block": 1,
        "num_attention_heads": (2, 4, 8),
        "num_frames": 8,
    },
    vae={
        "in_channels": 3,
        "out_channels": 3,
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "block_out_channels": (32, 32, 32, 32),
        "layers_per_block": 1,
        "latent_channels": 4,
        "sample_size": 64,
        "scaling_factor": 0.18215,
        "force_upcast": True,
    },
    image_encoder={
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "patch_size": 32,
        "image_size": 224,
        "projection_dim": 32,
        "num_channels": 3,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-05,
    },
)
PARTS = ("unet", "pose_net", "vae", "image_encoder")


def bits(name, count):
    """(count,) uint64 of splitmix64 with the FNV-1a hash of the name as its seed."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 % 2**64
    z = np.uint64(seed) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def uniform(name, shape):
    """Float64 in [-1, 1)."""
    u = (bits(name, int(np.prod(shape))) >> np.uint64(11)).astype(np.float64) * 2.0**-53 * 2 - 1
    return u.reshape(shape)


def given(name, shape, scale=1.0):
    return torch.from_numpy((uniform(name, shape) * scale).astype(np.float32))


def normal_like(name, shape):
    return given(name, shape, np.sqrt(3.0))


def picture(name, height, width):
    """(height, width, 3) uint8."""
    return (bits(name, height * width * 3) >> np.uint64(56)).astype(np.uint8).reshape(height, width, 3)


def weight(name, shape):
    u = uniform(name, shape)
    if len(shape) >= 2:
        gain = 8 if name.startswith("pose_net.") else 3
        u = u * np.sqrt(gain / np.prod(shape[1:]))
    elif name.endswith("bias"):
        u = 0.1 * u
    elif not name.endswith(("mix_factor", "class_embedding")):
        u = 1 + 0.1 * u
    return torch.from_numpy(u.astype(np.float32))


def tensors(network, prefix):
    """The weights of a network by their names without the prefix."""
    return {name: weight(f"{prefix}.{name}", tuple(t.shape)) for name, t in network.state_dict().items()}


def filled(architecture=TINY):
    """All four networks with the weights of the formula, on the CPU."""
    networks = build(architecture)
    for part in PARTS:
        network = getattr(networks, part)
        network.load_state_dict(tensors(network, part), assign=True)
    embeddings = networks.image_encoder.vision_model.embeddings
    embeddings.position_ids = torch.arange(embeddings.position_ids.shape[-1])[None]
    return networks


def some(values, count):
    """Numbers spread evenly over an array, few enough to be written down."""
    flat = np.asarray(values).ravel()
    return flat[np.linspace(0, flat.size - 1, count).astype(int)]


def write_weights(folder, networks, layout="merged"):
    """A folder with the weights of networks as MimicMotion and Stable Video Diffusion publish theirs.

    Args:
        folder: gets the files of MimicMotion, and a folder ``base``.
        networks: as `filled` gives them.
        layout: ``merged`` (one ``.pth``) or ``split`` (two ``.safetensors``).
    """
    from safetensors.torch import save_file

    base = folder / "base"
    for part in ("unet", "vae", "image_encoder"):
        (base / part).mkdir(parents=True)
        (base / part / "config.json").write_text(json.dumps(dict(getattr(TINY, part))), encoding="utf-8")
    unet, pose_net, vae, image_encoder = ({**getattr(networks, part).state_dict()} for part in PARTS)
    save_file(vae, base / "vae" / "diffusion_pytorch_model.safetensors")
    save_file(image_encoder, base / "image_encoder" / "model.safetensors")
    if layout == "split":
        save_file(unet, folder / "MimicMotionMergedUnet_1-1-fp16.safetensors")
        save_file(pose_net, folder / "mimic_motion_pose_net.safetensors")
        return
    merged = {f"unet.{name}": tensor for name, tensor in unet.items()}
    merged |= {f"pose_net.{name}": tensor for name, tensor in pose_net.items()}
    torch.save(merged, folder / "MimicMotion_1-1.pth")
