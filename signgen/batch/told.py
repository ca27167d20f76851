"""What a sample says of itself in words: its source, signer, view and renderer, as tables group by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def told(config: Mapping[str, Any], *, is_drawn: bool) -> dict[str, str]:
    """Columns of the index from the settings of a job with every default; empty where nothing is set.

    >>> look = {"signer": 3, "yaw": -20.0, "pitch": 0.0}
    >>> told({"source": {"name": "stitch"}, "look": look}, is_drawn=False)
    {'source': 'stitch', 'signer': 'seed:3', 'view': 'yaw -20', 'renderer': ''}
    >>> told({"source": {"name": "stitch"}, "renderer": {"name": "avatar", "signer": "ada"}}, is_drawn=True)
    {'source': 'stitch', 'signer': 'ada', 'view': '', 'renderer': 'avatar'}
    """
    look, renderer = config.get("look", {}), config["renderer"] if is_drawn else {}
    seed = look.get("signer")
    angles = {name: look.get(name) or renderer.get(name) or 0.0 for name in ("yaw", "pitch")}
    return {
        "source": str(config["source"]["name"]),
        "signer": str(renderer.get("signer", "")) if seed is None else f"seed:{seed}",
        "view": " ".join(f"{name} {angle:g}" for name, angle in angles.items() if angle),
        "renderer": str(renderer.get("name", "")),
    }
