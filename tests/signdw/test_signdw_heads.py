"""Heads: poses behind the codes of a trained network, and poses straight from text, trained, kept and signed with."""

import numpy as np
import pytest
import torch
from made_up_signer import signer
from toy_signdw_corpus import make_corpus, make_tokenizer, run_of

from signgen.errors import ConfigError
from signgen.nn.checkpoint import load_tensors
from signgen.nn.log import read_log
from signgen.signdw.checkpoint.export import export_checkpoint
from signgen.signdw.checkpoint.folder import load_checkpoint
from signgen.signdw.drawing.decoding import poses_of_values, smoothed
from signgen.signdw.drawing.generate import generate
from signgen.signdw.flow_settings import RefineSettings
from signgen.signdw.settings import DrawSettings
from signgen.signdw.signing.fill import fill
from signgen.signdw.training.train import train_signdw
from signgen.text2pose.base import sources

REFINER = {"width": 16, "layers": 2, "gloss_width": 4}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Corpus, tokenizer and a trained network."""
    folder = tmp_path_factory.mktemp("heads")
    corpus, tokenizer = make_corpus(folder / "corpus"), make_tokenizer(folder / "motion")
    train_signdw(run_of(corpus, tokenizer), folder / "token", device="cpu")
    return corpus, tokenizer, folder / "token"


def head_run(made, head, **train):
    corpus, tokenizer, token = made
    start = {"start": str(token)} if head == "flow" else {}
    return run_of(corpus, tokenizer, head=head, refiner=REFINER, train={"plan_batch": 0, **start, **train})


@pytest.mark.parametrize("head", ["flow", "regress"])
def test_a_head_is_trained_kept_and_signed_with(made, head, tmp_path):
    seen = []
    for folder, stops in (("whole", (None,)), ("parts", (2, None))):
        for stop in stops:
            train_signdw(
                head_run(made, head, samples=1), tmp_path / folder, device="cpu", stop_after=stop,
                show=lambda total, clips: seen.append(clips),
            )  # fmt: skip
    whole, parts = (
        load_tensors(tmp_path / name / "best" / "model.safetensors")[0] for name in ("whole", "parts")
    )
    assert all(torch.equal(parts[name], value) for name, value in whole.items())
    assert all(np.isfinite(clip.keypoints).all() for clips in seen for clip in clips.values())
    loaded = load_checkpoint(tmp_path / "whole")
    assert loaded.card.head == head
    half = export_checkpoint(tmp_path / "whole", tmp_path / "half")
    assert load_checkpoint(half).card == loaded.card
    source = sources.build({"name": "signdw", "checkpoint": str(tmp_path / "whole")})
    poses = [source("The cats eat.", seed=seed).keypoints for seed in (1, 1)]
    assert np.array_equal(*poses)
    if head == "flow":
        check_refining(loaded, str(tmp_path / "whole"))
        # Behind the network as it was; another seed is other noise on top of other codes.
        token = load_checkpoint(made[2])
        for name, value in token.model.state_dict().items():
            assert torch.equal(loaded.model.state_dict()[name], value)
    if head == "regress":
        with pytest.raises(ConfigError, match="draws no codes"):
            list(source.stream("The cats eat."))
    else:
        check_streaming(source)
        check_filling(loaded, signer(60))


def check_streaming(source):
    """Pieces are the whole but for what far away codes do, fractions of a pixel."""
    text = "The cats eat. The dogs sleep."
    joined = np.concatenate([piece.keypoints for piece in source.stream(text, seed=2)])
    np.testing.assert_allclose(joined, source(text, seed=2).keypoints, atol=0.3)


def check_filling(loaded, poses):
    """A span is refined to fit what is round it, which stays as it is."""
    start, stop = len(poses) // 3, len(poses) // 3 + 9
    one, two = (fill(loaded, poses, start, stop, seed=seed).keypoints for seed in (1, 2))
    outside = np.r_[0:start, stop : len(poses)]
    np.testing.assert_array_equal(one[outside], poses.keypoints[outside])
    assert np.isfinite(one).all()
    assert one[start:stop, :, 2].any()
    assert not np.array_equal(one, two)
    other = fill(
        loaded, poses, start, stop, draws=DrawSettings(refine=RefineSettings(steps=2)), seed=1
    ).keypoints
    assert not np.array_equal(one, other)


def check_refining(loaded, folder):
    """What is asked of the refiner is what it does."""

    def poses(**settings):
        return sources.build({"name": "signdw", "checkpoint": folder} | settings)("The cats eat.", seed=1).xy

    plain = poses()
    others = {
        "refine_steps": 2,
        "refine_solver": "heun",
        "refine_guidance": 3.0,
        "refine_noise": 0.0,
    }
    for name, value in others.items():
        assert not np.array_equal(plain, poses(**{name: value})), name
    drawn = generate(
        loaded.model, loaded.encoding.condition(["The cats eat."], [None]), DrawSettings(guidance=1.5), [1]
    )
    codes, plans = [drawn[0].codes], [drawn[0].plan]
    draws = RefineSettings(steps=2, solver="heun", noise=0.5)
    wanted = poses_of_values(loaded.head.refine(loaded.motion, codes, plans, [1], draws)[0])
    found = poses(refine_steps=2, refine_solver="heun", refine_noise=0.5)
    np.testing.assert_array_equal(found, wanted.xy)


@pytest.mark.parametrize(
    ("head", "settings", "message"),
    [
        ("token", {"refine_steps": 20}, "refine: the checkpoint has no refiner"),
        ("regress", {"refine_noise": 0.5}, "refine: the checkpoint has no refiner"),
        ("regress", {"eight_bits": True}, "eight_bits: the checkpoint draws no codes"),
        ("token", {"eight_bits": True, "mode": "masked"}, "eight_bits: .* use mode: causal"),
    ],
)
def test_settings_that_would_change_nothing_are_refused(made, head, settings, message, tmp_path):
    folder = made[2]
    if head == "regress":
        folder = tmp_path
        train_signdw(head_run(made, head, steps=1, validate_every=1), folder, device="cpu")
    source = sources.build({"name": "signdw", "checkpoint": str(folder)} | settings)
    with pytest.raises(ConfigError, match=message):
        source("The cats eat.")
    if head == "token":
        with pytest.raises(ConfigError, match=message):
            list(source.stream("The cats eat."))


def test_heads_learn(made, tmp_path):
    names = {"flow": "flow", "regress": "distance"}
    for head, name in names.items():
        run = head_run(made, head, steps=40, validate_every=10, rate=8e-3, batch=14, average=0.0)
        train_signdw(run, tmp_path / head, device="cpu")
        dev = [line["dev"][name] for line in read_log(tmp_path / head / "metrics.jsonl")]
        assert dev[-1] < 0.9 * dev[0]


def test_refusals(made, tmp_path):
    corpus, tokenizer, token = made
    for changes, message in (
        ({"head": "flow", "train": {"plan_batch": 0}}, "name it with train.start"),
        ({"head": "flow", "train": {"plan_batch": 2}}, "train.plan_batch"),
        (
            {"head": "flow", "train": {"plan_batch": 0, "start": str(token)}, "model": {"layers": 2}},
            "model: not that",
        ),
    ):
        with pytest.raises(ConfigError, match=message):
            train_signdw(run_of(corpus, tokenizer, **changes), tmp_path, device="cpu")
    with pytest.raises(ConfigError, match="head: expected token, flow, regress, got 'mean'"):
        run_of(corpus, tokenizer, head="mean")


def test_smoothing_keeps_slow_movement_and_drops_the_rest():
    time = np.arange(96)[:, None, None] / 24
    slow, fast = np.sin(2 * np.pi * 1.5 * time), np.sin(2 * np.pi * 11 * time)
    values = np.broadcast_to(slow + 0.3 * fast, (96, 128, 2)).astype(np.float32)
    found = smoothed(values)
    assert np.abs(found - slow)[12:-12].max() < 0.03
