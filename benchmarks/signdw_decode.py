"""How fast SignDW draws one sentence, in torch and in compiled steps, in float32 and in eight bits, refiner included.

    python benchmarks/signdw_decode.py [--presets signdw-tiny signdw-40m] [--steps 30 120] [--rounds 7] [--threads 1]
    python benchmarks/signdw_decode.py --checkpoint signdw-ase-tiny [TEXT ...]

Weights are random, which changes no time; a step is four frames at 24 a second and eleven streams, as the tokenizer of
the built-in checkpoint has them. The text has 12 units, the plan 6 glosses; text encoder and plan are part of the
time. Ways take turns, a sentence each; times are medians, of processor time with one thread, else of wall time.
*whole prefix* draws the same codes but puts all earlier steps through the network at each step; *torch* keeps keys
and values; *compiled* is what `generate` does for one sentence. *to poses* goes on to keypoints: decoder, eight looks
of the refiner. Accuracy of eight bits: both read the same sentence, drawn in float32; the share of streams of steps
whose likeliest code is the same, and the mean difference of log-probabilities of the codes drawn. --checkpoint asks
that of weights that have learned, on texts that follow it (or a few of the built-in one's grammar), and no more.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signgen.signdw.drawing import generate as drawing
from signgen.signdw.drawing.generate import _planned, _prepare, generate
from signgen.signdw.drawing.steps import MOST_ROWS, step_weights
from signgen.signdw.drawing.streams import draw_streams
from signgen.signdw.flow.head import FlowHead
from signgen.signdw.flow_settings import REFINERS
from signgen.signdw.motion.settings import TokenizerSettings
from signgen.signdw.motion.tokenizer import MotionTokenizer
from signgen.signdw.network.backbone import CAUSAL, SignDW
from signgen.signdw.network.batch import Condition
from signgen.signdw.network.corruption import shifted
from signgen.signdw.network.plan import Plan
from signgen.signdw.settings import PRESETS, DrawSettings

MOTION = TokenizerSettings(rvq=3, face_rvq=2, body_size=256, hand_size=512, face_size=128, code_width=48)
SIZES = (256, 512, 512, 128, 256, 512, 512, 128, 256, 512, 512)
GLOSSES = 512
STRIDE = 4
DRAWS = DrawSettings()
TEXTS = [
    "In the summer it is sunny in China.", "Our grandfather is not poor.", "He never buys beer.",
    "The north will be sunny next week.", "My cap is yellow.", "My sister will read the book tomorrow.",
]  # fmt: skip


def made(preset: str) -> SignDW:
    torch.manual_seed(0)
    settings = PRESETS[preset]
    return SignDW(settings, SIZES, settings.words, 42, GLOSSES).eval()


def sentence() -> Condition:
    text = torch.randint(4, 1000, (1, 12), generator=torch.Generator().manual_seed(0))
    return Condition(text, torch.ones(1, 12, dtype=torch.bool), torch.ones(1, dtype=torch.long))


def plan_of(steps: int) -> Plan:
    durations = [steps // 6] * 5
    return Plan(steps, tuple(range(10, 16)), (*durations, steps - sum(durations)))


@torch.inference_mode()
def whole_prefix(model: SignDW, condition: Condition, plan: Plan) -> Tensor:
    """(S, Q) codes; each step puts all before it through the network again."""
    job = _prepare(model, condition, DRAWS, (0,), (plan,), None)
    noise, codes = job.noise(), torch.full((1, 1, len(SIZES)), -1)
    guide = job.guide + model.modes.weight[CAUSAL]
    for step in range(plan.steps):
        look = torch.ones(step + 1, step + 1, dtype=torch.bool).tril()
        x = model.codes(codes) + guide[:, : step + 1]
        found = model.stack(x, look, job.memory, job.memory_mask)[:, -1]
        new, _, _ = draw_streams(model, found, noise[:, step], DRAWS)
        codes = torch.cat([codes, new[:, None]], 1)
    return codes[0, 1:]


@torch.inference_mode()
def log_chances(model: SignDW, condition: Condition, plan: Plan, codes: Tensor) -> list[Tensor]:
    """(S, size) log-probabilities of each stream, reading (S, Q) codes."""
    states, _ = model.encode_text(condition)
    seen = _planned(model, condition, [plan])
    memory, mask = model.remember(states, seen)
    guide = model.guide(seen, torch.tensor([plan.steps]), plan.steps)
    x = model.codes(shifted(codes[None])) + guide + model.modes.weight[CAUSAL]
    # Step by step as in drawing, for the scales of eight bits depend on what goes through together.
    cache, keys_values = model.stack.cache(memory[:, 0], plan.steps), model.stack.project(memory)
    steps = range(plan.steps)
    found = torch.cat([model.stack(x[:, s : s + 1], None, keys_values, mask, cache) for s in steps], 1)[0]
    return [F.log_softmax(logits, -1) for logits in model.heads.each(found, model.codes.each(codes))]


def accuracy(
    exact: SignDW, rough: SignDW, condition: Condition, plan: Plan, codes: Tensor
) -> tuple[float, float]:
    """Share of likeliest codes that stay, and mean difference of log-probabilities of those drawn."""
    same, apart = [], []
    both = (log_chances(model, condition, plan, codes) for model in (exact, rough))
    for stream, (a, b) in enumerate(zip(*both, strict=True)):
        same.append((a.argmax(-1) == b.argmax(-1)).float().mean())
        at = codes[:, stream, None]
        apart.append((a.gather(1, at) - b.gather(1, at)).abs().mean())
    return float(torch.stack(same).mean()), float(torch.stack(apart).mean())


def seconds(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median time of each way, all of them in turn."""
    # Of one thread, processor time: others that wait for the same core do not count.
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            started = clock()
            way()
            if turn:
                times[name].append(clock() - started)
    return {name: statistics.median(values) for name, values in times.items()}


