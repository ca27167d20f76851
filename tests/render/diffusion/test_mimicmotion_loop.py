"""The whole loop against latents that the original computed from the same numbers, for all recorded cases."""

import numpy as np
import pytest
import torch
from formula_weights import filled, given, normal_like, picture, some

from signgen.errors import ConfigError
from signgen.render.diffusion.mimicmotion.clip import from_bytes
from signgen.render.diffusion.mimicmotion.decoding import chunks, decoded
from signgen.render.diffusion.mimicmotion.denoiser import Conditions, Guided, guidance_of
from signgen.render.diffusion.mimicmotion.image_encoding import encode
from signgen.render.diffusion.sampling import sample, start
from signgen.render.diffusion.schedules import EulerSVD
from signgen.render.diffusion.store import LatentStore
from signgen.render.diffusion.windows import plan_windows

torch.set_num_threads(1)
TILE = 8
# frames, overlap, guidance of the first and last frame, noise of the picture; final latents, spread evenly.
CASES = [
    (8, 3, 2.0, 2.0, 0.0,
     [0.305938, 0.542232, -0.270076, -0.224434, 0.187002, -0.353333,
      0.167382, 0.021167, 0.444922, -0.366434, -1.201708, 0.158679]),
    (9, 3, 2.0, 2.0, 0.0,
     [0.047182, -1.614030, 2.275037, 0.077871, -0.232808, -0.806925,
      0.807839, 0.712169, -0.222781, -0.247806, -0.005886, 0.017555]),
    (15, 0, 2.0, 2.0, 0.0,
     [0.155235, 0.228529, -1.432699, -0.855965, -0.587725, -0.646945,
      0.394566, -0.483205, 1.219303, 0.763111, -0.467279, -1.345564]),
    (20, 3, 2.0, 2.0, 0.0,
     [0.079176, -0.243307, 0.559994, -0.582743, -0.097833, 1.838269,
      1.478913, -0.156431, -0.133384, 0.331748, 0.080901, -0.737291]),
    (23, 3, 2.0, 2.0, 0.0,
     [0.019299, -0.439849, -0.216094, -0.018147, -1.934137, -1.612759,
      -0.384691, 0.625107, -0.641909, -0.381998, 1.001680, -1.247507]),
    (23, 3, 1.0, 3.0, 0.0,
     [-0.057173, 0.033461, -0.177188, -0.001154, -1.766135, -1.588175,
      -0.367932, 0.640814, -0.753629, -0.563289, 1.503235, -1.715269]),
    (8, 3, 2.0, 2.0, 0.02,
     [0.332348, 0.558726, -0.236364, -0.192089, 0.238955, -0.344291,
      0.164167, -0.025032, 0.478822, -0.397651, -1.235614, 0.145077]),
]  # fmt: skip
FRAMES = (0.4459885, 0.3900054, 0.4707274, 0.1947823, 0.3758118, 0.402188, 0.6273357, 0.6309637)
IDS = ["n8", "n9", "n15 without overlap", "n20", "n23", "n23 rising guidance", "n8 noise on the picture"]
FINAL = 1e-4


@pytest.fixture(scope="module")
def networks():
    return filled()


@pytest.fixture(scope="module")
def references(networks):
    """The encoded picture for each strength of noise."""
    image = from_bytes(picture("input.image", 64, 96))
    noise = normal_like("input.image_noise", (1, 3, 64, 96))
    with torch.inference_mode():
        return {
            strength: encode(
                networks.image_encoder, networks.vae, image, noise * strength if strength else None
            )
            for strength in (0.0, 0.02)
        }


@pytest.fixture(scope="module")
def features(networks):
    with torch.inference_mode():
        return networks.pose_net(given("input.image_pose", (23, 3, 64, 96)))


