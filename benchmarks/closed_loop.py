"""Does a pose estimator find in the avatar's pictures what was drawn? MediaPipe Holistic on signs of a lexicon.

    python -m venv .venv-mediapipe && .venv-mediapipe/bin/pip install mediapipe==0.10.21
    python benchmarks/closed_loop.py --detector-python .venv-mediapipe/bin/python [--signs 50] [--identities 4]

Signs are taken at even steps through the lexicon (or named by ``--only``), made-up signers by seed. Every frame of
a clip is given to the detector in order, as its user would (``video``), and every n-th one on its own (``single``).
A hand counts as visible if it is raised (the wrist lies at most half a forearm's length below the elbow) and all of its
keypoints are inside the canvas. It is covered if fewer than half of them lie on pixels that show that hand; the
columns "open" leave covered hands out. Hands that overlap the other one and hands seen edge-on get rows of their
own. PCK is the share of the 21 keypoints of found visible hands that are at most 0.2 palms from the drawn body's
own in the picture; a palm is wrist to middle knuckle in space, so it does not shrink when the hand points at the
camera.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from signgen.body.kinematics import keypoints
from signgen.lexicon.entry import Entry
from signgen.lexicon.lexicon import Lexicon, open_lexicon
from signgen.pose.layout import (
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_WRIST,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_WRIST,
)
from signgen.pose.sequence import PoseSequence
from signgen.render.avatar import Avatar
from signgen.render.signer.body_parts import FINGERS, INDEX
from signgen.render.signer.scene import Scene, scene_of

PROCESSES = 2
DETECTOR = Path(__file__).with_name("closed_loop_detector.py")
MIDDLE_KNUCKLE, NEAR, LOWERED, COVERED = 9, 0.2, 0.5, 0.5
SIDES = {"left": (LEFT_HAND, LEFT_ELBOW, LEFT_WRIST), "right": (RIGHT_HAND, RIGHT_ELBOW, RIGHT_WRIST)}
OTHER = {"left": "right", "right": "left"}
# Seen as close to the other hand, and as edge-on [palm]: smallest gap; spread of the keypoints across their main axis.
CLOSE, THIN = 0.3, 0.15
CAMERA = ("yaw", "pitch", "zoom", "distance")
GOALS = {"found": 0.98, "pck": 0.9}

# Gloss, signer, and what was drawn, by hand and frame.
Truth = tuple[str, int, dict[str, np.ndarray]]


@dataclass(frozen=True)
class Hand:
    """A visible hand of one frame: whether most of it is covered, whether it was found, errors in palms."""

    sign: str
    identity: int
    frame: int
    side: str
    view: str
    is_covered: bool
    is_found: bool
    errors: np.ndarray

    @property
    def pck(self) -> float:
        return float((self.errors <= NEAR).mean())


def chosen(lexicon: Lexicon, count: int, only: Sequence[str]) -> list[Entry]:
    """Entries by gloss, or ``count`` at even steps."""
    entries = lexicon.entries
    if only:
        by_gloss = {entry.gloss: entry for entry in reversed(entries)}
        if missing := set(only) - set(by_gloss):
            raise SystemExit(f"not in the lexicon: {', '.join(sorted(missing))}")
        return [by_gloss[gloss] for gloss in only]
    return [entries[i * len(entries) // count] for i in range(count)]


def shown_shares(scene: Scene, points: np.ndarray) -> dict[str, np.ndarray]:
    """Share of each hand's keypoints at whose pixel that hand is seen."""
    painter, shares = scene.painter(), {side: np.zeros(len(points)) for side in SIDES}
    for frame in range(len(points)):
        parts = painter.measure(scene.points(frame)).parts
        limits = (parts.shape[1] - 1, parts.shape[0] - 1)
        for side, (hand, _, _) in SIDES.items():
            own = [INDEX[f"{side}_{part}"] for part in ("palm", *FINGERS)]
            x, y = np.clip(np.round(points[frame, hand, :2]), 0, limits).astype(int).T
            shares[side][frame] = np.isin(parts[y, x], own).mean()
    return shares


