"""Small finished folders for the tests of batch output."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from signgen.batch.output.finish import finish_folder
from signgen.batch.output.sample import Made, member_path, put_sample
from signgen.batch.output.shard import DATA, ShardFacts, shard_name
from signgen.batch.spool import Spool
from signgen.data.cue import Cue
from signgen.data.strict_json import to_json
from signgen.data.video import write_video
from signgen.lexicon.plan import TokenReport
from signgen.pose.sequence import PoseSequence
from signgen.text2pose.base import FrameOrigin, Utterance

FRAMES, FPS, SIDE = 5, 25.0, 64
TEXT = "hello wörld"


def poses_of(key: str) -> PoseSequence:
    """Poses that differ from key to key."""
    rng = np.random.default_rng(list(key.encode()))
    keypoints = rng.uniform(1, SIDE - 1, (FRAMES, 128, 3)).astype(np.float32)
    keypoints[..., 2] = 0.9
    return PoseSequence(keypoints, FPS, SIDE, SIDE)


def made_of(key: str, **changes: object) -> Made:
    """A sample with a gloss, an origin with a licence, and a word that cannot be signed."""
    utterance = Utterance(
        poses_of(key),
        "word-by-word",
        {"text": (Cue(0, 0.2, TEXT),), "gloss": (Cue(0, 0.1, "HELLO"),)},
        (TokenReport("hello", "signed"), TokenReport("wörld", "missing")),
        (FrameOrigin(0, 3, "sign", "HELLO", 0, 3, "CC-BY-4.0"), FrameOrigin(3, FRAMES, "transition")),
    )
    plan = {"seed": 3, "name": "", "renderer.signer": "amy", "source": "stitch"}
    return Made(key, TEXT, utterance, **{"language": "ase", "plan": plan, "config_hash": "c0", **changes})


def filled_spool(
    folder: Path, name: str, keys: list[str], has_video: bool = False, **changes: object
) -> Spool:
    """Finished samples in a spool."""
    spool = Spool(folder, name)
    for key in keys:
        if has_video:
            frames = [np.full((SIDE, SIDE, 3), 40 * t, np.uint8) for t in range(FRAMES)]
            write_video(frames, member_path(spool.path, key, "mp4"), FPS)
        put_sample(spool, made_of(key, has_video=has_video, **changes))
    return spool


def commit(folder: Path, facts: ShardFacts) -> None:
    """What says that a shard is there."""
    place = folder / "commits" / f"{Path(facts.name).stem}.json"
    place.parent.mkdir(exist_ok=True)
    place.write_text(to_json({"name": place.stem, "shard": facts}) + "\n")


def make_batch(
    folder: Path,
    shards: int = 2,
    samples: int = 3,
    prefix: str = "a",
    *,
    parquet: bool = False,
    **changes: object,
) -> Path:
    """A finished folder."""
    for number in range(shards):
        keys = [f"{prefix}{number}-{i}" for i in range(samples)]
        spool = filled_spool(folder, str(number), keys, **changes)
        commit(folder, spool.publish(folder / DATA / shard_name("train", number, shards)))
    finish_folder(folder, parquet=parquet)
    return folder
