"""MimicMotion's loop as its authors run it against ours: seconds per frame, peak memory, and the two ratios.

    python benchmarks/mimicmotion.py                       # one CUDA GPU: real size, random weights, 72 frames
    python benchmarks/mimicmotion.py --device cpu --tiny   # anywhere: a tiny model, to see that both run and agree

Both sides get the same networks with the same random weights, the same pose pictures, noise, longest window, overlap,
steps, guidance, precision and groups of decoding. Where the clip fits one window, or with --windows original, windows
are the same too and the latents must agree (`difference`). Each side runs in a process of its own, on a GPU after a
short run that is not counted; sides take turns.

*original*: as in Tencent/MimicMotion's pipeline: stock UNet, one pass without and one with conditions for each window,
PoseNet anew for each window and step, latents, predictions and pictures of the whole clip on the device, noise of one
window repeated, stock decoder; networks come to the GPU for their stage and leave it, as there.
*ours*: what the renderer runs: layers piece by piece, latents on disk, pose pictures kept in bytes, cross attention to
one key without queries.

Peak memory: on a GPU what torch had allocated at most, weights included; on a CPU the process's largest resident size
less what it was before the clip (weights are not counted). Times include encoding, denoising and decoding, not loading.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from signgen.nn.device import device_named
from signgen.render.diffusion.memory import precision_of
from signgen.render.diffusion.mimicmotion import pieces
from signgen.render.diffusion.mimicmotion.clip import windows_of
from signgen.render.diffusion.mimicmotion.decoding import CHUNK, chunks, decoded
from signgen.render.diffusion.mimicmotion.denoiser import Conditions, Guided, added, guidance_of
from signgen.render.diffusion.mimicmotion.drawn_poses import AT_ONCE
from signgen.render.diffusion.mimicmotion.image_encoding import encode
from signgen.render.diffusion.mimicmotion.model import on_device
from signgen.render.diffusion.mimicmotion.networks import Architecture, Networks, build
from signgen.render.diffusion.noise import repeated_noise
from signgen.render.diffusion.sampling import sample, start
from signgen.render.diffusion.schedules import EulerSVD
from signgen.render.diffusion.store import LatentStore
from signgen.render.diffusion.windows import plan_windows, triangle

TINY = Architecture(
    unet={
        **Architecture().unet,
        "block_out_channels": (32, 64, 64, 64),
        "num_attention_heads": (2, 4, 4, 4),
        "cross_attention_dim": 32,
        "addition_time_embed_dim": 32,
        "projection_class_embeddings_input_dim": 96,
    },
    vae={**Architecture().vae, "block_out_channels": (32, 32, 32, 32), "layers_per_block": 1},
    image_encoder={
        **Architecture().image_encoder,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "patch_size": 32,
        "projection_dim": 32,
    },
)
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bf16": torch.bfloat16}
IDS = (6.0, 127.0, 0.0)
GUIDANCE = 2.0


def filled(architecture: Architecture, device: torch.device, dtype: torch.dtype) -> Networks:
    """Networks with random weights of the usual sizes, so that numbers stay in range whatever the precision."""
    networks = build(architecture)
    generator = torch.Generator().manual_seed(0)
    for part in ("unet", "pose_net", "vae", "image_encoder"):
        network = getattr(networks, part)
        values = {}
        for name, tensor in network.state_dict().items():
            if tensor.ndim > 1:
                spread = 1 / math.sqrt(math.prod(tensor.shape[1:]))
                value = torch.randn(tensor.shape, generator=generator) * spread
            else:
                value = torch.zeros(tensor.shape) if name.endswith("bias") else torch.ones(tensor.shape)
            values[name] = value.to(device, dtype)
        network.load_state_dict(values, assign=True)
        network.requires_grad_(False)
    embeddings = networks.image_encoder.vision_model.embeddings
    embeddings.position_ids = torch.arange(embeddings.position_ids.shape[-1], device=device)[None]
    networks.image_encoder.to("cpu")
    return networks


class Job:
    """What both sides are asked to make."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.device = device_named(options.device)
        self.dtype = DTYPES[precision_of(options.precision, self.device)]
        self.count = options.frames + 1
        self.shape = 4, options.height // 8, options.width // 8
        # Of the same number and overlap: the original's overlap counts the reference, which every window has.
        self.theirs = plan_windows(self.count, options.window, options.overlap, original=True)
        length, is_theirs = options.window, options.windows == "original"
        self.windows = windows_of(
            self.count, length, options.overlap - (not is_theirs), is_original=is_theirs
        )
        random = np.random.default_rng(0)
        size = options.height, options.width, 3
        self.picture = (
            torch.from_numpy(random.integers(0, 256, size, np.uint8)).permute(2, 0, 1)[None] / 127.5 - 1
        )

    def poses(self, frames: list[int]) -> torch.Tensor:
        """Pictures with a bar that moves, from -1 to 1: drawing is not what is measured."""
        pictures = torch.full((len(frames), 3, self.options.height, self.options.width), -1.0)
        for row, frame in enumerate(frames):
            place = frame * 7 % (self.options.width - 8)
            pictures[row, frame % 3, :, place : place + 8] = 1
        return pictures

    def noise(self, frames: list[int]) -> torch.Tensor:
        return repeated_noise(0, frames, self.shape, tile=self.options.window)