def run(
    networks, features, reference, count, overlap, lowest, highest, strength, *, original=True, count_steps=3
):
    """Final latents from the recorded noise, by the loop that the renderer runs."""
    steps, noise = EulerSVD(count_steps), normal_like("input.latents", (1, TILE, 4, 8, 12))[0]
    conditions = Conditions(
        reference,
        lambda frames: features[list(frames)],
        guidance_of(count, lowest, highest),
        (6, 127, strength),
    )
    windows = plan_windows(count, TILE, overlap, reference=True, original=original)
    with LatentStore(count, (4, 8, 12)) as store:
        start(store, steps, lambda frames: noise[[frame % TILE for frame in frames]])
        sample(Guided(networks.unet, conditions, steps, batched=True), steps, windows, store)
        return store.read(range(count))


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_latents_equal_the_original(networks, features, references, case, request):
    *settings, expected = case
    latents = run(networks, features, references[settings[-1]], *settings)
    np.testing.assert_allclose(some(latents, 12), expected, rtol=0, atol=FINAL)
    _compare_all(latents, references[settings[-1]], settings, request)


def _compare_all(latents, reference, settings, request):
    """The full arrays, where they are at hand."""
    folder = request.config.rootpath.parent / "shared" / "data" / "mimicmotion"
    if not folder.is_dir():
        return
    count, overlap, lowest, highest, strength = settings
    guided = "" if lowest == highest else "_g1-3"
    name = f"golden_pipeline_n{count}_t{TILE}_o{overlap}{guided}{'_aug' if strength else ''}.npz"
    with np.load(folder / name, allow_pickle=False) as recorded:
        np.testing.assert_allclose(latents, recorded["latents"][0], rtol=0, atol=FINAL)
        np.testing.assert_allclose(reference.latent, recorded["image_latents"], rtol=0, atol=2e-5)
        np.testing.assert_allclose(reference.embedding[0], recorded["image_embeds"], rtol=0, atol=2e-5)
        windows = plan_windows(count, TILE, overlap, original=True)
        assert [list(window.frames) for window in windows] == recorded["windows"].tolist()
        np.testing.assert_allclose(guidance_of(count, lowest, highest), recorded["guidance"], rtol=1e-6)
        sigmas, timesteps = recorded["sigmas"], recorded["timesteps"]
    steps = EulerSVD(3)
    np.testing.assert_allclose(steps.sigmas, sigmas, rtol=1e-6)
    np.testing.assert_allclose([float(steps.timestep(i)) for i in range(3)], timesteps, rtol=1e-6)


def test_frames_equal_the_original(networks, shared_data):
    """Decoded in the same groups; a group of another size gives other pictures, so the size is part of the result."""
    path = shared_data / "mimicmotion" / "golden_pipeline_n9_t8_o3.npz"
    with np.load(path, allow_pickle=False) as recorded:
        latents, expected = torch.from_numpy(recorded["latents"][0]), recorded["frames"][0]
    with LatentStore(9, (4, 8, 12)) as store:
        store.write(range(9), latents)
        frames = torch.cat([decoded(networks.vae, store, some_of, 8) for some_of in chunks(9)])
        one_by_one = decoded(networks.vae, store, range(9), 1)
    np.testing.assert_allclose(frames, expected, rtol=0, atol=2e-5)
    np.testing.assert_allclose(some(frames, 8), FRAMES, rtol=0, atol=2e-5)
    assert np.abs(one_by_one.numpy() - expected).max() > 1e-3


@pytest.mark.parametrize(("count", "overlap"), [(1, 0), (2, 3), (7, 3), (17, 0), (24, 0)])
def test_lengths_at_which_the_original_fails(networks, features, references, count, overlap):
    """Fewer frames than a window is an IndexError there; no overlap with two windows or more is 0 / 0."""
    spread = features[[frame % 23 for frame in range(count)]]
    latents = run(
        networks, spread, references[0.0], count, overlap, 2.0, 2.0, 0.0, original=False, count_steps=1
    )
    assert latents.shape == (count, 4, 8, 12)
    assert torch.isfinite(latents).all()


def test_windows_of_the_original_that_leave_frames_out_are_refused(networks, features, references):
    with pytest.raises(ConfigError, match="leave frames out"):
        run(networks, features, references[0.0], 17, 0, 2.0, 2.0, 0.0)
