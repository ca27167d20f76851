"""The steps down when memory runs out: their order, their record, and an end."""

import weakref
from types import SimpleNamespace

import pytest
import torch

from signgen.data.checkpoints import load_index
from signgen.errors import ConfigError, ResourceError
from signgen.render.diffusion import memory
from signgen.render.diffusion.memory import Ladder, Limits, Plan, check_fits, next_plan, precision_of, ran_out

FULL = Plan("float32", window=72, overlap=6)
GPU, CPU = torch.device("cuda"), torch.device("cpu")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Sweeping all objects of a large process takes long, and what goes out of use here is freed at once."""
    monkeypatch.setattr(memory, "release", lambda: None)


def no_memory(plan):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.\nGPU 0 has less.")


def fits(wanted):
    """A stage that fits once the plan has what is wanted."""

    def attempt(plan):
        return plan if wanted(plan) else no_memory(plan)

    return attempt


def test_nothing_is_given_up_where_memory_suffices():
    ladder = Ladder(FULL, Limits())
    assert ladder.run("denoise", lambda plan: plan) == FULL
    assert ladder.account() == []


def test_the_steps_of_denoising_in_their_order():
    ladder = Ladder(FULL, Limits(min_window=18))
    with pytest.raises(ResourceError, match="after giving up all there is") as caught:
        ladder.run("denoise", no_memory)
    assert ladder.account() == [
        "denoise: precision float32 -> float16",
        "denoise: guidance in two passes",
        "denoise: networks on the GPU only while used",
        "denoise: window 72 -> 36",
        "denoise: window 36 -> 18",
    ]
    assert "Tried to allocate 20.00 GiB" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_steps_of_decoding_in_their_order():
    ladder = Ladder(FULL, Limits())
    with pytest.raises(ResourceError):
        ladder.run("decode", no_memory)
    assert ladder.account() == [
        "decode: precision float32 -> float16",
        "decode: frames at once 8 -> 4",
        "decode: frames at once 4 -> 2",
        "decode: frames at once 2 -> 1",
        "decode: autoencoder in tiles",
        "decode: networks on the GPU only while used",
    ]


@pytest.mark.parametrize(
    ("wanted", "steps"),
    [
        (lambda plan: plan.precision == "float16", 1),
        (lambda plan: plan.split_guidance, 2),
        (lambda plan: plan.offload, 3),
        (lambda plan: plan.window == 36, 4),
    ],
)
def test_the_first_plan_that_fits_is_kept(wanted, steps):
    ladder = Ladder(FULL, Limits())
    plan = ladder.run("denoise", fits(wanted))
    assert wanted(plan)
    assert len(ladder.steps) == steps
    assert ladder.run("decode", lambda plan: plan) == plan == ladder.plan
    assert len(ladder.steps) == steps


def test_a_backend_goes_as_far_as_it_can():
    limits = Limits(half=None, can_tile=False, can_split=False, can_offload=False, min_window=40)
    assert next_plan(FULL, "denoise", limits) is None
    ladder = Ladder(FULL, limits)
    with pytest.raises(ResourceError, match=r"giving up all there is \(nothing\)"):
        ladder.run("denoise", no_memory)


def test_overlaps_stay_smaller_than_their_windows():
    plan, windows = Plan("bf16", window=64, overlap=48, split_guidance=True, offload=True), []
    while (smaller := next_plan(plan, "denoise", Limits())) is not None:
        plan = smaller[0]
        windows.append((plan.window, plan.overlap))
    assert windows == [(32, 8), (16, 4), (8, 2), (4, 1)]


def test_what_a_failed_attempt_held_is_free_before_the_next():
    held = []

    def attempt(plan):
        latents = torch.zeros(4)
        if not held:
            held.append(weakref.ref(latents))
            no_memory(plan)
        return held[0]()

    assert Ladder(FULL, Limits()).run("denoise", attempt) is None


def test_strict_memory_fails_at_once():
    ladder = Ladder(FULL, Limits(), strict=True)
    with pytest.raises(ResourceError, match="leave strict_memory out"):
        ladder.run("denoise", no_memory)
    assert ladder.account() == []


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (MemoryError(), True),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory"),
            True,
        ),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"), True),
        (RuntimeError("shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_counts_as_out_of_memory(error, is_memory):
    def attempt(plan):
        raise error

    assert ran_out(error) == is_memory
    with pytest.raises(ResourceError if is_memory else type(error)):
        Ladder(FULL, Limits()).run("denoise", attempt)


@pytest.mark.parametrize(("asked", "device", "expected"), [
    ("auto", GPU, "float16"), ("auto", CPU, "float32"), ("bf16", CPU, "bf16"), ("float32", GPU, "float32"),
])  # fmt: skip
def test_precision(asked, device, expected):
    assert precision_of(asked, device) == expected
    assert Plan(expected, 8, 2).dtype in (torch.float16, torch.bfloat16, torch.float32)


def test_float16_is_not_for_a_cpu():
    with pytest.raises(ConfigError, match="use float32 or bf16"):
        precision_of("float16", CPU)


@pytest.mark.parametrize(("device", "gigabytes", "fits"), [(GPU, 24, True), (GPU, 8, False), (CPU, 0, True)])
def test_a_gpu_that_is_too_small_for_the_card(monkeypatch, device, gigabytes, fits):
    cards = [load_index()["svd-xt-1.1"], load_index()["mimicmotion-1.1"]]
    properties = SimpleNamespace(total_memory=gigabytes * 1e9)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: properties)
    if fits:
        check_fits(cards, device)
    else:
        with pytest.raises(
            ResourceError, match=r"mimicmotion-1\.1 asks for 16 GB of GPU memory, cuda has 8\.0"
        ):
            check_fits(cards, device)


def test_memory_is_given_back_before_the_next_attempt(monkeypatch):
    order = []
    monkeypatch.setattr(memory, "release", lambda: order.append("release"))

    def attempt(plan):
        order.append(plan.precision)
        return plan if plan.precision == "float16" else no_memory(plan)

    Ladder(FULL, Limits()).run("load", attempt)
    assert order == ["float32", "release", "float16"]
