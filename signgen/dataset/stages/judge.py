"""Stage 3, verdict: figures about the poses, and whether they reach the limits."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from signgen.data.columnar_write import FINEST_STEP, MAX_COORDINATE
from signgen.data.strict_json import to_json
from signgen.dataset.reasons import Reason
from signgen.dataset.stages.base import Made
from signgen.pose.quality import Limits, Quality, quality, reject_reasons
from signgen.pose.sequence import PoseSequence

# Steps of fixed point between the least and the greatest coordinate of a clip, with room to spare.
_STEPS = 30_000
# What a reason of `reject_reasons` starts or ends with, and its name here.
_NAMES = {
    "nobody": "no-signer",
    "too short": "too-short",
    "signer too small": "small-signer",
    "body found": "body-missing",
    "hands found": "hands-missing",
    "face found": "face-missing",
    "hands cut off": "hands-cut-off",
    "jitter": "jitter",
}


def judged(people: Sequence[PoseSequence]) -> tuple[dict[str, Any], bytes]:
    """Figures for the record of a video, and the content of ``quality.json``."""
    poses = people[0]
    figures = quality(poses, people[1:]).as_dict()
    extent = _extent(people)
    canvas = {"fps": poses.fps, "width": poses.width, "height": poses.height, "people": len(people)}
    content = {**figures, **canvas, "extent": extent}
    return content, (to_json(content, indent=1) + "\n").encode()


def verdict(facts: Mapping[str, Any], limits: Limits) -> Made:
    """Whether poses with these figures are good enough."""
    found = Quality(**{field.name: facts[field.name] for field in dataclasses.fields(Quality)})
    reasons = [Reason(_name(text), text) for text in reject_reasons(found, limits)]
    return Made(reasons=(*reasons, *_too_far(facts)))


def _name(text: str) -> str:
    return next((name for start, name in _NAMES.items() if text.startswith(start)), "several-signers")


def _too_far(facts: Mapping[str, Any]) -> Iterator[Reason]:
    """The columnar shard holds coordinates in fixed point."""
    low, high = facts["extent"]
    coarsest = max(FINEST_STEP, max(facts["width"], facts["height"]) / 4096)
    if max(-low, high) > MAX_COORDINATE or (high - low) / coarsest > _STEPS:
        yield Reason("far-points", f"from {low:g} to {high:g} px")


def _extent(people: Sequence[PoseSequence]) -> list[float]:
    """Least and greatest coordinate of any keypoint that is seen [px]."""
    seen = [poses.xy[poses.confidence > 0] for poses in people]
    values = np.concatenate(seen) if seen else np.zeros((0, 2))
    return [float(values.min()), float(values.max())] if values.size else [0.0, 0.0]
