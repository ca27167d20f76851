"""A checkpoint of a network that learned nothing, for what must hold whatever was learned."""

from __future__ import annotations

import torch

from signgen.nn.tokenizer import Pieces
from signgen.signdw.checkpoint.folder import Checkpoint, SignDWCard, save_checkpoint, save_vocabularies
from signgen.signdw.motion.settings import TokenizerSettings
from signgen.signdw.motion.tokenizer import MotionTokenizer
from signgen.signdw.network.backbone import SignDW
from signgen.signdw.network.plan import GlossVocabulary
from signgen.signdw.network.text import TextEncoding
from signgen.signdw.settings import LANGUAGES, SignDWSettings

TEXTS = ("The dogs eat.", "The cats sleep.", "Mothers and teachers read.")
GLOSSES = ("DOG", "CAT", "EAT", "SLEEP")
MODEL = SignDWSettings(
    width=32, heads=2, layers=1, text_layers=1, head_inner=0, words=64, max_words=24, max_steps=64, max_glosses=16,
    dropout=0.0,
)  # fmt: skip
MOTION = TokenizerSettings(rvq=1, width=16, code_width=8, body_size=16, hand_size=16, face_size=8)


def toy_checkpoint(**changes) -> Checkpoint:
    """Weights of seed 0, none of them zero, so that everything depends on everything it can."""
    from dataclasses import replace

    settings = replace(MODEL, **changes)
    torch.manual_seed(0)
    motion = MotionTokenizer(MOTION).eval()
    pieces, glosses = Pieces.train(list(TEXTS), settings.words), GlossVocabulary(GLOSSES)
    sizes = [stream.size for stream in motion.streams]
    model = SignDW(settings, sizes, len(pieces), len(LANGUAGES), len(glosses)).eval()
    with torch.no_grad():
        for weights in (*motion.parameters(), *model.parameters()):
            weights.add_(0.05 * torch.randn_like(weights))
        for name, books in motion.named_buffers():
            if name.endswith("codebooks"):
                books.normal_()
    card = SignDWCard(settings, MOTION, len(pieces), len(glosses), LANGUAGES)
    encoding = TextEncoding(pieces, LANGUAGES, settings.max_words)
    return Checkpoint(card, model, motion, encoding, glosses, frozenset())


def save_toy_checkpoint(folder, **changes):
    """The same in a folder."""
    made = toy_checkpoint(**changes)
    save_vocabularies(folder, made.encoding.tokenizer, made.glosses, [])
    save_checkpoint(folder, {"model": made.model, "motion": made.motion}, made.card)
    return folder