def draw(poses: PoseSequence, avatar: Avatar, size: int, path: Path) -> dict[str, np.ndarray]:
    """Write the frames of a sign; return what was drawn, by hand and frame."""
    scene = scene_of(poses, avatar, (size, size))
    np.save(path, np.stack(list(avatar(poses))))
    flat, solid = scene.keypoints(), keypoints(scene.signer.shape, scene.pose)
    truth: dict[str, np.ndarray] = {}
    shares = shown_shares(scene, flat)
    for side, (hand, elbow, wrist) in SIDES.items():
        points = flat[:, hand, :2]
        # Pixels of a metre where the hand is; of a perspective camera they depend on the distance.
        scale = scene.camera.focal / (1.0 if scene.camera.is_parallel else flat[:, wrist, 2])
        forearm = scale * np.linalg.norm(solid[:, wrist] - solid[:, elbow], axis=-1)
        drop = (flat[:, wrist, 1] - flat[:, elbow, 1]) / forearm
        inside = ((points >= 0) & (points <= size - 1)).all(axis=(1, 2))
        palm = solid[:, hand][:, MIDDLE_KNUCKLE] - solid[:, hand][:, 0]
        truth[side] = points
        truth[f"{side}_palm"] = scale * np.linalg.norm(palm, axis=-1)
        truth[f"{side}_visible"] = inside & (drop <= LOWERED)
        truth[f"{side}_covered"] = shares[side] < COVERED
    return truth


def hands_of(sign: str, identity: int, truth: dict[str, np.ndarray], found: np.ndarray) -> Iterable[Hand]:
    """The visible hands of a clip with what was found of them."""
    for side in SIDES:
        errors = np.linalg.norm(found[side] - truth[side], axis=-1) / truth[f"{side}_palm"][:, None]
        for t in np.flatnonzero(truth[f"{side}_visible"]):
            is_found = bool(np.isfinite(errors[t]).all())
            covered = bool(truth[f"{side}_covered"][t])
            view = seen_as(truth[side][t], truth[OTHER[side]][t], truth[f"{side}_palm"][t])
            yield Hand(sign, identity, int(t), side, view, covered, is_found, errors[t])


def seen_as(hand: np.ndarray, other: np.ndarray, palm: float) -> str:
    """Whether a hand overlaps the other one in the picture, shows its edge only, or neither."""
    gap = np.linalg.norm(hand[:, None] - other, axis=-1).min() / palm
    across = np.linalg.svd(hand - hand.mean(axis=0), compute_uv=False)[1] / palm / len(hand) ** 0.5
    if gap < CLOSE:
        return "at the other hand"
    return "edge-on" if across < THIN else "broad and apart"


def row(name: str, hands: Sequence[Hand]) -> str:
    seen = [hand for hand in hands if not hand.is_covered]
    found = [hand for hand in seen if hand.is_found]
    errors = np.concatenate([hand.errors for hand in found]) if found else np.array([np.nan])
    return (
        f"{name:24} {len(hands):6d} {share(hands):8.1%} {len(seen):6d} {share(seen):8.1%} "
        f"{pck([hand for hand in hands if hand.is_found]):7.3f} {pck(found):7.3f} {np.median(errors):7.3f}"
    )


def share(hands: Sequence[Hand]) -> float:
    return sum(hand.is_found for hand in hands) / max(len(hands), 1)


def pck(hands: Sequence[Hand]) -> float:
    """Of found hands."""
    return float(np.mean([hand.pck for hand in hands])) if hands else float("nan")


def table(title: str, hands: Sequence[Hand], key: Callable[[Hand], object], worst: int | None = None) -> None:
    """Print a row for each value of ``key``; only the ``worst`` by hands found times PCK, if given."""
    groups: dict[object, list[Hand]] = defaultdict(list)
    for hand in hands:
        groups[key(hand)].append(hand)
    order = sorted(groups, key=str)
    if worst is not None:
        order.sort(key=lambda name: np.mean([hand.pck for hand in groups[name]]))  # a missed hand has PCK 0
        order = order[:worst]
    print(
        f"\n{title:24} {'hands':>6} {'found':>8} {'open':>6} {'found':>8} {'PCK':>7} {'open':>7} {'median':>7}"
    )
    for name in order:
        print(row(str(name), groups[name]))


