"""How near filled spans come to the movement that was cut out: learned, computed, and a straight line.

    python benchmarks/signdw_fill.py CHECKPOINT --corpus FOLDER [--poses FILE ...] [--clips 40] [--temperature 0.9]

From clips of a corpus it cuts every way between two signs ("way"), and every sign ("sign"); from pose files eight
frames out of every 24 ("any"). Each is filled with a checkpoint (``learned``; of a sign also with its gloss and the
sentence), with the stitcher's arcs (``computed``) and on straight lines. Ways of a generated corpus were themselves
made by the stitcher's arcs, so there ``computed`` meets its own kind; recordings show what is real.

error: mean distance from the truth of elbows, wrists and hands [shoulder widths]; PCK: share of them within 0.1;
travel and jerk: of the wrists, as a ratio to the truth.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from signgen.data.columnar import Columnar
from signgen.data.poses import read_poses
from signgen.errors import SignGenError
from signgen.pose.geometry import shoulder_frame
from signgen.pose.layout import LEFT_HAND, LEFT_WRIST, RIGHT_HAND, RIGHT_WRIST
from signgen.pose.motion import resample
from signgen.pose.sequence import PoseSequence
from signgen.signdw.checkpoint.folder import Checkpoint, load_checkpoint
from signgen.signdw.settings import DrawSettings
from signgen.signdw.signing.fill import Wish, fill
from signgen.text2pose.stitching.assemble import transition_frames
from signgen.text2pose.stitching.clip import make_clip

ARMS = [3, 4, 6, 7, *range(LEFT_HAND.start, RIGHT_HAND.stop)]
WRISTS = [LEFT_WRIST, RIGHT_WRIST]
Hole = tuple[str, PoseSequence, int, int, str, str]


def holes_of_corpus(folder: Path, clips: int) -> Iterator[Hole]:
    """Ways and signs of the first clips."""
    with Columnar(sorted(folder.glob("*.col"))[0]) as opened:
        for number in range(min(clips, len(opened))):
            info, poses = opened.clips[number].info, opened.read(number)
            times = info["timeline"]
            for (_, _, a), (_, b, _) in pairwise(times):
                if b - a >= 3:
                    yield "way", poses, a, b, info["text"], ""
            for gloss, a, b in times:
                if b - a >= 3:
                    yield "sign", poses, a, b, info["text"], gloss


def holes_of_file(file: Path) -> Iterator[Hole]:
    """Eight frames out of every 24 of the first signer of a file."""
    poses = resample(read_poses(file)[0], 24.0)
    for start in range(16, len(poses) - 24, 24):
        yield "any", poses, start, start + 8, "", ""


def computed(poses: PoseSequence, start: int, stop: int) -> np.ndarray:
    """(n, 128, 2) the stitcher's way through a span, in pixels."""
    frame = shoulder_frame(poses)
    clip = make_clip(poses, poses.fps)
    way = transition_frames(clip[slice(0, start)], clip[slice(stop, None)], stop - start).points
    found: np.ndarray = way[..., :2] * frame.width + (frame.x, frame.y)
    return found


def straight(poses: PoseSequence, start: int, stop: int) -> np.ndarray:
    """(n, 128, 2) straight lines through a span."""
    share = ((np.arange(stop - start) + 1) / (stop - start + 1))[:, None, None]
    a, b = poses.xy[start - 1], poses.xy[stop]
    found: np.ndarray = a + share * (b - a)
    return found


def ways(
    checkpoint: Checkpoint, hole: Hole, draws: DrawSettings
) -> Iterator[tuple[str, Callable[[], np.ndarray]]]:
    """Name and maker of each way to fill a hole."""
    kind, poses, a, b, text, gloss = hole
    yield "learned", lambda: fill(checkpoint, poses, a, b, None, draws).xy[a:b]
    if kind == "sign":
        yield (
            "learned, told",
            lambda: fill(checkpoint, poses, a, b, Wish(text, (gloss,), "ase"), draws).xy[a:b],
        )
    yield "computed", lambda: computed(poses, a, b)
    yield "straight", lambda: straight(poses, a, b)


def figures(poses: PoseSequence, start: int, stop: int, found: np.ndarray) -> np.ndarray:
    """(6,) error, share near, travel and jerk of what was found, travel and jerk of the truth."""
    width = shoulder_frame(poses).width
    seen = (poses.confidence[start - 1 : stop + 1] > 0).all(axis=0)[ARMS]
    off = np.linalg.norm(found - poses.xy[start:stop], axis=-1)[:, ARMS][:, seen] / width
    totals = [
        *_wrists(poses, start, stop, found, width),
        *_wrists(poses, start, stop, poses.xy[start:stop], width),
    ]
    return np.array([off.mean(), (off < 0.1).mean(), *totals])


def _wrists(
    poses: PoseSequence, start: int, stop: int, inside: np.ndarray, width: float
) -> tuple[float, float]:
    """Travel and jerk of the wrists through a span and three frames on either side."""
    first, last = max(0, start - 3), stop + 3
    track = np.concatenate([poses.xy[first:start], inside, poses.xy[stop:last]])[:, WRISTS] / width
    steps = np.linalg.norm(np.diff(track, axis=0), axis=-1)
    jerks = np.linalg.norm(np.diff(track, n=3, axis=0), axis=-1)
    return float(steps.sum()), float(jerks.mean())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint")
    parser.add_argument("--corpus", type=Path, help="folder of columnar shards with timelines")
    parser.add_argument("--poses", type=Path, nargs="*", default=[])
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--temperature", type=float, default=DrawSettings().temperature)
    args = parser.parse_args()
    torch.set_num_threads(1)
    checkpoint = load_checkpoint(args.checkpoint)
    holes = list(holes_of_corpus(args.corpus, args.clips)) if args.corpus else []
    holes += [hole for file in args.poses for hole in holes_of_file(file)]
    draws = DrawSettings(temperature=args.temperature)
    rows: dict[tuple[str, str], list[np.ndarray]] = {}
    for hole in holes:
        try:
            made = {name: make() for name, make in ways(checkpoint, hole, draws)}
            found = {name: figures(*hole[1:4], inside) for name, inside in made.items()}
        except SignGenError as error:
            print(error, file=sys.stderr)
            continue
        for name, row in found.items():
            rows.setdefault((hole[0], name), []).append(row)
    print("span  by                 n   error    PCK  travel   jerk")
    for (kind, name), each in rows.items():
        error, near, travel, jerk, true_travel, true_jerk = np.nanmean(each, axis=0)
        print(
            f"{kind:5} {name:15} {len(each):4} {error:7.4f} {near:6.3f} {travel / true_travel:7.2f}"
            f" {jerk / true_jerk:6.2f}"
        )


if __name__ == "__main__":
    main()
