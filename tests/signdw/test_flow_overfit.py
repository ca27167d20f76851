"""Real movement by heart: what is drawn moves as much as what was learned."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from signgen.data.poses import read_poses
from signgen.pose.layout import LEFT_HAND, LEFT_WRIST, RIGHT_HAND, RIGHT_WRIST
from signgen.signdw.flow.head import FlowHead
from signgen.signdw.flow_settings import RefinerSettings
from signgen.signdw.motion.loss import KEYPOINT_WEIGHTS
from signgen.signdw.motion.parts import Parts, to_parts
from signgen.signdw.motion.settings import TokenizerSettings
from signgen.signdw.motion.tokenizer import STRIDE, MotionTokenizer
from signgen.signdw.motion.windows import sane, stacked
from signgen.signdw.network.plan import Plan

STEPS = 16
SETTINGS = RefinerSettings(known=0.0, condition_dropout=0.0, code_noise=0.0)
GROUPS = {
    "wrists": [LEFT_WRIST, RIGHT_WRIST],
    "fingers": [hand.start + tip for hand in (LEFT_HAND, RIGHT_HAND) for tip in (4, 8, 12, 16, 20)],
    "all": list(range(128)),
}


def windows(clips, codes):
    """All windows of so many steps that begin at steps divisible by 4, and their codes."""
    found = []
    for clip, row in zip(clips, codes, strict=True):
        for step in range(0, len(clip) // STRIDE - 5, 4):
            frames = slice(STRIDE * step, STRIDE * (step + STEPS))
            part = row[step : step + STEPS]
            padded = torch.zeros(STEPS, part.shape[1], dtype=torch.long)
            padded[: len(part)] = part
            found.append((Parts(clip.values[frames], clip.visible[frames], clip.frame), padded))
    return found


def motion(values, visible, keypoints):
    both = visible[1:] & visible[:-1]
    return float((np.linalg.norm(np.diff(values, axis=0), axis=-1) * both)[:, keypoints].sum())


@pytest.mark.slow
def test_sequences_of_phoenix_are_learned_by_heart(shared_data):
    paths = [shared_data / "pt150" / f"{split}.skels.gz" for split in ("train", "dev")]
    clips = [
        sane(to_parts(poses)) for path in paths for poses in read_poses(path, fps=25, width=512, height=512)
    ]
    lengths = [-(-len(clip) // STRIDE) for clip in clips]
    whole = stacked(clips, STRIDE * max(lengths))
    torch.manual_seed(0)
    tokenizer = MotionTokenizer(TokenizerSettings(hand_size=256))
    tokenizer.begin(whole.values, whole.visible, whole.mask, KEYPOINT_WEIGHTS)
    codes = tokenizer.eval().encode(whole.values, whole.visible, whole.mask)
    head = FlowHead(SETTINGS, tokenizer)
    head.begin(tokenizer, codes, whole)
    pieces, updates = windows(clips, codes), 300
    optimizer = torch.optim.AdamW(head.parameters(), 2e-3, (0.9, 0.98), weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=updates, pct_start=0.1)
    for _ in range(updates):
        drawn = [pieces[i] for i in torch.randint(len(pieces), (8,)).tolist()]
        truth = stacked([part for part, _ in drawn], STRIDE * STEPS)
        optimizer.zero_grad()
        head(tokenizer, torch.stack([row for _, row in drawn]), truth)["total"].backward()
        torch.nn.utils.clip_grad_norm_(head.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    found = head.eval().refine(
        tokenizer,
        [row[:n] for row, n in zip(codes, lengths, strict=True)],
        [Plan(n) for n in lengths],
        range(10),
    )
    ratios = {}
    for name, keypoints in GROUPS.items():
        pairs = list(zip(found, clips, strict=True))
        went = sum(motion(f.values.numpy()[: len(c)], c.visible, keypoints) for f, c in pairs)
        ratios[name] = went / sum(motion(c.values, c.visible, keypoints) for c in clips)
    assert all(0.95 <= ratio <= 1.05 for ratio in ratios.values()), ratios
    assert all(
        np.array_equal(f.visible.numpy()[: len(c)], c.visible) for f, c in zip(found, clips, strict=True)
    )
