from __future__ import annotations

import pytest
import torch
from torch import nn

from signgen.pose.layout import LEFT_HAND, LEFT_WRIST, NECK, RIGHT_HAND, RIGHT_SHOULDER
from signgen.signdw.flow.condition import FrameCondition
from signgen.signdw.flow.head import FlowHead
from signgen.signdw.flow.network import FrameLayer
from signgen.signdw.flow.refiner import Known, Refiner, known_frames
from signgen.signdw.flow.scale import Scale, bone_lengths, seen_bones
from signgen.signdw.flow_settings import REFINERS, RefinerSettings, RefineSettings
from signgen.signdw.motion.settings import TokenizerSettings
from signgen.signdw.motion.tokenizer import MotionTokenizer
from signgen.signdw.motion.windows import Windows
from signgen.signdw.network.corruption import Chance
from signgen.signdw.network.plan import Plan

SMALL = RefinerSettings(width=16, layers=2, kernel=3, gloss_width=4, start="coarse")
FRAMES = 12


def rough(model: nn.Module, seed: int = 0) -> nn.Module:
    """With weights that do something, also where they begin as zeros."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.2 * torch.randn(weight.shape, generator=generator))
    return model


def clips(rows: int = 3, frames: int = FRAMES, seed: int = 0) -> Windows:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(rows, frames, 128, 2, generator=generator)
    visible = torch.rand(rows, frames, 128, generator=generator) < 0.8
    mask = torch.arange(frames) < torch.tensor([frames, frames - 4, frames])[:rows, None]
    return Windows(values * visible[..., None], visible, mask)


def refiner(**changes) -> Refiner:
    from dataclasses import replace

    torch.manual_seed(0)
    made = Refiner(replace(SMALL, **changes), 2, 5).eval()
    truth = clips()
    made.begin(truth.values, truth.visible, truth.mask)
    return rough(made)


def head(start: str = "coarse", glosses: int = 9) -> tuple[FlowHead, MotionTokenizer]:
    torch.manual_seed(0)
    tokenizer = MotionTokenizer(
        TokenizerSettings(width=8, code_width=4, body_size=4, hand_size=4, face_size=2)
    )
    rough(tokenizer)
    for quantizer in tokenizer.quantizers.values():
        quantizer.codebooks.normal_()
    from dataclasses import replace

    return rough(FlowHead(replace(SMALL, start=start), tokenizer, glosses)).eval(), tokenizer.eval()


@pytest.mark.parametrize(("solver", "steps", "tolerance"), [("euler", 400, 0.01), ("heun", 60, 0.003)])
def test_the_flow_to_a_normal_distribution_is_linear_in_the_noise(solver, steps, tolerance, monkeypatch):
    # x1 ~ N(m, s^2), x0 ~ N(0, 1): the expected x1 of x_t is known, and the flow takes z to m + s z.
    middle, spread = 0.7, 0.4

    def expected(self, x, time, told, mask, here, known):
        t = time[:, None, None]
        return middle + t * spread**2 / (t**2 * spread**2 + (1 - t) ** 2) * (x - t * middle)

    monkeypatch.setattr(Refiner, "_pose", expected)
    model = Refiner(SMALL, 2, 5).eval()
    noise = torch.randn(1, FRAMES, 256, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(1, FRAMES, dtype=torch.bool)
    draws = RefineSettings(steps=steps, solver=solver)
    found = model.sample(torch.zeros(1, FRAMES, 5), mask, noise, draws).values.flatten(2)
    assert (found - (middle + spread * noise)).abs().max() < tolerance


@pytest.mark.parametrize("is_training", [False, True])
def test_values_of_hidden_keypoints_and_what_is_behind_the_end_change_no_loss(is_training):
    model, truth = refiner(known=1.0).train(is_training), clips()
    condition = torch.randn(3, FRAMES, 5)
    counted = (truth.visible & truth.mask[..., None])[..., None]
    other = torch.where(counted, truth.values, torch.full_like(truth.values, 1e3))

    def losses(values):
        generator = torch.Generator().manual_seed(3)
        return model.loss(
            values, truth.visible, condition, truth.mask, generator, coarse=values.new_ones(()) * 0.1
        )

    one, two = losses(truth.values), losses(other)
    assert one.keys() == {"total", "flow", "bones", "visibility"}
    for name, loss in one.items():
        assert torch.isfinite(loss)
        assert torch.equal(loss, two[name]), name


def test_frames_outside_of_a_clip_say_nothing():
    model, truth = refiner(), clips()
    condition, noise = torch.randn(3, FRAMES, 5), torch.randn(3, FRAMES, 256)
    whole = model.sample(condition, truth.mask, noise)
    alone = model.sample(condition[1:2, :-4], truth.mask[1:2, :-4], noise[1:2, :-4])
    torch.testing.assert_close(whole.values[1, :-4], alone.values[0], rtol=1e-4, atol=1e-5)
    assert torch.equal(whole.visible[1, :-4], alone.visible[0])
    assert not whole.visible[1, -4:].any()


@pytest.mark.parametrize("guidance", [1.0, 2.5])
def test_known_frames_stay_and_change_the_others(guidance):
    model, truth = refiner(), clips(rows=1)
    condition, noise = torch.randn(1, FRAMES, 5), torch.randn(1, FRAMES, 256)
    at = torch.ones(1, FRAMES, dtype=torch.bool)
    at[:, 4:7] = False
    draws = RefineSettings(guidance=guidance)
    found = model.sample(condition, truth.mask, noise, draws, known=Known(truth.values, truth.visible, at))
    assert torch.equal(found.values[at], truth.values[at])
    assert torch.equal(found.visible[at], truth.visible[at])
    free = model.sample(condition, truth.mask, noise, draws)
    assert (found.values[~at] - free.values[~at]).abs().max() > 1e-3


def test_guidance_away_from_nothing_is_no_guidance():
    model = refiner()
    mask, noise = torch.ones(1, FRAMES, dtype=torch.bool), torch.randn(1, FRAMES, 256)
    nothing = torch.zeros(1, FRAMES, 5)
    plain, guided = (model.sample(nothing, mask, noise, RefineSettings(guidance=g)) for g in (1.0, 3.0))
    torch.testing.assert_close(plain.values, guided.values, rtol=1e-4, atol=1e-5)


def test_velocity_leads_to_the_pose():
    model, mask = refiner(), torch.ones(2, FRAMES, dtype=torch.bool)
    condition, x, visible = torch.randn(2, FRAMES, 5), torch.randn(2, FRAMES, 256), clips(2).visible
    with torch.no_grad():
        early, late = (model.velocity(x, torch.full((2,), t), condition, mask, visible) for t in (0.2, 0.9))
    one_step = model.sample(condition, mask, x, RefineSettings(steps=1), visible=visible).values
    with torch.no_grad():
        first = x + model.velocity(x, torch.zeros(2), condition, mask, visible)
    torch.testing.assert_close(model.scale.out(first), one_step, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(early, late)


def test_spans_of_known_frames():
    mask = torch.arange(40) < torch.tensor([40, 17]).repeat(200)[:, None]
    found = known_frames(mask, 0.5, Chance(mask.device, torch.Generator().manual_seed(0)))
    assert not (found & ~mask).any()
    share = found.any(1).float().mean()
    assert 0.4 < share < 0.6
    some = found[found.any(1)]
    # The unknown frames are one span: at most two changes from known to unknown or back, but for the clip's own end.
    unknown = mask[found.any(1)] & ~some
    assert (unknown.int().diff(dim=1) == 1).sum(1).max() <= 1
    assert not known_frames(mask, 0.0, Chance(mask.device)).any()


def test_a_layer_is_a_convolution_of_single_features_and_a_gated_product():
    torch.manual_seed(0)
    layer, x = rough(FrameLayer(6, 5, 2)), torch.randn(2, 9, 6)
    weight = layer.kernel.detach().T[:, None]
    plain = nn.functional.conv1d(x.transpose(1, 2), weight, padding=4, dilation=2, groups=6).transpose(1, 2)
    scale, shift, gate = layer.table
    expected = x + gate * layer.inner(layer.norm(plain) * (1 + scale) + shift)
    torch.testing.assert_close(layer(x, None, None), expected, rtol=1e-5, atol=1e-5)


def test_bone_lengths():
    values = torch.zeros(1, 1, 128, 2)
    values[0, 0, RIGHT_SHOULDER] = torch.tensor([0.3, 0.4])
    values[0, 0, NECK] = 0
    values[0, 0, LEFT_HAND.start] = 9.0
    values[0, 0, LEFT_HAND.start + 5] = torch.tensor([0.0, 2.0])
    values[0, 0, LEFT_HAND.start + 6] = torch.tensor([0.0, 3.0])
    lengths = bone_lengths(values)[0, 0]
    # Shoulder, elbow from shoulder; first finger from the wrist, wherever that lies, its second and third bone.
    assert sorted(lengths[lengths > 1e-3].tolist()) == pytest.approx([0.5, 0.5, 1.0, 2.0, 3.0], abs=1e-3)
    visible = torch.ones(1, 1, 128, dtype=torch.bool)
    visible[..., RIGHT_HAND] = False
    visible[..., LEFT_WRIST] = False
    assert int((~seen_bones(visible)).sum()) == 20 + 1


def test_spread_is_that_of_what_is_seen():
    truth = clips()
    scale = Scale(2)
    scale.fit(truth.values, truth.visible & truth.mask[..., None])
    seen = truth.values[..., 7, 1][truth.visible[..., 7] & truth.mask]
    assert float(scale.middle[7, 1]) == pytest.approx(float(seen.mean()), abs=1e-5)
    assert float(scale.spread[7, 1]) == pytest.approx(float(seen.std(correction=0)), abs=1e-5)
    torch.testing.assert_close(scale.out(scale.into(truth.values)), truth.values)


def test_frames_know_their_step_their_place_in_it_and_their_gloss():
    condition = FrameCondition(3, 8, 2)
    steps = torch.arange(6.0).view(1, 2, 3)
    found = condition(steps, torch.tensor([[6, 7]]), torch.tensor([[1, 1]]))
    assert found.shape == (1, 8, condition.width)
    assert torch.equal(found[0, :, :3], steps[0].repeat_interleave(4, 0))
    assert torch.equal(found[0, :, 3:7], torch.eye(4).repeat(2, 1))
    assert torch.equal(found[0, :4, 7:9], condition.gloss.weight[6].expand(4, 2))
    assert torch.equal(found[0, :4, 9:11], condition.gloss.weight[7].expand(4, 2))
    assert not condition(steps)[0, :, 7:].any()
    assert FrameCondition(3, 0, 2)(steps).shape == (1, 8, 7)


@pytest.mark.parametrize("start", ["coarse", "noise"])
def test_a_seed_gives_the_same_movement_whatever_else_is_in_the_batch(start):
    model, tokenizer = head(start)
    codes = [
        torch.randint(0, 2, (steps, 8), generator=torch.Generator().manual_seed(steps)) for steps in (3, 5)
    ]
    plans = [Plan(3, (5, 6), (1, 2)), Plan(5, (7,), (5,))]
    both = model.refine(tokenizer, codes, plans, [11, 12])
    for row in range(2):
        alone = model.refine(tokenizer, codes[row : row + 1], plans[row : row + 1], [11 + row])[0]
        assert alone.values.shape == (4 * len(codes[row]), 128, 2)
        torch.testing.assert_close(both[row].values, alone.values, rtol=1e-4, atol=1e-4)
        assert torch.equal(both[row].visible, alone.visible)
    other = model.refine(tokenizer, codes, plans, [11, 13])
    torch.testing.assert_close(other[0].values, both[0].values)
    assert not torch.allclose(other[1].values, both[1].values)


def test_without_noise_a_new_head_shows_what_codes_show():
    tokenizer = head()[1]
    fresh = FlowHead(SMALL, tokenizer, 9).eval()
    codes = torch.randint(0, 2, (3, 8))
    found = fresh.refine(tokenizer, [codes], [Plan(3)], [0])[0]
    decoded, _ = tokenizer.decode(codes[None])
    torch.testing.assert_close(found.values, decoded[0].detach())
    without = head("noise")[0].refine(tokenizer, [torch.full_like(codes, -1)], [Plan(3, (5,), (3,))], [0])[0]
    assert torch.isfinite(without.values).all()


@pytest.mark.parametrize("start", ["coarse", "noise"])
def test_a_head_learns_and_leaves_the_tokenizer_alone(start):
    model, tokenizer = head(start)
    truth = clips()
    codes = tokenizer.encode(truth.values, truth.visible, truth.mask)
    plan = (torch.tensor([[5, 6], [7, 0], [6, 5]]), torch.tensor([[1, 2], [2, 0], [2, 1]]))
    model.begin(tokenizer, codes, truth)
    before = {name: weight.clone() for name, weight in tokenizer.state_dict().items()}
    losses = model.train()(tokenizer, codes, truth, *plan, generator=torch.Generator().manual_seed(0))
    losses["total"].backward()
    unused = [name for name, weight in model.named_parameters() if weight.grad is None]
    assert not unused
    assert all(weight.grad is None for weight in tokenizer.parameters())
    assert all(torch.equal(weight, before[name]) for name, weight in tokenizer.state_dict().items())
    again = model(tokenizer, codes, truth, *plan, generator=torch.Generator().manual_seed(0))
    assert torch.equal(again["total"], losses["total"])


@pytest.mark.parametrize(
    ("preset", "millions"), [("signdw-tiny", 1.0), ("signdw-40m", 4.2), ("signdw-1.2b", 53.9)]
)
def test_sizes(preset, millions):
    with torch.device("meta"):
        model = Refiner(REFINERS[preset], 2, 128 + 4 + 2 * REFINERS[preset].gloss_width + 4)
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(millions * 1e6, rel=0.05)


def test_a_gap_between_known_frames_is_filled_as_was_learned():
    # Everything goes a straight way, each clip another one: the gap is decided by its surroundings alone.
    torch.manual_seed(0)
    model = Refiner(RefinerSettings(width=48, layers=3, known=1.0, condition_dropout=0.0), 2, 1)
    mask, visible = torch.ones(16, FRAMES, dtype=torch.bool), torch.ones(16, FRAMES, 128, dtype=torch.bool)
    nothing, ways = torch.zeros(16, FRAMES, 1), torch.randn(2, 256)

    def straight():
        place = torch.linspace(-1, 1, FRAMES)[:, None]
        lines = torch.randn(16, 1, 2) + torch.randn(16, 1, 2) * place
        return (lines @ ways).view(16, FRAMES, 128, 2)

    model.begin(straight(), visible, mask)
    optimizer = torch.optim.AdamW(model.parameters(), 4e-3, (0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=300)
    for _ in range(300):
        optimizer.zero_grad()
        model.loss(straight(), visible, nothing, mask)["total"].backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    truth, at = straight(), torch.ones_like(mask)
    at[:, 4:8] = False
    noise = torch.randn(16, FRAMES, 256)
    model.eval()
    filled, free = (
        model.sample(nothing, mask, noise, known=known).values for known in (Known(truth, visible, at), None)
    )
    assert torch.equal(filled[at], truth[at])
    spread = truth[~at].square().mean()
    assert (filled - truth)[~at].square().mean() < 0.3 * spread
    assert (free - truth)[~at].square().mean() > 0.6 * spread