def ours(job: Job, networks: Networks) -> torch.Tensor:
    """The renderer's way; gives the latents."""
    device, steps, kept = job.device, EulerSVD(job.options.steps), {}

    def poses(frames: list[int]) -> torch.Tensor:
        for frame in frames:
            if frame not in kept:
                kept[frame] = job.poses([frame])[0].add(1).mul(127.5).to(torch.uint8).to(device)
        parts = []
        for first in range(0, len(frames), AT_ONCE):
            some = torch.stack([kept[frame] for frame in frames[first : first + AT_ONCE]])
            parts.append(networks.pose_net((some.float() / 127.5 - 1).to(job.dtype)))
        return torch.cat(parts)

    with LatentStore(job.count, job.shape, device=device) as store:
        with on_device(networks.image_encoder, device, leaves=True):
            reference = encode(networks.image_encoder, networks.vae.to(device), job.picture.to(device), None)
        start(store, steps, job.noise)
        conditions = Conditions(reference, poses, guidance_of(job.count, GUIDANCE, GUIDANCE), IDS)
        batched = job.options.cfg == "batched"
        with on_device(networks.unet, device, leaves=job.options.offload) as unet:
            sample(Guided(unet, conditions, steps, batched=batched), steps, job.windows, store)
        kept.clear()
        for frames in chunks(job.count):
            decoded(networks.vae, store, frames, CHUNK)
        return store.read(range(job.count)).cpu()


