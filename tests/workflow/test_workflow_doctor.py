"""What the doctor sees; broken machines are made up."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import PurePosixPath
from types import SimpleNamespace

import pytest

from signgen.errors import RenderError
from signgen.workflow import doctor

CUDA_WHEEL = ("torchvision/_C.so", "torchvision.libs/libcudart.1f3c.so.13")


@pytest.mark.parametrize(
    ("torch", "vision", "status"),
    [
        (None, None, None),
        (("2.13.0", ()), None, None),
        (("2.13.0+cpu", ()), ("0.28.0+cpu", ()), "ok"),
        (("2.13.0+cpu", ()), ("0.28.0+cu130", ()), "fault"),
        (("2.13.0+cpu", ()), ("0.28.0", CUDA_WHEEL), "fault"),
        (("2.13.0+cpu", ()), ("0.28.0", ("torchvision/_C.so",)), "ok"),
        (("2.13.0", ("torch/lib/libtorch_cuda.so",)), ("0.28.0", CUDA_WHEEL), "ok"),
        (("2.13.0", ("torch/lib/libtorch_cpu.so",)), ("0.28.0", CUDA_WHEEL), "fault"),
    ],
)
def test_cuda_torchvision_beside_cpu_torch(monkeypatch, torch, vision, status):
    installed = {"torch": torch, "torchvision": vision}

    def distribution(name: str) -> SimpleNamespace:
        if installed[name] is None:
            raise PackageNotFoundError(name)
        version, files = installed[name]
        return SimpleNamespace(version=version, files=[PurePosixPath(file) for file in files])

    monkeypatch.setattr(doctor, "distribution", distribution)
    findings = [finding for finding in doctor.examine() if finding.name == "torchvision"]
    assert [finding.status for finding in findings] == ([status] if status else [])
    assert all(bool(finding.advice) == (finding.status == "fault") for finding in findings)


def test_broken_encoder_is_a_fault(monkeypatch):
    def broken(*arguments: object, **keywords: object) -> int:
        raise RenderError("probe.mp4: the encoder refused 32x32 px")

    monkeypatch.setattr("signgen.data.video.write_video", broken)
    (finding,) = [finding for finding in doctor.examine() if finding.name == "H.264"]
    assert (finding.status, finding.detail) == ("fault", "probe.mp4: the encoder refused 32x32 px")


def test_a_look_that_breaks_is_a_fault(monkeypatch):
    def broken() -> list[doctor.Finding]:
        raise ZeroDivisionError("by zero")

    broken.__name__ = "_disk"
    monkeypatch.setattr(doctor, "_disk", broken)
    assert (
        doctor.Finding("disk", "fault", "ZeroDivisionError: by zero", "reinstall signgen") in doctor.examine()
    )


def test_kernel_cache_that_cannot_be_written(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "sub"))
    assert [finding.status for finding in doctor._kernels()] == ["ok"]
    monkeypatch.setattr("signgen.workflow.doctor.os.access", lambda *arguments: False)
    assert [finding.status for finding in doctor._kernels()] == ["warning"]


def test_full_disk_is_a_warning(monkeypatch):
    monkeypatch.setattr("signgen.workflow.doctor.shutil.disk_usage", lambda path: SimpleNamespace(free=5e8))
    assert [finding.status for finding in doctor._disk()] == ["warning"]


def test_missing_extras_are_notes_with_the_command_that_installs_them():
    findings = {finding.name: finding for finding in doctor.examine()}
    assert {f"extra {extra}" for extra in doctor.EXTRAS} <= set(findings)
    for extra in doctor.EXTRAS:
        finding = findings[f"extra {extra}"]
        assert finding.status in ("ok", "note")
        assert (f"signgen[{extra}]" in finding.advice) == (finding.status == "note")


def test_doctor_imports_nothing_heavy():
    code = "from signgen.workflow.doctor import examine; examine(); import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {
        "torch",
        "torchvision",
        "numba",
        "scipy.signal",
        "spoken_to_signed",
    }


def test_diffusion_renderers_say_what_they_lack(monkeypatch, tmp_path):
    monkeypatch.setenv("SIGNGEN_CHECKPOINTS", str(tmp_path))
    (finding,) = [finding for finding in doctor.examine() if finding.name == "diffusion renderers"]
    assert finding.status == "note"
    assert "mimicmotion" in finding.detail.partition("without their extra or weights: ")[2]
    assert finding.advice