def report(hands: Sequence[Hand], body: np.ndarray, face: np.ndarray, worst: int) -> None:
    print(
        f"{len(body)} frames: body in {body.mean():.1%}, face in {face.mean():.1%} (goal {GOALS['found']:.0%})"
    )
    print(f"'open': hands that are not covered; PCK at {NEAR} palm of found hands (goal {GOALS['pck']})")
    table("all", hands, lambda hand: "all")
    table("identity", hands, lambda hand: hand.identity)
    table("side", hands, lambda hand: hand.side)
    table("hands seen", hands, lambda hand: hand.view)
    table(f"worst {worst} signs", hands, lambda hand: hand.sign, worst)
    errors = np.array([hand.errors for hand in hands if hand.is_found])
    if len(errors):
        print("\nmedian error of each keypoint [palm], wrist, thumb to little finger:")
        print(" ".join(f"{value:.2f}" for value in np.median(errors, axis=0)))


def search(python: str, folder: Path, every: int) -> None:
    """Run the detector on all frames in a folder; it says a lot, which is shown only if it fails."""
    command = [python, str(DETECTOR), str(folder), "--every", str(every), "--parts", str(PROCESSES)]
    logs = [folder / f"detector-{part}.log" for part in range(PROCESSES)]
    running = []
    for part, log in enumerate(logs):
        with log.open("w") as errors:
            running.append(
                subprocess.Popen([*command, "--part", str(part)], stdout=subprocess.DEVNULL, stderr=errors)
            )
    codes = [one.wait() for one in running]
    for code, log in zip(codes, logs, strict=True):
        if code:
            raise SystemExit(f"the detector failed:\n{log.read_text()[-2000:]}")


def compare(folder: Path, truths: dict[str, Truth], mode: str, every: int, worst: int) -> None:
    """Print what was found of what was drawn, in every n-th frame."""
    hands: list[Hand] = []
    body, face = [], []
    for name, (sign, identity, truth) in truths.items():
        with np.load(folder / f"{name}.{mode}.npz") as found:
            hands.extend(hands_of(sign, identity, {key: a[::every] for key, a in truth.items()}, found))
            body.append(found["body"])
            face.append(found["face"])
    print(f"\n{mode.upper()}")
    report(hands, np.concatenate(body), np.concatenate(face), worst)


def run(arguments: argparse.Namespace, folder: Path) -> None:
    lexicon = open_lexicon(arguments.lexicon)
    truths: dict[str, Truth] = {}
    size = arguments.size
    camera = {name: getattr(arguments, name) for name in CAMERA if getattr(arguments, name) is not None}
    for entry in chosen(lexicon, arguments.signs, arguments.only):
        for identity in range(1, arguments.identities + 1):
            name = f"{entry.path.stem}-{entry.sign.replace('/', '-')}-{identity}"
            path = folder / f"{name}.frames.npy"
            avatar = Avatar(signer=f"seed:{identity}", width=size, height=size, **camera)
            truths[name] = (entry.sign, identity, draw(lexicon.load(entry), avatar, size, path))
            np.savez(folder / f"{name}.truth.npz", **truths[name][2])
    search(arguments.detector_python, folder, arguments.every)
    compare(folder, truths, "video", 1, arguments.worst)
    if arguments.every:
        compare(folder, truths, "single", arguments.every, arguments.worst)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--detector-python", required=True, help="interpreter that has mediapipe")
    parser.add_argument("--lexicon", default="ase")
    parser.add_argument("--signs", type=int, default=50)
    parser.add_argument("--only", nargs="*", default=[], metavar="GLOSS")
    parser.add_argument("--identities", type=int, default=4)
    parser.add_argument(
        "--every", type=int, default=3, help="single frames: every n-th; 0 for the video alone"
    )
    parser.add_argument("--size", type=int, default=512, help="width and height of the frames [px]")
    for name in CAMERA:
        parser.add_argument(f"--{name}", type=float, help="of the avatar's camera")
    parser.add_argument("--worst", type=int, default=12, help="how many signs to list")
    parser.add_argument("--folder", type=Path, help="keep frames, truth and finds here")
    arguments = parser.parse_args()
    if arguments.folder:
        arguments.folder.mkdir(parents=True, exist_ok=True)
        run(arguments, arguments.folder)
    else:
        with tempfile.TemporaryDirectory() as folder:
            run(arguments, Path(folder))


if __name__ == "__main__":
    main()
