"""A ControlNet in training: the copy that reads pose pictures learns, Stable Diffusion around it is frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from signgen.data.atomic import write_text
from signgen.errors import CheckpointError, ConfigError
from signgen.nn.checkpoint import save_tensors
from signgen.nn.crew import Crew
from signgen.render.diffusion.mimicmotion.model import on_device
from signgen.render.diffusion.noise import frame_noise
from signgen.render.diffusion.sampling import sample, start
from signgen.render.diffusion.schedules import DDIM
from signgen.render.diffusion.stable.network import load_network, quiet, read_config
from signgen.render.diffusion.stable.parts import text_encoders
from signgen.render.diffusion.stable.pictures import decode
from signgen.render.diffusion.stable.words import read
from signgen.render.diffusion.store import LatentStore
from signgen.render.diffusion.training.batches import Batch
from signgen.render.diffusion.training.encoding import Encoder
from signgen.render.diffusion.training.footage import Clip
from signgen.render.diffusion.training.losses import weighted_errors
from signgen.render.diffusion.training.pairs import Pair, prompt_of
from signgen.render.diffusion.training.settings import ControlNetRun
from signgen.render.diffusion.training.task import DiffusionTask, prepare_footage, reader_of
from signgen.render.diffusion.weights import Weights, find_weights
from signgen.render.diffusion.windows import plan_windows

NAME, PROFILE = "controlnet", "controlnet"
WEIGHTS, CONFIG = "diffusion_pytorch_model.safetensors", "config.json"
LEVELS = 1000


@dataclass(frozen=True, eq=False)
class Frozen:
    """What does not learn.

    Attributes:
        unet: ``UNet2DConditionModel``.
        schedule: what ``scheduler_config.json`` says.
        words: (sources + 1, tokens, C) the prompt of each source, and at last that of no words.
        scale: that latents are multiplied by.
        unconditional: share of frames without words.
    """

    unet: Any
    schedule: Mapping[str, Any]
    words: Tensor
    scale: float
    unconditional: float

    def said(self, controlnet: Any, noisy: Tensor, level: Tensor, words: Tensor, control: Tensor) -> Tensor:
        """(n, C, h, w) prediction for noisy latents, with pose pictures (n, 3, H, W) uint8."""
        drawn = control.to(noisy.dtype) / 255
        down, middle = controlnet(noisy, level, words, controlnet_cond=drawn, return_dict=False)
        found: Tensor = self.unet(
            noisy, level, words, down_block_additional_residuals=down,
            mid_block_additional_residual=middle, return_dict=False,
        )[0]  # fmt: skip
        return found


class ControlNetLesson(nn.Module):
    """Noise of any level is put on frames, and what the schedule's network predicts is to be found."""

    def __init__(self, controlnet: nn.Module, frozen: Frozen) -> None:
        super().__init__()
        self.controlnet, self.frozen = controlnet, frozen
        # Asked for one step a level, the schedule lists all levels of training, the noisiest first.
        steps = DDIM.of({**frozen.schedule, "timestep_spacing": "leading", "steps_offset": 0}, LEVELS)
        self.prediction = steps.prediction
        self.kept = torch.from_numpy(steps.kept[::-1].copy()).to(frozen.words.device)

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Losses of a batch, by torch's own dice, which the caller seeds."""
        frozen = self.frozen
        clean = batch.latents.flatten(0, 1) * frozen.scale
        count, device = len(clean), clean.device
        level = torch.randint(0, LEVELS, (count,), device=device)
        noise = torch.randn_like(clean)
        kept = self.kept[level].view(-1, 1, 1, 1)
        noisy, target = task_of(clean, noise, kept, self.prediction)
        silent = torch.rand(count, device=device) < frozen.unconditional
        source = batch.source.repeat_interleave(batch.latents.shape[1])
        words = frozen.words[torch.where(silent, len(frozen.words) - 1, source)]
        own = frozen.unet.dtype
        said = frozen.said(self.controlnet, noisy.to(own), level, words.to(own), batch.control.flatten(0, 1))
        return weighted_errors(said, target, batch.weights.flatten(0, 1))


def task_of(clean: Tensor, noise: Tensor, kept: Tensor, prediction: str) -> tuple[Tensor, Tensor]:
    """Noisy latents and what is to be predicted of them: the noise, the velocity, or the picture."""
    picture, rest = kept.sqrt(), (1 - kept).sqrt()
    noisy = clean * picture + noise * rest
    if prediction == "epsilon":
        return noisy, noise
    return noisy, clean if prediction == "sample" else noise * picture - clean * rest


