"""Parts of the renderer `wan`: steps against diffusers' scheduler, the autoencoder piece by piece, footage, faces."""

import types

import numpy as np
import pytest
import tiny_wan
import torch
from diffusers import UniPCMultistepScheduler
from made_up_signer import signer
from PIL import Image

from signgen.data.video import write_video
from signgen.errors import ConfigError
from signgen.render.diffusion.resample import Box
from signgen.render.diffusion.schedules import FlowEuler
from signgen.render.diffusion.wan.animate import AnimateDenoiser
from signgen.render.diffusion.wan.autoencoder import Autoencoder
from signgen.render.diffusion.wan.conditions import Conditions, stored
from signgen.render.diffusion.wan.face_pictures import avatar_faces, face_box
from signgen.render.diffusion.wan.footage import fitting, open_footage
from signgen.render.diffusion.wan.unipc import FlowUniPC


@pytest.mark.parametrize(
    ("count", "shift", "order"), [(1, 1, 2), (2, 3, 2), (3, 5, 2), (20, 5, 2), (50, 1, 2), (7, 3, 1)]
)
def test_unipc_equals_diffusers(count, shift, order):
    theirs = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift, solver_order=order
    )
    theirs.set_timesteps(count)
    steps = FlowUniPC(count, shift=shift, order=order)
    assert [int(steps.timestep(step)) for step in range(count)] == theirs.timesteps.tolist()
    generator = torch.Generator().manual_seed(count)
    latents, mix = torch.randn(2, 4, 5, 6, generator=generator), torch.randn(4, 4, generator=generator)

    def velocity(values):
        return torch.einsum("ij,njhw->nihw", mix, torch.tanh(values))

    state = steps.begin(latents)
    for step, time in enumerate(theirs.timesteps):
        latents = theirs.step(velocity(latents), time, latents).prev_sample
        state = steps.update(state, velocity(steps.scaled(state, step)), step)
        assert torch.allclose(steps.scaled(state, step), latents, rtol=1e-5, atol=1e-5)


def error_on_a_curve(steps):
    """dx/ds = x - 1 has x(s) = 1 + (x(1) - 1) exp(s - 1)."""
    state = steps.begin(torch.full((1, 1, 1, 1), 3.0, dtype=torch.float64))
    for step in range(steps.count):
        state = steps.update(state, steps.scaled(state, step) - 1, step)
    return abs(float(state[0, 0]) - (1 + 2 * np.exp(-1)))


@pytest.mark.parametrize("count", [16, 32])
def test_unipc_is_of_order_two(count):
    assert error_on_a_curve(FlowUniPC(2 * count)) < error_on_a_curve(FlowUniPC(count)) / 3


def test_unipc_needs_fewer_steps_than_euler():
    assert error_on_a_curve(FlowUniPC(8)) < error_on_a_curve(FlowEuler(64))


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(1)
    return tiny_wan.autoencoder().eval().requires_grad_(False)


def moving(count, height=32, width=48):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(2)) * 2 - 1


def at_once(network, pictures):
    """The latents and the pictures of a clip as diffusers computes them, the whole clip at once."""
    mean = torch.tensor(network.config.latents_mean).reshape(1, -1, 1, 1, 1)
    deviation = torch.tensor(network.config.latents_std).reshape(1, -1, 1, 1, 1)
    latents = network.encode(pictures.transpose(0, 1)[None]).latent_dist.mode()
    back = network.decode(latents).sample[0].transpose(0, 1)
    return ((latents - mean) / deviation)[0].transpose(0, 1), back


@pytest.mark.parametrize("count", [1, 5, 17])
def test_piece_by_piece_equals_at_once(network, count):
    pictures = moving(count)
    latents, back = at_once(network, pictures)
    autoencoder = Autoencoder(network)
    got = list(autoencoder.encode(lambda frames: pictures[list(frames)], autoencoder.num_latents(count)))
    assert torch.allclose(torch.stack(got), latents, atol=1e-5)
    assert torch.allclose(torch.cat(list(autoencoder.decode(iter(got)))), back, atol=1e-5)


def test_tiles_equal_those_of_diffusers(network):
    pictures = moving(9, 80, 64)
    plain = network.tile_sample_min_height, network.tile_sample_stride_height
    try:
        network.enable_tiling(32, 32, 24, 24)
        latents, back = at_once(network, pictures)
        autoencoder = Autoencoder(network).in_tiles()
        got = list(autoencoder.encode(lambda frames: pictures[list(frames)], 3))
        assert torch.allclose(torch.stack(got), latents, atol=1e-5)
        assert torch.allclose(torch.cat(list(autoencoder.decode(iter(got)))), back, atol=1e-5)
    finally:
        network.disable_tiling()
        network.tile_sample_min_height, network.tile_sample_stride_height = plain


def test_a_still_picture_is_encoded_until_nothing_changes(network):
    autoencoder, picture, seen = Autoencoder(network), moving(1)[0], []
    whole = list(autoencoder.encode(lambda frames: picture.expand(len(frames), -1, -1, -1), 32))
    encode = network.encoder.forward
    network.encoder.forward = lambda *args, **options: seen.append(1) or encode(*args, **options)
    try:
        still = list(autoencoder.encode_still(picture, 32))
    finally:
        network.encoder.forward = encode
    assert torch.equal(torch.stack(still), torch.stack(whole))
    assert len(seen) < 24


