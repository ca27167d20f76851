"""Draw movements: a plan, then codes step after step, or hidden ones in rounds, around any that are given."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from signgen.errors import ConfigError, DataError
from signgen.signdw.drawing.steps import MOST_ROWS, Stepper, StepWeights, eight_bit_weights, step_weights
from signgen.signdw.drawing.streams import Controls, draw_streams
from signgen.signdw.network.backbone import CAUSAL, MASKED, SignDW
from signgen.signdw.network.batch import HIDDEN, Condition, side_by_side
from signgen.signdw.network.dice import CODE_CHANCE, Dice
from signgen.signdw.network.plan import Plan, pad_plans
from signgen.signdw.settings import DrawSettings

FACE = "face"
Drawing = Callable[[Tensor, Tensor, Tensor | None, list[Tensor | None] | None], tuple[Tensor, Tensor]]


@dataclass(frozen=True, eq=False)
class Drawn:
    """One sentence.

    Attributes:
        codes: (S, Q) of its steps.
        plan: that it was drawn for.
    """

    codes: Tensor
    plan: Plan


@torch.inference_mode()
def generate(
    model: SignDW,
    condition: Condition,
    draws: DrawSettings | None = None,
    seeds: Sequence[int] = (0,),
    plans: Sequence[Plan] | None = None,
    known: Sequence[Tensor] | None = None,
    weights: StepWeights | None = None,
) -> list[Drawn]:
    """Codes of B sentences; a seed gives the same ones whatever else is in the batch.

    Args:
        model: in evaluation mode.
        condition: what to sign; its own glosses are not looked at. Repeat it for several drafts of one sentence.
        draws: how.
        seeds: of each sentence.
        plans: when to sign what; None: drawn from the text.
        known: for each sentence (S, Q) codes that stay as they are, `HIDDEN` where they are to be drawn; needs plans
            of the same lengths. Drawing step after step knows only those before it, drawing in rounds all.
        weights: that steps are drawn with in causal mode, such as those in eight bits; None: the model's own.

    Raises:
        ConfigError: there are not as many seeds, plans or known codes as sentences.
        DataError: a plan or known codes do not fit the network.
    """
    draws = draws or DrawSettings()
    job = _prepare(model, condition, draws, seeds, plans, known, weights)
    codes = torch.stack(list(_step_by_step(job)), 1) if draws.mode == "causal" else _in_rounds(job)
    return [Drawn(row[: plan.steps].cpu(), plan) for row, plan in zip(codes, job.plans, strict=True)]


@torch.inference_mode()
def plans_of(model: SignDW, condition: Condition, draws: DrawSettings, seeds: Sequence[int]) -> list[Plan]:
    """The plans that `generate` would draw."""
    states, text_mask = model.encode_text(condition.to(model.nothing.device))
    return model.planner.sample(states, text_mask, draws, seeds)


@torch.inference_mode()
def stream(
    model: SignDW,
    condition: Condition,
    draws: DrawSettings | None = None,
    seed: int = 0,
    plan: Plan | None = None,
    chunk: int = 6,
) -> Iterator[Drawn]:
    """The codes of one sentence sign by sign, each as soon as it is drawn; together what `generate` gives.

    Args:
        model: in evaluation mode.
        condition: of one sentence.
        draws: how; the mode must be causal.
        seed: of the sentence.
        plan: when to sign what; None: drawn from the text.
        chunk: steps at a time where the plan is a length alone.

    Yields:
        The codes of one gloss, and a plan of this gloss alone.

    Raises:
        ConfigError: several sentences, or a mode that is not causal.
        DataError: the plan does not fit the network.
    """
    draws = draws or DrawSettings()
    if draws.mode != "causal":
        raise ConfigError("draw.mode: drawing in rounds has no first sign; use causal to stream")
    job = _prepare(model, condition, draws, (seed,), None if plan is None else (plan,), None)
    steps = _step_by_step(job)
    for part in _parts(job.plans[0], chunk):
        yield Drawn(torch.cat([next(steps) for _ in range(part.steps)]).cpu(), part)


def _parts(plan: Plan, chunk: int) -> list[Plan]:
    """A plan cut into its glosses, or into chunks of steps where it has none."""
    if plan.glosses:
        return [Plan(d, (g,), (d,)) for g, d in zip(plan.glosses, plan.durations, strict=True)]
    return [Plan(min(chunk, plan.steps - start)) for start in range(0, plan.steps, chunk)]


@dataclass(frozen=True, eq=False)
class _Job:
    """All that drawing looks at; with guidance its tensors have twice the rows of its plans."""

    model: SignDW
    draws: DrawSettings
    plans: tuple[Plan, ...]
    lengths: Tensor
    guide: Tensor
    memory: Tensor
    memory_mask: Tensor | None
    known: Tensor | None
    dice: Dice
    weights: StepWeights | None

    @property
    def rows(self) -> int:
        return len(self.plans)

    @property
    def steps(self) -> int:
        return max(plan.steps for plan in self.plans)

    def noise(self) -> Tensor:
        """(B, S, sum of sizes); another one each time."""
        width = sum(self.model.sizes)
        if not self.draws.temperature:
            return torch.zeros(1, 1, 1, device=self.guide.device).expand(self.rows, self.steps, width)
        noise = self.dice.gumbel_of([plan.steps for plan in self.plans], width)
        if FACE not in self.model.parts:
            return noise
        # Noise that is so much larger does what a temperature that is so much higher would.
        face = self.draws.face_temperature / self.draws.temperature
        factors = [face if part == FACE else 1.0 for part in self.model.parts]
        sizes = torch.tensor(self.model.sizes, device=noise.device)
        return noise * torch.tensor(factors, device=noise.device).repeat_interleave(sizes)

    def doubled(self, x: Tensor) -> Tensor:
        return torch.cat([x, x]) if self.draws.guidance != 1 else x


def _prepare(
    model: SignDW,
    condition: Condition,
    draws: DrawSettings,
    seeds: Sequence[int],
    plans: Sequence[Plan] | None,
    known: Sequence[Tensor] | None,
    weights: StepWeights | None = None,
) -> _Job:
    rows, device = len(condition), model.nothing.device
    for name, given in (("seeds", seeds), ("plans", plans), ("known codes", known)):
        if given is not None and len(given) != rows:
            raise ConfigError(f"{name}: {len(given)} for {rows} sentences; give one each")
    if known is not None and plans is None:
        raise ConfigError("known codes: they need a plan that says how long the sentence is")
    condition = condition.to(device)
    states, text_mask = model.encode_text(condition)
    if plans is None:
        plans = model.planner.sample(states, text_mask, draws, seeds)
    _check_plans(model, plans)
    lengths = torch.tensor([plan.steps for plan in plans], device=device)
    longest = int(lengths.max())
    condition = _planned(model, condition, plans)
    if draws.guidance != 1:
        everything = torch.ones(rows, dtype=torch.bool, device=device)
        condition = side_by_side((condition, condition.without(everything)))
        states, lengths = torch.cat([states, states]), torch.cat([lengths, lengths])
    memory, memory_mask = model.remember(states, condition)
    return _Job(
        model,
        draws,
        tuple(plans),
        lengths,
        model.guide(condition, lengths, longest),
        memory,
        None if bool(memory_mask.all()) else memory_mask,
        None if known is None else _padded(model, known, plans).to(device),
        Dice(seeds, CODE_CHANCE, device),
        weights,
    )


def _check_plans(model: SignDW, plans: Sequence[Plan]) -> None:
    settings = model.settings
    for plan in plans:
        if not 0 < plan.steps <= settings.max_steps:
            raise DataError(
                f"plan: {plan.steps} steps; the network draws 1 to {settings.max_steps} at a time; "
                "give shorter sentences"
            )
        if plan.glosses and (sum(plan.durations) != plan.steps or len(plan.glosses) != len(plan.durations)):
            raise DataError("plan: the durations of its glosses do not sum up to its steps")
        if len(plan.glosses) > settings.max_glosses:
            raise DataError(f"plan: {len(plan.glosses)} glosses; the network takes {settings.max_glosses}")


def _planned(model: SignDW, condition: Condition, plans: Sequence[Plan]) -> Condition:
    if model.planner.gloss is None or not any(plan.glosses for plan in plans):
        return replace(condition, glosses=None, durations=None)
    glosses, durations = (t.to(condition.text.device) for t in pad_plans(plans))
    return replace(condition, glosses=glosses, durations=durations)


def _padded(model: SignDW, known: Sequence[Tensor], plans: Sequence[Plan]) -> Tensor:
    """(B, S, Q) known codes, hidden behind their ends."""
    longest = max(plan.steps for plan in plans)
    padded = torch.full((len(plans), longest, len(model.sizes)), HIDDEN)
    for row, codes, plan in zip(padded, known, plans, strict=True):
        if codes.shape != (plan.steps, len(model.sizes)):
            raise DataError(
                f"known codes: shape {tuple(codes.shape)}, expected {(plan.steps, len(model.sizes))} as planned"
            )
        if bool((codes >= torch.tensor(model.sizes)).any()):
            raise DataError("known codes: of another tokenizer; a stream has no code of that number")
        row[: plan.steps] = codes
    return padded


def _step_by_step(job: _Job) -> Iterator[Tensor]:
    """(B, Q) codes of each step."""
    model, noise = job.model, job.noise()
    guide = job.guide + model.modes.weight[CAUSAL]
    controls = Controls(job.draws, model.sizes, job.rows, guide.device)
    x = model.codes(torch.full((1, len(model.sizes)), HIDDEN, device=guide.device))
    drawing = _drawing(job)
    for step in range(job.steps):
        known = None if job.known is None else job.known[:, step]
        codes, x = drawing(x + guide[:, step], noise[:, step], known, controls())
        controls.add(codes)
        yield codes


def _drawing(job: _Job) -> Drawing:
    """What draws one step after another: compiled for few sentences on a CPU, else torch's."""
    model, memory = job.model, job.model.stack.project(job.memory)
    weights = eight_bit_weights(model) if job.draws.eight_bits else job.weights
    if weights is None and job.guide.device.type == "cpu" and len(job.guide) <= MOST_ROWS:
        weights = step_weights(model)
    if weights is not None:
        return Stepper(weights, model.sizes, job.draws, memory, job.memory_mask, job.steps, job.rows)
    cache = model.stack.cache(job.memory[:, 0], job.steps)

    def draw(
        x: Tensor, noise: Tensor, known: Tensor | None, controls: list[Tensor | None] | None
    ) -> tuple[Tensor, Tensor]:
        found = model.stack(x[:, None], None, memory, job.memory_mask, cache)[:, 0]
        codes, _, vectors = draw_streams(model, found, noise, job.draws, known, controls)
        return codes, vectors

    return draw


