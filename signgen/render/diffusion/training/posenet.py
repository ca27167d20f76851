"""MimicMotion's PoseNet in training, with LoRA on attention over time; Stable Video Diffusion itself is frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from signgen.errors import CheckpointError
from signgen.nn.checkpoint import load_tensors, save_tensors
from signgen.nn.crew import Crew
from signgen.render.diffusion.mimicmotion.checkpoint import (
    NO_WEIGHTS,
    POSE_NET,
    SPLIT,
    WeightFiles,
    check_fits,
    fill,
    find_files,
    load,
)
from signgen.render.diffusion.mimicmotion.clip import MOTION, RATE
from signgen.render.diffusion.mimicmotion.decoding import as_frames, decoded
from signgen.render.diffusion.mimicmotion.denoiser import Conditions, Guided, added, guidance_of
from signgen.render.diffusion.mimicmotion.drawn_poses import PROFILE
from signgen.render.diffusion.mimicmotion.image_encoding import Encoded
from signgen.render.diffusion.mimicmotion.model import on_device
from signgen.render.diffusion.mimicmotion.networks import Networks, architecture_of, build
from signgen.render.diffusion.mimicmotion.pieces import OnlyKey
from signgen.render.diffusion.mimicmotion.posenet import PoseNet
from signgen.render.diffusion.mimicmotion.tensor_file import TensorFile, open_tensors
from signgen.render.diffusion.noise import frame_noise
from signgen.render.diffusion.sampling import sample, start
from signgen.render.diffusion.schedules import EulerSVD
from signgen.render.diffusion.stable.network import quiet
from signgen.render.diffusion.store import LatentStore
from signgen.render.diffusion.training.batches import Batch
from signgen.render.diffusion.training.encoding import Encoder
from signgen.render.diffusion.training.footage import Clip
from signgen.render.diffusion.training.lora import Attached, Lora, merged
from signgen.render.diffusion.training.losses import weighted_errors
from signgen.render.diffusion.training.pairs import Pair
from signgen.render.diffusion.training.settings import PoseNetRun
from signgen.render.diffusion.training.task import DiffusionTask, prepare_footage, reader_of
from signgen.render.diffusion.weights import Weights, find_weights
from signgen.render.diffusion.windows import plan_windows

NAME, LORA = "mimicmotion", "temporal_lora.safetensors"
UNETS = ("unet/diffusion_pytorch_model.fp16.safetensors", "unet/diffusion_pytorch_model.safetensors")
# From this window on the result takes the name of the file whose default window is as long.
LONG_WINDOW = 72
AT_ONCE = 4  # frames that are decoded together


@dataclass(frozen=True, eq=False)
class Frozen:
    """What does not learn.

    Attributes:
        unet: ``UNetSpatioTemporalConditionModel`` with hooks for corrections.
        attached: the hooks.
        scale: that latents are multiplied by.
        level: mean and deviation of the logarithm of the noise level.
        unconditional: share of windows without picture and poses.
    """

    unet: Any
    attached: Attached
    scale: float
    level: tuple[float, float]
    unconditional: float


class PoseNetLesson(nn.Module):
    """Noise of any level is put on windows, and the velocity is to be found from picture and poses."""

    def __init__(self, learned: nn.ModuleDict, frozen: Frozen) -> None:
        super().__init__()
        self.learned, self.frozen = learned, frozen

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Losses of a batch, by torch's own dice, which the caller seeds."""
        frozen, own = self.frozen, self.frozen.unet.dtype
        clean = batch.latents * frozen.scale
        count, device = len(clean), clean.device
        middle, spread = frozen.level
        sigma = (torch.randn(count, device=device) * spread + middle).exp()
        noise = torch.randn_like(clean)
        noisy, target = task_of(clean, noise, sigma.view(-1, 1, 1, 1, 1))
        kept = (torch.rand(count, device=device) >= frozen.unconditional).float()
        picture = batch.latents[:, :1] * kept.view(-1, 1, 1, 1, 1)
        told = torch.cat((noisy, picture.expand_as(noisy)), dim=2)
        embedding = (batch.embedding * kept[:, None])[:, None]
        control = batch.control.flatten(0, 1).float() / 127.5 - 1
        features = self.learned["pose_net"](control)
        # Without poses means no features at all: those of a black picture are not zero.
        features = features * kept.repeat_interleave(clean.shape[1]).view(-1, 1, 1, 1).to(features)
        ids = torch.tensor([[RATE - 1, MOTION, 0.0]], device=device, dtype=own).expand(count, -1)
        lora = self.learned["lora"]
        assert isinstance(lora, Lora)
        frozen.attached.use(lora)
        with added(frozen.unet, features.to(own)):
            said = frozen.unet(
                told.to(own), 0.25 * sigma.log(), embedding.to(own), added_time_ids=ids, return_dict=False
            )[0]
        return weighted_errors(said, target, batch.weights)


