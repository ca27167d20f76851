"""A trained network as a source: the same seed the same poses, what it says of them, and what it refuses."""

import numpy as np
import pytest
import torch
from toy_signdw_corpus import make_corpus, make_tokenizer, run_of

from signgen.data.poses import read_pose
from signgen.errors import CheckpointError, ConfigError, DataError
from signgen.pose.layout import LEFT_WRIST, RIGHT_WRIST
from signgen.signdw.settings import DrawSettings
from signgen.signdw.training.train import train_signdw
from signgen.text2pose.base import sources
from signgen.text2pose.signdw import SignDWSource
from signgen.workflow.generate import generate_poses

TEXT = "The dogs sleep."


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """A small network gains nothing from more, and threads that wait for each other are slow on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signdw")
    model = {"width": 32, "max_steps": 24}
    train = {"steps": 50, "batch": 14, "rate": 8e-3, "validate_every": 50}
    run = run_of(make_corpus(folder / "corpus"), make_tokenizer(folder / "motion"), model=model, train=train)
    return str(train_signdw(run, folder / "run", device="cpu").checkpoint)


def source(checkpoint, /, **settings):
    return sources.build({"name": "signdw"} | {"checkpoint": checkpoint} | settings)


def test_the_seed_decides(checkpoint):
    made = [source(checkpoint)(TEXT, seed=seed).keypoints for seed in (3, 3, 4)]
    assert np.array_equal(made[0], made[1])
    assert made[0].shape != made[2].shape or not np.array_equal(made[0], made[2])


def test_drawing_has_the_defaults_of_drawing(checkpoint):
    assert source(checkpoint).draws == DrawSettings(guidance=1.2)
    assert source(checkpoint, temperature=0.5, mode="masked").draws == DrawSettings(
        temperature=0.5, mode="masked", guidance=1.2
    )


@pytest.mark.parametrize(
    "settings",
    [{}, {"mode": "masked", "rounds": 3}, {"guidance": 2.0}, {"temperature": 0.0}, {"smooth": False},
     {"signed_language": "ase"}, {"eight_bits": True}],
)  # fmt: skip
def test_it_says_what_it_signs(checkpoint, settings):
    made = source(checkpoint, **settings).explain(TEXT, seed=1)
    poses = made.poses
    assert (poses.fps, poses.width, poses.height) == (24, 512, 512)
    assert np.isfinite(poses.keypoints).all()
    assert made.mode == "signdw"
    assert made.tiers["text"][0].text == TEXT
    cues = made.tiers["gloss"]
    assert cues
    assert all(0 <= cue.start < cue.end <= poses.seconds for cue in cues)
    assert [cue.start for cue in cues] == sorted(cue.start for cue in cues)
    assert {cue.text for cue in cues} <= {
        "DOGS",
        "CATS",
        "MOTHERS",
        "TEACHERS",
        "EAT",
        "SLEEP",
        "READ",
        "<unk>",
    }
    assert made.report["warnings"] == []
    assert made.report["licence"] == "CC0-1.0"


def test_rate_canvas_and_hand(checkpoint):
    plain = source(checkpoint)(TEXT, seed=1)
    large = source(checkpoint, width=1024, height=1024)(TEXT, seed=1)
    np.testing.assert_allclose(large.xy, 2 * plain.xy, atol=1e-2)
    fast = source(checkpoint, fps=50)(TEXT, seed=1)
    assert fast.fps == 50
    assert fast.seconds == pytest.approx(plain.seconds, abs=0.05)
    left = source(checkpoint, handed="left")(TEXT, seed=1)
    mirrored = 511 - plain.xy[:, LEFT_WRIST, 0]
    assert np.abs(left.xy[:, RIGHT_WRIST, 0] - mirrored).max() < 1.01


def test_sentences_follow_each_other_from_rest_to_rest(checkpoint):
    one = source(checkpoint).explain(TEXT, seed=5)
    two = source(checkpoint).explain(f"{TEXT} The cats eat.", seed=5)
    first = len(one.poses)
    np.testing.assert_array_equal(two.poses.keypoints[:first], one.poses.keypoints)
    assert len(two.poses) > first + 8
    joined = two.poses.xy[first - 1 : first + 5]
    steps = np.linalg.norm(np.diff(joined, axis=0), axis=-1)
    # Five equal steps from the last frame of one to the first of the other.
    np.testing.assert_allclose(steps, np.broadcast_to(steps.mean(0), steps.shape), atol=0.02)


def test_unknown_words_are_told(checkpoint):
    (warning,) = source(checkpoint).explain("The wombats sleep.").report["warnings"]
    assert warning.startswith("'wombats' is in no training text")


@pytest.mark.parametrize(
    ("settings", "text", "error", "message"),
    [
        ({}, " ", DataError, "it is empty"),
        ({}, "dogs " * 3000, DataError, "longer than the 24 units"),
        ({}, "\U0001f600 \u4e00", DataError, "no unit of it was in the training texts"),
        ({"signed_language": "xxz"}, TEXT, ConfigError, "'xxz'"),
        ({"signed_language": "english"}, TEXT, ConfigError, "'english'"),
        ({"checkpoint": "nowhere"}, TEXT, CheckpointError, "no such folder"),
        ({"device": "abacus"}, TEXT, ConfigError, "device"),
    ],
)
def test_refusals(checkpoint, settings, text, error, message):
    with pytest.raises(error, match=message) as found:
        source(checkpoint, **settings)(text)
    assert "\n" not in str(found.value)


def test_generate_writes_what_the_source_makes(checkpoint, tmp_path):
    config = {"source": {"name": "signdw", "checkpoint": checkpoint}, "seed": 2}
    result = generate_poses(TEXT, tmp_path / "a.npz", config)
    made = read_pose(result.outputs[0])
    expected = SignDWSource(checkpoint)(TEXT, seed=2)
    np.testing.assert_allclose(made.keypoints, expected.keypoints, atol=1e-3)
