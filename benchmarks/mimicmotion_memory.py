"""How much memory MimicMotion's networks hold at real size, counted without a GPU and without computing anything.

    python benchmarks/mimicmotion_memory.py [--frames 72] [--width 576] [--height 1024] [--piece-mb 64]

Networks and inputs are on the device ``meta``, where tensors have shapes and no memory. Every tensor that torch
makes is noted, and noted again when it is freed: the peak is what an allocator would hold at most. *stock* is the
forward of diffusers, as the original runs it; *ours* is the renderer's, piece by piece. Not counted: what kernels
take inside themselves (workspaces of convolutions, copies that a norm makes of a tensor that lies otherwise in
memory), and fragments. Attention counts as one kernel that holds no scores. Numbers are of two bytes; weights are
those of the stage, but for ours those of the UNet stay while the decoder works.
"""

from __future__ import annotations

import argparse
import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from signgen.render.diffusion.mimicmotion import pieces
from signgen.render.diffusion.mimicmotion.denoiser import added
from signgen.render.diffusion.mimicmotion.lean import LeanUNet, lean_decode
from signgen.render.diffusion.mimicmotion.networks import Architecture, build

DTYPE = torch.float16


class Counted(TorchDispatchMode):
    """Counts the bytes of the tensors that live."""

    def __init__(self) -> None:
        super().__init__()
        self.live = self.peak = self.calls = 0
        self.known: set[int] = set()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = function(*args, **(kwargs or {}))
        self.calls += 1
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor):
                self._note(tensor.untyped_storage())
        return made

    def _note(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self.known:
            return
        self.known.add(key)
        size = storage.nbytes()
        self.live += size
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        self.known.discard(key)
        self.live -= size


def weights(*networks: torch.nn.Module) -> int:
    return sum(tensor.numel() * DTYPE.itemsize for n in networks for tensor in n.state_dict().values())


def peak(work: Callable[[], object]) -> int:
    with Counted() as counted, torch.inference_mode():
        work()
    calls.append(counted.calls)
    return counted.peak


calls: list[int] = []


def operations(work: Callable[[], object]) -> int:
    """Multiplications and additions of a forward, those of norms and activations left out."""
    products["attention"] = 0
    with FlopCounterMode(display=False) as counted, torch.inference_mode():
        work()
    return int(counted.get_total_flops()) + products["attention"]


def attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, **_: Any) -> torch.Tensor:
    products["attention"] += 4 * query.numel() * key.shape[-2]
    return torch.empty_like(query)


products = {"attention": 0}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=72, help="of a window")
    parser.add_argument("--chunk", type=int, default=8, help="frames decoded at once")
    parser.add_argument("--width", type=int, default=576)
    parser.add_argument("--height", type=int, default=1024)
    parser.add_argument("--piece-mb", type=int, default=pieces.PIECE_BYTES >> 20)
    options = parser.parse_args()
    pieces.PIECE_BYTES = options.piece_mb << 20
    functional.scaled_dot_product_attention = attention
    networks = build(Architecture())
    for network in (networks.unet, networks.vae, networks.pose_net):
        torch.nn.Module.to(network, "meta", DTYPE)
    high, wide = options.height // 8, options.width // 8

    def empty(*shape: int) -> torch.Tensor:
        return torch.empty(shape, dtype=DTYPE, device="meta")

    sample = empty(1, options.frames, 8, high, wide)
    told = empty(1, 1, 1024), empty(1, 3)
    level, latents = torch.tensor(0.5, device="meta"), empty(options.chunk, 4, high, wide)

    def stock() -> None:
        features = empty(options.frames, 320, high, wide)  # which the original holds to the end of the pass
        with added(networks.unet, features):
            networks.unet(sample, level, told[0], added_time_ids=told[1])

    work = [operations(stock)]
    held, shown = weights(networks.unet, networks.pose_net), weights(networks.vae)
    rows = [
        (
            "stock",
            held + peak(stock),
            shown + peak(lambda: networks.vae.decode(latents, num_frames=options.chunk)),
        )
    ]
    lean = LeanUNet(networks.unet)

    def ours() -> None:
        with added(networks.unet, empty(options.frames, 320, high, wide)):
            lean(sample, level, told[0], added_time_ids=told[1])

    work.append(operations(ours))
    rows.append(("ours", held + peak(ours), held + shown + peak(lambda: lean_decode(networks.vae, latents))))
    print(f"{options.width}x{options.height}, {options.frames} frames, two bytes a number; GiB held at most")
    print(f"{'':6} {'denoising':>10} {'decoding':>10} {'larger':>10}")
    for name, denoise, decode in rows:
        print(f"{name:6} {denoise / 2**30:10.2f} {decode / 2**30:10.2f} {max(denoise, decode) / 2**30:10.2f}")
    print(f"ours / stock: {max(rows[1][1:]) / max(rows[0][1:]):.2f}")
    print(f"one pass of the UNet: {work[0] / 1e12:.0f} TFLOP stock, {work[1] / 1e12:.0f} TFLOP ours")
    print(f"calls of torch in one pass: {calls[0]} stock, {calls[2]} ours")


if __name__ == "__main__":
    main()
