"""Wan in small: every network of the real layout with random weights, saved as diffusers saves them."""

import json

import torch
from diffusers import (
    AutoencoderKLWan,
    UniPCMultistepScheduler,
    WanAnimateTransformer3DModel,
    WanVACETransformer3DModel,
)
from transformers import CLIPVisionConfig, CLIPVisionModel, UMT5Config, UMT5EncoderModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from signgen.render.diffusion.stable.network import quiet

CHANNELS, WIDE, TEXT, EYE, FACE_SIDE = 4, 24, 16, 8, 16
GAIN = 3.0
WORDS = [
    "a",
    "person",
    "using",
    "sign",
    "language",
    "signs",
    "the",
    "word",
    "house",
    "in",
    "front",
    "of",
    "wall",
]
CLASSES = {"vace": "WanVACEPipeline", "animate": "WanAnimatePipeline"}


def autoencoder():
    return AutoencoderKLWan(
        base_dim=4,
        z_dim=CHANNELS,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        latents_mean=[0.1, -0.2, 0.3, 0.0],
        latents_std=[0.6, 0.7, 0.8, 0.9],
    )


def transformer(model):
    common = {
        "num_attention_heads": 2,
        "attention_head_dim": WIDE // 2,
        "out_channels": CHANNELS,
        "text_dim": TEXT,
        "freq_dim": 8,
        "ffn_dim": 16,
        "num_layers": 2,
        "rope_max_seq_len": 64,
    }
    if model == "vace":
        return WanVACETransformer3DModel(
            in_channels=CHANNELS, vace_layers=[0], vace_in_channels=2 * CHANNELS + 64, **common
        )
    return WanAnimateTransformer3DModel(
        in_channels=2 * CHANNELS + 4,
        latent_channels=CHANNELS,
        image_dim=EYE,
        added_kv_proj_dim=WIDE,
        motion_encoder_channel_sizes={"4": 4, "8": 4, "16": 4},
        motion_encoder_size=FACE_SIDE,
        motion_style_dim=4,
        motion_dim=2,
        motion_encoder_dim=4,
        face_encoder_hidden_dim=8,
        face_encoder_num_heads=2,
        inject_face_latents_blocks=2,
        **common,
    )


def scheduler(shift=3.0):
    return UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift, solver_order=2
    )


def text_encoder():
    return UMT5EncoderModel(
        UMT5Config(vocab_size=32, d_model=TEXT, d_kv=4, d_ff=16, num_layers=1, num_heads=2)
    )


def louder(network, gain):
    """Larger weights, so that each input of a small network is felt in what it gives."""
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if weight.ndim > 1 and "norm" not in name and "table" not in name:
                weight.mul_(gain * (10 if name.startswith("vace_blocks.0.proj_out") else 1))
    return network


def save_tokenizer(folder):
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: i for i, word in enumerate(["<pad>", "</s>", "<unk>", *dict.fromkeys(WORDS)])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)


def save(folder, model, *, stages=1, seed=0):
    """A checkpoint of ``model`` in ``folder``; random numbers large enough that every input is felt."""
    torch.manual_seed(seed)
    parts = {
        "vae": autoencoder(),
        "transformer": louder(transformer(model), GAIN),
        "text_encoder": text_encoder(),
    }
    if stages == 2:
        parts["transformer_2"] = louder(transformer(model), GAIN)
    if model == "animate":
        config = CLIPVisionConfig(
            hidden_size=EYE,
            intermediate_size=8,
            num_hidden_layers=2,
            num_attention_heads=2,
            image_size=8,
            patch_size=4,
        )
        parts["image_encoder"] = CLIPVisionModel(config)
        CLIPImageProcessorPil(size={"shortest_edge": 8}, crop_size=8).save_pretrained(
            folder / "image_processor"
        )
    for name, part in parts.items():
        with quiet():
            part.save_pretrained(folder / name)
    scheduler().save_pretrained(folder / "scheduler")
    save_tokenizer(folder / "tokenizer")
    index = {"_class_name": CLASSES[model], "boundary_ratio": 0.5 if stages == 2 else None}
    (folder / "model_index.json").write_text(json.dumps(index), encoding="utf-8")
    return folder
