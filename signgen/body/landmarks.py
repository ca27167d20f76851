"""Where the 128 keypoints lie on the body: vertices of MakeHuman's base mesh, or ends of bones.

The face points were placed by eye on the neutral face and compared with a face detector's points on its
pictures; only the signer's right half is listed, the left half is its mirror image.
"""

from __future__ import annotations

from signgen.pose.layout import FACE, HAND_NAMES, LEFT_HAND, NAMES, RIGHT_HAND

# Vertices whose mean is an iBUG-68 point.
RIGHT_FACE: dict[int, tuple[int, ...]] = {
    0: (5402,), 1: (5411,), 2: (5092,), 3: (5238,), 4: (5241,), 5: (5298,), 6: (5223,), 7: (5292,), 8: (5225,),
    17: (254, 212), 18: (207,), 19: (206,), 20: (177, 177, 224), 21: (208, 181),
    27: (132,), 28: (131,), 29: (291,), 30: (302,), 31: (358,), 32: (314,), 33: (317,),
    36: (24,), 37: (6,), 38: (54,), 39: (72,), 40: (47,), 41: (41,),
    48: (429,), 49: (5351, 5354), 50: (456,), 51: (455,), 57: (492, 5337), 58: (486,), 59: (478, 406),
    60: (444,), 61: (470,), 62: (474,), 66: (523,), 67: (518,),
}  # fmt: skip
# Pose estimators see the tip of a finger in the middle of its nail, not at the end of the flesh: shares of the last
# bone, such that fingers end as in their finds of real hands.
THUMB_TIP, FINGER_TIP = 0.6, 0.7
NOSE_TIP = (302,)
RIGHT_EYE = (24, 72)
RIGHT_EAR = (5763,)

_BODY_BONES = {
    "shoulder": "upperarm01",
    "elbow": "lowerarm01",
    "wrist": "wrist",
    "hip": "upperleg01",
    "knee": "lowerleg01",
    "ankle": "foot",
}


def face_vertices(mirrored: dict[int, int]) -> dict[int, tuple[int, ...]]:
    """Keypoint -> base vertices, for the face and the keypoints of nose, eyes and ears.

    Args:
        mirrored: vertex -> its mirror image.
    """
    from signgen.pose.layout import MIRROR

    right = {FACE.start + i: vertices for i, vertices in RIGHT_FACE.items()}
    right |= {0: NOSE_TIP, 14: RIGHT_EYE, 16: RIGHT_EAR}
    left = {int(MIRROR[k]): tuple(mirrored[v] for v in vertices) for k, vertices in right.items()}
    return left | right


def bone_ends() -> dict[int, tuple[str, tuple[str, ...]]]:
    """Keypoint -> ``head`` or ``tail`` and the bones whose ends' mean it is."""
    ends: dict[int, tuple[str, tuple[str, ...]]] = {1: ("head", ("upperarm01.L", "upperarm01.R"))}
    for keypoint, name in enumerate(NAMES[:18]):
        side, _, joint = name.partition("_")
        if joint in _BODY_BONES:
            ends[keypoint] = ("head", (f"{_BODY_BONES[joint]}.{side[0].upper()}",))
    for part, side in ((LEFT_HAND, "L"), (RIGHT_HAND, "R")):
        ends[part.start] = ("head", (f"wrist.{side}",))
        for i in range(1, len(HAND_NAMES)):
            finger, joint_number = divmod(i - 1, 4)
            bone = f"finger{finger + 1}-{min(joint_number + 1, 3)}.{side}"
            ends[part.start + i] = ("tail" if joint_number == 3 else "head", (bone,))
    return ends
