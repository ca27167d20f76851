"""What overlapping windows cost: memory and time of the sampling loop for short and long clips, without a network.

    python benchmarks/diffusion_windows.py [--frames 24 240 2400] [--steps 2] [--window 72] [--overlap 6]

The loop is the one of all diffusion renderers (576 x 1024 pixels, latents of 4 x 128 x 72, MimicMotion's windows,
schedule and drawing). In the place of a network stands the control picture itself, shrunk to the size of latents,
so what is measured is all but the network: noise, control pictures, the store on disk, blending and steps. Beside
it runs the same with everything held in memory, as pipelines that hold a clip whole do. Each line is a process of
its own, since peak memory never falls. One thread.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

import numpy as np
import torch
from torch.nn.functional import avg_pool2d

from signgen.pose.sequence import PoseSequence
from signgen.render.diffusion.control import control_frames
from signgen.render.diffusion.noise import frame_noise
from signgen.render.diffusion.sampling import sample, start
from signgen.render.diffusion.schedules import EulerSVD
from signgen.render.diffusion.store import LatentStore
from signgen.render.diffusion.windows import Window, plan_windows

WIDTH, HEIGHT = 576, 1024
MOST_WHOLE = 300
SHAPE = (3, HEIGHT // 8, WIDTH // 8)


def poses_of(frames: int) -> PoseSequence:
    """A signer of chance that never holds still."""
    rng = np.random.default_rng(0)
    keypoints = rng.uniform(0.1, 0.9, (frames, 128, 3)).astype(np.float32)
    keypoints[..., :2] *= WIDTH, HEIGHT
    return PoseSequence(keypoints, 24, WIDTH, HEIGHT)


class Shrunk:
    """A perfect network: it answers with its control pictures, shrunk to the size of latents."""

    def __init__(self, frames: int) -> None:
        self.control = control_frames(poses_of(frames), "mimicmotion", WIDTH, HEIGHT)

    def __call__(self, latents: object, step: int, frames: range | tuple[int, ...]) -> torch.Tensor:
        answer = torch.empty((len(frames), *SHAPE))
        for row, frame in zip(answer, frames, strict=True):
            row[:] = avg_pool2d(self.control.read([frame])[0], 8)
        return answer


def ours(frames: int, steps: EulerSVD, windows: tuple[Window, ...]) -> None:
    answer = Shrunk(frames)
    with LatentStore(frames, SHAPE) as store:
        start(store, steps, lambda some: frame_noise(0, some, SHAPE))
        sample(answer, steps, windows, store)
        some = range(0, frames, max(1, frames // 7))
        assert torch.equal(store.read(some), answer(None, 0, tuple(some))), "windows are exact"


def whole(frames: int, steps: EulerSVD, windows: tuple[Window, ...]) -> None:
    """Sums over the whole clip, in memory, as the pipeline of MimicMotion has them; pictures are drawn before."""
    control = control_frames(poses_of(frames), "mimicmotion", WIDTH, HEIGHT).read(range(frames))
    latents = steps.begin(frame_noise(0, range(frames), SHAPE))
    for step in range(steps.count):
        total, weight = torch.zeros_like(latents), torch.zeros(frames)
        for window in windows:
            chosen, share = list(window.frames), torch.from_numpy(window.weights)
            answer = avg_pool2d(control[chosen], 8)
            total[chosen] += answer * share[:, None, None, None]
            weight[chosen] += share
        latents = steps.update(latents, total / weight[:, None, None, None], step)


def measure(loop: str, frames: int, steps: int, window: int, overlap: int) -> None:
    torch.set_num_threads(1)
    Shrunk(1)(None, 0, (0,))  # loads the compiled drawing, which is no part of the clip
    before = peak()
    began = time.process_time()
    run = ours if loop == "ours" else whole
    run(frames, EulerSVD(steps, prediction="sample"), plan_windows(frames, window, overlap, reference=True))
    taken = (time.process_time() - began) / frames / steps * 1000
    print(f"{loop:6} {frames:6} {peak() - before:11.0f} {taken:22.1f}")


def peak() -> float:
    """Most memory this process ever had [MiB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, nargs="+", default=[24, 240, 2400])
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--window", type=int, default=72)
    parser.add_argument("--overlap", type=int, default=6)
    parser.add_argument("--loop", choices=("ours", "whole"), help="only this one, in this process")
    given = parser.parse_args()
    settings = ("--steps", str(given.steps), "--window", str(given.window), "--overlap", str(given.overlap))
    if given.loop:
        measure(given.loop, given.frames[0], given.steps, given.window, given.overlap)
        return
    print("loop   frames  memory MiB  CPU ms a frame and step", flush=True)
    for loop in ("ours", "whole"):
        for frames in given.frames:
            if loop == "whole" and frames > MOST_WHOLE:
                print(f"{loop:6} {frames:6}  not run: it needs 20 MB a frame")
                continue
            command = [sys.executable, __file__, "--loop", loop, "--frames", str(frames), *settings]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
