"""Stable Diffusion, ControlNet, motion and IP adapters with the true layout and tiny random weights, as folders."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, ControlNetModel, DDIMScheduler, MotionAdapter, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

torch.set_num_threads(1)  # threads that wait for each other cost more than these networks do

WORDS = 32
LONGEST = 32  # tokens
LETTERS = "abcdefghijklmnopqrstuvwxyz"
CHANNELS = (4, 8)
FACTOR = 4  # pixels along the side of a latent
BLOCKS = dict(block_out_channels=CHANNELS, layers_per_block=1, norm_num_groups=2, cross_attention_dim=WORDS)


def randomised(network, seed: int, scale: float = 0.1):
    """Every weight random, also those that training starts at zero; norms stay near one."""
    draw = torch.Generator().manual_seed(seed)
    for name, weight in network.named_parameters():
        centre = 1.0 if "norm" in name and name.endswith("weight") else 0.0
        weight.data = centre + scale * torch.randn(weight.shape, generator=draw)
    return network.eval()


def save_base(folder: Path, *, xl: bool = False) -> Path:
    """A base model; frames are four times as large as latents."""
    wide = {"cross_attention_dim": 2 * WORDS} if xl else {}
    extra = dict(
        addition_embed_type="text_time", addition_time_embed_dim=8, projection_class_embeddings_input_dim=80
    )
    unet = UNet2DConditionModel(
        sample_size=8, in_channels=4, out_channels=4, attention_head_dim=2,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), **{**BLOCKS, **wide}, **(extra if xl else {}),
    )  # fmt: skip
    randomised(unet, 1).save_pretrained(folder / "unet")
    vae = AutoencoderKL(
        block_out_channels=(4, 4, 8), norm_num_groups=2, latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3,
    )  # fmt: skip
    randomised(vae, 2, 0.3).save_pretrained(folder / "vae")
    save_text(folder, "", CLIPTextModel, 3)
    if xl:
        save_text(folder, "_2", CLIPTextModelWithProjection, 4)
    kind = "StableDiffusionXLPipeline" if xl else "StableDiffusionPipeline"
    (folder / "model_index.json").write_text(json.dumps({"_class_name": kind}), encoding="utf-8")
    DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
        set_alpha_to_one=False, steps_offset=1,
    ).save_pretrained(folder / "scheduler")  # fmt: skip
    return folder


def save_text(folder: Path, suffix: str, kind, seed: int) -> None:
    vocabulary = {"<|startoftext|>": 0, "<|endoftext|>": 1}
    for letter in LETTERS:
        vocabulary[letter] = len(vocabulary)
        vocabulary[letter + "</w>"] = len(vocabulary)
    save_words(folder / f"tokenizer{suffix}", vocabulary)
    config = CLIPTextConfig(
        vocab_size=len(vocabulary), hidden_size=WORDS, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=4, max_position_embeddings=LONGEST, projection_dim=32, bos_token_id=0, eos_token_id=1,
        pad_token_id=1,
    )  # fmt: skip
    randomised(kind(config), seed, 0.3).save_pretrained(folder / f"text_encoder{suffix}")


def save_words(folder: Path, vocabulary: dict[str, int]) -> None:
    """A tokenizer as it is published with Stable Diffusion: a vocabulary, merges, and two small files of settings."""
    start, end = (
        {"content": word, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
        for word in ("<|startoftext|>", "<|endoftext|>")
    )
    config = {
        "add_prefix_space": False, "bos_token": {"__type": "AddedToken", **start}, "do_lower_case": True,
        "eos_token": {"__type": "AddedToken", **end}, "errors": "replace", "model_max_length": LONGEST,
        "pad_token": "<|endoftext|>", "tokenizer_class": "CLIPTokenizer",
        "unk_token": {"__type": "AddedToken", **end},
    }  # fmt: skip
    special = {"bos_token": start, "eos_token": end, "pad_token": "<|endoftext|>", "unk_token": end}
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "special_tokens_map.json").write_text(json.dumps(special), encoding="utf-8")


# What attention of the autoencoder and layers of the text encoder are called in the published files.
OLD_NAMES = {"to_q.": "query.", "to_k.": "key.", "to_v.": "value.", "to_out.0.": "proj_attn."}


def publish(folder: Path) -> Path:
    """Turn saved networks into what hubs hold: half precision under another name, and names of old versions."""
    for path in list(folder.rglob("*.safetensors")):
        if path.parent.name == "image_encoder" or path.name.startswith("ip-"):
            continue  # published as they are
        tensors = {name: tensor.half() for name, tensor in load_file(path).items()}
        if path.parent.name == "vae":
            tensors = {renamed(name): tensor for name, tensor in tensors.items()}
        if path.parent.name == "text_encoder":
            tensors = {f"text_model.{name.removeprefix('text_model.')}": t for name, t in tensors.items()}
            tensors["text_model.embeddings.position_ids"] = torch.arange(LONGEST)[None]
        save_file(tensors, path.with_name(f"{path.stem}.fp16.safetensors"), metadata={"format": "pt"})
        path.unlink()
    return folder


def renamed(name: str) -> str:
    for new, old in OLD_NAMES.items():
        name = name.replace(new, old)
    return name


def save_controlnet(folder: Path, *, xl: bool = False, **changes) -> Path:
    extra = dict(
        addition_embed_type="text_time", addition_time_embed_dim=8, projection_class_embeddings_input_dim=80,
        cross_attention_dim=2 * WORDS,
    )  # fmt: skip
    options = dict(
        in_channels=4, attention_head_dim=2, down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        conditioning_embedding_out_channels=(2, 4, 4), **BLOCKS,
    )  # fmt: skip
    network = ControlNetModel(**{**options, **(extra if xl else {}), **changes})
    randomised(network, 5, 0.3).save_pretrained(folder)
    return folder


def save_motion(folder: Path, **changes) -> Path:
    options = dict(
        block_out_channels=CHANNELS, motion_layers_per_block=1, motion_norm_num_groups=2,
        motion_num_attention_heads=2, motion_max_seq_length=8, use_motion_mid_block=True,
    )  # fmt: skip
    randomised(MotionAdapter(**{**options, **changes}), 6, 0.3).save_pretrained(folder)
    return folder


def save_adapter(folder: Path, *, plus: bool = False) -> Path:
    """An IP-Adapter under the published names, plain or one that looks at patches; its encoder beside it."""
    draw = torch.Generator().manual_seed(7)

    def random(*shape):
        return 0.3 * torch.randn(*shape, generator=draw)

    plain = {
        "proj.weight": random(4 * WORDS, 16), "proj.bias": random(4 * WORDS),
        "norm.weight": 1 + random(WORDS), "norm.bias": random(WORDS),
    }  # fmt: skip
    patches = {
        "latents": random(1, 3, 8), "proj_in.weight": random(8, 16), "proj_in.bias": random(8),
        "proj_out.weight": random(WORDS, 8), "proj_out.bias": random(WORDS), "norm_out.weight": 1 + random(WORDS),
        "norm_out.bias": random(WORDS),
    }  # fmt: skip
    for layer in range(4):
        inside = {
            "0.norm1.weight": 1 + random(8), "0.norm1.bias": random(8), "0.norm2.weight": 1 + random(8),
            "0.norm2.bias": random(8), "0.to_q.weight": random(64, 8), "0.to_kv.weight": random(128, 8),
            "0.to_out.weight": random(8, 64), "1.0.weight": 1 + random(8), "1.0.bias": random(8),
            "1.1.weight": random(32, 8), "1.3.weight": random(8, 32),
        }  # fmt: skip
        patches.update({f"layers.{layer}.{name}": tensor for name, tensor in inside.items()})
    tensors = {f"image_proj.{name}": tensor for name, tensor in (patches if plus else plain).items()}
    # Cross-attention of the tiny network in diffusers' order: one going down, two going up, one in the middle.
    for place, width in enumerate((4, 4, 4, 8)):
        for key in ("to_k_ip", "to_v_ip"):
            tensors[f"ip_adapter.{2 * place + 1}.{key}.weight"] = random(width, WORDS)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "ip-adapter.safetensors")
    config = CLIPVisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=16,
        patch_size=8, projection_dim=16,
    )  # fmt: skip
    randomised(CLIPVisionModelWithProjection(config), 8, 0.3).save_pretrained(folder / "image_encoder")
    return folder
