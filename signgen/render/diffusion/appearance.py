"""How a signer looks: a still picture, from a portrait with its consent or drawn from an avatar, with its pose."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from signgen.errors import DataError, PoseError
from signgen.pose.layout import (
    FACE,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NECK,
    NOSE,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)
from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame
from signgen.render.diffusion.resample import covering, resample, to_bytes

if TYPE_CHECKING:
    from signgen.render.signer.scene import Scene

AVATAR, DEFAULT_AVATAR = "avatar", "ada"
LEAST_SIDE = 64
# Poses of a portrait are looked for under its name with these endings.
POSE_SUFFIXES = (".npz", ".pose")
# Frames around the one that an avatar is drawn in, from which its depth is lifted [frames].
AROUND = 12
# A wrist that goes this far between two frames is not calm [shoulder widths].
CALM = 0.05


@dataclass(frozen=True, eq=False)
class Still:
    """The picture that a model is told to make its signer look like.

    Attributes:
        picture: (H, W, 3) uint8 RGB.
        pose: that of the signer in it, one frame on a canvas of its size; None if nobody knows it.
        account: where it came from, with hashes and consent, for sidecars.
    """

    picture: Frame
    pose: PoseSequence | None
    account: Mapping[str, Any]

    def cut_to(self, width: int, height: int) -> Still:
        """The same at another size: the largest part of that shape around the signer, never stretched."""
        high, wide = self.picture.shape[:2]
        if (wide, high) == (width, height):
            return self
        box = covering(wide, high, width, height, None if self.pose is None else _middle(self.pose))
        picture = to_bytes(resample(self.picture, box, width, height))
        if self.pose is None:
            return Still(picture, None, self.account)
        from signgen.pose.geometry import affine

        scale = width / box.width
        matrix = np.array([[scale, 0, -scale * box.left], [0, scale, -scale * box.top]])
        pose = affine(self.pose, matrix, width, height)
        return Still(picture, pose, self.account)


def open_appearance(
    appearance: str,
    poses: PoseSequence,
    width: int,
    height: int,
    *,
    purpose: str = "research",
    consent: str = "",
    today: datetime.date | None = None,
) -> Still:
    """The still that a setting names, at the size of the frames.

    Args:
        appearance: path of a portrait; or ``avatar``, ``avatar:NAME``.
        poses: what will be drawn; an avatar is shown in one of their frames.
        width: of the frames [px].
        height: of the frames [px].
        purpose: what the video is for, which the consent of a portrayed person must cover.
        consent: the consent file; by default the one beside the portrait.
        today: the day; by default that of the clock.

    Raises:
        DataError: a portrait that cannot be read or without valid consent.
        ConfigError: no such avatar.
        PoseError: poses without shoulders, or those beside the portrait fit it not.
    """
    kind, _, name = appearance.partition(":")
    if kind == AVATAR:
        return avatar_still(name or DEFAULT_AVATAR, poses, width, height)
    path = Path(appearance).expanduser()
    return portrait_still(
        path, purpose, consent=Path(consent).expanduser() if consent else None, today=today
    ).cut_to(width, height)


def check_appearance(appearance: str, *, purpose: str, consent: str = "") -> None:
    """Refuse what `open_appearance` would refuse whatever the poses, before anything is done for its sake.

    Raises:
        DataError: a portrait that cannot be read or without valid consent.
        ConfigError: no such avatar.
        PoseError: poses beside the portrait that do not fit it.
    """
    kind, _, name = appearance.partition(":")
    if kind == AVATAR:
        from signgen.render.signer.appearance import person_of

        person_of(name or DEFAULT_AVATAR)
    elif appearance:
        given = Path(consent).expanduser() if consent else None
        portrait_still(Path(appearance).expanduser(), purpose, consent=given)


def given_still(picture: Frame, width: int, height: int) -> Still:
    """A still from a picture that a program hands over, whoever is in it; consent is then the program's affair."""
    digest = hashlib.sha256(picture.tobytes()).hexdigest()
    return Still(picture, None, {"kind": "given", "pixels_sha256": digest}).cut_to(width, height)


def portrait_still(
    path: Path, purpose: str, *, consent: Path | None = None, today: datetime.date | None = None
) -> Still:
    """A portrait at its own size, once the person's consent is found to cover the purpose.

    Raises:
        DataError: no valid consent, or a picture that cannot be read.
        PoseError: poses beside it that are not those of one picture of its size.
    """
    from signgen.data.picture_file import read_picture
    from signgen.render.diffusion.consent import check_consent

    picture, digest = read_picture(path, least_side=LEAST_SIDE)
    allowed = check_consent(path, digest, purpose, consent=consent, today=today)
    high, wide = picture.shape[:2]
    account = {
        "kind": "portrait",
        "sha256": digest,
        "width": wide,
        "height": high,
        "purpose": purpose,
        "consent": allowed.account(),
    }
    return Still(picture, _pose_beside(path, wide, high), account)