def _in_rounds(job: _Job) -> Tensor:
    """(B, S, Q) codes: all drawn in each round, the least certain steps hidden again, fewer each time (MoMask)."""
    model, draws = job.model, job.draws
    steps = job.steps
    real = torch.arange(steps, device=job.guide.device) < job.lengths[:, None]
    look, real = real[:, None, None], real[: job.rows]
    guide = job.guide + model.modes.weight[MASKED]
    memory = model.stack.project(job.memory)
    codes = job.known if job.known is not None else torch.full((job.rows, steps, len(model.sizes)), HIDDEN)
    codes = given = codes.to(guide.device)
    is_open = (given < 0).any(-1) & real
    count = is_open.sum(1, keepdim=True)
    for turn in range(draws.rounds):
        x = job.doubled(model.codes(codes)) + guide
        found = model.stack(x, look, memory, job.memory_mask)
        drawn, certainty, _ = draw_streams(model, found, job.noise(), draws, codes)
        left = (count * math.cos(math.pi / 2 * (turn + 1) / draws.rounds)).floor()
        # What was kept in an earlier round is certain.
        is_drawn = (codes < 0).any(-1) & is_open
        ranks = certainty.masked_fill(~is_drawn, torch.inf).argsort(1).argsort(1)
        is_hidden = (ranks < left) & is_drawn if turn + 1 < draws.rounds else torch.zeros_like(is_drawn)
        codes = torch.where(is_hidden[..., None], given, drawn)
    return codes
