"""Folders to learn from: a made-up signer beside videos of it, drawn as a skeleton."""

from __future__ import annotations

import numpy as np
from made_up_signer import signer

from signgen.data.poses import write_poses
from signgen.data.video import write_video
from signgen.pose.geometry import affine
from signgen.render.draw import draw


def small(frames=8, width=32, height=32):
    """The signer on a small canvas."""
    poses = signer(frames)
    return affine(poses, np.array([[width / 512, 0, 0], [0, height / 512, 0]]), width, height)


def save_source(folder, clips=2, frames=8, width=32, height=32):
    """``poses/NAME.npz`` and ``videos/NAME.mp4``; clips differ in length, so that none is another's copy."""
    for number in range(clips):
        poses = small(frames + number, width, height)
        for kind in ("poses", "videos"):
            (folder / kind).mkdir(parents=True, exist_ok=True)
        write_poses(poses, folder / "poses" / f"clip{number}.npz")
        write_video(draw(poses), folder / "videos" / f"clip{number}.mp4", poses.fps, preset="ultrafast")
    return folder
