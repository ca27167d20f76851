"""One page with the video, where the hands were found, the figures and what cleaning would mend."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from signgen.data.atomic import write_text
from signgen.data.sidecar import package_version

_FOLDER = Path(__file__).parent
# Points of a curve; more than there are pixels across would be for nothing.
_MOST_POINTS = 1000


def write(path: Path, video: bytes, facts: Mapping[str, Any], strips: Mapping[str, np.ndarray]) -> None:
    """Write the page; it holds all that it shows and asks the network for nothing.

    Args:
        path: where.
        video: an mp4.
        facts: figures by name; ``repairs`` is a list of (kind, part, first frame, one past the last).
        strips: (T,) confidence of each hand by name.
    """
    style, script = ((_FOLDER / name).read_text(encoding="utf-8") for name in ("style.css", "script.js"))
    figures = {name: value for name, value in facts.items() if name != "repairs"}
    text = Template((_FOLDER / "page.html").read_text(encoding="utf-8")).substitute(
        version=package_version("signgen"),
        name=escape(str(facts["poses"])),
        style=style,
        script=script,
        style_hash=_digest(style),
        script_hash=_digest(script),
        video=base64.b64encode(video).decode("ascii"),
        curves="\n".join(_curve(name, values) for name, values in strips.items()),
        rows="\n".join(
            f"<tr><th>{escape(k.replace('_', ' '))}</th><td>{escape(str(v))}</td></tr>"
            for k, v in figures.items()
        ),
        repairs=_repairs(facts["repairs"]),
    )
    write_text(path, text)


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _curve(name: str, values: np.ndarray) -> str:
    """A filled curve over the clip, 1000 x 40 units."""
    at = np.unique(np.linspace(0, max(0, len(values) - 1), _MOST_POINTS).round().astype(int))
    scale = 1000 / max(1, len(values) - 1)
    points = " ".join(f"{t * scale:.1f},{40 - 38 * float(values[t]):.1f}" for t in at)
    return (
        f'<figure class="{escape(name)}"><figcaption>{escape(name)} hand</figcaption>'
        f'<svg viewBox="0 0 1000 40" preserveAspectRatio="none" aria-hidden="true">'
        f'<polygon points="0,40 {points} 1000,40"/></svg></figure>'
    )


def _repairs(found: list[tuple[str, str, int, int]]) -> str:
    if not found:
        return "<p>Nothing to mend.</p>"
    rows = "\n".join(
        f'<li><button type="button" data-frame="{start}">{escape(kind)}, {escape(part.replace("_", " "))}: '
        f"frames {start} to {end - 1}</button></li>"
        for kind, part, start, end in found
    )
    return f"<ol>{rows}</ol>"
