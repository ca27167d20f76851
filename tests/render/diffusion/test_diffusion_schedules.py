"""Steps against the schedulers of diffusers, and against what calculus says of them."""

import numpy as np
import pytest
import torch

from signgen.errors import ConfigError
from signgen.render.diffusion.schedules import DDIM, EulerSVD, FlowEuler, first_step

torch.set_num_threads(1)
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation:DeprecationWarning"
)  # diffusers' own
SVD = {
    "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "prediction_type": "v_prediction",
    "use_karras_sigmas": True, "sigma_min": 0.002, "sigma_max": 700.0, "timestep_spacing": "leading",
    "timestep_type": "continuous", "steps_offset": 1,
}  # fmt: skip
SD15 = {
    "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "clip_sample": False,
    "set_alpha_to_one": False, "steps_offset": 1,
}  # fmt: skip
ANIMATE = {"beta_schedule": "linear", "clip_sample": False, "timestep_spacing": "linspace", "steps_offset": 1}


def numbers(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def walk(steps, latents, predict):
    for step in range(steps.count):
        latents = steps.update(latents, predict(steps.scaled(latents, step), step), step)
    return latents


def walk_theirs(scheduler, latents, predict):
    for step, time in enumerate(scheduler.timesteps):
        scaled = getattr(scheduler, "scale_model_input", lambda value, _: value)(latents, time)
        latents = scheduler.step(predict(scaled, step), time, latents, return_dict=False)[0]
    return latents


def predict(latents, step):
    return torch.sin(latents + step) + 0.1 * latents


@pytest.mark.parametrize("count", [1, 3, 25])
def test_euler_is_that_of_diffusers(count):
    from diffusers import EulerDiscreteScheduler

    theirs = EulerDiscreteScheduler(**SVD)
    theirs.set_timesteps(count)
    ours = EulerSVD(count)
    np.testing.assert_allclose(ours.sigmas, theirs.sigmas, rtol=1e-6)
    times = [float(ours.timestep(step)) for step in range(count)]
    np.testing.assert_allclose(times, theirs.timesteps, atol=1e-6)
    noise = numbers(2, 4, 3, 5)
    assert torch.allclose(ours.begin(noise), noise * theirs.init_noise_sigma, rtol=1e-6)
    expected = walk_theirs(theirs, noise * theirs.init_noise_sigma, predict)
    torch.testing.assert_close(walk(ours, ours.begin(noise), predict), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("config", [SD15, ANIMATE, {**SD15, "prediction_type": "v_prediction"},
                                    {**SD15, "timestep_spacing": "trailing", "set_alpha_to_one": True}])  # fmt: skip
@pytest.mark.parametrize("count", [1, 4, 30])
def test_ddim_is_that_of_diffusers(config, count):
    from diffusers import DDIMScheduler

    theirs = DDIMScheduler(**config)
    theirs.set_timesteps(count)
    ours = DDIM.of(config, count)
    assert [int(ours.timestep(step)) for step in range(count)] == theirs.timesteps.tolist()
    noise = numbers(2, 4, 3, 5)
    expected = walk_theirs(theirs, noise, predict)
    torch.testing.assert_close(walk(ours, ours.begin(noise), predict), expected, rtol=1e-4, atol=2e-4)
    known = theirs.add_noise(numbers(2, 4, 3, 5, seed=1), noise, theirs.timesteps[:1])
    torch.testing.assert_close(
        ours.noised(numbers(2, 4, 3, 5, seed=1), noise, 0), known, rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("shift", [1.0, 5.0])
def test_flow_is_that_of_diffusers(shift):
    from diffusers import FlowMatchEulerDiscreteScheduler

    theirs = FlowMatchEulerDiscreteScheduler(shift=shift)
    theirs.set_timesteps(sigmas=np.linspace(1, 1 / 8, 8))
    ours = FlowEuler(8, shift=shift)
    np.testing.assert_allclose(ours.sigmas, theirs.sigmas, rtol=1e-6)
    np.testing.assert_allclose([float(ours.timestep(step)) for step in range(8)], theirs.timesteps, rtol=1e-6)
    noise = numbers(2, 4, 3, 5)
    torch.testing.assert_close(walk(ours, noise, predict), walk_theirs(theirs, noise, predict))


@pytest.mark.parametrize(
    "steps", [EulerSVD(5, prediction="sample"), FlowEuler(5, prediction="sample"),
              DDIM(5, prediction="sample", ends_clean=True)]
)  # fmt: skip
def test_a_network_that_knows_the_picture_gives_it_to_the_last_bit(steps):
    picture = numbers(2, 3, 4, 4, seed=2)
    assert torch.equal(walk(steps, steps.begin(numbers(2, 3, 4, 4)), lambda latents, step: picture), picture)


@pytest.mark.parametrize("steps", [EulerSVD(6), FlowEuler(6), DDIM(6), DDIM(6, prediction="v")])
def test_the_exact_prediction_follows_the_path_of_the_noise(steps):
    """The prediction that a perfect network makes of one clean picture leads from any level to any later one."""
    clean, noise = numbers(1, 3, 4, 4, seed=2), numbers(1, 3, 4, 4)
    for step in range(5):
        latents = steps.noised(clean, noise, step)
        after = steps.update(latents, perfect(steps, clean, noise, step), step)
        torch.testing.assert_close(after, steps.noised(clean, noise, step + 1), rtol=1e-4, atol=2e-4)


def perfect(steps, clean, noise, step):
    if isinstance(steps, FlowEuler):
        return noise - clean
    if isinstance(steps, EulerSVD):
        sigma = steps.sigmas[step]
        return (noise - sigma * clean) / np.sqrt(sigma**2 + 1)
    kept = float(steps.kept[step])
    return noise if steps.prediction == "epsilon" else kept**0.5 * noise - (1 - kept) ** 0.5 * clean


@pytest.mark.parametrize(("strength", "step"), [(0, 20), (0.3, 14), (1, 0)])
def test_strength_is_the_share_of_steps_taken(strength, step):
    assert first_step(20, strength) == step


@pytest.mark.parametrize("config", [{"beta_schedule": "squaredcos_cap_v2"}, {"prediction_type": "flow"},
                                    {"rescale_betas_zero_snr": True}])  # fmt: skip
def test_other_schedules_are_refused(config):
    with pytest.raises(ConfigError, match=r"scheduler_config\.json"):
        DDIM.of(config, 4)
