"""A corpus of a made-up signer with texts, glosses and times, and the smallest training on it."""

from __future__ import annotations

from pathlib import Path

import torch
from made_up_signer import signer

from signgen.data.columnar import Clip, write_columnar
from signgen.signdw.motion.folder import save_tokenizer
from signgen.signdw.motion.settings import TokenizerSettings
from signgen.signdw.motion.tokenizer import MotionTokenizer
from signgen.signdw.training.settings import SignDWRun, prepare_signdw

NOUNS, VERBS = ("dogs", "cats", "mothers", "teachers"), ("eat", "sleep", "read")
MOTION = TokenizerSettings(rvq=1, width=16, code_width=4, body_size=8, hand_size=8, face_size=4)
MODEL = {
    "width": 16, "heads": 2, "layers": 1, "text_layers": 1, "head_inner": 0, "words": 64, "max_words": 24,
    "max_steps": 64, "max_glosses": 8, "dropout": 0.0,
}  # fmt: skip
TRAIN = {
    "steps": 6,
    "batch": 4,
    "plan_batch": 5,
    "validate_every": 3,
    "warmup": 1,
    "samples": 0,
    "average": 0.9,
}


def clip(number: int, name: str) -> Clip:
    """A sentence of two glosses; every other one at 50 frames a second."""
    fps = (24, 50)[number % 2]
    frames = (40 + 8 * (number % 3)) * fps // 24
    noun, verb = NOUNS[number % 4], VERBS[number % 3]
    timeline = [
        [noun.upper(), frames // 8, frames // 2],
        [verb.upper(), frames // 2 + 2, frames - frames // 8],
    ]
    info = {
        "text": f"The {noun} {verb}.", "gloss": f"{noun} {verb}".upper(), "timeline": timeline,
        "signed_language": "ase", "spoken_language": "en", "licence": "CC0-1.0",
    }  # fmt: skip
    return Clip(name, signer(frames, fps=fps), info)


def make_corpus(folder: Path, train: int = 14, dev: int = 4) -> Path:
    """A folder with train/ and dev/."""
    for split, count in (("train", train), ("dev", dev)):
        write_columnar([clip(n, f"{split}{n}") for n in range(count)], folder / split / "0.col")
    return folder


def make_tokenizer(folder: Path) -> Path:
    """A motion tokenizer with weights of seed 0 that shows every keypoint."""
    torch.manual_seed(0)
    model = MotionTokenizer(MOTION).eval()
    with torch.no_grad():
        for coder in model.coders.values():
            coder.leave.bias.view(-1, MOTION.channels + 1)[:, -1] = 1
    save_tokenizer(model, folder)
    return folder


def run_of(corpus: Path, tokenizer: Path, **changes) -> SignDWRun:
    """The settings of a small training; ``train={...}`` and the like change them."""
    values = {
        "data": {"sources": {"toy": str(corpus)}, "tokenizer": str(tokenizer)},
        "model": MODEL,
        "train": TRAIN,
    }
    for name, value in changes.items():
        values[name] = {**values.get(name, {}), **value} if isinstance(value, dict) else value
    return prepare_signdw(values)