def task_of(clean: Tensor, noise: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    """Noisy latents as the network takes them, and the velocity that it predicts, as `EulerSVD` reads it."""
    whole = (sigma**2 + 1).sqrt()
    return (clean + noise * sigma) / whole, (noise - clean * sigma) / whole


class PoseNetTask(DiffusionTask):
    """What `signgen train posenet` trains."""

    name = NAME
    run: PoseNetRun

    def __init__(self, run: PoseNetRun, pairs: Sequence[Pair], folder: Path, crew: Crew) -> None:
        """Read weights and encode what is learned from.

        Raises:
            CheckpointError: weights that are missing, damaged or of another network.
            ConfigError: no sources.
            DataError: sources that cannot be learned from.
        """
        self.run, self.folder, self.crew = run, folder, crew
        base = find_weights(run.model.base, NAME, download=run.model.download)
        begin = (
            find_weights(run.model.weights, NAME, download=run.model.download) if run.model.weights else None
        )
        self._origin = {"base": base.account()} | ({"weights": begin.account()} if begin else {})
        self.files, networks = _loaded(run, base, begin)
        self.vae = networks.vae
        encoder = Encoder(self.vae, networks.image_encoder, crew.device, self._origin["base"]["sha256"])
        footage = prepare_footage(run, pairs, folder, encoder, crew)
        self.reader = reader_of(run, footage, PROFILE)
        dtype = torch.bfloat16 if run.train.precision == "bf16" else torch.float32
        with quiet():
            unet: Any = networks.unet.to(crew.device, dtype)
        # As the renderer computes it, so that what is drawn between updates changes none of them.
        for name, layer in unet.named_modules():
            if name.endswith(".attn2"):
                layer.set_processor(OnlyKey())
        if run.train.checkpointing:
            unet.enable_gradient_checkpointing()
        torch.manual_seed(run.seed)
        lora = Lora(unet, run.model.rank)
        self.network = nn.ModuleDict({"pose_net": networks.pose_net, "lora": lora})
        self.network.to(crew.device).requires_grad_(True).train()
        train = run.train
        self.frozen = Frozen(
            unet, Attached(unet, lora), float(encoder.vae.config.scaling_factor),
            (train.level_mean, train.level_spread), train.unconditional,
        )  # fmt: skip

    def lesson(self, network: nn.Module) -> nn.Module:
        """See `Task`."""
        assert isinstance(network, nn.ModuleDict)
        return PoseNetLesson(network, self.frozen)

    def save(self, learned: nn.Module, folder: Path) -> None:
        """What was learned alone; `finish` puts the corrections into the UNet."""
        pose_net, lora = (learned.get_submodule(name) for name in ("pose_net", "lora"))
        assert isinstance(lora, Lora)
        folder.mkdir(parents=True, exist_ok=True)
        save_tensors(folder / POSE_NET, pose_net.state_dict())
        save_tensors(folder / LORA, lora.by_layer())

    def finish(self) -> None:
        """The UNet with its corrections in half precision: the split layout, which ``renderer.weights`` takes."""
        thin, _ = load_tensors(self.result / LORA)
        unet = _unet_of(self.files)
        tensors = {name: merged(unet.read(name), name, thin).half() for name in unet.shapes}
        if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
            raise CheckpointError(
                f"{self.result}: weights exceed half precision; train with a lower train.rate"
            )
        save_tensors(self.result / SPLIT[self.run.data.window < LONG_WINDOW], tensors)

    def draw(self, learned: nn.Module, clip: Clip, numbers: Sequence[int]) -> np.ndarray:
        """See `DiffusionTask`: the frames in one window, behind the clip's first picture."""
        run, device = self.run, self.crew.device
        steps = EulerSVD(run.train.sample_steps)
        latents, drawn, _, _, embedding = self.reader.row(clip, numbers, 0)
        control = torch.from_numpy(drawn).to(device).float() / 127.5 - 1
        pose_net, lora = (learned.get_submodule(name) for name in ("pose_net", "lora"))
        assert isinstance(lora, Lora)
        count, shape = len(latents), latents.shape[1:]

        def poses(frames: Sequence[int]) -> Tensor:
            found: Tensor = pose_net(control[list(frames)])
            return found

        reference = Encoded(
            torch.from_numpy(embedding).to(device)[None, None], torch.from_numpy(latents[:1]).to(device)
        )
        guidance = guidance_of(count, run.train.sample_guidance, run.train.sample_guidance)
        conditions = Conditions(reference, poses, guidance, (RATE - 1, MOTION, 0.0))
        self.frozen.attached.use(lora)
        with LatentStore(count, shape, device=device) as store:
            start(store, steps, lambda frames: frame_noise(run.seed, frames, shape))
            windows = plan_windows(count, count, 0, reference=True)
            sample(Guided(self.frozen.unet, conditions, steps), steps, windows, store)
            with on_device(self.vae, device, leaves=True) as vae:
                pictures = decoded(vae, store, range(1, count), AT_ONCE)
        return np.stack(list(as_frames(pictures)))

    def facts(self) -> Mapping[str, Any]:
        """See `DiffusionTask`."""
        return {
            **self._origin,
            "profile": PROFILE,
            "window": self.run.data.window,
            "rank": self.run.model.rank,
        }


def _loaded(run: PoseNetRun, base: Weights, begin: Weights | None) -> tuple[WeightFiles, Networks]:
    """The four networks in float32 on the CPU; without weights to go on with, a PoseNet that knows nothing."""
    networks = build(architecture_of(base.path))
    cpu = torch.device("cpu")
    if begin is not None:
        files = find_files(begin.path, base.path)
        load(networks, files, cpu, torch.float32)
        return files, networks
    unet = next((base.path / name for name in UNETS if (base.path / name).is_file()), None)
    if unet is None:
        raise CheckpointError(
            f"{base.path}: has no {' or '.join(UNETS)}; put the UNet of Stable Video Diffusion there, or go on with "
            "model.weights=mimicmotion-1.1"
        )
    files = find_files(unet, base.path)
    for network, path in (
        (networks.unet, files.motion),
        (networks.vae, files.vae),
        (networks.image_encoder, files.image_encoder),
    ):
        tensors = open_tensors(path).without(*NO_WEIGHTS)
        check_fits(network, tensors)
        fill(network, tensors, cpu, torch.float32)
    torch.manual_seed(run.seed)
    config: Any = networks.unet.config
    return files, replace(networks, pose_net=PoseNet(config.block_out_channels[0]))


def _unet_of(files: WeightFiles) -> TensorFile:
    """The tensors of the UNet that the training started from, as they lie on disk."""
    tensors = open_tensors(files.motion)
    has_prefix = any(name.startswith("unet.") for name in tensors.shapes)
    return tensors.part("unet.") if has_prefix else tensors
