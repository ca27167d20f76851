"""What is to be predicted, against diffusers' schedulers and our own steps; LoRA against matrices."""

import pytest
import torch
from diffusers import DDPMScheduler, UNetSpatioTemporalConditionModel
from torch import nn

from signgen.render.diffusion.mimicmotion.networks import UNET
from signgen.render.diffusion.schedules import EulerSVD
from signgen.render.diffusion.training.controlnet import ControlNetLesson, Frozen
from signgen.render.diffusion.training.controlnet import task_of as noise_task
from signgen.render.diffusion.training.lora import Attached, Lora, merged, temporal_layers
from signgen.render.diffusion.training.posenet import task_of as velocity_task


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_levels_and_targets_are_those_of_diffusers(prediction):
    theirs = DDPMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", prediction_type=prediction
    )
    lesson = ControlNetLesson(nn.Identity(), Frozen(None, theirs.config, torch.zeros(1), 1.0, 0.0))
    torch.testing.assert_close(lesson.kept, theirs.alphas_cumprod, rtol=2e-6, atol=0)
    draw = torch.Generator().manual_seed(0)
    clean, noise = (torch.randn(5, 4, 3, 3, generator=draw) for _ in range(2))
    level = torch.tensor([0, 1, 500, 998, 999])
    noisy, target = noise_task(clean, noise, lesson.kept[level].view(-1, 1, 1, 1), lesson.prediction)
    torch.testing.assert_close(noisy, theirs.add_noise(clean, noise, level), rtol=1e-4, atol=1e-5)
    expected = {
        "epsilon": noise,
        "v_prediction": theirs.get_velocity(clean, noise, level),
        "sample": clean,
    }
    torch.testing.assert_close(target, expected[prediction], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("step", [0, 3, 7])
def test_the_velocity_is_what_the_steps_of_the_renderer_read(step):
    steps = EulerSVD(8)
    draw = torch.Generator().manual_seed(0)
    clean, noise = (torch.randn(2, 4, 3, 3, generator=draw, dtype=torch.float64) for _ in range(2))
    sigma, after = map(float, steps.sigmas[step : step + 2])
    scaled, target = velocity_task(clean, noise, torch.tensor(sigma, dtype=torch.float64))
    latents = clean + noise * sigma
    torch.testing.assert_close(scaled, steps.scaled(latents, step))
    # A perfect prediction leads along the straight line to the picture.
    torch.testing.assert_close(
        steps.update(latents, target, step), clean + noise * after, rtol=1e-6, atol=1e-4
    )


class Layers(nn.Module):
    """Two projections of attention over time and one of another kind."""

    def __init__(self):
        super().__init__()
        attention = nn.ModuleDict(
            {"to_q": nn.Linear(3, 5, bias=False), "to_out": nn.ModuleList([nn.Linear(5, 4)])}
        )
        self.temporal_transformer_blocks = nn.ModuleList([nn.ModuleDict({"attn1": attention})])
        self.to_q = nn.Linear(4, 4)

    def forward(self, x):
        attention = self.temporal_transformer_blocks[0]["attn1"]
        return self.to_q(attention["to_out"][0](attention["to_q"](x)))


def test_corrections_do_what_their_matrices_do_and_nothing_at_first():
    torch.manual_seed(0)
    network, x = Layers().double(), torch.randn(7, 3, dtype=torch.float64)
    plain = network(x)
    lora = Lora(network, 2).double()
    attached = Attached(network, lora)
    assert torch.equal(network(x), plain)
    other = Lora(network, 2).double()
    for correction in other.corrections:
        nn.init.normal_(correction.up.weight)
    attached.use(other)
    corrected = network(x)
    assert not torch.allclose(corrected, plain)
    whole = Layers().double()
    tensors = {k: merged(v, k, other.by_layer()) for k, v in network.state_dict().items()}
    whole.load_state_dict(tensors)
    torch.testing.assert_close(whole(x), corrected, rtol=1e-5, atol=1e-6)
    attached.use(lora)
    assert torch.equal(network(x), plain)


def test_temporal_layers_of_stable_video_diffusion():
    with torch.device("meta"):
        names = temporal_layers(UNetSpatioTemporalConditionModel(**UNET))
    # Attention stands 2 x 3 times going down, once in the middle, 3 x 3 times going up: 16 blocks over time,
    # each with self-attention of four projections and cross-attention to one embedding, where two have a say.
    assert len(names) == 16 * (4 + 2)
    assert all(".temporal_transformer_blocks.0.attn" in name for name in names)
