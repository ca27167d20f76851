"""What a prompt is to Wan: the states of UMT5, which is read for it and let go again."""

from __future__ import annotations

import html
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from signgen.errors import CheckpointError, ConfigError
from signgen.render.diffusion.stable.network import load_network, quiet

LENGTH = 512  # tokens that the video network takes; those behind the text are zeros


@lru_cache(maxsize=8)
def read_prompts(
    folder: Path, prompts: tuple[str, ...], device: torch.device, dtype: torch.dtype, sha256: str = ""
) -> tuple[Tensor, ...]:
    """(1, 512, channels) states of each prompt, on the device.

    The encoder is as large as many a video network, and a prompt is read once: it does not stay in memory.

    Args:
        folder: of the weights.
        prompts: texts.
        device: where to compute.
        dtype: precision of the encoder.
        sha256: of the weights: states are kept for the next call, and not those of others in the same folder.

    Raises:
        CheckpointError: no tokenizer or encoder where they should be.
        ConfigError: a prompt that is too long.
    """
    from transformers import UMT5EncoderModel

    tokenizer = _tokenizer(folder / "tokenizer")
    tokens = [_tokens(tokenizer, prompt) for prompt in prompts]
    encoder = load_network(UMT5EncoderModel, folder / "text_encoder", dtype).to(device)
    with torch.inference_mode():
        return tuple(_states(encoder, numbers.to(device)) for numbers in tokens)


def _tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    try:
        with quiet():
            return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, TypeError, KeyError, ImportError) as error:
        text = " ".join(str(error).split())[:200]
        raise CheckpointError(f"{folder}: no tokenizer can be made of it: {text}") from None


def _tokens(tokenizer: Any, prompt: str) -> Tensor:
    """(1, n) numbers of the tokens, without padding."""
    text = " ".join(html.unescape(html.unescape(prompt)).split())
    tokens: Tensor = tokenizer(text, add_special_tokens=True, return_tensors="pt").input_ids
    if tokens.shape[1] > LENGTH:
        raise ConfigError(
            f"renderer.prompt: {tokens.shape[1]} tokens, and Wan reads {LENGTH}; shorten the prompt or the negative one"
        )
    return tokens


def _states(encoder: Any, tokens: Tensor) -> Tensor:
    if tokens.shape[1] == 0:  # a tokenizer that marks no end has nothing to say of no text
        return torch.zeros(1, LENGTH, encoder.config.d_model, device=encoder.device, dtype=encoder.dtype)
    states: Tensor = encoder(tokens, torch.ones_like(tokens)).last_hidden_state
    return torch.nn.functional.pad(states, (0, 0, 0, LENGTH - states.shape[1]))
