"""What belongs together on a signer: surfaces by the bones that their triangles follow."""

from __future__ import annotations

import numpy as np

from signgen.body.asset import Body
from signgen.render.mesh.crease_kernel import BROAD, NARROW, NONE

FINGERS = ("thumb", "index", "middle", "ring", "little")
SIDES = {"L": "left", "R": "right"}
# Parts of the body as ground truth shows them; a finger has an edge against its neighbours.
SURFACES = (
    "torso", "head", "left_arm", "right_arm",
    *(f"{side}_{part}" for side in ("left", "right") for part in ("palm", *FINGERS)),
    "legs", "eyes", "mouth", "tongue", "teeth", "lashes", "hair",
    "shirt", "shirt_left_sleeve", "shirt_right_sleeve",
)  # fmt: skip
# Where fingers meet it is dark; palms lie behind fingers.
CREASES = tuple(
    NARROW if name.endswith(FINGERS) else BROAD if name.endswith("_palm") else NONE for name in SURFACES
)
INDEX = {name: i for i, name in enumerate(SURFACES)}
_OWN = {"mouth": "mouth", "tongue": "tongue", "teeth": "teeth", "lashes": "lashes", "eye_front": "eyes",
        "eye_back": "eyes", "eye_cavity": "head"}  # fmt: skip


def surface_of_bone(name: str, *, clothed: bool = False) -> str:
    """The surface that follows a bone, of the skin or of a garment."""
    stem, _, side = name.partition(".")
    side = SIDES.get(side, "")
    if stem.startswith("finger"):
        return f"{side}_{FINGERS[int(stem[6]) - 1]}"
    if stem.startswith(("metacarpal", "wrist")):
        return f"{side}_palm"
    if stem.startswith(("upperarm", "lowerarm")):
        return f"shirt_{side}_sleeve" if clothed else f"{side}_arm"
    if stem.startswith(("upperleg", "lowerleg", "foot", "toe")):
        return "legs"
    if stem.startswith(("head", "eye", "neck03")):
        return "head"
    return "shirt" if clothed else "torso"


def surfaces(body: Body) -> np.ndarray:
    """(F,) index into `SURFACES` for the triangles of a body."""
    skin = np.array([INDEX[surface_of_bone(name)] for name in body.bones])
    worn = np.array([INDEX[surface_of_bone(name, clothed=True)] for name in body.bones])
    strongest = body.skin_bones[body.faces[:, 0], 0]
    surface = skin[strongest]
    garment = body.part_faces("garment")
    surface[garment] = worn[strongest[garment]]
    for part, name in _OWN.items():
        surface[body.part_faces(part)] = INDEX[name]
    return np.asarray(surface)
