"""What judges read from what SignDW signs of unseen sentences, beside other ways to sign them and to say nothing.

    python benchmarks/signdw.py [--checkpoint signdw-ase-tiny] [--also flow=RUN regress=RUN]
                                [--corpus HELD] [--clips 150] [--json rows.json] [--poses FOLDER]

Without `--corpus` 400 sentences are made in the style that the built-in checkpoint learned from, with a seed of their
own; half of them are the test. Sentences whose text the checkpoint or a judge has read in training are left out.

Each judge has its own floor, the best of several answers that say nothing, and its own ceiling, true poses;
*normalised* is where a row lies between the two, as mean and range over the judges. Motion is the way of wrists,
fingertips (from the wrist) and face (from the nose) summed up over all clips, duration the mean ratio of seconds, jerk
the mean third derivative, each beside those of true poses.

Rows: *true codes* are true poses through the motion tokenizer, the ceiling of what the token head can say; *true plan*
knows which glosses are signed and for how long; *oracle stitch* knows the glosses alone; *shuffled text* signs other
sentences of the test.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import torch

from signgen.data.trained_on import FILE, hash_of, trained_on
from signgen.judge import controls
from signgen.judge.backtranslation import Judge
from signgen.judge.panel import HEADLINE, Entry, Panel, judged, make_panel, normalised
from signgen.judge.pose import comparisons
from signgen.judge.pose.comparisons import Matched
from signgen.judge.pose.tally import tallied
from signgen.judge.pose.tracks import at_one_rate, tracks_of
from signgen.judge.text.resample import Resampling
from signgen.judge.text.scores import scorer
from signgen.pose.sequence import PoseSequence
from signgen.signdw.checkpoint.card import checkpoint_named
from signgen.signdw.checkpoint.folder import Checkpoint, load_checkpoint
from signgen.signdw.checkpoint.library import with_own_signs
from signgen.signdw.drawing.decoding import poses_of_codes
from signgen.signdw.drawing.generate import generate
from signgen.signdw.motion.parts import FPS, to_parts
from signgen.signdw.network.plan import Plan, plan_of
from signgen.signdw.settings import DrawSettings
from signgen.signdw.signing.texts import sign_texts
from signgen.text2pose.stitch import Stitch
from signgen.workflow.evaluation_inputs import Found, read_clips
from signgen.workflow.evaluation_oracle import glosses_of, stitch_oracle
from signgen.workflow.judges import load_judges

SENTENCES, SEED, TEST_SHARE = 400, 301, 0.5
STYLE = Path(__file__).parent.parent / "configs" / "corpus" / "clean.yaml"
BATCH = 16
FIGURES = (
    comparisons.total_distance("wrists"),
    comparisons.total_distance("fingertips"),
    comparisons.total_distance("face-nose"),
    comparisons.duration(),
    comparisons.jerk_ratio("wrists"),
    comparisons.jerk_ratio("fingertips"),
)
COLUMNS = ("wrists", "fingers", "face", "duration", "jerk wrists", "jerk fingers")
Poses = list[PoseSequence]


@dataclass(frozen=True)
class Row:
    """One way to sign, as read by each judge and as measured."""

    name: str
    bleu: dict[str, float]
    normalised: dict[str, float]
    figures: dict[str, float]
    seconds: float


@dataclass(frozen=True, eq=False)
class Test:
    """Unseen clips, and what signs them."""

    clips: Mapping[str, Found]
    checkpoint: Checkpoint
    draws: DrawSettings
    is_smooth: bool

    @cached_property
    def texts(self) -> list[str]:
        return [str(clip.info["text"]) for clip in self.clips.values()]

    @cached_property
    def true(self) -> Poses:
        return [clip.poses for clip in self.clips.values()]

    @cached_property
    def signed(self) -> Poses:
        """What the checkpoint makes of the texts."""
        found: Poses = []
        for start in range(0, len(self.texts), BATCH):
            texts = self.texts[start : start + BATCH]
            made = sign_texts(
                self.checkpoint,
                texts,
                self.draws,
                range(start, start + len(texts)),
                is_smooth=self.is_smooth,
            )
            found += [each.poses for each in made]
        return found


def true_codes(test: Test) -> Poses:
    """True poses as codes, as the token head would draw them at best."""
    motion, found = test.checkpoint.motion, []
    for poses in test.true:
        parts = to_parts(poses, FPS)
        values, visible = torch.from_numpy(parts.values)[None], torch.from_numpy(parts.visible)[None]
        with torch.inference_mode():
            codes = motion.encode(values, visible, torch.ones(values.shape[:2], dtype=torch.bool))[0]
        found.append(poses_of_codes(motion, codes, is_smooth=test.is_smooth))
    return found


def true_plan(test: Test) -> Poses:
    """The token head, told which gloss is signed when."""
    checkpoint, plans = test.checkpoint, [_plan(clip, test.checkpoint) for clip in test.clips.values()]
    found: Poses = []
    for start in range(0, len(plans), BATCH):
        here = plans[start : start + BATCH]
        texts = test.texts[start : start + BATCH]
        condition = checkpoint.encoding.condition(texts, [None] * len(texts))
        seeds = range(start, start + len(here))
        condition, _ = with_own_signs(checkpoint, condition, test.draws, seeds, here)
        drawn = generate(checkpoint.model, condition, test.draws, seeds, plans=here)
        found += [poses_of_codes(checkpoint.motion, each.codes, is_smooth=test.is_smooth) for each in drawn]
    return found


def _plan(clip: Found, checkpoint: Checkpoint) -> Plan:
    factor, frames = FPS / clip.poses.fps, len(to_parts(clip.poses, FPS).values)
    timeline = [
        (str(gloss), *(min(frames, round(at * factor)) for at in span))
        for gloss, *span in clip.info["timeline"]
    ]
    if checkpoint.glosses is None:
        return Plan(-(-frames // 4))
    return plan_of(timeline, frames, 4, checkpoint.glosses)


def stitched(test: Test) -> Poses:
    source = Stitch()
    return [source(text) for text in test.texts]


def oracle(test: Test) -> Poses:
    found = stitch_oracle(test.clips, glosses_of(test.clips))
    if found.poses is None:
        raise SystemExit(found.note)
    return list(found.poses)


def shuffled_text(test: Test) -> Poses:
    return controls.shuffled(test.signed, np.random.default_rng(0))


ROWS: dict[str, Callable[[Test], Poses]] = {
    "ground truth": lambda test: test.true,
    "true codes": true_codes,
    "true plan": true_plan,
    "signdw token": lambda test: test.signed,
    "stitch from text": stitched,
    "oracle stitch": oracle,
    "mean pose": lambda test: controls.mean_pose(test.true),
    "shuffled text": shuffled_text,
}


def also(folder: str) -> Callable[[Test], Poses]:
    """What another checkpoint makes of the texts, such as one of another head."""
    return lambda test: replace(test, checkpoint=load_checkpoint(folder)).signed


def figures(made: Sequence[PoseSequence], true: Sequence[PoseSequence]) -> dict[str, float]:
    """Motion, duration and jerk beside true poses."""
    ready = []
    for pair in zip(made, true, strict=True):
        both = at_one_rate(*pair, FPS)
        ready.append(Matched(both, tracks_of(both[0]), tracks_of(both[1])))
    found = {}
    for name, comparison in zip(COLUMNS, FIGURES, strict=True):
        each = [comparison.find(matched) for matched in ready]
        over, under = (np.array([getattr(one, side) for one in each]) for side in ("over", "under"))
        found[name] = tallied(comparison.name, over, under, "", None).value
    return found


def measure(test: Test, judges: Sequence[Judge], names: Sequence[str], keep: Path | None) -> list[Row]:
    counted = scorer(test.texts, "en")
    panels: dict[str, Panel] = {}
    found = []
    for name in names:
        started = time.process_time()
        made = ROWS[name](test)
        seconds = time.process_time() - started
        if keep is not None:
            save(made, test, keep / name.replace(" ", "-"))
        entries = {judge.card.name: judged(name, made, judge, counted) for judge in judges}
        for judge in judges:
            if judge.card.name not in panels:
                panels[judge.card.name] = make_panel(judge, test.true, counted, fps=FPS)
        found.append(row_of(name, entries, panels, figures(made, test.true), seconds))
        print_row(found[-1])
    return found


def row_of(
    name: str,
    entries: Mapping[str, Entry],
    panels: Mapping[str, Panel],
    measured: dict[str, float],
    seconds: float,
) -> Row:
    scaled = {}
    for judge, entry in entries.items():
        one = normalised(HEADLINE, entry, panels[judge], Resampling(resamples=40))
        scaled[judge] = float("nan") if one is None or one.value is None else one.value
    bleu = {judge: bleu_of(entry) for judge, entry in entries.items()}
    return Row(name, bleu, scaled, measured, seconds)


def bleu_of(entry: Entry) -> float:
    found = entry.measure(HEADLINE)
    return float("nan") if found is None else found.value


def save(made: Sequence[PoseSequence], test: Test, folder: Path) -> None:
    from signgen.data.poses import write_poses

    folder.mkdir(parents=True, exist_ok=True)
    for name, poses in zip(test.clips, made, strict=True):
        write_poses(poses, folder / f"{name}.npz")


def print_head() -> None:
    columns = "".join(f"{name:>13}" for name in COLUMNS)
    print(f"{'row':18}{'BLEU-4':>8}{'normalised':>12} {'range':13}{columns}{'CPU s':>8}", flush=True)


def print_row(row: Row) -> None:
    scaled = row.normalised.values()
    spread = f"{min(scaled):.2f} to {max(scaled):.2f}"
    columns = "".join(f"{row.figures[name]:13.2f}" for name in COLUMNS)
    bleu = mean(row.bleu.values())
    print(f"{row.name:18}{bleu:8.1f}{mean(scaled):12.3f} {spread:13}{columns}{row.seconds:8.1f}", flush=True)


def make(folder: Path) -> Path:
    """The corpus, made once."""
    from signgen.config import load_yaml
    from signgen.corpus.make import make_corpus
    from signgen.corpus.settings import prepare

    if not (folder / "corpus.json").is_file():
        values = {**load_yaml(STYLE), "sentences": SENTENCES, "seed": SEED, "dev": 0.05, "test": TEST_SHARE}
        make_corpus("english-asl", folder, prepare(values))
    return folder


def unseen(clips: Mapping[str, Found], judges: Sequence[Judge], folder: Path, count: int) -> dict[str, Found]:
    """The first clips that neither judges nor the checkpoint have read in training."""
    read = frozenset[str]().union(*(judge.card.trained_on.texts or () for judge in judges))
    if (folder / FILE).is_file():
        read |= trained_on(folder).texts or frozenset()
    found = [
        (name, clip) for name, clip in clips.items() if hash_of(str(clip.info.get("text", ""))) not in read
    ]
    print(f"{len(found)} of {len(clips)} clips have a text that nobody read in training")
    return dict(found[:count])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", default="signdw-ase-tiny")
    parser.add_argument("--corpus", type=Path, help="of signgen corpus make; made if not given")
    parser.add_argument("--clips", type=int, default=150)
    parser.add_argument("--judge", default="ase")
    parser.add_argument("--members", type=int, default=0, help="judges that read; 0: all")
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument(
        "--also", nargs="*", default=[], metavar="ROW=FOLDER", help="other checkpoints: flow=... regress=..."
    )
    parser.add_argument(
        "--set", dest="draws", nargs="*", default=[], help="how codes are drawn: temperature=0.7 ..."
    )
    parser.add_argument("--no-smooth", action="store_true", help="poses as they are decoded")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--poses", type=Path, help="keep the poses of all rows here")
    given = parser.parse_args()
    others = dict(pair.split("=", 1) for pair in given.also)
    ROWS.update({f"signdw {name}": also(folder) for name, folder in others.items()})
    names = [*given.rows, *(f"signdw {name}" for name in others)]
    torch.set_num_threads(1)
    judges = load_judges([given.judge], device="cpu")[: given.members or None]
    with tempfile.TemporaryDirectory() as scratch:
        corpus = given.corpus or make(Path(scratch))
        clips = read_clips(corpus / "test")
    chosen = unseen(clips, judges, checkpoint_named(given.checkpoint), given.clips)
    test = Test(chosen, load_checkpoint(given.checkpoint), draws_of(given.draws), not given.no_smooth)
    print(
        f"{len(chosen)} clips, {sum(map(len, test.true)):,} frames; checkpoint {test.checkpoint.id}, "
        f"{len(judges)} judges\n"
    )
    print_head()
    rows = measure(test, judges, names, given.poses)
    if given.json is not None:
        given.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")


def draws_of(pairs: Sequence[str]) -> DrawSettings:
    from signgen.config import check

    values = dict(pair.split("=", 1) for pair in pairs)
    plain: dict[str, Any] = {key: value if key == "mode" else float(value) for key, value in values.items()}
    kinds = asdict(DrawSettings())
    whole = {key: int(value) if isinstance(kinds.get(key), int) else value for key, value in plain.items()}
    return check(DrawSettings, whole, where="draw")


if __name__ == "__main__":
    main()
