"""What members of the built-in judge read: true poses, floors, and the ladders of admission, on clips of a corpus.

    signgen corpus make english-asl -o HELD --sentences 400 --seed 202 --set dev=0.1 --set test=0.5
    python benchmarks/judge_ase.py HELD/test [--judge ase] [--ladders]

Clips whose text a judge has read in training are left out.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from signgen.data.trained_on import hash_of
from signgen.judge import controls
from signgen.judge.admission import admit
from signgen.judge.backtranslation import Judge
from signgen.judge.card import disjointness
from signgen.judge.text.scores import score_texts
from signgen.pose.sequence import PoseSequence
from signgen.workflow.evaluation_inputs import read_clips
from signgen.workflow.judges import load_judges


def rows_of(poses: list[PoseSequence]) -> dict[str, list[PoseSequence]]:
    """True poses and what says nothing."""
    rng = np.random.default_rng(0)
    one = controls.mean_pose(poses)[0]
    return {
        "true poses": poses,
        "shuffled poses": controls.shuffled(poses, rng),
        "one mean pose": [
            one.replace(keypoints=one.keypoints[:1].repeat(len(clip), 0), depth=None) for clip in poses
        ],
        "noise": controls.noise(poses, rng),
    }


def print_row(judge: Judge, name: str, poses: list[PoseSequence], texts: list[str]) -> None:
    scores = {score.name: score.value for score in score_texts(judge.texts(poses), texts, "en")}
    likelihood = judge.log_likelihood(poses, texts).value
    print(
        f"{judge.card.name:12} {name:15} BLEU-4 {scores['BLEU-4']:5.1f}  chrF2 {scores['chrF2']:5.1f}  "
        f"log-likelihood of a character {likelihood:.3f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", type=Path)
    parser.add_argument("--judge", default="ase")
    parser.add_argument("--ladders", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    judges = load_judges([given.judge], device="cpu")
    clips = read_clips(given.clips)
    read = judges[0].card.trained_on.texts or frozenset()
    clips = {name: clip for name, clip in clips.items() if hash_of(str(clip.info["text"])) not in read}
    texts = [str(clip.info["text"]) for clip in clips.values()]
    poses = [clip.poses for clip in clips.values()]
    found = disjointness(judges[0].card, list(clips), texts)
    print(
        f"{len(clips)} clips, {sum(map(len, poses)):,} frames; in training {found.clips} clips, {found.texts} texts"
    )
    for judge in judges:
        for name, spoiled in rows_of(poses).items():
            print_row(judge, name, spoiled, texts)
        if given.ladders:
            started = time.perf_counter()
            admission = admit(judge, poses, texts)
            verdict = "admitted" if admission.is_passed else f"NOT ADMITTED: {'; '.join(admission.faults)}"
            print(f"{judge.card.name:12} {verdict} ({time.perf_counter() - started:.0f} s)")
            for ladder in admission.ladders:
                steps = ", ".join(
                    f"{rung} {value:.3f}" for rung, value in zip(ladder.rungs, ladder.values, strict=True)
                )
                print(f"    {ladder.name}: {steps}", flush=True)


if __name__ == "__main__":
    main()
