"""A training is the same to the bit however often it is stopped; its average, its log, its end, its refusals."""

import builtins
import shutil

import pytest
import torch
from torch import nn
from toy_signdw_corpus import make_corpus, make_tokenizer, run_of

from signgen.data.trained_on import hash_of, read_trained_on
from signgen.errors import CheckpointError, ConfigError, DataError, DependencyError
from signgen.nn.checkpoint import load_tensors
from signgen.nn.log import read_log
from signgen.nn.moving_average import copy_of, follow
from signgen.signdw.checkpoint.folder import load_checkpoint
from signgen.signdw.training.train import train_signdw


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return make_tokenizer(tmp_path_factory.mktemp("motion"))


@pytest.fixture(scope="module")
def whole(corpus, tokenizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    train_signdw(run_of(corpus, tokenizer), folder, device="cpu")
    return folder


def weights(folder):
    return {name: load_tensors(folder / name)[0] for name in ("best/model.safetensors", "last.safetensors")}


def is_same(first, second):
    return all(
        a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)
        for a, b in zip(first.values(), second.values(), strict=True)
    )


@pytest.mark.parametrize("stops", [(1,), (3,), (2, 5)])
def test_a_stopped_training_goes_on_to_the_bit(corpus, tokenizer, whole, tmp_path, stops):
    run = run_of(corpus, tokenizer)
    for stop in stops:
        train_signdw(run, tmp_path, device="cpu", stop_after=stop)
    made = train_signdw(run, tmp_path, device="cpu")
    assert made.steps == 6
    assert is_same(weights(tmp_path), weights(whole))
    dev = [[line["dev"] for line in read_log(folder / "metrics.jsonl")] for folder in (tmp_path, whole)]
    assert dev[0] == dev[1]


def test_seeds_differ(corpus, tokenizer, whole, tmp_path):
    train_signdw(run_of(corpus, tokenizer, seed=1), tmp_path, device="cpu")
    assert not is_same(weights(tmp_path), weights(whole))


def test_what_is_logged(whole):
    lines = read_log(whole / "metrics.jsonl")
    assert [line["total"] for line in lines] == [3, 6]
    for line in lines:
        names = {"length", "gloss", "duration", "causal", "masked", "total"}
        assert set(line["dev"]) == names
        assert set(line["loss"]) == {*names, "plans"}
        assert line["dev"]["total"] == pytest.approx(
            sum(v for k, v in line["dev"].items() if k != "total"), rel=1e-4
        )
        assert line["memory_mb"] > 50
        assert line["frames_per_second"] > 0


def test_training_clips_are_listed(whole):
    found = read_trained_on(whole / "best" / "trained_on.json")
    assert found.names == {hash_of(f"train{n}") for n in range(14)}
    assert hash_of("The dogs eat.") in found.texts


def test_it_learns(corpus, tokenizer, tmp_path):
    model = {"width": 32, "heads": 2, "head_inner": 32}
    train = {"steps": 60, "batch": 14, "rate": 8e-3, "validate_every": 20, "warmup": 5}
    train_signdw(run_of(corpus, tokenizer, model=model, train=train), tmp_path, device="cpu")
    first, *_, last = [line["dev"] for line in read_log(tmp_path / "metrics.jsonl")]
    for name in ("gloss", "causal"):
        assert last[name] < 0.6 * first[name]


def test_accumulated_batches_are_as_one(corpus, tokenizer, tmp_path):
    """With nothing left to chance: all causal, whole corpus in a batch of clips of one length."""
    model = {"causal_share": 1.0, "text_dropout": 0.0, "language_dropout": 0.0, "code_noise": 0.0}
    found = []
    for batch, parts in ((8, 1), (4, 2), (2, 4)):
        train = {"steps": 1, "batch": batch, "accumulate": parts, "validate_every": 1, "average": 0.0}
        train["plan_batch"] = 0
        run = run_of(corpus, tokenizer, model=model, train=train, data={"pool": 1})
        folder = tmp_path / str(parts)
        train_signdw(run, folder, device="cpu")
        found.append(read_log(folder / "metrics.jsonl")[0]["loss"]["gloss"])
    # The planner's loss is a mean over glosses, of which all clips have equally many.
    assert found[1:] == pytest.approx([found[0]] * 2, rel=1e-5)


def test_the_average_follows_the_weights():
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    average, expected = copy_of(model), 0.0
    for update in range(40):
        nn.init.constant_(model.weight, update + 1.0)
        follow(average, model, 0.6, update)
        keep = min(0.6, (1 + update) / (10 + update))
        expected = keep * expected + (1 - keep) * (update + 1.0)
    assert average.weight.item() == pytest.approx(expected, rel=1e-5)
    assert not average.weight.requires_grad


def test_patience_ends_it(corpus, tokenizer, tmp_path):
    # Too high a rate: nothing gets better for long.
    train = {
        "steps": 40,
        "validate_every": 1,
        "patience": 2,
        "rate": 0.3,
        "average": 0.0,
        "schedule": "constant",
    }
    made = train_signdw(run_of(corpus, tokenizer, train=train), tmp_path, device="cpu")
    lines = read_log(tmp_path / "metrics.jsonl")
    assert made.steps == len(lines) < 40
    assert [line["is_best"] for line in lines[-3:]] == [True, False, False]
    used = [line["dev"]["total"] - line["dev"]["length"] - line["dev"]["duration"] for line in lines]
    assert made.loss == pytest.approx(min(used))
    assert load_checkpoint(tmp_path).card.facts["step"] == made.steps - 2