def _pose_beside(portrait: Path, width: int, height: int) -> PoseSequence | None:
    """The pose under the portrait's name, if there is one."""
    from signgen.data.poses import read_pose

    path = next((p for suffix in POSE_SUFFIXES if (p := portrait.with_suffix(suffix)).exists()), None)
    if path is None:
        return None
    pose = read_pose(path, width=width, height=height)
    if not len(pose) or (pose.width, pose.height) != (width, height):
        raise DataError(
            f"{path}: poses of {pose.width} x {pose.height} px, {len(pose)} frames; "
            f"a portrait of {width} x {height} px needs one frame of that size, or remove the file"
        )
    if not (pose.confidence[0, [LEFT_SHOULDER, RIGHT_SHOULDER]] > 0).all():
        raise PoseError(f"{path}: both shoulders must be seen to know how large the signer is")
    return pose[:1]


def avatar_still(name: str, poses: PoseSequence, width: int, height: int) -> Still:
    """An avatar of some size in the clearest frame of the poses; nobody's consent is needed.

    Args:
        name: as the avatar's setting ``signer``.
        poses: a clip.
        width: of the picture [px].
        height: of the picture [px].

    Raises:
        ConfigError: no such avatar.
        PoseError: poses in which no shoulders are ever seen.
    """
    from signgen.render.signer.appearance import Appearance
    from signgen.render.signer.scene import scene_of

    frame = clearest(poses)
    first = max(0, frame - AROUND)
    around = poses[first : frame + AROUND + 1]
    if around.depth is None:
        from signgen.body.lift import lift

        around = lift(around)
    shown = around[frame - first : frame - first + 1]
    scene = scene_of(shown, Appearance(signer=name), (width, height))
    picture = scene.painter().paint(scene.points(0))
    return Still(picture, pose_of(scene, poses.fps), {"kind": AVATAR, "signer": name, "frame": frame})


def pose_of(scene: Scene, fps: float) -> PoseSequence:
    """The keypoints of the body that a scene draws, on a canvas of the size of its frames, with depth."""
    camera, points = scene.camera, scene.keypoints()
    scale = camera.focal if camera.is_parallel else camera.focal / points[:, NECK, 2].mean()
    depth = (points[..., 2] - points[:, NECK, 2:]) * scale
    keypoints = points.copy()
    keypoints[..., 2] = 1
    return PoseSequence(keypoints, fps, camera.width, camera.height, depth)


def clearest(poses: PoseSequence) -> int:
    """The frame that shows most of a signer: surely seen, looking ahead, calm, hands off the face and each other.

    Raises:
        PoseError: no frame shows both shoulders.
    """
    from signgen.pose.geometry import shoulder_frame

    unit = shoulder_frame(poses).width
    wanted = np.r_[0:8, LEFT_HAND, RIGHT_HAND, FACE]
    sure = poses.confidence[:, wanted].mean(axis=1)
    sure = sure * (poses.confidence[:, [LEFT_SHOULDER, RIGHT_SHOULDER]] > 0).all(axis=1)
    xy = poses.xy.astype(np.float64) / unit
    left, right, nose = xy[:, LEFT_WRIST], xy[:, RIGHT_WRIST], xy[:, NOSE]
    gaps = np.stack([np.linalg.norm(a - b, axis=1) for a, b in ((left, right), (left, nose), (right, nose))])
    ears = xy[:, FACE.start], xy[:, FACE.start + 16]
    wide = np.maximum(np.linalg.norm(ears[0] - ears[1], axis=1), 1e-6)
    ahead = 1 - np.clip(2 * np.abs(nose[:, 0] - (ears[0] + ears[1])[:, 0] / 2) / wide, 0, 1)
    steps = np.linalg.norm(
        np.diff(np.stack([left, right]), axis=1, prepend=np.stack([left, right])[:, :1]), axis=2
    )
    calm = np.exp(-steps.max(axis=0) / CALM)
    return int(np.argmax(sure * (1 + np.clip(gaps, 0, 1).min(axis=0)) * (1 + ahead) * (1 + calm)))


def _middle(pose: PoseSequence) -> tuple[float, float]:
    """The middle of what is seen of a signer inside the picture."""
    points = pose.keypoints[0]
    inside = (points[:, 2] > 0) & (points[:, :2] >= 0).all(axis=1) & (points[:, 0] < pose.width)
    inside &= points[:, 1] < pose.height
    if not inside.any():
        return pose.width / 2, pose.height / 2
    low, high = points[inside, :2].min(axis=0), points[inside, :2].max(axis=0)
    x, y = (low + high) / 2
    return float(x), float(y)
