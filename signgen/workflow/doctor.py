"""Looks at the machine: is everything here that signgen needs, and does it work? Imports nothing heavy."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, requires, version
from pathlib import Path
from typing import Literal

import numpy as np

from signgen.errors import CheckpointError, DependencyError, SignGenError

FREE_BYTES_WANTED = 1 << 30
EXTRAS = ("lexicons", "torch", "diffusion", "mediapipe", "dwpose", "controlnet-aux")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: what.
        status: ``ok``, ``note`` (an optional thing is not there), ``warning`` or ``fault``.
        detail: what was found.
        advice: what to do, empty if nothing.
    """

    name: str
    status: Literal["ok", "note", "warning", "fault"]
    detail: str
    advice: str = ""


def examine() -> tuple[Finding, ...]:
    """Everything `signgen doctor` looks at; a look that breaks is itself a fault."""
    findings: list[Finding] = []
    for look in (_python, _core, _extras, _encoder, _torchvision, _renderers, _disk, _kernels, _lexicons):
        try:
            findings.extend(look())
        except Exception as error:  # a broken installation fails in ways nobody can list
            name = look.__name__.strip("_")
            findings.append(Finding(name, "fault", f"{type(error).__name__}: {error}", "reinstall signgen"))
    return tuple(findings)


def _python() -> list[Finding]:
    is_new = sys.version_info >= (3, 11)
    where = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return [
        Finding("python", "ok" if is_new else "fault", where, "" if is_new else "use Python 3.11 or newer")
    ]


def _core() -> list[Finding]:
    found, missing = _installed(None)
    if missing:
        return [
            Finding("packages", "fault", f"missing: {', '.join(missing)}", "pip install --upgrade signgen")
        ]
    return [Finding("packages", "ok", ", ".join(f"{name} {number}" for name, number in found))]


def _extras() -> list[Finding]:
    findings = []
    for extra in EXTRAS:
        found, missing = _installed(extra)
        if missing:
            advice = f"if you need it: pip install 'signgen[{extra}]'"
            findings.append(Finding(f"extra {extra}", "note", f"missing: {', '.join(missing)}", advice))
        else:
            shown = ", ".join(f"{name} {number}" for name, number in found)
            findings.append(Finding(f"extra {extra}", "ok", shown))
    return findings


def _encoder() -> list[Finding]:
    from signgen.data.video import read_video, write_video

    frames = [np.full((32, 32, 3), shade, dtype=np.uint8) for shade in (0, 128, 255)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "probe.mp4"
        try:
            write_video(iter(frames), path, 24)
            count = sum(1 for _ in read_video(path).frames())
        except SignGenError as error:
            return [Finding("H.264", "fault", str(error), "reinstall av: pip install --force-reinstall av")]
    if count != len(frames):
        return [Finding("H.264", "fault", f"{count} of 3 frames came back", "reinstall av")]
    return [Finding("H.264", "ok", f"av {version('av')} writes and reads mp4")]


def _torchvision() -> list[Finding]:
    """A torchvision built for CUDA beside a torch built for CPU breaks diffusers and transformers at import."""
    torch, vision = _build_of("torch"), _build_of("torchvision")
    if torch is None or vision is None:
        return []
    if torch == "cpu" and vision != "cpu":
        return [
            Finding(
                "torchvision",
                "fault",
                f"built for {vision} beside a CPU torch; diffusers and transformers fail at import",
                "pip uninstall torchvision (signgen does not need it)",
            )
        ]
    return [Finding("torchvision", "ok", f"torch for {torch}, torchvision for {vision}")]


def _renderers() -> list[Finding]:
    """Renderers that want an extra or weights; which of them could draw now. Downloads nothing."""
    from signgen.render.base import check_ready, renderers

    ready, lacking = [], []
    for name in renderers.names():
        if not hasattr(renderers.get(name), "ready"):
            continue
        try:
            check_ready(renderers.build({"name": name}))
            ready.append(name)
        except (CheckpointError, DependencyError):
            lacking.append(name)
    parts = [("ready", ready), ("without their extra or weights", lacking)]
    shown = "; ".join(f"{what}: {', '.join(names)}" for what, names in parts if names)
    advice = "if you need one, `signgen generate TEXT --renderer NAME -o FILE` says how to get them"
    return [Finding("diffusion renderers", "note" if lacking else "ok", shown, advice if lacking else "")]


def _disk() -> list[Finding]:
    free = {
        name: shutil.disk_usage(path).free
        for name, path in (("here", "."), ("temporary", tempfile.gettempdir()))
    }
    shown = ", ".join(f"{name} {size / 1e9:.1f} GB free" for name, size in free.items())
    is_tight = min(free.values()) < FREE_BYTES_WANTED
    return [Finding("disk", "warning" if is_tight else "ok", shown, "free some space" if is_tight else "")]


def _kernels() -> list[Finding]:
    """Compiled kernels are kept beside the package, in NUMBA_CACHE_DIR or in the user's cache folder."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    places = [Path(chosen)] if chosen else [Path(__file__).parents[1], Path.home() / ".cache"]
    for place in places:
        if os.access(_existing(place), os.W_OK):
            return [Finding("kernel cache", "ok", f"writable: {place}")]
    detail = f"not writable: {', '.join(map(str, places))}; every start compiles anew"
    return [Finding("kernel cache", "warning", detail, "set NUMBA_CACHE_DIR to a folder that can be written")]


def _lexicons() -> list[Finding]:
    from signgen.lexicon.lexicon import available_lexicons

    lexicons = available_lexicons()
    if not lexicons:
        return [
            Finding(
                "lexicons",
                "warning",
                "none installed",
                "pip install 'signgen[lexicons]' or give --lexicon DIR",
            )
        ]
    signs = sum(lexicon.entries for lexicon in lexicons)
    return [Finding("lexicons", "ok", f"{len(lexicons)} with {signs} recordings; see `signgen lexicon list`")]


def _installed(extra: str | None) -> tuple[list[tuple[str, str]], list[str]]:
    """Packages that signgen (or one of its extras) asks for: (name, version) of those here, names of the rest."""
    found, missing = [], []
    for name in _asked_for(extra):
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            missing.append(name)
    return found, missing


def _asked_for(extra: str | None) -> list[str]:
    names = []
    for line in requires("signgen") or []:
        requirement, _, marker = line.partition(";")
        wanted = re.search(r"""extra\s*==\s*['"]([\w-]+)['"]""", marker)
        name = re.split(r"[\s<>=!~\[(]", requirement.strip(), maxsplit=1)[0]
        if (wanted.group(1) if wanted else None) == extra and name != "signgen":
            names.append(name)
    return names


def _build_of(package: str) -> str | None:
    """``cpu``, ``cuda`` or the local version tag of an installed package, read from its files, not imported."""
    try:
        found = distribution(package)
    except PackageNotFoundError:
        return None
    tag = found.version.partition("+")[2]
    if tag:
        return "cpu" if tag.startswith("cpu") else tag
    files = found.files or []
    if any(re.search(r"libcudart|libtorch_cuda|libnvjpeg|libc10_cuda", file.name) for file in files):
        return "cuda"
    return "cpu"


def _existing(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
