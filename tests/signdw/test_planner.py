"""Bins, timelines, alignments, and plans that are drawn and not averaged."""

import math
from dataclasses import replace

import pytest
import torch
from toy_signdw import toy_batch, toy_network

from signgen.errors import DataError
from signgen.signdw.network.bins import LogBins
from signgen.signdw.network.plan import (
    END,
    LEAD_IN,
    LEAD_OUT,
    PAD,
    SPECIALS,
    UNKNOWN,
    GlossVocabulary,
    Plan,
    align,
    pad_plans,
    phases,
    plan_of,
)  # fmt: skip
from signgen.signdw.network.planner import cut_plan
from signgen.signdw.settings import DrawSettings

NAMES = GlossVocabulary(["HOUSE", "I", "SEE"])


@pytest.mark.parametrize(("highest", "bins"), [(20, 8), (64, 24), (512, 64), (5, 24), (1, 1)])
def test_each_number_is_in_one_bin(highest, bins):
    table = LogBins(highest, bins)
    numbers = torch.arange(1, highest + 1)
    classes = table(numbers)
    assert len(table) <= bins
    assert sorted(set(classes.tolist())) == list(range(len(table)))
    assert (classes.diff() >= 0).all()
    lowest, highest_ = (table.draw(classes, torch.full(numbers.shape, c)) for c in (0.0, 0.99999))
    assert (lowest <= numbers).all()
    assert (numbers <= highest_).all()
    assert (table(lowest) == classes).all()
    assert (table(highest_) == classes).all()


def test_all_numbers_of_a_bin_are_as_likely():
    table = LogBins(20, 8)
    drawn = table.draw(torch.full((30000,), 7), torch.rand(30000, generator=torch.Generator().manual_seed(0)))
    shares = torch.bincount(drawn, minlength=21)[15:] / 30000
    torch.testing.assert_close(shares, torch.full((6,), 1 / 6), atol=0.01, rtol=0)


@pytest.mark.parametrize(
    ("timeline", "frames", "glosses", "durations"),
    [
        ([("I", 8, 16), ("SEE", 20, 30)], 40, [LEAD_IN, 6, 7, LEAD_OUT], [2, 3, 3, 2]),
        ([("I", 0, 16), ("SEE", 16, 30)], 30, [6, 7], [4, 4]),
        ([("NONE", 1, 16)], 17, [UNKNOWN, LEAD_OUT], [4, 1]),
        # Three letters in one and a half steps take a step each.
        ([("I", 4, 6), ("SEE", 6, 8), ("I", 8, 10)], 16, [LEAD_IN, 6, 7, 6], [1, 1, 1, 1]),
        ([("I", 12, 13), ("SEE", 14, 15), ("I", 15, 16)], 16, [LEAD_IN, 6, 7, 6], [1, 1, 1, 1]),
    ],
)
def test_timelines_become_plans(timeline, frames, glosses, durations):
    plan = plan_of(timeline, frames, 4, NAMES)
    assert plan == Plan(math.ceil(frames / 4), tuple(glosses), tuple(durations))
    assert plan.spans[-1][1] == plan.steps


@pytest.mark.parametrize(
    ("timeline", "message"),
    [
        ([("I", 8, 16), ("SEE", 4, 30)], "out of order or outside"),
        ([("I", 8, 46)], "outside of the 40 frames"),
        ([("I", -1, 6)], "outside of the 40 frames"),
        ([("I", i, i + 1) for i in range(11)], "11 glosses in 10 steps"),
        ([], "it has no gloss"),
    ],
)
def test_impossible_timelines_are_refused(timeline, message):
    with pytest.raises(DataError, match=f"^timeline: .*{message}|^timeline: {message}"):
        plan_of(timeline, 40, 4, NAMES)


def test_steps_and_frames_are_aligned():
    glosses, durations = pad_plans([Plan(6, (5, 6, 7), (1, 3, 2)), Plan(2, (7,), (2,))])
    found = align(glosses, durations, 7)
    assert found.glosses.tolist() == [[5, 6, 6, 6, 7, 7, PAD], [7, 7, PAD, PAD, PAD, PAD, PAD]]
    assert found.following.tolist() == [[6, 7, 7, 7, PAD, PAD, PAD], [PAD] * 7]
    # Half of the gloss is over in the middle of its three steps.
    torch.testing.assert_close(found.phases[0, 2, :2], torch.tensor([0.0, 1.0]), atol=1e-6, rtol=0)
    assert not found.phases[0, 6].any()
    frames = align(glosses, durations, 7, stride=4)
    assert frames.glosses[0, ::4].tolist() == found.glosses[0].tolist()
    torch.testing.assert_close(
        frames.phases[0, 9:11].mean(0)[:2], found.phases[0, 2, :2], atol=1e-6, rtol=1e-2
    )


