"""A small world of signing: does averaging lose the movement, and do codes and flow keep it?

    python benchmarks/signdw_toy.py [--updates 1200] [--signs 3] [--pace 3 6] [--seed 0]

Twelve glosses, each signed in one of three ways (place, path, handshapes, mouth; nothing in the text says which) and at
a random pace. The recogniser knows the dictionary and nothing of the models: for each way of cutting a clip into signs
(at most 2 frames shorter or longer than any) it has the distance to the dictionary's movements, stretched to that
length, and finds the cheapest; exactly, by dynamic programming. Codes come from principal components and k-means
alone. All networks have a width of 64 and see the same batches. *Length given*: how long the sentence is comes from the
truth; *plan given*: also which gloss is when. Motion: how far wrists and fingertips go, against the truth of the same
sentences. Sentences of the test were not trained on, but for those of a single sign. Seconds: of the processor, one
thread, for training and drawing.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from signgen.pose.geometry import ShoulderFrame
from signgen.pose.layout import (
    FACE,
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_WRIST,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_WRIST,
)
from signgen.signdw.drawing.generate import generate
from signgen.signdw.flow.head import FlowHead
from signgen.signdw.flow.regression import Regressor
from signgen.signdw.flow.stream import refined_piecewise
from signgen.signdw.flow_settings import RefinerSettings, RefineSettings
from signgen.signdw.motion.loss import KEYPOINT_WEIGHTS
from signgen.signdw.motion.parts import Parts
from signgen.signdw.motion.settings import TokenizerSettings
from signgen.signdw.motion.tokenizer import STRIDE, MotionTokenizer
from signgen.signdw.motion.windows import Windows, stacked
from signgen.signdw.network.backbone import SignDW
from signgen.signdw.network.batch import Batch, Condition
from signgen.signdw.network.plan import SPECIALS, Plan, pad_plans
from signgen.signdw.settings import DrawSettings, SignDWSettings

GLOSSES, WAYS = 12, 3
WORDS, TEXT_OFFSET = 24, 4
WIDTH = 64
FINGERTIPS = [hand.start + tip for hand in (LEFT_HAND, RIGHT_HAND) for tip in (4, 8, 12, 16, 20)]
WRISTS = [LEFT_WRIST, RIGHT_WRIST]
# Curl of five fingers: fist, flat hand, index finger, two fingers, thumb and little finger, pinch.
HANDSHAPES = np.array(
    [[1, 1, 1, 1, 1], [0, 0, 0, 0, 0], [1, 0, 1, 1, 1], [1, 0, 0, 1, 1], [0, 1, 1, 1, 0], [0.5, 0.5, 0, 0, 0]]
)
LEGS = [9, 10, 12, 13]
SEEN = [*WRISTS, *FINGERTIPS]


class Sentence(NamedTuple):
    """What is signed, how, and how long each sign takes [steps]."""

    glosses: tuple[int, ...]
    ways: tuple[int, ...]
    steps: tuple[int, ...]


class World:
    """The dictionary and everything that follows from it."""

    def __init__(self, seed: int = 0, signs: int = 3, pace: tuple[int, int] = (3, 6)) -> None:
        self.seed, self.signs, self.pace = seed, signs, pace
        rng = np.random.default_rng([seed, 77])
        shape = (GLOSSES, WAYS)
        self.middle = rng.uniform((-0.6, -0.4), (0.2, 0.9), (*shape, 2))
        angle = rng.uniform(0, 2 * np.pi, shape)
        self.path = np.stack([np.cos(angle), np.sin(angle)], -1) * rng.uniform(0.25, 0.4, (*shape, 1))
        self.turns = rng.choice([0.5, 1, 1.5], shape)
        self.start = rng.uniform(0, 1, shape)
        self.round = rng.uniform(-0.2, 0.2, (*shape, 2))
        self.shapes = HANDSHAPES[rng.integers(len(HANDSHAPES), size=(*shape, 2))]
        self.mouth = rng.uniform(0, 0.15, shape)
        self.is_two_handed = rng.uniform(size=GLOSSES) < 0.4
        self.still = _still(rng)
        self._signs: dict[int, np.ndarray] = {}

    def sentences(self, count: int, seed: int) -> list[Sentence]:
        rng = np.random.default_rng([seed, 5])
        found = []
        for _ in range(count):
            signs = int(rng.integers(1, self.signs + 1))
            drawn = (
                rng.integers(GLOSSES, size=signs),
                rng.integers(WAYS, size=signs),
                rng.integers(self.pace[0], self.pace[1] + 1, signs),
            )
            found.append(Sentence(*(tuple(map(int, numbers)) for numbers in drawn)))
        return found

    def controls(self, gloss: int, way: int, frames: int) -> np.ndarray:
        """(frames, 9) wrists, curl of five fingers, mouth, whether the left hand signs too."""
        share = (np.arange(frames)[:, None] + 0.5) / frames
        at = (gloss, way)
        phase = 2 * np.pi * (self.turns[at] * share + self.start[at])
        wrist = self.middle[at] + self.path[at] * np.sin(phase) + self.round[at] * np.cos(phase)
        change = np.clip(2 * share - 0.5, 0, 1)
        curl = self.shapes[at][0] * (1 - change) + self.shapes[at][1] * change
        rest = np.tile([self.mouth[at], float(self.is_two_handed[gloss])], (frames, 1))
        return np.concatenate([wrist, curl, rest], 1)

    def show(self, controls: np.ndarray) -> np.ndarray:
        """(T, 128, 2) values of `Parts`."""
        frames = len(controls)
        values = np.tile(self.still, (frames, 1, 1))
        left = controls[:, 8:]
        values[:, RIGHT_WRIST] = controls[:, :2]
        resting = self.still[LEFT_WRIST]
        values[:, LEFT_WRIST] = resting + left * (controls[:, :2] * (-1, 1) - resting)
        for elbow, wrist, side in ((RIGHT_ELBOW, RIGHT_WRIST, -1), (LEFT_ELBOW, LEFT_WRIST, 1)):
            values[:, elbow] = values[:, wrist] / 2 + (side * 0.45, 0.35)
        curl = controls[:, 2:7]
        values[:, RIGHT_HAND] = _hand(curl)
        values[:, LEFT_HAND] = _hand(curl * left) * (-1, 1)
        values[:, FACE.start + 54 : FACE.stop, 1] += controls[:, 7:8]
        return values.astype(np.float32)

    def sign(self, sentence: Sentence) -> Parts:
        """The movement of a sentence, signs running into each other."""
        parts = zip(sentence.glosses, sentence.ways, sentence.steps, strict=True)
        whole = np.concatenate([self.controls(g, w, STRIDE * s) for g, w, s in parts])
        padded = np.pad(whole, ((2, 2), (0, 0)), mode="edge")
        values = self.show(sum(padded[i : i + len(whole)] for i in range(5)) / 5)
        visible = np.ones(values.shape[:2], np.bool_)
        visible[:, LEGS] = False
        return Parts(np.where(visible[..., None], values, 0), visible, ShoulderFrame(256, 200, 100))

    def recognise(self, values: np.ndarray) -> list[int]:
        """The glosses of values (T, 128, 2)."""
        features, frames = _features(values), len(values)
        best = np.full(frames + 1, np.inf)
        best[0] = 0
        back: list[tuple[int, int]] = [(0, 0)] * (frames + 1)
        shortest, longest = STRIDE * self.pace[0] - 2, STRIDE * self.pace[1] + 2
        costs = {length: self._costs(features, length) for length in range(shortest, longest + 1)}
        for end in range(shortest, frames + 1):
            for length in range(shortest, min(longest, end) + 1):
                each = costs[length][end - length]
                sign = int(each.argmin())
                cost = best[end - length] + each[sign]
                if cost < best[end]:
                    best[end], back[end] = cost, (length, sign // WAYS)
        found, place = [], frames
        while place and back[place][0]:
            found.append(back[place][1])
            place -= back[place][0]
        return found[::-1]

    def _costs(self, features: np.ndarray, length: int) -> np.ndarray:
        """(T - length + 1, signs) squared distances of every span to every sign."""
        if length > len(features):
            return np.empty((0, GLOSSES * WAYS))
        if length not in self._signs:
            pairs = [(g, w) for g in range(GLOSSES) for w in range(WAYS)]
            self._signs[length] = np.stack([_features(self.show(self.controls(*p, length))) for p in pairs])
        signs = self._signs[length]
        spans = np.lib.stride_tricks.sliding_window_view(features, length, 0).transpose(0, 2, 1)
        spans, signs = spans.reshape(len(spans), -1), signs.reshape(len(signs), -1)
        squares = (spans**2).sum(1)[:, None] + (signs**2).sum(1)
        found: np.ndarray = squares - 2 * spans @ signs.T
        return found


def _still(rng: np.random.Generator) -> np.ndarray:
    still = np.zeros((128, 2))
    still[:18] = [
        (0, -0.6), (0, 0), (-0.5, 0), (-0.6, 0.7), (-0.3, 1.1), (0.5, 0), (0.6, 0.7), (0.3, 1.1), (-0.3, 1.6), (0, 0),
        (0, 0), (0.3, 1.6), (0, 0), (0, 0), (-0.1, -0.7), (0.1, -0.7), (-0.25, -0.65), (0.25, -0.65),
    ]  # fmt: skip
    still[FACE] = rng.uniform(-0.2, 0.2, (68, 2))
    return still


def _hand(curl: np.ndarray) -> np.ndarray:
    """(T, 21, 2) of curls (T, 5) from 0 to 1."""
    angles = np.deg2rad([-150, -110, -90, -70, -50])
    directions = np.stack([np.cos(angles), np.sin(angles)], -1)
    reach = 0.18 + np.array([0.0, 0.09, 0.14, 0.18]) * (1 - 1.5 * curl[..., None])
    fingers = reach[..., None] * directions[:, None]
    return np.concatenate([np.zeros((len(curl), 1, 2)), fingers.reshape(len(curl), 20, 2)], 1)


def _features(values: np.ndarray) -> np.ndarray:
    """(T, 24): wrists, and fingertips three times as large."""
    return (values[:, SEEN] * np.array([1] * 2 + [3] * 10)[:, None]).reshape(len(values), -1)


def errors(truth: Sequence[int], found: Sequence[int]) -> int:
    """Edit distance."""
    row = list(range(len(found) + 1))
    for i, gloss in enumerate(truth, 1):
        above, row[0] = row[0], i
        for j, other in enumerate(found, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (gloss != other))
    return row[-1]


def motion(values: np.ndarray) -> float:
    """How far wrists and fingertips go in all."""
    return float(np.linalg.norm(np.diff(values[:, SEEN], axis=0), axis=-1).sum())


class Score(NamedTuple):
    motion: float
    wer: float


def score(world: World, sentences: Sequence[Sentence], clips: Sequence[np.ndarray]) -> Score:
    truth = [world.sign(sentence).values for sentence in sentences]
    wrong = sum(errors(s.glosses, world.recognise(clip)) for s, clip in zip(sentences, clips, strict=True))
    went = sum(map(motion, clips)) / sum(map(motion, truth))
    return Score(went, wrong / sum(len(s.glosses) for s in sentences))


class Corpus(NamedTuple):
    """Clips side by side and what is signed in them."""

    clips: Windows
    codes: torch.Tensor
    condition: Condition

    def rows(self, index: torch.Tensor) -> Corpus:
        clips = self.clips
        frames = int(clips.mask[index].sum(1).max())
        condition = self.condition._mapped(lambda tensor: tensor[index])
        cut = Windows(*(t[index, :frames] for t in (clips.values, clips.visible, clips.mask)))
        return Corpus(cut, self.codes[index, : frames // STRIDE], condition)

    @property
    def batch(self) -> Batch:
        return Batch(self.codes, self.clips.mask[:, ::STRIDE], self.condition)


def plan_of(sentence: Sentence) -> Plan:
    return Plan(sum(sentence.steps), tuple(len(SPECIALS) + g for g in sentence.glosses), sentence.steps)


def condition_of(sentences: Sequence[Sentence]) -> Condition:
    text = torch.zeros(len(sentences), 3, dtype=torch.long)
    for row, sentence in zip(text, sentences, strict=True):
        row[: len(sentence.glosses)] = TEXT_OFFSET + torch.tensor(sentence.glosses)
    return Condition(
        text, text > 0, torch.ones(len(text), dtype=torch.long), *pad_plans(list(map(plan_of, sentences)))
    )


TOKENIZER = TokenizerSettings(rvq=1, body_size=128, hand_size=96, face_size=16, width=16, code_width=16)
LENGTH_ALONE = SignDWSettings(
    width=WIDTH, heads=4, text_layers=1, plan_layers=1, layers=3, head_inner=128, words=WORDS, max_words=3,
    max_steps=24, max_glosses=4, align="none", dropout=0.0, text_dropout=0.0, language_dropout=0.0,
    causal_share=1.0,
)  # fmt: skip
REFINER = RefinerSettings(
    width=WIDTH, layers=4, gloss_width=16, start="noise", condition_dropout=0.0, known=0.0
)


def corpus_of(world: World, sentences: Sequence[Sentence]) -> tuple[Corpus, MotionTokenizer]:
    """Clips and their codes, of principal components and k-means; nothing is trained for them."""
    torch.manual_seed(0)
    clips = stacked([world.sign(sentence) for sentence in sentences])
    tokenizer = MotionTokenizer(TOKENIZER)
    some = slice(0, 400)
    tokenizer.begin(clips.values[some], clips.visible[some], clips.mask[some], KEYPOINT_WEIGHTS)
    tokenizer.eval()
    codes = tokenizer.encode(clips.values, clips.visible, clips.mask)
    return Corpus(clips, codes, condition_of(sentences)), tokenizer


def train(
    model: nn.Module, losses: Callable[[Corpus], torch.Tensor], corpus: Corpus, updates: int, rate: float
) -> None:
    """Updates with batches of 32."""
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), rate, (0.9, 0.98), weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=updates, pct_start=0.15)
    for index in _indices(len(corpus.codes), updates):
        optimizer.zero_grad()
        losses(corpus.rows(index)).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    model.eval()


def _indices(clips: int, updates: int, batch: int = 32) -> Iterator[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    for _ in range(updates):
        yield torch.randint(clips, (batch,), generator=generator)


class Experiment:
    """Everything that is trained, and what it signs of the test sentences."""

    def __init__(
        self, clips: int, sentences: int, seed: int = 0, signs: int = 3, pace: tuple[int, int] = (3, 6)
    ) -> None:
        self.world = World(seed, signs, pace)
        learned = self.world.sentences(clips, 1 + seed)
        known = {s.glosses for s in learned if len(s.glosses) > 1}
        found = [s for s in self.world.sentences(4 * sentences, 1000 + seed) if s.glosses not in known]
        self.unseen = found[:sentences]
        self.corpus, self.tokenizer = corpus_of(self.world, learned)
        self.condition = condition_of(self.unseen)
        self.plans = list(map(plan_of, self.unseen))
        self.seeds = list(range(len(self.unseen)))

    @property
    def lengths(self) -> list[Plan]:
        return [Plan(plan.steps) for plan in self.plans]

    def truth(self) -> list[np.ndarray]:
        return [self.world.sign(sentence).values for sentence in self.unseen]

    def coded(self) -> list[np.ndarray]:
        """The truth as its codes show it: the most that codes can say."""
        clips = stacked([self.world.sign(sentence) for sentence in self.unseen])
        codes = self.tokenizer.encode(clips.values, clips.visible, clips.mask)
        return self.decode([row[: plan.steps] for row, plan in zip(codes, self.plans, strict=True)])

    def regress(self, align: str, updates: int) -> list[np.ndarray]:
        torch.manual_seed(0)
        frames = RefinerSettings(width=WIDTH, layers=2, gloss_width=16)
        model = Regressor(self._settings(align), frames, WORDS, 2, GLOSSES + len(SPECIALS))
        model.begin(self.corpus.clips)
        train(model, lambda c: model(c.condition, c.clips)["total"], self.corpus, updates, 4e-3)
        plans = self.plans if align == "gloss" else self.lengths
        found, _ = model.generate(self.condition, seeds=self.seeds, plans=plans)
        return [clip.values.numpy() for clip in found]

    def draw(self, align: str, updates: int) -> list[torch.Tensor]:
        """Codes of the test sentences."""
        torch.manual_seed(0)
        sizes = [stream.size for stream in self.tokenizer.streams]
        model = SignDW(self._settings(align), sizes, WORDS, 2, GLOSSES + len(SPECIALS))
        train(model, lambda c: model(c.batch)["total"], self.corpus, updates, 4e-3)
        plans = self.plans if align == "gloss" else self.lengths
        draws = DrawSettings(temperature=0.8, top_k=0)
        return [d.codes for d in generate(model, self.condition, draws, self.seeds, plans)]

    def _settings(self, align: str) -> SignDWSettings:
        return replace(LENGTH_ALONE, align=align)

    def decode(self, codes: Sequence[torch.Tensor]) -> list[np.ndarray]:
        with torch.inference_mode():
            return [self.tokenizer.decode(row[None])[0][0].numpy() for row in codes]

    def flow(self, updates: int, settings: RefinerSettings = REFINER) -> FlowHead:
        torch.manual_seed(0)
        head = FlowHead(settings, self.tokenizer, GLOSSES + len(SPECIALS))
        head.begin(self.tokenizer, self.corpus.codes, self.corpus.clips)

        def losses(c: Corpus) -> torch.Tensor:
            plan = (c.condition.glosses, c.condition.durations)
            return head(self.tokenizer, c.codes, c.clips, *plan)["total"]

        train(head, losses, self.corpus, updates, 4e-3)
        return head

    def refine(
        self, head: FlowHead, codes: Sequence[torch.Tensor] | None, draws: RefineSettings | None = None
    ) -> list[np.ndarray]:
        """With codes, or by gloss and phase alone."""
        if codes is None:
            codes = [torch.full((plan.steps, len(self.tokenizer.streams)), -1) for plan in self.plans]
        found = head.refine(self.tokenizer, codes, self.plans, self.seeds, draws)
        return [clip.values.numpy() for clip in found]


def pieces(made: Experiment, head: FlowHead, signs: int = 8, count: int = 12) -> tuple[float, float, float]:
    """Longer sentences refined piece by piece: how far off the whole, and jerk of wrists where pieces join, and there
    in the whole [shoulder widths]."""
    world = World(made.world.seed, signs, made.world.pace)
    sentences = [s for s in world.sentences(8 * count, 77) if len(s.glosses) > signs // 2][:count]
    apart, joins = [], []
    for seed, (sentence, plan) in enumerate(zip(sentences, map(plan_of, sentences), strict=True)):
        clip = stacked([world.sign(sentence)])
        codes = made.tokenizer.encode(clip.values, clip.visible, clip.mask)[0, : plan.steps]
        whole = head.refine(made.tokenizer, [codes], [plan], [seed])[0].values.numpy()
        drawn = refined_piecewise(head, made.tokenizer, iter(torch.split(codes, 4)), plan, seed)
        parts = [piece.values.numpy() for piece in drawn]
        joined = np.concatenate(parts)
        apart.append(np.linalg.norm(joined - whole, axis=-1)[:, SEEN].mean())
        ends = np.cumsum([len(part) for part in parts])[:-1] - 2
        joins += [[_jerk(each)[end] for each in (joined, whole)] for end in ends]
    found = np.mean(joins, axis=0)
    return float(np.mean(apart)), float(found[0]), float(found[1])


def _jerk(values: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.linalg.norm(np.diff(values[:, WRISTS], 3, axis=0), axis=-1).mean(-1)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--updates", type=int, default=1200)
    parser.add_argument("--clips", type=int, default=4000)
    parser.add_argument("--sentences", type=int, default=100)
    parser.add_argument("--signs", type=int, default=3, help="of a sentence at most")
    parser.add_argument("--pace", type=int, nargs=2, default=[3, 6], help="steps of a sign, six a second")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    made = Experiment(given.clips, given.sentences, given.seed, given.signs, tuple(given.pace))
    kept: dict[str, list[torch.Tensor]] = {}
    heads: dict[str, FlowHead] = {}

    def token(align: str) -> list[np.ndarray]:
        kept[align] = made.draw(align, given.updates)
        return made.decode(kept[align])

    def flow(**changes: Any) -> FlowHead:
        return made.flow(given.updates, replace(REFINER, **changes))

    rows: dict[str, Callable[[], list[np.ndarray]]] = {
        "truth": made.truth,
        "truth in codes": made.coded,
        "regress, length given": lambda: made.regress("none", given.updates),
        "regress, plan given": lambda: made.regress("gloss", given.updates),
        "token, length given": lambda: token("none"),
        "token, plan given": lambda: token("gloss"),
        "flow from noise, plan and codes": lambda: made.refine(
            heads.setdefault("noise", flow()), kept["gloss"]
        ),
        "flow from coarse, plan and codes": lambda: made.refine(flow(start="coarse"), kept["gloss"]),
        "flow from noise, plan alone": lambda: made.refine(flow(code_dropout=1.0), None),
    }
    print(f"{'way':34} {'motion':>7} {'WER':>6} {'seconds':>8}")
    for name, clips in rows.items():
        started = time.process_time()
        found = clips()
        took = time.process_time() - started
        went, wer = score(made.world, made.unseen, found)
        print(f"{name:34} {went:7.3f} {wer:6.3f} {took:8.1f}", flush=True)
    off, joins, there = pieces(made, heads["noise"])
    print(
        f"piece by piece: {off:.5f} shoulder widths off the whole; jerk of joins {joins:.3f}, whole {there:.3f}"
    )


if __name__ == "__main__":
    main()
