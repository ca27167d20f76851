"""Architectures: sizes, masks, batches, losses, the order of clips."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from signgen.errors import CheckpointError, ConfigError
from signgen.nn.tokenizer import END, PAD, START, Words
from signgen.pose.layout import LEFT_HAND, MIRROR, RIGHT_HAND
from signgen.slt.batches import Batch, Order, collate, encode_source, frame_mask
from signgen.slt.clips import Clips
from signgen.slt.graph import BODY_NODES, FACE_NODES, GraphFrontend, face_bones, neighbours
from signgen.slt.loss import gloss_loss, losses
from signgen.slt.model import Translator
from signgen.slt.settings import PRESETS, TrainSettings, prepare


def parameters(model):
    return sum(p.numel() for p in model.parameters())


def slt_parameters(words, glosses, width=512, inner=2048, features=384):
    """Counted by hand from the layers of Sign Language Transformers."""
    attention = 4 * (width * width + width)
    feed_forward = 2 * width + width * inner + inner + inner * width + width
    encoder = 3 * (attention + feed_forward + 2 * width) + 2 * width
    decoder = 3 * (2 * attention + feed_forward + 4 * width) + 2 * width
    embeddings = features * width + width + 2 * width + words * width + 2 * width
    return encoder + decoder + embeddings + width * words + width * glosses + glosses


def test_slt_has_the_parameters_of_sign_language_transformers():
    # The vocabulary of PHOENIX14T: 2,887 words and 4 specials, 1,085 glosses and 3 specials.
    made = parameters(Translator(PRESETS["slt"], 2891, 1088))
    assert made == slt_parameters(2891, 1088)
    assert round(made / 1e6, 1) == 25.8


@pytest.mark.parametrize(
    ("preset", "words", "millions"),
    [
        ("tiny", 250, 0.5),
        ("small", 1000, 3.0),
        ("graph", 250, 0.44),
        ("temporal", 250, 0.43),
        ("recurrent", 250, 0.36),
    ],
)
def test_sizes_of_presets(preset, words, millions):
    assert parameters(Translator(PRESETS[preset], words, 60)) / 1e6 == pytest.approx(millions, rel=0.12)


def batch_of(lengths, seed=0):
    torch.manual_seed(seed)
    frames = torch.rand(len(lengths), max(lengths), 128, 3)
    lengths = torch.tensor(lengths)
    frames *= frame_mask(lengths, frames.shape[1])[..., None, None]
    tokens = torch.tensor([[START, 5, 6, END], [START, 7, END, PAD]])[: len(lengths)]
    return Batch(frames, lengths, tokens, torch.tensor([2, 3, 2]), torch.tensor([2, 1])[: len(lengths)],
                 torch.zeros(len(lengths), dtype=torch.long))  # fmt: skip


@pytest.mark.parametrize("preset", ["tiny", "temporal", "recurrent", "graph", "slt"])
@torch.no_grad()
def test_padding_changes_nothing(preset):
    model = Translator(PRESETS[preset], 9, 4).eval()
    both = batch_of([9, 5])
    alone = Batch(both.frames[1:, :5], both.lengths[1:], both.tokens[1:, :3], both.glosses[2:],
                  both.gloss_lengths[1:], both.tags[1:])  # fmt: skip
    (words, glosses), (words_alone, glosses_alone) = model(both), model(alone)
    torch.testing.assert_close(words[1, :2], words_alone[0], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(glosses[1, :5], glosses_alone[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("preset", ["tiny", "temporal", "recurrent", "graph"])
def test_every_weight_learns(preset):
    model = Translator(PRESETS[preset], 9, 4, tags=2)
    batch = batch_of([9, 5])
    losses(*model(batch), batch, TrainSettings()).total.backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    # Softmax does not see what is added to all keys alike.
    assert not [name for name in without if not name.endswith("key.bias")]


def test_hands_of_the_graph_share_their_weights():
    torch.manual_seed(0)
    front = GraphFrontend(8, 4).eval()
    frames = torch.rand(1, 6, 128, 3) - 0.5
    frames[..., 2] = 1
    mirrored = frames[:, :, MIRROR.tolist()] * torch.tensor([-1.0, 1, 1])
    seen = []
    front.hand.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    front(frames, torch.ones(1, 6, dtype=torch.bool))
    front(mirrored, torch.ones(1, 6, dtype=torch.bool))
    torch.testing.assert_close(seen[0], seen[3])
    torch.testing.assert_close(seen[1], seen[2])
    assert seen[0].shape[2] == LEFT_HAND.stop - LEFT_HAND.start == RIGHT_HAND.stop - RIGHT_HAND.start


def test_edges_join_what_bones_join():
    edges = neighbours((5, 6, 7), [(5, 6), (6, 7), (7, 9)])
    assert edges.tolist() == [
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[0, 1, 0], [0.5, 0, 0.5], [0, 1, 0]],
    ]
    assert len(set(FACE_NODES)) == len(FACE_NODES)
    assert {node for bone in face_bones() for node in bone} == set(FACE_NODES)
    assert len(set(BODY_NODES)) == len(BODY_NODES)


def test_losses_by_hand():
    batch = batch_of([9, 5])
    words = torch.zeros(2, 3, 9)
    found = losses(words, None, batch, TrainSettings(smoothing=0, gloss_weight=0))
    assert float(found.total) == pytest.approx(np.log(9), rel=1e-5)
    found = losses(words, None, batch, TrainSettings(smoothing=0, gloss_weight=0, per="sentence"))
    assert float(found.total) == pytest.approx(np.log(9) * 5 / 2, rel=1e-5)


def test_gloss_loss_is_ctc_of_the_clips_whose_glosses_are_known():
    batch = batch_of([9, 5])
    scores = torch.randn(2, 9, 4)
    alone = torch.nn.functional.ctc_loss(
        scores[:1].log_softmax(-1).transpose(0, 1),
        torch.tensor([[2, 3]]),
        torch.tensor([9]),
        torch.tensor([2]),
    )
    known = replace(batch, glosses=torch.tensor([2, 3]), gloss_lengths=torch.tensor([2, 0]))
    assert float(gloss_loss(scores, known)) == pytest.approx(float(alone), rel=1e-5)
    none = replace(batch, glosses=torch.zeros(0, dtype=torch.long), gloss_lengths=torch.tensor([0, 0]))
    assert float(gloss_loss(scores, none)) == 0


def source_of(lengths, tag=0):
    starts = np.concatenate([[0], np.cumsum(lengths)])
    names = tuple(f"{tag}-{i}" for i in range(len(lengths)))
    texts = tuple(f"w{i}" for i in range(len(lengths)))
    clips = Clips(
        np.zeros((int(starts[-1]), 128, 3), np.float16), starts, names, texts, texts, ({},) * len(lengths)
    )
    return encode_source(clips, Words.train(texts), None, 100, 100, tag)


def test_order_takes_every_clip_once_a_round_and_sorts_by_length():
    lengths = np.random.default_rng(0).integers(5, 90, 64)
    order = Order([source_of(lengths)], lambda progress: [1], batch=4, pool=16, batches=32, seed=1)
    rounds = [sorted(clip for n in range(start, start + 16) for _, clip in order[n]) for start in (0, 16)]
    assert rounds == [list(range(64))] * 2
    spread = [np.ptp([lengths[clip] for _, clip in order[n]]) for n in range(16)]
    assert np.mean(spread) < 12


def test_order_can_be_asked_for_any_step():
    sources = [source_of(range(5, 25)), source_of(range(5, 40), tag=1)]
    forward = Order(sources, lambda progress: [1 - progress, 1], batch=4, pool=4, batches=40, seed=3)
    steps = [forward[n] for n in range(40)]
    later = Order(sources, lambda progress: [1 - progress, 1], batch=4, pool=4, batches=40, seed=3)
    assert later[37] == steps[37]
    assert later[9] == steps[9]
    shares = [np.mean([source.tag for step in steps[i : i + 8] for source, _ in step]) for i in (0, 32)]
    assert shares[0] < 0.6 < shares[1]


def test_too_long_clips_are_left_out():
    assert source_of([5, 101, 1, 100]).usable.tolist() == [0, 3]


def test_collate_pads():
    source = source_of([3, 5])
    batch = collate([(source, 0), (source, 1)])
    # Eight: a multiple of four.
    assert batch.frames.shape == (2, 8, 128, 3)
    assert batch.mask.tolist() == [[True] * 3 + [False] * 5, [True] * 5 + [False] * 3]
    assert batch.tokens.tolist() == [[START, 4, END], [START, 5, END]]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model": {"preset": "tinny"}}, "no preset called 'tinny'; did you mean 'tiny'"),
        ({"model": {"width": 90}}, "must be even and divisible"),
        ({"model": {"frontend": "pretrained"}}, r"model\.video: the pretrained"),
        ({"train": {"step": 5}}, r"train\.step: unknown setting; did you mean 'steps'"),
        ({"trian": {}}, "trian: unknown setting; did you mean 'train'"),
        ({"train": 5}, "train: expected settings"),
        ({"seed": -1}, "seed: expected a whole number"),
        ({"decode": {"beam": 0}}, r"decode\.beam"),
    ],
)
def test_settings_are_strict(values, message):
    with pytest.raises(ConfigError, match=message):
        prepare(values)


def test_presets_can_be_changed():
    assert prepare({"model": {"preset": "small", "dropout": 0.3}}).model.inner == PRESETS["small"].inner
    assert prepare({"model": {"preset": "small", "dropout": 0.3}}).model.dropout == 0.3


def test_unknown_image_encoder_is_refused(tmp_path):
    settings = prepare({"model": {"frontend": "pretrained", "video": str(tmp_path / "none")}}).model
    with pytest.raises(CheckpointError, match="none"):
        Translator(settings, 9)
