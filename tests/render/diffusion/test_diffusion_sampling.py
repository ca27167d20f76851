"""The loop against networks whose answer is known, and its memory against the length of the clip."""

import gc
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from signgen.errors import ResourceError
from signgen.pose.sequence import PoseSequence
from signgen.render.base import renderers
from signgen.render.diffusion.control import control_frames
from signgen.render.diffusion.noise import frame_noise, repeated_noise
from signgen.render.diffusion.sampling import Known, by_strength, sample, start
from signgen.render.diffusion.schedules import DDIM, EulerSVD, FlowEuler, first_step
from signgen.render.diffusion.store import LatentStore
from signgen.render.diffusion.windows import plan_windows

torch.set_num_threads(1)
SHAPE = (3, 4, 6)


def poses(frames, width=48, height=64):
    rng = np.random.default_rng(3)
    keypoints = rng.uniform(0.1, 0.9, (frames, 128, 3))
    keypoints[..., :2] *= (width, height)
    return PoseSequence(keypoints, 24, width, height)


def noise(frames):
    return frame_noise(5, frames, SHAPE)


def run(count, steps, windows, denoise, noise=noise, **kwargs):
    with LatentStore(count, SHAPE) as store:
        start(store, steps, noise, first_step=kwargs.get("first_step", 0), clean=kwargs.pop("clean", None))
        sample(denoise, steps, windows, store, **kwargs)
        return store.read(range(count))


