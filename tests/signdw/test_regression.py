from __future__ import annotations

import torch
from toy_signdw import GLOSSES, SETTINGS, WORDS, toy_batch

from signgen.signdw.flow.regression import Regressor
from signgen.signdw.flow_settings import RefinerSettings
from signgen.signdw.motion.windows import Windows
from signgen.signdw.network.plan import LEAD_IN, LEAD_OUT, SPECIALS, Plan

FRAMES = RefinerSettings(width=16, layers=2, kernel=3, gloss_width=4)
PLANS = (Plan(6, (LEAD_IN, len(SPECIALS), LEAD_OUT), (2, 3, 1)), Plan(4, (len(SPECIALS) + 1,), (4,)))


def regressor() -> Regressor:
    torch.manual_seed(0)
    return Regressor(SETTINGS, FRAMES, WORDS, 2, GLOSSES).eval()


def truth_of(batch) -> Windows:
    """Movement that the codes of the toy say: first numbers where hands are."""
    where = batch.codes.float().repeat_interleave(4, 1)
    values = torch.zeros(*where.shape[:2], 128, 2)
    values[..., 0] = where[..., :1] / 7
    values[..., 1] = where[..., 1:2] / 11
    visible = torch.ones(values.shape[:3], dtype=torch.bool)
    visible[:, :, 9] = False
    return Windows(values * visible[..., None], visible, batch.mask.repeat_interleave(4, 1))


def test_it_learns_by_heart_what_the_text_decides():
    batch, model = toy_batch(3), regressor()
    truth = truth_of(batch)
    model.begin(truth)
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3)
    model.train()
    first = float(model(batch.condition, truth)["distance"].detach())
    for _ in range(60):
        losses = model(batch.condition, truth)
        optimizer.zero_grad()
        losses["total"].backward()
        optimizer.step()
    assert float(losses["distance"].detach()) < 0.35 * first
    assert float(losses["visibility"].detach()) < 0.1
    found, plans = model.eval().generate(batch.condition, seeds=(1, 2, 3))
    assert [len(clip.values) for clip in found] == [4 * plan.steps for plan in plans]
    assert not found[0].visible[:, 9].any()
    assert found[0].visible[:, 10].all()


def test_hidden_keypoints_have_no_loss():
    batch, model = toy_batch(2), regressor()
    truth = truth_of(batch)
    counted = truth.visible & truth.mask[..., None]
    other = Windows(truth.values.masked_fill(~counted[..., None], 1e3), truth.visible, truth.mask)
    one, two = (model(batch.condition, clips) for clips in (truth, other))
    assert set(one) == {"length", "gloss", "duration", "distance", "visibility", "total"}
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_sentence_is_signed_by_its_plan_whatever_else_is_in_the_batch():
    batch, model = toy_batch(2), regressor()
    with torch.no_grad():
        model.network.leave.weight.normal_()
    both, plans = model.generate(batch.condition, plans=PLANS, seeds=(0, 1))
    assert plans == list(PLANS)
    assert [len(clip.values) for clip in both] == [24, 16]
    rows = batch.condition._mapped(lambda tensor: tensor[1:])
    alone, _ = model.generate(rows, plans=PLANS[1:], seeds=(5,))
    torch.testing.assert_close(both[1].values, alone[0].values, rtol=1e-4, atol=1e-5)
    shorter, _ = model.generate(rows, plans=(Plan(4),), seeds=(5,))
    assert not torch.allclose(shorter[0].values, alone[0].values)
