"""The loop on a line through a few points: stops, legs, plateaus, patience, averages, what is written and refused."""

import json

import pytest
import torch
from torch import nn

from signgen.errors import CheckpointError, ConfigError
from signgen.nn.chance import seed
from signgen.nn.checkpoint import load_tensors, save_tensors
from signgen.nn.crew import crew_on
from signgen.nn.log import read_log
from signgen.nn.moving_average import copy_of, follow
from signgen.nn.optimizer import Plateau, make_optimizer, rate_at, set_rate
from signgen.nn.settings import OptimizerSettings
from signgen.nn.task import Task
from signgen.nn.training import Course, Leg, train

HOW = OptimizerSettings(rate=0.05, warmup=2, clip=0.5)


class Line(Task):
    """y = 3 x + 1, seen through noise; ``scores`` are given out one after another."""

    def __init__(self, folder, scores=None):
        torch.manual_seed(0)
        self.network, self.folder, self.scores = nn.Linear(1, 1), folder, scores
        self.told, self.kept, self.shown, self.begun, self.finished = [], [], [], 0, 0

    def begin(self):
        self.begun += 1

    def batches(self, place, count, parts):
        return ((n, part) for n in range(place.total, place.total + count) for part in parts)

    def losses(self, lesson, batch, place, part):
        assert batch == (place.total, part)
        seed(7, place.total, part)
        x = torch.randn(8, 1)
        error = (lesson(x) - 3 * x - 1 + 0.1 * torch.randn(8, 1)).square().mean()
        return {"total": error, "half": error / 2}, len(x)

    def look(self, network, total):
        return {"off": abs(network.weight.item() - 3) + abs(network.bias.item() - 1)}

    def score(self, found):
        return None if self.scores is None else self.scores.pop(0)

    def keep(self, network, look):
        self.kept.append(look.total)
        save_tensors(self.folder / "best.safetensors", network.state_dict())

    def line(self, look):
        return f"{look.total}"

    def show(self, network, look):
        self.shown.append(look.total)

    def finish(self):
        self.finished += 1


def course(steps=10, **changes):
    legs = (Leg(steps),) if isinstance(steps, int) else tuple(Leg(*leg) for leg in steps)
    return Course(HOW, legs, **{"validate_every": 4, "fingerprint": "x", **changes})


def run(folder, how, stops=(None,), scores=None):
    told = []
    for stop in stops:
        task = Line(folder, scores)
        progress, last = train(task, how, folder, crew_on("cpu", told.append), stop)
    return progress, last, task, told


def same(one, other, name):
    a, b = (load_tensors(folder / name)[0] for folder in (one, other))
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("changes", [
    {}, {"average": 0.5, "accumulate": 3}, {"steps": ((5,), (6, 0.5))}, {"steps": ((4,), (4,), (2,)), "average": 0.9},
])  # fmt: skip
def test_it_is_the_same_to_the_bit_however_often_it_is_stopped(tmp_path, changes):
    how = course(**changes)
    whole = run(tmp_path / "one", how)
    parts = run(tmp_path / "two", how, (1, 4, 5, 7, None))
    for name in ("last.safetensors", "best.safetensors"):
        assert same(tmp_path / "one", tmp_path / "two", name)
    assert whole[0] == parts[0]
    assert whole[3] == parts[3]
    assert whole[1].found == parts[1].found
    assert [task.finished for task in (whole[2], parts[2])] == [1, 1]
    assert (whole[2].begun, parts[2].begun) == (1, 0)


def test_it_does_what_a_bare_loop_does(tmp_path):
    run(tmp_path, course(average=0.5, accumulate=2, validate_every=10))
    bare = Line(tmp_path)
    model, average = bare.network, copy_of(bare.network)
    optimizer = make_optimizer(model, HOW)
    for step in range(10):
        set_rate(optimizer, rate_at(HOW, step, 10))
        optimizer.zero_grad()
        for part in range(2):
            x = (seed(7, step, part), torch.randn(8, 1))[1]
            ((model(x) - 3 * x - 1 + 0.1 * torch.randn(8, 1)).square().mean() / 2).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        follow(average, model, 0.5, step)
    found = load_tensors(tmp_path / "last.safetensors")[0]
    for name, network in (("live", model), ("average", average)):
        for key, value in network.state_dict().items():
            torch.testing.assert_close(found[f"model.{name}.{key}"], value, rtol=1e-6, atol=1e-7)


def test_looks_are_logged_said_and_shown(tmp_path):
    progress, last, task, told = run(tmp_path, course(((6,), (3,))))
    assert told == ["4", "6", "9"]
    assert task.kept == task.shown == [4, 6, 9]  # without a score the newest is the best
    lines = read_log(tmp_path / "metrics.jsonl")
    assert [line["total"] for line in lines] == [4, 6, 9]
    assert lines[-1]["dev"] == last.found
    assert lines[0]["loss"]["half"] == pytest.approx(lines[0]["loss"]["total"] / 2)
    assert all(line["frames_per_second"] == pytest.approx(8 * line["updates_per_second"]) for line in lines)
    assert (progress.stage, progress.step, progress.total) == (1, 3, 9)


def test_only_what_is_better_is_kept_and_patience_ends_a_leg(tmp_path):
    how = course(((20,), (8,)), validate_every=2, patience=2)
    progress, _, task, _ = run(tmp_path, how, scores=[1.0, 3.0, 2.0, 3.0, 2.5, 4.0, 1.0, 1.0])
    assert task.shown == [2, 4, 6, 8, 10, 12, 14, 16]
    assert task.kept == [2, 4, 12]
    assert progress.best == 4.0
    assert task.finished == 1


def test_the_rate_falls_where_nothing_gets_better_until_it_is_too_low(tmp_path):
    how = course(40, validate_every=2, plateau=Plateau(1, 0.5, 0.01))
    _, _, task, _ = run(tmp_path, how, scores=[9.0, *range(8)])
    # Every second look without a better score halves the rate: 0.05, 0.025, 0.0125, and then 0.00625.
    assert task.shown == [2, 4, 6, 8, 10, 12, 14]


@pytest.mark.parametrize("scores", [[float("nan")], [float("inf")]])
def test_a_score_that_is_no_number_is_refused(tmp_path, scores):
    with pytest.raises(
        ConfigError, match=r"train.rate: the loss is no number after update 4; use a lower rate"
    ):
        run(tmp_path, course(), scores=scores)


def test_another_training_is_refused_and_an_older_one_goes_on(tmp_path):
    run(tmp_path / "one", course(), (7, None))
    run(tmp_path / "two", course(), (7,))
    with pytest.raises(ConfigError, match="other settings or other data"):
        run(tmp_path / "two", course(fingerprint="y"))
    state = tmp_path / "two" / "last.safetensors"
    tensors, note = load_tensors(state)
    bare = {name.replace("model.live.", "model."): value for name, value in tensors.items()}
    older = {**json.loads(note), "progress": {**json.loads(note)["progress"], "is_done": False}}
    save_tensors(state, bare, json.dumps(older))
    run(tmp_path / "two", course())
    assert same(tmp_path / "one", tmp_path / "two", "last.safetensors")
    save_tensors(state, {"model.live.weight": torch.zeros(1, 1)}, note)
    with pytest.raises(CheckpointError, match=r"last\.safetensors: of another version"):
        run(tmp_path / "two", course())
