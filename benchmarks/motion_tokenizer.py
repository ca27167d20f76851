"""How well real signing is shown again from its codes, against the mean pose and principal components at equal bits.

Real: the DGS sentences of `dgs_pairs` (fluent and stitched) and the DWPose recording of `dwpose_signer`, which lie
beside the checkout in ../shared/data. A tokenizer is trained on all of it and looked at on the same; another is trained
without the last four pairs and the last third of the recording and looked at on those. Clips are shorter than 8 s.

    python benchmarks/motion_tokenizer.py [--data ../shared/data] [--steps 120] [--rvq 8] [--keep RUNS] \
        [--also TOKENIZER]
    python benchmarks/motion_tokenizer.py --generic CORPUS [--steps UPDATES] [--keep RUNS]

--generic learns from none of it but from CORPUS, the fingerspelling lexicons and people varied at random, as in
configs/signdw/tokenizer-real.yaml; it is looked at on all of it, with all levels and with the first ones alone.

--keep goes on with trainings that were stopped. --also looks at a tokenizer that was trained on something else.
--corpus DIR looks at --also on the dev clips of a corpus instead; --truth DIR is the same corpus made without noise.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from signgen.config import load_yaml
from signgen.data.columnar import Clip, write_columnar
from signgen.data.poses import read_poses
from signgen.lexicon.installed import fingerspelling_entries
from signgen.lexicon.lexicon import open_lexicon
from signgen.pose.sequence import PoseSequence
from signgen.signdw.motion.baselines import mean_pose, principal_components
from signgen.signdw.motion.folder import load_tokenizer
from signgen.signdw.motion.parts import Parts, to_parts
from signgen.signdw.motion.report import Reconstruction, TokenizerReport, reconstruction, tokenizer_report
from signgen.signdw.motion.settings import prepare_tokenizer
from signgen.signdw.motion.tokenizer import MotionTokenizer
from signgen.signdw.motion.train import train_tokenizer
from signgen.signdw.motion.windows import clips_of, sane, split_shards

PAIRS, HELD_OUT = range(1, 17), range(13, 17)
DGS, DWPOSE = "dgs_pairs", "dwpose_signer"
WHOLE_SECONDS = 8
# Recordings of other signers by other means.
OTHERS = (
    "pose/mediapipe.pose", "pose/openpose.pose", "pose/colin-SAD.pose", "pose/phoenix_test17_holistic.pose",
    "dgs_signs/EQUAL1C^.pose", "dgs_signs/HOUSE1A^.pose", "dgs_signs/YOUNG1^.pose",
)  # fmt: skip
SETTINGS = Path(__file__).resolve().parents[1] / "configs" / "signdw" / "tokenizer-real.yaml"
DEV_LETTERS = "fingerspelling:ase"
COLUMNS = (
    "hand_pck", "shape_pck", "body", "left_hand", "right_hand", "face", "motion", "visibility",
)  # fmt: skip


def real_clips(data: Path) -> dict[str, tuple[PoseSequence, bool]]:
    """Clips by name, and whether each is held out."""
    found: dict[str, tuple[PoseSequence, bool]] = {}
    for number in PAIRS:
        for kind in ("original", "updated"):
            poses = read_poses(data / DGS / f"train_{number}_{kind}.pose")[0]
            found[f"{DGS}-{number}-{kind}"] = poses, number in HELD_OUT
    whole = read_poses(data / DWPOSE / "npz", fps=24, width=1280, height=720)[0]
    cut = 2 * len(whole) // 3
    found[f"{DWPOSE}-0"], found[f"{DWPOSE}-1"] = (whole[:cut], False), (whole[cut:], True)
    return found


def pieces(name: str, poses: PoseSequence) -> Iterable[Clip]:
    """A clip in pieces that are not too long, so that each update sees all of the material."""
    step = math.ceil(len(poses) / math.ceil(poses.seconds / WHOLE_SECONDS))
    for number, start in enumerate(range(0, len(poses), step)):
        yield Clip(f"{name}-{number}", poses[start : start + step], {})


def write_corpus(clips: dict[str, tuple[PoseSequence, bool]], folder: Path, is_held_out: bool) -> None:
    """A corpus of all clips, or one whose dev clips are those held out of training."""
    for split in ("train", "dev"):
        wanted = [
            (name, poses)
            for name, (poses, is_out) in clips.items()
            if not is_held_out or is_out == (split == "dev")
        ]
        write_columnar(
            (piece for name, poses in wanted for piece in pieces(name, poses)), folder / split / "0.col"
        )


def print_row(name: str, bits: float, found: Reconstruction) -> None:
    figures = "".join(f"{getattr(found, column):12.4f}" for column in COLUMNS)
    print(f"{name:34}{bits:8.0f}{figures}", flush=True)


def print_rows(
    title: str, report: TokenizerReport, train: Sequence[Parts], dev: Sequence[Parts], truth: Sequence[Parts]
) -> None:
    """A tokenizer and what it must beat, on the same clips."""
    print(f"\n{title}: {report.clips} clips, {report.frames} frames")
    print(f"{'':34}{'bits/s':>8}" + "".join(f"{column:>12}" for column in COLUMNS))
    print_row("tokenizer", report.bits, report.found)
    step = report.bits / 6
    for name, baseline, bits in (
        ("principal components, equal bits", principal_components(train, step), report.bits),
        ("mean pose", mean_pose(train), 0.0),
    ):
        print_row(name, bits, reconstruction(truth, baseline(dev)))
    for use in report.use:
        print(
            f"  codes of {use.part}, level {use.level}: {use.share:.0%} of {use.size}, perplexity {use.perplexity:.0f}"
        )
    print(f"  codes in all: {report.code_use:.0%}", flush=True)


def real(given: argparse.Namespace, runs: Path) -> None:
    """Both trainings on real signing."""
    steps = given.steps or 120
    clips = real_clips(given.data)
    for title, is_held_out in (("trained on the same clips", False), ("held out of training", True)):
        name = "held-out" if is_held_out else "same"
        corpus = runs / f"{name}-corpus"
        write_corpus(clips, corpus, is_held_out)
        values = {
            "data": {"sources": [str(corpus)]},
            "model": {"rvq": given.rvq, "face_rvq": min(4, given.rvq), "body_size": 512, "hand_size": 512,
                      "face_size": 128, "code_width": 48},
            "train": {"steps": steps, "batch": given.batch, "rate": 5e-4, "hide": 0.0, "level_dropout": 0.0,
                      "validate_every": max(1, steps // 3)},
        }  # fmt: skip
        trained = train_tokenizer(
            prepare_tokenizer(values), runs / name, report=lambda line: print("  " + line, flush=True)
        )
        train, dev = (clips_of(split_shards([corpus], split)) for split in ("train", "dev"))
        model = load_tokenizer(trained.folder)
        print_rows(title, tokenizer_report(model, dev), train, dev, dev)
        used = tokenizer_report(model, train)
        print(f"  codes in all, on the clips of training: {used.code_use:.0%}")
        if given.also and not is_held_out:
            print_rows(
                "trained on something else",
                tokenizer_report(load_tokenizer(given.also), dev),
                train,
                dev,
                dev,
            )


def letters(folder: Path) -> Path:
    """A corpus of the recordings of fingerspelling; those of one language are its dev clips."""
    for split in ("train", "dev"):
        clips = []
        for name in fingerspelling_entries()[1]:
            if (name == DEV_LETTERS) == (split == "dev"):
                lexicon = open_lexicon(name)
                poses = [lexicon.load(entry) for entry in lexicon.entries]
                # Two of them have hands larger than the signer.
                clips += [Clip(f"{name}-{n}", each, {}) for n, each in enumerate(poses) if is_sane(each)]
        write_columnar(clips, folder / split / "0.col")
    return folder


def is_sane(poses: PoseSequence) -> bool:
    parts = to_parts(poses)
    return bool((sane(parts).visible == parts.visible).all())


def generic(given: argparse.Namespace, runs: Path) -> None:
    """One tokenizer on signing that it has not seen, with more and more of its levels."""
    values = load_yaml(SETTINGS)
    values["data"] = {"sources": [str(letters(runs / "letters")), str(given.generic)]}
    steps = given.steps or values["train"]["steps"]
    values["train"] |= {"steps": steps, "validate_every": steps}
    trained = train_tokenizer(
        prepare_tokenizer(values), runs / "generic", report=lambda line: print("  " + line, flush=True)
    )
    signing = [poses for poses, _ in real_clips(given.data).values()]
    others = [read_poses(given.data / name)[0] for name in OTHERS]
    whole = load_tokenizer(trained.folder)
    for title, poses in (("never trained on", signing), ("of other projects", others)):
        clips = [sane(to_parts(each)) for each in poses]
        print(f"\n{title}: {len(clips)} clips, {sum(map(len, clips))} frames")
        print(f"{'':34}{'bits/s':>8}" + "".join(f"{column:>12}" for column in COLUMNS))
        for share in (0.25, 0.5, 0.75, 1.0):
            model = first_levels(whole, share)
            report = tokenizer_report(model, clips)
            print_row(f"{share:.0%} of its levels", report.bits, report.found)


def first_levels(whole: MotionTokenizer, share: float) -> MotionTokenizer:
    """A tokenizer that uses a share of the levels of each part."""
    settings = whole.settings
    counts = {name: getattr(settings, name) or settings.rvq for name in ("body_rvq", "hand_rvq", "face_rvq")}
    levels: dict[str, Any] = {name: max(1, round(share * n)) for name, n in counts.items()}
    model = MotionTokenizer(replace(whole.settings, **levels))
    tensors = whole.state_dict()
    for name, value in model.state_dict().items():
        if name.endswith(("codebooks", "counts", "sums")):
            tensors[name] = tensors[name][: len(value)]
    model.load_state_dict(tensors)
    return model.eval()


def generated(given: argparse.Namespace) -> None:
    """A tokenizer on the dev clips of a corpus."""
    train, dev = (clips_of(split_shards([given.corpus], split)) for split in ("train", "dev"))
    truth = clips_of(split_shards([given.truth], "dev")) if given.truth else dev
    report = tokenizer_report(load_tokenizer(given.also), dev, truth)
    print_rows(f"{given.corpus.name}, dev", report, train, dev, truth)
    # What noise alone costs: the clips themselves against the truth.
    print_row(
        "the clips as they are", 0.0, reconstruction(truth, [(clip.values, clip.visible) for clip in dev])
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--steps", type=int, help="updates: 120, or as the settings say (--generic)")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rvq", type=int, default=8)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--generic", type=Path)
    parser.add_argument("--also", type=Path)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--truth", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.corpus:
        generated(given)
        return
    with tempfile.TemporaryDirectory() as folder:
        (generic if given.generic else real)(given, given.keep or Path(folder))


if __name__ == "__main__":
    main()
