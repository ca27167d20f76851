"""The vocabulary of the notation: every word that docs/notation.md allows, and what it means as a number."""

from __future__ import annotations

from signgen.body.surface import PLACES

# Directions of a right hand: x right in the picture, y down, z away from the camera.
DIRECTIONS: dict[str, tuple[float, float, float]] = {
    "up": (0.0, -1.0, 0.0),
    "down": (0.0, 1.0, 0.0),
    "away": (0.0, 0.0, -1.0),
    "toward": (0.0, 0.0, 1.0),
    "in": (1.0, 0.0, 0.0),
    "out": (-1.0, 0.0, 0.0),
    "left": (1.0, 0.0, 0.0),
    "right": (-1.0, 0.0, 0.0),
}
# Words that name a side of the room: they mean the same for both hands.
ROOM_SIDES = frozenset({"left", "right"})
SIDES = {"right": 1, "centre": 0, "center": 0, "left": -1}
REACHES = ("near", "far")
# Length of a stroke [m].
SIZES = {"tiny": 0.02, "small": 0.05, "medium": 0.12, "large": 0.22, "huge": 0.38}
# Path: how many directions it takes at least and at most.
PATHS = {
    "none": (0, 0),
    "straight": (0, 1),
    "arc": (0, 2),
    "circle": (2, 2),
    "zigzag": (1, 2),
    "back_and_forth": (0, 1),
    "x": (2, 2),
}
CONTACTS = ("none", "start", "end", "both", "hold", "tap", "brush")
INTERNALS = ("none", "wiggle", "twist", "nod", "sway", "bend", "rub")
HANDS = ("one", "symmetric", "alternating", "parallel", "base")
TOUCHES = (
    "fingertips", "index_tip", "middle_tip", "ring_tip", "little_tip", "thumb_tip", "palm", "back", "index_side",
    "little_side", "finger_pads", "finger_backs", "knuckles", "heel", "wrist",
)  # fmt: skip
HAND_PLACES = (
    "palm", "palm_back", "heel", "finger_front", "finger_back", "finger_tip", "finger_radial", "finger_ulnar",
    "thumb_tip",
)  # fmt: skip
ARM_PLACES = (
    "upper_arm", "elbow_back", "forearm_back", "forearm_front", "forearm_ulnar", "forearm_radial", "wrist_back",
    "wrist_front",
)  # fmt: skip
SECOND_HAND = frozenset((*HAND_PLACES, *ARM_PLACES))
ALL_PLACES = (*PLACES, *ARM_PLACES, *HAND_PLACES)
MAJOR = {
    **dict.fromkeys(
        ("head_top", "forehead", "temple", "eye", "ear", "cheek", "nose", "upper_lip", "mouth", "chin",
         "under_chin", "face"), "head"),
    **dict.fromkeys(
        ("neck", "shoulder", "clavicle", "torso_top", "torso_mid", "torso_bottom", "waist", "hips"), "body"),
    **dict.fromkeys(ARM_PLACES, "arm"),
    **dict.fromkeys(HAND_PLACES, "hand"),
    **dict.fromkeys(("neutral", "neutral_high", "neutral_upper", "neutral_low"), "neutral"),
}  # fmt: skip
FACE = {
    "brows": ("raised", "furrowed"),
    "eyes": ("wide", "squint", "closed"),
    "mouth": (
        "open", "round", "wide", "smile", "frown", "pursed", "puffed", "th", "pressed",
    ),
    "head": (
        "nod", "shake", "tilt", "forward", "back", "turn_right", "turn_left", "down", "up",
    ),
}  # fmt: skip
MAX_REPEAT = 6
MAX_GAP_CM = 40.0
SHORTEST, LONGEST = 0.15, 3.0
