"""How fast tiny-flow paints: whole clips through the renderer, poses drawn, windows blended, frames as bytes.

    python benchmarks/tiny_flow.py [--preset base|smoke] [--frames 44] [--steps 4] [--threads 2] [--runs 3]
        [--precision float32|bf16] [--device cpu|cuda] [--train]

Weights are random: what they are does not change the time. Wall time is what a user waits; on a machine that others
use as well, processor time divided by threads says what it would be alone. It must reach 4 frames a second at
256 x 256 with 4 steps on 2 cores (preset base, 15 M weights). --train measures updates of the training instead.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from signgen.pose.sequence import PoseSequence
from signgen.render.diffusion.tiny.batches import Batch
from signgen.render.diffusion.tiny.folder import TinyCard, save_tiny
from signgen.render.diffusion.tiny.loss import losses_of, noised
from signgen.render.diffusion.tiny.network import TinyFlowNet, fast
from signgen.render.diffusion.tiny.settings import NETWORKS, TinyTraining
from signgen.render.tiny_flow import TinyFlow

REACH = 4.0
SIDE = 256
WINDOWS = {"base": (16, 2), "smoke": (4, 1)}
SHIFT = 3.0


def poses(count: int) -> PoseSequence:
    """Keypoints that wander over the canvas, all of them seen."""
    rng = np.random.default_rng(0)
    keypoints = np.ones((count, 128, 3), np.float32)
    start = rng.uniform(0.2, 0.8, (1, 128, 2)) * SIDE
    keypoints[..., :2] = start + 10 * np.sin(np.arange(count) / 5)[:, None, None]
    return PoseSequence(keypoints, 24, SIDE, SIDE)


def measured(run: Callable[[], None], runs: int, device: str) -> tuple[float, float]:
    """Least wall and least processor time of one run [s]; the first, which compiles kernels, does not count."""
    times = []
    for _ in range(runs + 1):
        wall, processor = time.perf_counter(), time.process_time()
        run()
        if device != "cpu":
            torch.cuda.synchronize()
        times.append((time.perf_counter() - wall, time.process_time() - processor))
    return min(wall for wall, _ in times[1:]), min(processor for _, processor in times[1:])


def painting(given: argparse.Namespace, folder: Path) -> None:
    model = TinyFlowNet(NETWORKS[given.preset])
    window, overlap = WINDOWS[given.preset]
    save_tiny(
        model, TinyCard("controlnet", SIDE, SIDE, window, overlap, SHIFT, NETWORKS[given.preset]), folder
    )
    renderer = TinyFlow(
        weights=str(folder), steps=given.steps, device=given.device, precision=given.precision
    )
    clip = poses(given.frames)
    look = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)

    def run() -> None:
        for _ in renderer(clip, look):
            pass

    wall, processor = measured(run, given.runs, given.device)
    alone = processor / given.threads
    weights = sum(part.numel() for part in model.parameters()) / 1e6
    how = f"windows of {window} sharing {overlap}, {given.precision}, {given.device}, {given.threads} threads"
    print(
        f"{given.preset}: {weights:.1f} M weights, {given.frames} frames of {SIDE} x {SIDE}, {given.steps} steps, {how}"
    )
    print(f"wall time      {wall:7.2f} s  {given.frames / wall:6.2f} frames/s")
    if given.device != "cpu":
        print(f"GPU memory     {torch.cuda.max_memory_allocated() / 1e9:7.2f} GB at most")
        return
    print(
        f"processor time {processor:7.2f} s  {given.frames / alone:6.2f} frames/s if {given.threads} cores were free"
    )
    if given.preset == "base" and given.steps == 4:
        for name, seconds in (("wall", wall), ("processor", alone)):
            verdict = "reached" if given.frames / seconds >= REACH else "MISSED"
            print(f"{REACH:g} frames/s by {name} time: {verdict}")


def training(given: argparse.Namespace) -> None:
    """Forward, backward and optimiser on batches that lie ready."""
    device = torch.device(given.device)
    model, train = fast(TinyFlowNet(NETWORKS[given.preset]), device), TinyTraining()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4, fused=True)
    shape = (given.batch, WINDOWS[given.preset][0], SIDE, SIDE, 3)
    frames = torch.randint(0, 256, shape, dtype=torch.uint8, device=device)
    cells = SIDE // model.cell
    weights = torch.ones(*shape[:2], cells, cells, device=device)
    batch = Batch(frames, frames, frames[:, 0], weights)

    def run() -> None:
        task = noised(batch, train, model.cell)
        with torch.autocast(device.type, torch.bfloat16, enabled=given.precision == "bf16"):
            loss = losses_of(model, task, train)["total"]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    wall, processor = measured(run, given.runs, given.device)
    count = shape[0] * shape[1]
    print(f"{given.preset}: updates of {count} frames, {given.precision}, {given.device}")
    print(f"wall time      {wall:7.3f} s  {count / wall:8.1f} frames/s")
    print(f"processor time {processor:7.3f} s")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", choices=sorted(NETWORKS), default="base")
    parser.add_argument("--frames", type=int, default=44)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=1, help="windows of an update, with --train")
    parser.add_argument("--precision", choices=("float32", "bf16", "float16"), default="float32")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--train", action="store_true")
    given = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(given.threads)
    if given.train:
        training(given)
        return
    with tempfile.TemporaryDirectory() as folder:
        painting(given, Path(folder))


if __name__ == "__main__":
    main()