def learned(spec: str, texts: list[str], seeds: int = 4) -> None:
    """What eight bits change in a checkpoint that is kept, as it is drawn by default."""
    from signgen.signdw.checkpoint.folder import load_checkpoint
    from signgen.text2pose.signdw import GUIDANCE

    loaded = load_checkpoint(spec)
    rough, draws = rounded(loaded.model), replace(DRAWS, guidance=GUIDANCE)
    same, apart, drawn = [], [], []
    for text in texts:
        condition = loaded.encoding.condition([text], [None])
        for seed in range(seeds):
            exact = generate(loaded.model, condition, draws, (seed,))[0]
            found = accuracy(loaded.model, rough, condition, exact.plan, exact.codes)
            same.append(found[0])
            apart.append(found[1])
            eight = replace(draws, eight_bits=True)
            again = generate(loaded.model, condition, eight, (seed,), (exact.plan,))[0]
            drawn.append(float((again.codes == exact.codes).float().mean()))
    mean = statistics.mean
    print(
        f"{spec}: {len(same)} sentences; eight bits leave {100 * mean(same):.1f} % of the likeliest codes, "
        f"{mean(apart):.3f} nats apart; {100 * mean(drawn):.1f} % of the codes drawn with the same seed are the same"
    )


def rounded(model: SignDW) -> SignDW:
    """A copy whose matrices are what eight bits make of them, for torch."""
    rough = copy.deepcopy(model)
    linears = [
        part for part in (*rough.stack.modules(), *rough.heads.modules()) if isinstance(part, nn.Linear)
    ]
    for linear in linears:
        step = linear.weight.data.abs().amax(1, keepdim=True) / 127
        linear.weight.data = (linear.weight.data / step).round() * step
    return rough


def in_torch(way: Callable[[], object]) -> Callable[[], object]:
    """The same without compiled steps."""

    def slowly() -> object:
        vars(drawing)["MOST_ROWS"] = 0
        try:
            return way()
        finally:
            vars(drawing)["MOST_ROWS"] = MOST_ROWS

    return slowly


def measure(preset: str, steps: int, rounds: int, threads: int) -> None:
    torch.set_num_threads(threads)
    exact = made(preset)
    eight = step_weights(exact, eight_bits=True)
    condition, plan = sentence(), plan_of(steps)
    rounds_of, guided = replace(DRAWS, mode="masked"), replace(DRAWS, guidance=2.0)
    motion = MotionTokenizer(MOTION).eval()
    refiner = FlowHead(REFINERS[preset], motion, GLOSSES).eval()
    codes = generate(exact, condition, DRAWS, plans=(plan,))[0].codes

    def refine(given: Tensor) -> object:
        return refiner.refine(motion, [given], [plan], [0])

    ways = {
        "whole prefix": lambda: whole_prefix(exact, condition, plan),
        "torch": in_torch(lambda: generate(exact, condition, DRAWS, plans=(plan,))),
        "torch, 10 rounds": lambda: generate(exact, condition, rounds_of, plans=(plan,)),
        "compiled": lambda: generate(exact, condition, DRAWS, plans=(plan,)),
        "compiled, guidance 2": lambda: generate(exact, condition, guided, plans=(plan,)),
        "compiled, int8": lambda: generate(exact, condition, DRAWS, plans=(plan,), weights=eight),
        "to poses alone": lambda: refine(codes),
        "compiled, to poses": lambda: refine(generate(exact, condition, DRAWS, plans=(plan,))[0].codes),
    }
    found = seconds(ways, rounds)
    for name, value in found.items():
        print(
            f"{preset:12} {threads:7} {steps:6} {name:21} {1000 * value:8.1f} {STRIDE * steps / value:9.0f}"
            f" {found['whole prefix'] / value:10.2f} {found['torch'] / value:8.2f}",
            flush=True,
        )
    same, apart = accuracy(exact, rounded(exact), condition, plan, codes)
    print(f"{preset}: eight bits leave {100 * same:.1f} % of the likeliest codes, {apart:.3f} nats apart")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--presets", nargs="+", default=["signdw-tiny", "signdw-40m"], choices=list(PRESETS))
    parser.add_argument("--steps", type=int, nargs="+", default=[30, 120])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument("--checkpoint", help="look at its accuracy in eight bits instead")
    parser.add_argument("texts", nargs="*", default=TEXTS)
    given = parser.parse_args()
    if given.checkpoint:
        torch.set_num_threads(1)
        learned(given.checkpoint, given.texts)
        return
    head = f"{'preset':12} {'threads':>7} {'steps':>6} {'way':21} {'ms':>8} {'frames/s':>9}"
    print(f"{head} {'/ prefix':>10} {'/ torch':>8}")
    for threads in given.threads:
        for preset in given.presets:
            for steps in given.steps:
                measure(preset, steps, given.rounds, threads)


if __name__ == "__main__":
    main()