class ControlNetTask(DiffusionTask):
    """What `signgen train controlnet` trains."""

    name = NAME
    run: ControlNetRun

    def __init__(self, run: ControlNetRun, pairs: Sequence[Pair], folder: Path, crew: Crew) -> None:
        """Read weights and encode what is learned from.

        Raises:
            CheckpointError: weights that are missing, damaged, or not of Stable Diffusion 1.5.
            ConfigError: no sources, or settings that do not fit the weights.
            DataError: sources that cannot be learned from.
        """
        from diffusers import AutoencoderKL

        self.run, self.folder, self.crew = run, folder, crew
        model = run.model
        base = find_weights(model.base, NAME, download=model.download)
        begin = find_weights(model.controlnet, NAME, download=model.download) if model.controlnet else None
        self._origin = {"base": base.account()} | ({"controlnet": begin.account()} if begin else {})
        self.vae = load_network(AutoencoderKL, base.path / "vae", torch.float32)
        encoder = Encoder(self.vae, None, crew.device, self._origin["base"]["sha256"])
        footage = prepare_footage(run, pairs, folder, encoder, crew)
        self.reader = reader_of(run, footage, PROFILE)
        self.network, self.frozen = _networks(run, base, begin, self.vae, pairs, crew.device)

    def lesson(self, network: nn.Module) -> nn.Module:
        """See `Task`."""
        return ControlNetLesson(network, self.frozen)

    def save(self, learned: nn.Module, folder: Path) -> None:
        """A folder as diffusers loads it, which is what ``renderer.controlnet`` takes."""
        network: Any = learned
        folder.mkdir(parents=True, exist_ok=True)
        save_tensors(folder / WEIGHTS, network.state_dict())
        write_text(folder / CONFIG, network.to_json_string())

    def draw(self, learned: nn.Module, clip: Clip, numbers: Sequence[int]) -> np.ndarray:
        """See `DiffusionTask`."""
        run, frozen, device = self.run, self.frozen, self.crew.device
        steps = DDIM.of(frozen.schedule, run.train.sample_steps)
        batch = [self.reader.row(clip, [number], None) for number in numbers]
        control = torch.from_numpy(np.stack([row[1][0] for row in batch])).to(device)
        shape = batch[0][0].shape[1:]
        guidance, own = run.train.sample_guidance, frozen.unet.dtype

        def denoise(latents: Tensor, step: int, frames: Sequence[int]) -> Tensor:
            def said(source: int) -> Tensor:
                words = frozen.words[source].expand(len(latents), -1, -1).to(own)
                level = steps.timestep(step).to(device)
                return frozen.said(learned, latents.to(own), level, words, control[list(frames)])

            shown = said(clip.source)
            return shown if guidance == 1 else (without := said(-1)) + guidance * (shown - without)

        with LatentStore(len(numbers), shape, device=device) as store:
            start(store, steps, lambda frames: frame_noise(run.seed, [0] * len(frames), shape))
            sample(denoise, steps, plan_windows(len(numbers), 1, 0), store)
            with on_device(self.vae, device, leaves=True) as vae:
                return decode(vae, store.read(range(len(numbers))))

    def facts(self) -> Mapping[str, Any]:
        """See `DiffusionTask`."""
        return {
            **self._origin,
            "profile": PROFILE,
            "prediction": ControlNetLesson(self.network, self.frozen).prediction,
        }


def _networks(
    run: ControlNetRun,
    base: Weights,
    begin: Weights | None,
    vae: Any,
    pairs: Sequence[Pair],
    device: torch.device,
) -> tuple[nn.Module, Frozen]:
    """The ControlNet, and what is frozen around it, on a device."""
    from diffusers import ControlNetModel, UNet2DConditionModel

    unet = load_network(UNet2DConditionModel, base.path / "unet", torch.float32)
    if unet.config.addition_embed_type is not None or unet.config.in_channels != vae.config.latent_channels:
        raise CheckpointError(f"{base.path}: not Stable Diffusion 1.5 or 2 (SDXL, inpainting?); use sd-1.5")
    if begin is not None:
        network = load_network(ControlNetModel, begin.path, torch.float32)
        _check_fits(network, unet, begin.path)
    else:
        torch.manual_seed(run.seed)
        network = ControlNetModel.from_unet(
            unet, conditioning_embedding_out_channels=tuple(run.model.condition)
        )
    cell, strides = (
        2 ** (len(vae.config.block_out_channels) - 1),
        len(network.config.conditioning_embedding_out_channels),
    )
    if 2 ** (strides - 1) != cell:
        raise ConfigError(
            f"model.condition: {strides} numbers make pictures {2 ** (strides - 1)} times smaller, latents are {cell} "
            "times smaller; each number but the first halves them"
        )
    if run.train.checkpointing:
        unet.enable_gradient_checkpointing()
        network.enable_gradient_checkpointing()
    dtype = torch.bfloat16 if run.train.precision == "bf16" else torch.float32
    with quiet():
        unet.to(device, dtype)
    frozen = Frozen(
        unet, read_config(base.path / "scheduler", "scheduler_config.json"),
        _words(run, base, pairs).to(device), float(vae.config.scaling_factor), run.train.unconditional,
    )  # fmt: skip
    return network.to(device).requires_grad_(True).train(), frozen


def _words(run: ControlNetRun, base: Weights, pairs: Sequence[Pair]) -> Tensor:
    """(sources + 1, tokens, C) what the text encoder makes of the prompts."""
    encoders = text_encoders(base.path, torch.float32)
    prompts = [prompt_of(source) or run.model.prompt for source in dict.fromkeys(p.source for p in pairs)]
    try:
        with torch.no_grad(), quiet():
            return torch.cat([read(encoders, prompt, "prompt").states for prompt in [*prompts, ""]])
    except ConfigError as error:
        raise ConfigError(str(error).replace("renderer.", "model.", 1)) from None


def _check_fits(network: Any, unet: Any, path: Path) -> None:
    for name in ("block_out_channels", "cross_attention_dim", "in_channels"):
        ours, theirs = (np.atleast_1d(part.config[name]).tolist() for part in (unet, network))
        if ours != theirs:
            raise CheckpointError(
                f"{path}: a ControlNet with {name} {network.config[name]} where the base has {unet.config[name]}; "
                "use one that was made for it"
            )
