"""A front end of graph and temporal convolutions: one chain for each part of the body, one set of weights for hands.

In the manner of Uni-Sign (Li et al., 2025): keypoints of a part are nodes, bones are edges; layers mix neighbours, then
frames; nodes are averaged and the parts put side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signgen.nn.transformer import MaskedNorm
from signgen.pose.layout import BODY_LIMBS, FACE, HAND_BONES, LEFT_HAND, RIGHT_HAND
from signgen.slt.frontends import in_parts

# Nose, shoulders, elbows, wrists and ears: legs and hips say nothing and are often out of the picture.
BODY_NODES = (0, 1, 2, 3, 4, 5, 6, 7, 16, 17)
# Every second point of the jaw, the inner lips, the tip of the nose, brows and eyelids at their ends and middle.
FACE_NODES = (*range(0, 17, 2), *range(60, 68), 30, 17, 19, 21, 22, 24, 26, 37, 41, 44, 46)
_LEFT_WRIST_NODE, _RIGHT_WRIST_NODE, _NOSE_NODE = (BODY_NODES.index(k) for k in (7, 4, 0))
KERNEL = 5


def neighbours(nodes: Sequence[int], bones: Sequence[tuple[int, int]]) -> Tensor:
    """(2, V, V): what each node takes from itself, and from its neighbours in equal parts."""
    place = {node: number for number, node in enumerate(nodes)}
    joined = torch.zeros(len(nodes), len(nodes))
    for a, b in bones:
        if a in place and b in place:
            joined[place[a], place[b]] = joined[place[b], place[a]] = 1
    return torch.stack([torch.eye(len(nodes)), joined / joined.sum(1, keepdim=True).clamp(min=1)])


def face_bones() -> list[tuple[int, int]]:
    """Edges of the face: each point with the next of its contour, and contours with the tip of the nose."""
    contours = (
        FACE_NODES[:9],
        FACE_NODES[9:17],
        FACE_NODES[18:21],
        FACE_NODES[21:24],
        FACE_NODES[24:26],
        FACE_NODES[26:],
    )
    bones = [(a, b) for contour in contours for a, b in pairwise(contour)]
    bones.append((FACE_NODES[16], FACE_NODES[9]))
    return bones + [(30, contour[len(contour) // 2]) for contour in contours]


class GraphLayer(nn.Module):
    """Mixes each node with its neighbours, by fixed and by learned weights of the edges."""

    def __init__(self, into: int, out: int, edges: Tensor) -> None:
        super().__init__()
        self.register_buffer("edges", edges, persistent=False)
        # Starts at nothing: joints that move together without a bone between them are learned.
        self.learned = nn.Parameter(torch.zeros_like(edges))
        self.linear = nn.Linear(into, out * len(edges))
        self.norm = nn.LayerNorm(out)
        self.skip = nn.Identity() if into == out else nn.Linear(into, out)

    def forward(self, x: Tensor) -> Tensor:
        """(N, V, out) of (N, V, into)."""
        edges = self.get_buffer("edges") + self.learned
        mixed = self.linear(x).view(*x.shape[:2], len(edges), -1)
        found: Tensor = self.norm(torch.einsum("pvw,nwpc->nvc", edges, mixed) + self.skip(x)).relu()
        return found


class TemporalLayer(nn.Module):
    """Mixes neighbouring frames of each node, with one filter for each feature, then features."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.time = nn.Conv1d(width, width, KERNEL, padding=KERNEL // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.linear = nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, V, width) of the same; frames outside ``mask`` (B, T) stay zero."""
        batch, frames, nodes, width = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(batch * nodes, width, frames)
        mixed = self.time(rows).view(batch, nodes, width, frames).permute(0, 3, 1, 2)
        found: Tensor = (x + self.linear(self.norm(mixed).relu())) * mask[..., None, None]
        return found


class PartChain(nn.Module):
    """The chain of one part."""

    def __init__(self, nodes: Sequence[int], bones: Sequence[tuple[int, int]], width: int) -> None:
        super().__init__()
        edges = neighbours(nodes, bones)
        self.first = nn.Linear(3, width)
        self.graph = nn.ModuleList(
            GraphLayer(into, out, edges)
            for into, out in ((width, width), (width, 2 * width), (2 * width, 2 * width))
        )
        self.time = nn.ModuleList(TemporalLayer(2 * width) for _ in range(2))

    def forward(self, frames: Tensor, mask: Tensor, anchor: Tensor | None = None) -> Tensor:
        """(B, T, V, 2 width) of (B, T, V, 3) keypoints; ``anchor`` (B, T, 2 width) is added to each node."""
        x: Tensor = self.first(frames).flatten(0, 1)
        for layer in self.graph:
            x = layer(x)
        x = x.view(*frames.shape[:3], -1)
        if anchor is not None:
            x = x + anchor[:, :, None]
        x = x * mask[..., None, None]
        for layer in self.time:
            x = layer(x, mask)
        return x


class GraphFrontend(nn.Module):
    """Body, hands and face through chains of graph and temporal layers.

    A hand also gets what the body's chain found at its wrist, and the face what it found at the nose, as constants:
    they say where the part is, which its own coordinates no longer do.

    Args:
        width: features that come out.
        inner: features of the first graph layer; later ones have twice as many.
    """

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        hand = tuple(range(21))
        self.body = PartChain(BODY_NODES, BODY_LIMBS, inner)
        self.hand = PartChain(hand, HAND_BONES, inner)
        self.face = PartChain(FACE_NODES, face_bones(), inner)
        self.output = nn.Linear(4 * 2 * inner, width)
        self.norm = MaskedNorm(width)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """(B, T, width) of (B, T, 128, 3) keypoints; ``mask`` (B, T) is true for real frames."""
        frames = in_parts(frames)
        body = self.body(frames[:, :, BODY_NODES], mask)
        anchors = body.detach()
        # A left hand is a right one in a mirror.
        left = frames[:, :, LEFT_HAND] * frames.new_tensor([-1.0, 1.0, 1.0])
        parts = (
            body,
            self.hand(left, mask, anchors[:, :, _LEFT_WRIST_NODE]),
            self.hand(frames[:, :, RIGHT_HAND], mask, anchors[:, :, _RIGHT_WRIST_NODE]),
            self.face(frames[:, :, FACE][:, :, FACE_NODES], mask, anchors[:, :, _NOSE_NODE]),
        )
        return F.softsign(self.norm(self.output(torch.cat([part.mean(2) for part in parts], -1)), mask))