def test_dev_sentences_are_signed_at_each_look(corpus, tokenizer, tmp_path):
    seen = []
    run = run_of(corpus, tokenizer, train={"samples": 1})
    train_signdw(run, tmp_path, device="cpu", show=lambda total, clips: seen.append((total, clips)))
    assert [total for total, _ in seen] == [3, 6]
    assert all(set(clips) == {"0", "0-true"} for _, clips in seen)
    assert all(clip.fps == 24 and len(clip) for _, clips in seen for clip in clips.values())


def test_no_glosses_no_plan_of_glosses(corpus, tokenizer, tmp_path):
    made = train_signdw(run_of(corpus, tokenizer, model={"align": "none"}), tmp_path, device="cpu")
    loaded = load_checkpoint(made.checkpoint)
    assert loaded.glosses is None
    assert "gloss" not in read_log(tmp_path / "metrics.jsonl")[0]["loss"]


def test_bf16(corpus, tokenizer, tmp_path):
    made = train_signdw(run_of(corpus, tokenizer, train={"precision": "bf16"}), tmp_path, device="cpu")
    exact = train_signdw(run_of(corpus, tokenizer), tmp_path / "exact", device="cpu")
    assert made.loss == pytest.approx(exact.loss, rel=0.02)
    assert made.loss != exact.loss


def test_further_plans_are_learned_from(corpus, tokenizer, tmp_path):
    """All that differs is how many plans are seen."""
    found = []
    for further in (0, 56):
        train = {
            "steps": 40,
            "validate_every": 40,
            "batch": 2,
            "plan_batch": further,
            "rate": 8e-3,
            "average": 0.0,
        }
        train_signdw(run_of(corpus, tokenizer, train=train), tmp_path / str(further), device="cpu")
        found.append(read_log(tmp_path / str(further) / "metrics.jsonl")[-1]["dev"]["gloss"])
    assert found[1] < 0.95 * found[0]


def test_a_training_starts_from_another(corpus, tokenizer, whole, tmp_path):
    train = {"steps": 1, "validate_every": 1, "rate": 1e-9, "average": 0.0, "start": str(whole)}
    train_signdw(run_of(corpus, tokenizer, train=train), tmp_path / "more", device="cpu")
    found = [load_checkpoint(folder).model.state_dict() for folder in (whole, tmp_path / "more")]
    for name, value in found[0].items():
        torch.testing.assert_close(found[1][name], value, atol=1e-6, rtol=0)
    assert not torch.equal(found[0]["codes.table.weight"], found[1]["codes.table.weight"])


def test_a_start_must_fit(corpus, tokenizer, whole, tmp_path):
    train = {"start": str(whole)}
    fewer = make_corpus(tmp_path / "fewer", train=2)
    with pytest.raises(ConfigError, match="has other text units and glosses than these data"):
        train_signdw(run_of(fewer, tokenizer, train=train), tmp_path / "a", device="cpu")
    with pytest.raises(CheckpointError, match="weights of another model"):
        train_signdw(
            run_of(corpus, tokenizer, train=train, model={"layers": 2}), tmp_path / "b", device="cpu"
        )
    train = {"start": "nowhere"}
    with pytest.raises(CheckpointError, match="no such folder"):
        train_signdw(run_of(corpus, tokenizer, train=train), tmp_path / "c", device="cpu")


def test_other_settings_do_not_go_on(corpus, tokenizer, whole, tmp_path):
    shutil.copytree(whole, tmp_path / "run")
    with pytest.raises(ConfigError, match="holds a training with other settings"):
        train_signdw(run_of(corpus, tokenizer, train={"rate": 0.5}), tmp_path / "run", device="cpu")
    state = tmp_path / "run" / "last.safetensors"
    state.write_bytes(state.read_bytes()[:-5])
    with pytest.raises(CheckpointError, match="not a whole safetensors file"):
        train_signdw(run_of(corpus, tokenizer), tmp_path / "run", device="cpu")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"data": {"sources": {}}}, ConfigError, "name at least one folder"),
        ({"data": {"tokenizer": None}}, ConfigError, "name the folder of a motion tokenizer"),
        ({"data": {"tokenizer": "nowhere"}}, CheckpointError, "no such file"),
        ({"data": {"sources": {"a": "nowhere"}}}, DataError, "no such folder"),
        ({"model": {"max_steps": 4}}, DataError, "no clip to learn from .14 for length"),
        ({"train": {"rate": 1e30, "clip": 0.0}}, ConfigError, "the loss is no number"),
    ],
)
def test_refusals(corpus, tokenizer, tmp_path, changes, error, message):
    with pytest.raises(error, match=message):
        train_signdw(run_of(corpus, tokenizer, **changes), tmp_path, device="cpu")


def test_tensorboard_is_asked_for_by_name(corpus, tokenizer, tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("torch.utils.tensorboard"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DependencyError, match="pip install tensorboard"):
        train_signdw(run_of(corpus, tokenizer, train={"tensorboard": True}), tmp_path, device="cpu")
