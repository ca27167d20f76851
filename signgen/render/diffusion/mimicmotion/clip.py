"""From poses and a picture to the frames of a clip: encode, denoise by windows, decode."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame
from signgen.render.diffusion.appearance import Still
from signgen.render.diffusion.memory import Ladder, Plan, release
from signgen.render.diffusion.mimicmotion.checkpoint import WeightFiles
from signgen.render.diffusion.mimicmotion.decoding import as_frames, chunks, decoded
from signgen.render.diffusion.mimicmotion.denoiser import Conditions, Guided, guidance_of
from signgen.render.diffusion.mimicmotion.drawn_poses import DrawnPoses
from signgen.render.diffusion.mimicmotion.image_encoding import Encoded, encode
from signgen.render.diffusion.mimicmotion.model import load_model, on_device
from signgen.render.diffusion.mimicmotion.networks import Networks
from signgen.render.diffusion.mimicmotion.references import mean, pose_of
from signgen.render.diffusion.noise import frame_noise, repeated_noise
from signgen.render.diffusion.sampling import Noise, sample, start
from signgen.render.diffusion.schedules import EulerSVD
from signgen.render.diffusion.store import LatentStore
from signgen.render.diffusion.windows import Window, plan_windows

FACTOR = 8  # pixels of a latent along a side
RATE = 7  # frames per second that the network is told, whatever the clip's
MOTION = 127  # how much motion it is told


@dataclass(frozen=True, eq=False)
class Clip:
    """What is to be made.

    Attributes:
        poses: the poses, on a canvas of the size that is computed; its sides are multiples of 8.
        stills: the pictures that give the looks, of that size, each with its pose.
        steps: of denoising.
        guidance: of the first and of the last frame.
        picture_noise: deviation of the noise that is added to the picture.
        is_original: noise and windows as the original has them.
        seed: of all noise.
    """

    poses: PoseSequence
    stills: tuple[Still, ...]
    steps: int
    guidance: tuple[float, float]
    picture_noise: float
    is_original: bool
    seed: int

    @property
    def count(self) -> int:
        """Frames that are computed: the picture's own pose, then those of the clip."""
        return 1 + len(self.poses)

    @property
    def latent_shape(self) -> tuple[int, int, int]:
        """Of one frame."""
        return 4, self.poses.height // FACTOR, self.poses.width // FACTOR


@dataclass(frozen=True, eq=False)
class Studio:
    """Where clips are made.

    Attributes:
        files: of the weights.
        base: folder of Stable Video Diffusion.
        device: where to compute.
        ladder: what is given up when memory runs out.
    """

    files: WeightFiles
    base: Path
    device: torch.device
    ladder: Ladder

    def frames(self, clip: Clip) -> Iterator[Frame]:
        """The frames of a clip, without that of the picture's own pose.

        Raises:
            CheckpointError: weights that are missing, damaged or of another network.
            ResourceError: memory or disk run out.
        """
        with LatentStore(clip.count, clip.latent_shape, device=self.device) as latents:
            reference = self.ladder.run("encode", lambda plan: self._encoded(clip, plan))
            self.ladder.run("denoise", lambda plan: self._denoise(clip, reference, latents, plan))
            for frames in chunks(clip.count):
                pictures = self._decoded(latents, frames)
                yield from as_frames(pictures[1:] if frames[0] == 0 else pictures)

    def _networks(self, plan: Plan) -> Networks:
        return load_model(self.files, self.base, self.device, plan.dtype)

    def _encoded(self, clip: Clip, plan: Plan) -> Encoded:
        networks = self._networks(plan)
        size = 3, clip.poses.height, clip.poses.width
        noise = frame_noise(clip.seed, range(len(clip.stills)), size, stream="picture") * clip.picture_noise
        with torch.inference_mode(), on_device(networks.image_encoder, self.device, leaves=True):
            found = [
                encode(
                    networks.image_encoder,
                    networks.vae.to(self.device),
                    from_bytes(still.picture).to(self.device),
                    noise[place : place + 1].to(self.device) if clip.picture_noise else None,
                )
                for place, still in enumerate(clip.stills)
            ]
        return mean(found) if len(found) > 1 else found[0]

    def _denoise(self, clip: Clip, reference: Encoded, latents: LatentStore, plan: Plan) -> None:
        networks = self._networks(plan)
        if plan.offload:
            networks.vae.to("cpu")
        steps = EulerSVD(clip.steps)
        conditions = Conditions(
            reference,
            DrawnPoses(networks.pose_net, [pose_of(still) for still in clip.stills], clip.poses),
            guidance_of(clip.count, *clip.guidance),
            (RATE - 1, MOTION, clip.picture_noise),
        )
        windows = windows_of(clip.count, plan.window, plan.overlap, is_original=clip.is_original)
        start(latents, steps, noise_of(clip, plan.window))
        with on_device(networks.unet, self.device, leaves=plan.offload) as unet:
            guided = Guided(unet, conditions, steps, batched=not plan.split_guidance)
            sample(guided, steps, windows, latents)

    def _decoded(self, latents: LatentStore, frames: Sequence[int]) -> torch.Tensor:
        def attempt(plan: Plan) -> torch.Tensor:
            networks = self._networks(plan)
            if plan.offload:
                networks.unet.to("cpu")
                release()
            with on_device(networks.vae, self.device, leaves=False) as vae:
                return decoded(vae, latents, frames, plan.decode_frames)

        return self.ladder.run("decode", attempt)


def windows_of(count: int, longest: int, overlap: int, *, is_original: bool) -> tuple[Window, ...]:
    """As few windows as there must be, and none longer than it must be.

    Windows of full length all but the last of which moves back, as the original has them, compute frames twice for
    nothing: 100 frames in two windows of 72 are 144, in two of 54 they are 108.
    """
    windows = plan_windows(count, longest, overlap, reference=True, original=is_original)
    if is_original or len(windows) < 2:
        return windows
    new = math.ceil((count - 1 + (len(windows) - 1) * overlap) / len(windows))
    return plan_windows(count, 1 + max(new, overlap + 1), overlap, reference=True)


def from_bytes(picture: Frame) -> torch.Tensor:
    """(1, 3, H, W) float32 from -1 to 1 of a (H, W, 3) uint8 picture."""
    return torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1


def noise_of(clip: Clip, window: int) -> Noise:
    """The noise of frames: fresh for each, or that of one window again and again."""

    def draw(frames: Sequence[int]) -> torch.Tensor:
        if clip.is_original:
            return repeated_noise(clip.seed, frames, clip.latent_shape, tile=window)
        return frame_noise(clip.seed, frames, clip.latent_shape)

    return draw