def test_phases_are_shares_and_amounts():
    found = phases(torch.tensor([0, 3]), torch.tensor([4, 4]))
    share = torch.tensor([0.125, 0.875]) * math.pi
    expected = [
        share.cos(),
        share.sin(),
        torch.tensor([1.5, 4.5]).log() / 2,
        torch.tensor([4.5, 1.5]).log() / 2,
    ]
    torch.testing.assert_close(found, torch.stack(expected, 1))


def test_lengths_follow_their_distribution():
    """Two lengths as likely as each other are drawn as often, and never their mean."""
    model = toy_network(align="none")
    logits = model.planner.length
    torch.nn.init.zeros_(logits.weight)
    logits.bias.data.fill_(-30.0)
    logits.bias.data[model.planner.length_bins(torch.tensor([4, 12]))] = 5.0
    condition = toy_batch(1).condition.repeat(400)
    with torch.no_grad():
        plans = model.planner.sample(*model.encode_text(condition), DrawSettings(), range(400))
    counts = {length: sum(plan.steps == length for plan in plans) for length in (4, 12)}
    assert sum(counts.values()) == 400
    assert abs(counts[4] - 200) < 50


def test_plans_have_glosses_and_an_end():
    model = toy_network()
    condition = toy_batch(1).condition.repeat(50)
    draws = DrawSettings(gloss_temperature=3.0)
    with torch.no_grad():
        plans = model.planner.sample(*model.encode_text(condition), draws, range(50))
    for plan in plans:
        assert 1 <= len(plan.glosses) <= 8
        assert not {PAD, UNKNOWN, END} & set(plan.glosses)
        assert min(plan.durations) >= 1
        assert sum(plan.durations) == plan.steps <= 24
    assert len(set(plans)) > 25


def test_planner_without_cache_finds_the_same():
    model, batch = toy_network(), toy_batch(2)
    draws = DrawSettings(duration_temperature=0)
    with torch.no_grad():
        states, mask = model.encode_text(batch.condition)
        plans = model.planner.sample(states, mask, draws, (0, 1))
        for row, plan in enumerate(plans):
            glosses, durations = pad_plans([plan])
            bins = model.planner.duration_bins(durations)
            shifted = model.planner._shifted(glosses, bins)
            found = model.planner._found(*shifted, states[row : row + 1], mask[row : row + 1])
            logits = model.planner.next_gloss(found)
            logits[..., [PAD, UNKNOWN]] = -torch.inf
            logits[:, 0, END] = -torch.inf
            best = logits.argmax(-1)[0].tolist()
            assert best[: len(plan.glosses)] == list(plan.glosses)
            timed = model.planner.duration_logits(found[:, :-1], glosses).argmax(-1)
            kept = len(plan.glosses) if plan.steps < 24 else len(plan.glosses) - 1
            assert timed[0, :kept].tolist() == bins[0, :kept].tolist()


def test_long_plans_are_cut():
    assert cut_plan([5, 6, 7, PAD], [4, 9, 9, 0], 10) == Plan(10, (5, 6), (4, 6))
    assert cut_plan([5, PAD, 7], [4, 3, 9], 10) == Plan(4, (5,), (4,))


def test_vocabulary_round_trip(tmp_path):
    assert NAMES.encode(["<lead-in>", "SEE", "WHAT"]) == [LEAD_IN, len(SPECIALS) + 2, UNKNOWN]
    assert NAMES.decode([5, 4]) == ["HOUSE", "<lead-out>"]
    NAMES.save(tmp_path)
    assert GlossVocabulary.load(tmp_path).names == NAMES.names
    assert GlossVocabulary.load(tmp_path / "none") is None


def test_settings_can_be_changed():
    assert replace(DrawSettings(), guidance=3.0).guidance == 3.0
