"""What a prompt is to the networks: the states of its tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from signgen.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class TextEncoder:
    """CLIP's text half: a tokenizer and a network of transformers."""

    tokenizer: Any
    network: Any


@dataclass(frozen=True)
class Words:
    """A text as the networks take it.

    Attributes:
        states: (1, tokens, channels) what the picture network attends to.
        pooled: (1, channels) the whole in one vector; SDXL alone has it.
    """

    states: Tensor
    pooled: Tensor | None = None

    def silenced(self) -> Words:
        """Zeros of the same shapes: what SDXL was trained with where there is no text."""
        return Words(self.states * 0, None if self.pooled is None else self.pooled * 0)


def read(encoders: tuple[TextEncoder, ...], text: str, what: str) -> Words:
    """The states of a text.

    One encoder (SD 1.5) gives its last states; of two (SDXL) the last but one are joined, and the second
    gives the pooled vector.

    Args:
        encoders: one or two.
        text: the prompt.
        what: the setting it comes from, for the error.

    Raises:
        ConfigError: more tokens than the encoder reads.
    """
    import torch

    tokens = [_tokens(encoder, text, what) for encoder in encoders]
    if len(encoders) == 1:
        return Words(encoders[0].network(tokens[0])[0])
    outputs = [
        encoder.network(numbers, output_hidden_states=True)
        for encoder, numbers in zip(encoders, tokens, strict=True)
    ]
    return Words(torch.cat([output.hidden_states[-2] for output in outputs], -1), outputs[-1][0])


def _tokens(encoder: TextEncoder, text: str, what: str) -> Tensor:
    """(1, length) numbers of the tokens, padded."""
    length = encoder.tokenizer.model_max_length
    count = len(encoder.tokenizer(text).input_ids)
    if count > length:
        raise ConfigError(
            f"renderer.{what}: {count - 2} tokens, and the text encoder reads {length - 2}; shorten it"
        )
    padded = encoder.tokenizer(text, padding="max_length", max_length=length, return_tensors="pt")
    tokens: Tensor = padded.input_ids.to(encoder.network.device)
    return tokens