def test_memory_of_the_autoencoder_is_that_of_a_moment(network):
    autoencoder = Autoencoder(network)
    encoder, sizes = autoencoder._encoder(), []
    for latent in range(12):
        autoencoder._encoded(encoder, moving(len(autoencoder.pictures_of(latent))))
        sizes.append(sum(value.numel() for value in encoder.memory if isinstance(value, torch.Tensor)))
    assert len(set(sizes[3:])) == 1


@pytest.mark.parametrize(
    ("pictures", "latents"), [(0, 0), (1, 1), (2, 2), (5, 2), (6, 3), (81, 21), (77, 20), (2400, 601)]
)
def test_latents_of_a_clip(network, pictures, latents):
    autoencoder = Autoencoder(network)
    assert autoencoder.num_latents(pictures) == latents
    held = [picture for latent in range(latents) for picture in autoencoder.pictures_of(latent)]
    assert held == list(range(len(held)))
    assert pictures <= len(held) < pictures + 4 or not pictures


def test_a_face_is_cut_by_the_law_of_the_preprocessing():
    corners = np.array([(100, 50), (180, 150), (120, 70)])
    box = face_box(corners)
    assert box.width * box.height == pytest.approx(1.3 * 80 * 100)
    assert box.width / box.height == pytest.approx(80 / 100)
    assert (box.left + box.right) / 2 == pytest.approx(140)
    assert (50 - box.top) / (box.bottom - 150) == pytest.approx(3)


def test_faces_of_the_avatar_fill_their_pictures():
    poses = signer(3)
    faces = list(avatar_faces(poses, "ada", 64, range(1, 3)))
    assert [face.shape for face in faces] == [(64, 64, 3)] * 2
    skin = np.array((224, 172, 142))  # of ada, lit
    near = (np.abs(faces[0].astype(int) - skin).max(axis=2) < 60).mean()
    assert near > 0.4


def pngs(folder, values, size=(8, 6)):
    folder.mkdir()
    for place, value in enumerate(values):
        Image.new("RGB", size, (value, value, value)).save(folder / f"{place:03d}.png")
    return str(folder)


def test_footage_is_read_forwards_and_its_last_picture_stays(tmp_path):
    poses = signer(3)
    video = open_footage(pngs(tmp_path / "v", [0, 51, 102, 255]), "mask_video", poses, 16, 16)
    levels = [(video.read([frame])[0, 0, 5, 5].item() + 1) * 127.5 for frame in (0, 0, 1, 2, 3, 9, 1)]
    assert np.allclose(levels, [0, 0, 51, 102, 102, 102, 51], atol=1e-3)


@pytest.mark.parametrize(
    ("size", "frame", "box"),
    [
        ((100, 50), (200, 100), (0, 0, 100, 50)),
        ((100, 100), (200, 100), (-50, 0, 150, 100)),
        ((50, 100), (100, 100), (-25, 0, 75, 100)),
        ((100, 50), (50, 50), (0, -25, 100, 75)),
    ],
)
def test_footage_lies_where_poses_lie(size, frame, box):
    assert fitting(*size, *frame) == Box(*box)


def test_footage_that_does_not_go_with_the_poses_is_refused(tmp_path):
    path = pngs(tmp_path / "v", [0, 1, 2])
    with pytest.raises(ConfigError, match=r"renderer.face_video: .* has 3 pictures for 4 poses"):
        open_footage(path, "face_video", signer(4), 16, 16)
    film = tmp_path / "film.mp4"
    write_video([np.zeros((16, 16, 3), np.uint8)] * 8, film, 12)
    with pytest.raises(ConfigError, match="12 frames per second and the poses 24"):
        open_footage(str(film), "face_video", signer(4), 16, 16)


@pytest.mark.parametrize(
    ("lead", "frames", "rows"),
    [
        (0, (0, 1, 2), [10, 11, 12]),
        (0, (2, 3), [12, 13]),
        (1, (0, 1, 2), [7, 10, 11]),
        (1, (0, 4, 5), [7, 13, 14]),
    ],
)
def test_a_window_reads_the_conditions_of_its_frames(lead, frames, rows):
    clip = (torch.full((3, 2, 2), float(10 + frame)) for frame in range(40))
    with stored(clip, 40, torch.device("cpu")) as store:
        conditions = Conditions(store, torch.full((3, 2, 2), 7.0) if lead else None)
        assert conditions.lead == lead
        assert conditions.read(frames)[:, 1, 1, 0].tolist() == rows


def test_a_window_is_shown_the_faces_of_its_time():
    autoencoder = Autoencoder.__new__(Autoencoder)
    autoencoder.stride = 4
    denoiser = types.SimpleNamespace(networks=types.SimpleNamespace(autoencoder=autoencoder))
    pictures = AnimateDenoiser._pictures
    assert pictures(denoiser, (0, 1, 2, 3)) == range(9)
    assert pictures(denoiser, (0, 3, 4, 5)) == range(8, 17)  # the last of latent frame 2 to the last of 4
