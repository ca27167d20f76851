"""Windows of people who are not in the data: body, hands and face turned, scaled, bent and put together otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from signgen.pose.layout import (
    LEFT_ELBOW,
    LEFT_WRIST,
    NUM_KEYPOINTS,
    PARTS,
    RIGHT_ELBOW,
    RIGHT_WRIST,
)
from signgen.signdw.motion.windows import Windows


@dataclass(frozen=True)
class Spread:
    """Standard deviations of what is drawn once for a part of a window.

    Attributes:
        turn: in the plane of the picture [radians].
        scale: of the logarithm of its size.
        shear: of the entries that are added to the map of coordinates: views from elsewhere, nearly.
        shape: of what each keypoint lies off its place for the whole window [shoulder widths]; see `FREE`.
        reach: of the logarithm of how far it moves from its mean place.
        noise: of what it lies off in a frame, at most [shoulder widths].
    """

    turn: float
    scale: float
    shear: float
    shape: float
    reach: float
    noise: float


# About twice as much as signers of recordings differ, so that none of them is at the edge.
SPREADS = {
    "body": Spread(turn=0.05, scale=0.15, shear=0.08, shape=0.06, reach=0.3, noise=0.01),
    "left_hand": Spread(turn=0.4, scale=0.2, shear=0.12, shape=0.01, reach=0.2, noise=0.01),
    "right_hand": Spread(turn=0.4, scale=0.2, shear=0.12, shape=0.01, reach=0.2, noise=0.01),
    "face": Spread(turn=0.1, scale=0.2, shear=0.08, shape=0.02, reach=0.2, noise=0.01),
}
# Factors on shape: arms are held elsewhere, whatever the proportions are.
FREE = {LEFT_WRIST: 5.0, RIGHT_WRIST: 5.0, LEFT_ELBOW: 2.5, RIGHT_ELBOW: 2.5}


def varied(windows: Windows, strength: float) -> Windows:
    """Windows as of other people; which keypoints are there stays as it is. Draws from torch's default generator.

    Args:
        windows: values (B, T, 128, C); a third coordinate keeps its direction.
        strength: factor on all spreads.
    """
    rows, device = len(windows.values), windows.values.device
    values, here = windows.values, (windows.visible & windows.mask[..., None])[..., None].to(windows.values)
    middle = (values * here).sum(1, keepdim=True) / here.sum(1, keepdim=True).clamp(min=1)
    free = torch.ones(NUM_KEYPOINTS, 1, device=device)
    free[list(FREE)] = torch.tensor(list(FREE.values()), device=device)[:, None]
    parts = []
    for name, keypoints in PARTS.items():
        own, centre = SPREADS[name], middle[:, :, keypoints]
        reach = (torch.randn(rows, 1, 1, 1, device=device) * (strength * own.reach)).exp()
        found = centre + (values[:, :, keypoints] - centre) * reach
        turned = found[..., :2] @ _maps(own, strength, rows, device).mT[:, None]
        shape = torch.randn(centre.shape, device=device) * own.shape * free[keypoints]
        noise = torch.randn(found.shape, device=device) * (
            own.noise * torch.rand(rows, 1, 1, 1, device=device)
        )
        parts.append(torch.cat([turned, found[..., 2:]], -1) + strength * (shape + noise))
    return Windows(torch.cat(parts, 2) * windows.visible[..., None], windows.visible, windows.mask)


def _maps(own: Spread, strength: float, rows: int, device: torch.device) -> Tensor:
    """(B, 2, 2) of coordinates of a part."""
    turn, scale = (torch.randn(rows, device=device) * (strength * sd) for sd in (own.turn, own.scale))
    sine, cosine = turn.sin(), turn.cos()
    turned = torch.stack([cosine, -sine, sine, cosine], -1).view(rows, 2, 2) * scale.exp()[:, None, None]
    bent = torch.eye(2, device=device) + torch.randn(rows, 2, 2, device=device) * (strength * own.shear)
    return turned @ bent
