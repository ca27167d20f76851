"""The DWPose-128 layout: slices, names, limbs, the kinematic tree, mirror pairs and colours.

Body 0:18 is OpenPose-18, the hands 18:39 (the signer's left) and 39:60 have 21 keypoints each (wrist, then
four per finger from thumb to little finger), the face 60:128 is iBUG-68. The limb order and the colours are
those of OpenPose's renderer as ControlNet checkpoints learned them.
"""

from __future__ import annotations

import colorsys

import numpy as np

NUM_KEYPOINTS = 128
BODY = slice(0, 18)
LEFT_HAND = slice(18, 39)
RIGHT_HAND = slice(39, 60)
FACE = slice(60, 128)
PARTS = {"body": BODY, "left_hand": LEFT_HAND, "right_hand": RIGHT_HAND, "face": FACE}

# fmt: off
(NOSE, NECK, RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST, RIGHT_HIP,
 RIGHT_KNEE, RIGHT_ANKLE, LEFT_HIP, LEFT_KNEE, LEFT_ANKLE, RIGHT_EYE, LEFT_EYE, RIGHT_EAR,
 LEFT_EAR) = range(18)
# fmt: on

BODY_NAMES = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow",
    "left_wrist", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
)  # fmt: skip
HAND_NAMES = (
    "wrist",
    *(
        f"{finger}_{joint}"
        for finger in ("thumb", "index", "middle", "ring", "little")
        for joint in range(1, 5)
    ),
)
FACE_NAMES = (
    *(f"jaw_{i}" for i in range(17)),
    *(f"right_brow_{i}" for i in range(5)),
    *(f"left_brow_{i}" for i in range(5)),
    *(f"nose_bridge_{i}" for i in range(4)),
    *(f"nostril_{i}" for i in range(5)),
    *(f"right_eyelid_{i}" for i in range(6)),
    *(f"left_eyelid_{i}" for i in range(6)),
    *(f"outer_lip_{i}" for i in range(12)),
    *(f"inner_lip_{i}" for i in range(8)),
)
NAMES = (
    *BODY_NAMES,
    *(f"left_hand_{name}" for name in HAND_NAMES),
    *(f"right_hand_{name}" for name in HAND_NAMES),
    *(f"face_{name}" for name in FACE_NAMES),
)

# The 17 limbs that OpenPose-18 pictures show, in drawing order; limb i has colour LIMB_COLOURS[i].
BODY_LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10),
    (1, 11), (11, 12), (12, 13), (1, 0), (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
HAND_BONES = tuple((0 if i % 4 == 1 else i - 1, i) for i in range(1, 21))

# RGB, going round the colour wheel in steps of 20 degrees; also the colours of the 18 body keypoints.
LIMB_COLOURS = np.array(
    [(255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0),
     (0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255),
     (170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85)], dtype=np.uint8)  # fmt: skip
# (20, 3) RGB in [0, 1]: hue i / 20 for hand bone i.
HAND_COLOURS = np.array([colorsys.hsv_to_rgb(i / 20, 1.0, 1.0) for i in range(20)])


def _body_parents() -> list[int]:
    parents = [-1] * 18
    for parent, child in BODY_LIMBS:
        parents[child] = parent
    return parents


def _parents() -> np.ndarray:
    hand = [-1, *(a for a, _ in HAND_BONES)]
    left = [LEFT_WRIST, *(18 + a for a in hand[1:])]
    right = [RIGHT_WRIST, *(39 + a for a in hand[1:])]
    return np.array([*_body_parents(), *left, *right, *[NOSE] * 68], dtype=np.int64)


def _mirror() -> np.ndarray:
    body = [0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16]
    face = [
        *range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1),
        45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
        54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65,
    ]  # fmt: skip
    return np.array([*body, *range(39, 60), *range(18, 39), *(60 + i for i in face)], dtype=np.int64)


# Parent of each keypoint in the kinematic tree rooted at the neck (-1); a hand hangs on its body wrist, the
# face on the nose.
PARENTS = _parents()
# keypoints[:, MIRROR] swaps the signer's sides.
MIRROR = _mirror()
for _array in (LIMB_COLOURS, HAND_COLOURS, PARENTS, MIRROR):
    _array.setflags(write=False)