def original(job: Job, networks: Networks) -> torch.Tensor:
    """The authors' way; gives the latents."""
    device, dtype, options = job.device, job.dtype, job.options
    steps = EulerSVD(options.steps)
    with on_device(networks.image_encoder, device, leaves=True):
        reference = encode(networks.image_encoder, networks.vae.to(device), job.picture.to(device), None)
    networks.vae.to("cpu")
    picture = reference.latent.to(dtype)[:, None].repeat(1, job.count, 1, 1, 1)
    pictures = torch.cat((torch.zeros_like(picture), picture))
    embedding = reference.embedding.to(dtype)
    tile = job.noise(list(range(options.window)))[None].to(device, dtype)
    latents = steps.begin(tile).repeat(1, job.count // options.window + 1, 1, 1, 1)[:, : job.count]
    poses = job.poses(list(range(job.count)))
    guidance = torch.from_numpy(guidance_of(job.count, GUIDANCE, GUIDANCE)).to(device, dtype)[
        None, :, None, None, None
    ]
    networks.pose_net.to(device)
    with on_device(networks.unet, device, leaves=True) as unet:
        for step in range(options.steps):
            both = torch.cat((steps.scaled(torch.cat((latents, latents)), step), pictures), dim=2)
            prediction, weights = torch.zeros_like(pictures), latents.new_zeros(job.count)
            for window in job.theirs:
                frames = list(window.frames)
                weight = torch.from_numpy(triangle(options.window)[: len(frames)]).to(device, dtype)
                features = networks.pose_net(poses[frames].to(device, dtype))
                said = [_said(unet, both[:1, frames], torch.zeros_like(embedding), steps, step)]
                with added(unet, features):
                    said.append(_said(unet, both[1:, frames], embedding, steps, step))
                for row, one in enumerate(said):
                    prediction[row : row + 1, frames] += one * weight[:, None, None, None]
                weights[frames] += weight
            prediction /= weights[:, None, None, None]
            without, with_all = prediction.chunk(2)
            guided = without + guidance * (with_all - without)
            latents = steps.update(latents.float(), guided.float(), step).to(dtype)
    vae = networks.vae.to(device)
    parts = []
    for first in range(0, job.count, CHUNK):
        some = latents[0, first : first + CHUNK] / vae.config.scaling_factor
        parts.append(vae.decode(some, num_frames=len(some)).sample)
    ((torch.cat(parts).float() / 2 + 0.5).clamp(0, 1)).cpu()
    return latents[0].float().cpu()


def _said(
    unet: torch.nn.Module, latents: torch.Tensor, embedding: torch.Tensor, steps: EulerSVD, step: int
) -> torch.Tensor:
    ids = torch.tensor([IDS], device=latents.device, dtype=latents.dtype)
    timestep = steps.timestep(step).to(latents.device)
    return unet(latents, timestep, embedding, added_time_ids=ids, return_dict=False)[0]


def resident() -> float:
    """Resident memory of this process [bytes]."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def measure(side: str, options: argparse.Namespace) -> None:
    """One clip of one side, in this process; a line of JSON."""
    pieces.PIECE_BYTES = options.piece
    job = Job(options)
    networks = filled(TINY if options.tiny else Architecture(), job.device, job.dtype)
    way = {"ours": ours, "original": original}[side]
    is_cuda = job.device.type == "cuda"
    with torch.inference_mode():
        if not options.tiny:
            short = argparse.Namespace(
                **{**vars(options), "steps": 1, "frames": min(options.frames, options.window - 1)}
            )
            way(Job(short), networks)
        gc.collect()
        if is_cuda:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(job.device)
        before, began = resident(), time.perf_counter()
        processor = time.process_time()
        latents = way(job, networks)
        if is_cuda:
            torch.cuda.synchronize(job.device)
    seconds = time.perf_counter() - began
    if is_cuda:
        peak = torch.cuda.max_memory_allocated(job.device)
    else:
        seconds = time.process_time() - processor
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    np.save(options.latents, latents.numpy())
    print(json.dumps({"seconds": seconds, "peak": peak, "device": _name(job.device)}))


def _name(device: torch.device) -> str:
    return (
        torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU, processor time of one thread"
    )


def compare(options: argparse.Namespace, arguments: list[str]) -> None:
    found: dict[str, list[dict[str, float]]] = {"original": [], "ours": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            for side, rows in found.items():
                command = [
                    sys.executable,
                    __file__,
                    *arguments,
                    "--side",
                    side,
                    "--latents",
                    f"{folder}/{side}.npy",
                ]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                rows.append(json.loads(done.stdout.splitlines()[-1]))
        latents = {side: np.load(f"{folder}/{side}.npy") for side in found}
    report(options, found, latents)


def report(
    options: argparse.Namespace, found: dict[str, list[dict[str, float]]], latents: dict[str, np.ndarray]
) -> None:
    print(
        f"{found['ours'][0]['device']}; {options.width}x{options.height}, {options.frames} frames,", end=" "
    )
    print(f"window {options.window}, overlap {options.overlap}, {options.steps} steps, {options.precision}")
    middle = {}
    for side, rows in found.items():
        seconds, peak = (statistics.median(row[key] for row in rows) for key in ("seconds", "peak"))
        middle[side] = seconds, peak
        print(f"{side:9} {seconds / options.frames:9.4f} s/frame  {peak / 2**30:8.3f} GiB peak")
    time_ratio, memory_ratio = (middle["ours"][k] / middle["original"][k] for k in (0, 1))
    difference = np.abs(latents["ours"] - latents["original"]).max() / latents["original"].std()
    print(
        f"ours / original: time {time_ratio:.2f} (asked: 0.70), peak memory {memory_ratio:.2f} (asked: 0.50)"
    )
    if options.windows == "original" or options.frames < options.window:
        print(f"difference of the latents: at most {difference:.1e} of their deviation")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--tiny", action="store_true", help="a tiny model on small frames")
    parser.add_argument("--frames", type=int)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--width", type=int)
    parser.add_argument("--height", type=int)
    parser.add_argument("--window", type=int)
    parser.add_argument("--overlap", type=int)
    parser.add_argument("--piece", type=int, help="bytes of a piece's input, of ours")
    parser.add_argument("--precision", choices=["auto", *DTYPES], default="auto")
    parser.add_argument("--cfg", choices=["separate", "batched"], default="separate", help="of ours")
    parser.add_argument(
        "--windows", choices=["ours", "original"], default="ours", help="ours: no longer than they must be"
    )
    parser.add_argument(
        "--offload", action="store_true", help="ours: the UNet leaves the GPU before decoding"
    )
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--side", choices=["ours", "original"], help=argparse.SUPPRESS)
    parser.add_argument("--latents", help=argparse.SUPPRESS)
    options = parser.parse_args()
    small = {
        "frames": 15,
        "steps": 1,
        "width": 256,
        "height": 384,
        "window": 16,
        "overlap": 3,
        "piece": 256 << 10,
    }
    real = {
        "frames": 71,
        "steps": 25,
        "width": 576,
        "height": 1024,
        "window": 72,
        "overlap": 6,
        "piece": pieces.PIECE_BYTES,
    }
    for name, value in (small if options.tiny else real).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    if options.device == "cpu":
        torch.set_num_threads(1)
    if options.side:
        measure(options.side, options)
    else:
        compare(options, sys.argv[1:])


if __name__ == "__main__":
    main()