@pytest.mark.parametrize("profile", ["controlnet", "mimicmotion"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: EulerSVD(3, prediction="sample"),
        lambda: FlowEuler(3, prediction="sample"),
        lambda: DDIM(3, prediction="sample", ends_clean=True),
    ],
)
@pytest.mark.parametrize(
    ("count", "size", "overlap"), [(1, 8, 3), (10, 16, 4), (23, 8, 0), (23, 8, 3), (30, 7, 6)]
)
@pytest.mark.parametrize("reference", [False, True])
def test_windows_are_exact(profile, make, count, size, overlap, reference):
    """A network that answers with its control pictures gives the control video, bit for bit."""
    if overlap >= size - reference:
        pytest.skip("nothing new in a window")
    control = control_frames(poses(count), profile, 24, 32)
    steps, windows = make(), plan_windows(count, size, overlap, reference=reference)
    with LatentStore(count, (3, 32, 24)) as store:
        start(store, steps, lambda frames: frame_noise(0, frames, (3, 32, 24)))
        sample(lambda latents, step, frames: control.read(frames), steps, windows, store)
        made = ((store.read(range(count)) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
        assert torch.equal(store.read(range(count)), control.read(range(count)))
    drawn = renderers.build({"name": "skeleton", "style": profile, "width": 24, "height": 32})(poses(count))
    assert np.array_equal(made, np.stack(list(drawn)))


@pytest.mark.parametrize("reference", [False, True])
def test_predictions_are_averaged_by_weight(reference):
    """Windows that disagree: the loop over stored sums, against sums over the whole clip."""
    count, steps = 20, EulerSVD(2)
    windows = plan_windows(count, 8, 3, reference=reference)

    def denoise(latents, step, frames):
        return (
            latents * 0.1
            + torch.sin(torch.tensor(frames[1] + step)) * torch.arange(len(frames))[:, None, None, None]
        )

    latents = steps.begin(noise(range(count)))
    for step in range(2):
        total, weight = torch.zeros_like(latents), torch.zeros(count, 1, 1, 1)
        for window in windows:
            frames, share = list(window.frames), torch.from_numpy(window.weights)[:, None, None, None]
            total[frames] += share * denoise(steps.scaled(latents, step)[frames], step, frames)
            weight[frames] += share
        latents = steps.update(latents, total / weight, step)
    torch.testing.assert_close(run(count, steps, windows, denoise), latents, rtol=1e-5, atol=1e-4)


def test_progress_counts_windows():
    seen = []
    run(20, FlowEuler(2), plan_windows(20, 8, 3), lambda latents, step, frames: latents,
        progress=lambda done, total: seen.append((done, total)))  # fmt: skip
    assert seen == [(done, 8) for done in range(1, 9)]


@pytest.mark.parametrize("make", [EulerSVD, FlowEuler, lambda count: DDIM(count, ends_clean=True)])
def test_what_is_held_stays_and_what_is_free_does_not(make):
    """Strength 0 on the left half, 1 on the right, of a clip that a network would blacken."""
    count, steps = 12, make(4)
    clip = frame_noise(9, range(count), SHAPE, stream="clip")
    strength = torch.zeros(1, 1, 4, 6)
    strength[..., 3:] = 1
    with LatentStore(count, SHAPE) as clean:
        clean.write(range(count), clip)
        known = Known(clean, noise, by_strength(4, lambda frames: strength))
        made = run(count, steps, plan_windows(count, 5, 2), lambda latents, step, frames: latents * 0 - 1,
                   known=known, clean=clean, first_step=first_step(4, 1))  # fmt: skip
    assert torch.equal(made[..., :3], clip[..., :3])
    assert not torch.isclose(made[..., 3:], clip[..., 3:]).any()


def test_strength_nothing_gives_the_clip_back():
    clip, steps = frame_noise(9, range(4), SHAPE), FlowEuler(5)
    with LatentStore(4, SHAPE) as clean:
        clean.write(range(4), clip)
        made = run(4, steps, plan_windows(4, 4, 0), None, clean=clean, first_step=first_step(5, 0))
    assert torch.equal(made, clip)


def test_noise_belongs_to_the_frame():
    whole = frame_noise(1, range(10), SHAPE)
    assert torch.equal(frame_noise(1, [7, 2], SHAPE), whole[[7, 2]])
    others = [
        frame_noise(2, range(10), SHAPE),
        frame_noise(1, range(10), SHAPE, stream="else"),
        whole.flip(0),
    ]
    assert not any(torch.isclose(whole, other).any() for other in others)
    assert torch.equal(repeated_noise(1, range(10), SHAPE, tile=4), whole[[0, 1, 2, 3] * 2 + [0, 1]])


def test_noise_is_normal():
    values = frame_noise(0, range(100), (4, 32, 32))
    assert abs(values.mean()) < 0.01
    assert abs(values.std() - 1) < 0.01
    frames = values.flatten(1)
    assert (frames @ frames.T / frames.shape[1] - torch.eye(100)).abs().max() < 0.1


def test_a_store_keeps_what_it_is_given():
    values = torch.arange(6 * 72, dtype=torch.float64).reshape(6, *SHAPE)
    with LatentStore(6, SHAPE) as store:
        assert not store.read([0, 5]).any()
        store.write([4, 0, 1, 5], values[:4])
        assert torch.equal(store.read([5, 4, 0, 1]), values[[3, 0, 1, 2]].float())
        assert store.read([]).shape == (0, *SHAPE)


def test_a_full_disk_is_one_line(monkeypatch):
    with pytest.raises(ResourceError, match="no room for 1099511627776 frames"):
        LatentStore(1 << 40, (1 << 20,))


def run_long(count):
    """A clip of (3, 64, 96) sampled in windows of 12 from its control pictures."""
    control = control_frames(poses(count), "controlnet", 96, 64)
    windows, steps = plan_windows(count, 12, 4), FlowEuler(1, prediction="sample")
    with LatentStore(count, (3, 64, 96)) as store:
        start(store, steps, lambda frames: frame_noise(0, frames, (3, 64, 96)))
        sample(lambda latents, step, frames: control.read(frames), steps, windows, store)


def resident(name):
    """Memory of this process as Linux counts it [MiB]: VmRSS now, VmHWM at most since the count was reset."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


def most_added(count):
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    run_long(count)
    return resident("VmHWM") - before


@pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="peak memory cannot be reset here"
)
def test_memory_does_not_grow_with_the_clip():
    """The latents of 2,400 frames are 169 MiB, each tensor of them as much again."""
    most_added(24)
    short, long = most_added(24), most_added(2400)
    assert long < short + 24, (short, long)


@pytest.mark.parametrize("signed", [True, False])
def test_control_pictures_are_those_of_the_skeleton(signed):
    control = control_frames(poses(5), "mimicmotion", 48, 64)
    drawn = np.stack(list(renderers.build({"name": "skeleton", "style": "mimicmotion"})(poses(5))))
    expected = drawn[[3, 0, 3]].transpose(0, 3, 1, 2) / np.float32(127.5 if signed else 255) - signed
    assert np.array_equal(control.pictures([3, 0, 3]), drawn[[3, 0, 3]])
    np.testing.assert_allclose(control.read([3, 0, 3], signed=signed), expected, atol=1e-6)
    assert len(control) == 5
