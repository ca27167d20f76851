"""BLEURT from a local folder: a learned score of a text beside its reference; nothing is downloaded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from signgen.data.strict_json import read_json_object
from signgen.errors import CheckpointError
from signgen.judge.text.checks import check_pairs
from signgen.judge.text.measure import Measure, mean_of, sign
from signgen.nn.extra import need

CONFIG, WEIGHTS = "config.json", "model.safetensors"
VOCABULARIES = ("tokenizer.json", "vocab.txt", "spiece.model", "sentencepiece.bpe.model")
BATCH = 16
# Where neither tokenizer nor model says how long a pair may be; BLEURT was trained on at most that.
MOST_TOKENS = 512


@dataclass(frozen=True, eq=False)
class Bleurt:
    """A regression model that reads a reference and a hypothesis; make one with `load_bleurt`.

    Attributes:
        name: of its folder.
        id: hash of its weights.
        model: one number for each pair.
        tokenizer: of pairs.
        device: that it computes on.
        longest: tokens of a pair; what is over is cut off.
    """

    name: str
    id: str
    model: Any
    tokenizer: Any
    device: Any
    longest: int

    def measure(self, hypotheses: Sequence[str], references: Sequence[str]) -> Measure:
        """The mean over texts, as it is published; on no fixed scale, and of this very model alone.

        Raises:
            DataError: not one text for each reference, or nothing but empty ones.
        """
        check_pairs(hypotheses, references)
        pairs = list(zip(references, hypotheses, strict=True))
        # Pairs of like length together, so that little is padded.
        order = sorted(range(len(pairs)), key=lambda row: -sum(map(len, pairs[row])))
        each = np.zeros(len(pairs))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            each[rows] = self._scores([pairs[row] for row in rows])
        recipe = sign(bleurt=self.name, weights=self.id, cut=self.longest)
        return mean_of("BLEURT", recipe, each)

    def _scores(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        import torch

        given = self.tokenizer(
            [reference for reference, _ in pairs],
            [hypothesis for _, hypothesis in pairs],
            padding=True,
            truncation="longest_first",
            max_length=self.longest,
            return_tensors="pt",
        ).to(self.device)
        with torch.no_grad():
            scores: np.ndarray = self.model(**given).logits[:, 0].double().cpu().numpy()
        return scores


def load_bleurt(folder: Path, device: str = "auto") -> Bleurt:
    """BLEURT as a folder of `transformers`: a sequence classifier with one output, safetensors, and its tokenizer.

    Raises:
        CheckpointError: no such folder, or another model in it.
        ConfigError: no such device.
        DependencyError: transformers or torch is not installed.
    """
    need("torch", "transformers", "safetensors", what="BLEURT")
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise CheckpointError(f"{folder}: has no {name}; give BLEURT as a folder that transformers saved")
    # transformers makes a tokenizer without words where the folder has none.
    if not any((folder / name).is_file() for name in VOCABULARIES):
        raise CheckpointError(f"{folder}: has no tokenizer ({', '.join(VOCABULARIES)}); fetch it again")
    _check_config(read_json_object(folder / CONFIG), folder)
    from signgen.nn.device import device_named

    where = device_named(device)
    model, tokenizer = _loaded(folder)
    sizes = (
        getattr(tokenizer, "model_max_length", None),
        getattr(model.config, "max_position_embeddings", None),
    )
    longest = min([MOST_TOKENS, *(size for size in sizes if isinstance(size, int) and size > 0)])
    return Bleurt(folder.name, _hash(folder / WEIGHTS), model.to(where).eval(), tokenizer, where, longest)


def _check_config(config: dict[str, Any], folder: Path) -> None:
    """Refuse code of its own, and classifiers."""
    if "auto_map" in config:
        raise CheckpointError(
            f"{folder / CONFIG}: asks to run code of its own; give a model that transformers knows itself"
        )
    labels = config.get("id2label")
    count = len(labels) if isinstance(labels, dict) else config.get("num_labels")
    kinds = config.get("architectures") or [""]
    if count != 1 or not str(kinds[0]).endswith("ForSequenceClassification"):
        raise CheckpointError(
            f"{folder / CONFIG}: {str(kinds[0])[:60] or 'a model'} with {count} labels; BLEURT is a sequence "
            "classifier with one"
        )


def _loaded(folder: Path) -> tuple[Any, Any]:
    from safetensors import SafetensorError
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils import logging as untyped

    logging: Any = untyped
    local = {"local_files_only": True, "trust_remote_code": False}
    # Its bar of progress is for people who load models by hand.
    has_bar = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        model, said = AutoModelForSequenceClassification.from_pretrained(
            str(folder), **local, use_safetensors=True, output_loading_info=True
        )
        tokenizer = AutoTokenizer.from_pretrained(str(folder), **local)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, ImportError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:160]
        raise CheckpointError(f"{folder}: not a whole model of transformers: {reason}") from None
    finally:
        if has_bar:
            logging.enable_progress_bar()
    if len(tokenizer) > model.config.vocab_size:
        raise CheckpointError(
            f"{folder}: a tokenizer of {len(tokenizer):,} units for a model of {model.config.vocab_size:,}; get both "
            "from one place"
        )
    # transformers fills what is missing with random numbers and goes on.
    lacking = sorted(said["missing_keys"]) + sorted(str(key) for key in said.get("mismatched_keys", ()))
    if lacking:
        raise CheckpointError(
            f"{folder / WEIGHTS}: lacks {len(lacking)} weights, such as {lacking[0]}; fetch it again"
        )
    return model, tokenizer


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
