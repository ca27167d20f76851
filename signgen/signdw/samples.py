"""Dev sentences signed while a training goes on."""

from __future__ import annotations

from signgen.pose.sequence import PoseSequence
from signgen.signdw.backbone import SignDW
from signgen.signdw.decoding import poses_of_codes
from signgen.signdw.examples import collate
from signgen.signdw.generate import generate
from signgen.signdw.material import Material
from signgen.signdw.settings import DrawSettings


def sample_poses(model: SignDW, material: Material, count: int) -> dict[str, PoseSequence]:
    """The first dev sentences as the network signs them now, and how they were signed, by name."""
    chosen = material.dev[:count]
    drawn = generate(model, collate(chosen).condition, DrawSettings(), tuple(range(len(chosen))))
    found: dict[str, PoseSequence] = {}
    for number, (item, made) in enumerate(zip(chosen, drawn, strict=True)):
        found[f"{number}"] = poses_of_codes(material.motion, made.codes)
        found[f"{number}-true"] = poses_of_codes(material.motion, item.codes.long())
    return found
