"""MediaPipe's face mesh as iBUG-68, and the nose that the mesh's contour points lack.

The table was drawn up from the mesh's topology: jaw, lids, brows and lips are picked out of the contour
chains that MediaPipe names (``FACEMESH_FACE_OVAL``, ``_EYE``, ``_EYEBROW``, ``_LIPS``) at the places where the
iBUG points sit along them, the nose out of the midline and the base of the nostrils. "Right" is the signer's
right, which is the left of the picture.
"""

from __future__ import annotations

import numpy as np

# Mesh point of iBUG point i.
IBUG_68 = (
    127, 234, 93, 132, 58, 136, 149, 148, 152, 377, 378, 365, 288, 361, 323, 454, 356,  # jaw, from the right
    70, 63, 105, 66, 107,  # right brow, outer end first
    336, 296, 334, 293, 300,  # left brow, inner end first
    168, 197, 5, 1,  # bridge, down to the tip
    98, 97, 2, 326, 327,  # under the nostrils
    33, 160, 158, 133, 153, 144,  # right eye: outer corner, upper lid, inner corner, lower lid
    362, 385, 387, 263, 373, 380,  # left eye: inner corner, upper lid, outer corner, lower lid
    61, 39, 37, 0, 267, 269, 291, 321, 314, 17, 84, 91,  # outer lip, clockwise from the right corner
    78, 81, 13, 311, 308, 402, 14, 178,  # inner lip
)  # fmt: skip

# The 128 contour points in the order in which MediaPipe's own set of contour edges names them under
# Python 3.7, which is how files made then (and the SLRTP challenge's skeletons) list them.
CONTOURS_SET_ORDER = (
    82, 13, 381, 382, 311, 310, 70, 63, 87, 14, 362, 80, 81, 144, 145, 390, 373, 377, 152, 66, 107, 466, 388,
    158, 157, 93, 234, 293, 334, 375, 291, 37, 0, 163, 312, 374, 270, 409, 365, 379, 173, 318, 324, 378, 400,
    308, 332, 284, 162, 21, 263, 386, 385, 33, 7, 61, 185, 161, 160, 103, 67, 53, 52, 321, 454, 323, 361, 176,
    149, 155, 133, 295, 285, 317, 40, 39, 338, 297, 17, 314, 415, 384, 148, 397, 172, 58, 54, 132, 387, 127,
    178, 181, 84, 283, 282, 136, 105, 300, 153, 159, 251, 389, 296, 336, 109, 65, 249, 154, 46, 380, 246, 276,
    267, 269, 146, 402, 78, 191, 405, 356, 398, 288, 95, 91, 10, 88, 55, 150,
)  # fmt: skip
# In ascending order, as newer files list them.
CONTOURS = tuple(sorted(CONTOURS_SET_ORDER))

NOSE = slice(27, 36)
_RIGHT_EYE, _LEFT_EYE, _RIGHT_MOUTH, _LEFT_MOUTH = 36, 45, 48, 54
# The nine nose points (27 to 35) of MediaPipe's canonical face model (Apache-2.0), from the middle of the
# outer eye corners: along the line of the eyes, down to the middle of the mouth corners, and out of their
# plane, in units of the eye corners' distance, of the way to the mouth, and of the eye distance again.
_NOSE = np.array(
    [(0.0, -0.04, 0.24), (0.0, 0.20, 0.33), (0.0, 0.41, 0.41), (0.0, 0.62, 0.41),
     (-0.18, 0.67, 0.15), (-0.09, 0.71, 0.21), (0.0, 0.73, 0.24), (0.09, 0.71, 0.21), (0.18, 0.67, 0.15)],
    dtype=np.float32,
)  # fmt: skip


def with_nose(face: np.ndarray) -> np.ndarray:
    """A face whose nose is placed from eye and mouth corners, as on an average face turned the same way.

    Args:
        face: (T, 68, 3 or 4) x, y, confidence and, if known, depth in the scale of x. Without depth the head
            is taken to face the camera.

    Returns:
        The same with points 27 to 35 derived; they have the lowest confidence of the four corners.
    """
    corners = face[:, [_RIGHT_EYE, _LEFT_EYE, _RIGHT_MOUTH, _LEFT_MOUTH]]
    xyz = np.zeros((*corners.shape[:2], 3), np.float32)
    xyz[..., : face.shape[-1] - 1] = corners[..., [0, 1, 3][: face.shape[-1] - 1]]
    origin = xyz[:, :2].mean(axis=1)
    across = xyz[:, 1] - xyz[:, 0]
    down = xyz[:, 2:].mean(axis=1) - origin
    out = np.cross(down, across)
    scale = np.linalg.norm(across, axis=-1) / np.maximum(np.linalg.norm(out, axis=-1), np.float32(1e-9))
    axes = np.stack([across, down, out * scale[:, None]], axis=1)
    nose = origin[:, None] + _NOSE @ axes
    result = face.copy()
    result[:, NOSE, :2] = nose[..., :2]
    if face.shape[-1] == 4:
        result[:, NOSE, 3] = nose[..., 2]
    result[:, NOSE, 2] = corners[..., 2].min(axis=1)[:, None]
    result[corners[..., 2].min(axis=1) == 0, NOSE] = 0
    return result
