"""signgen: text in, signing video out.

Importing this package loads neither torch nor numba; the public names are imported when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from signgen.batch.make import plan_batch as plan_batch
    from signgen.batch.make import run_batch as run_batch
    from signgen.batch.make import verify_batch as verify_batch
    from signgen.config import load_yaml as load_yaml
    from signgen.data.captions import write_webvtt as write_webvtt
    from signgen.data.cue import Cue as Cue
    from signgen.data.poses import read_pose as read_pose
    from signgen.data.poses import read_poses as read_poses
    from signgen.data.poses import write_poses as write_poses
    from signgen.data.video import read_video as read_video
    from signgen.data.video import write_video as write_video
    from signgen.dataset.build import build_dataset as build_dataset
    from signgen.dataset.manifest import Sample as Sample
    from signgen.dataset.manifest import write_manifest as write_manifest
    from signgen.dataset.verify import verify_dataset as verify_dataset
    from signgen.errors import SignGenError as SignGenError
    from signgen.lexicon.glosses import make_plan as make_plan
    from signgen.lexicon.lexicon import open_lexicon as open_lexicon
    from signgen.loop.run import run_loop as run_loop
    from signgen.pose.sequence import PoseSequence as PoseSequence
    from signgen.text2pose.base import utter as utter
    from signgen.workflow.captions import caption_track as caption_track
    from signgen.workflow.clip_texts import sign_clips as sign_clips
    from signgen.workflow.evaluate import evaluate_files as evaluate_files
    from signgen.workflow.generate import generate as generate
    from signgen.workflow.generate import generate_poses as generate_poses
    from signgen.workflow.render import render_video as render_video
    from signgen.workflow.rerun import rerun as rerun
    from signgen.workflow.settings import prepare as prepare
    from signgen.workflow.training import make_corpus as make_corpus
    from signgen.workflow.training import train_schedules as train_schedules

__version__ = "0.1.0"

# The public API: each name and the module it lives in.
_HOME = {
    "Cue": "signgen.data.cue",
    "PoseSequence": "signgen.pose.sequence",
    "Sample": "signgen.dataset.manifest",
    "SignGenError": "signgen.errors",
    "build_dataset": "signgen.dataset.build",
    "caption_track": "signgen.workflow.captions",
    "evaluate_files": "signgen.workflow.evaluate",
    "generate": "signgen.workflow.generate",
    "generate_poses": "signgen.workflow.generate",
    "load_yaml": "signgen.config",
    "make_corpus": "signgen.workflow.training",
    "make_plan": "signgen.lexicon.glosses",
    "open_lexicon": "signgen.lexicon.lexicon",
    "plan_batch": "signgen.batch.make",
    "prepare": "signgen.workflow.settings",
    "read_pose": "signgen.data.poses",
    "read_poses": "signgen.data.poses",
    "read_video": "signgen.data.video",
    "render_video": "signgen.workflow.render",
    "rerun": "signgen.workflow.rerun",
    "run_batch": "signgen.batch.make",
    "run_loop": "signgen.loop.run",
    "sign_clips": "signgen.workflow.clip_texts",
    "train_schedules": "signgen.workflow.training",
    "utter": "signgen.text2pose.base",
    "verify_batch": "signgen.batch.make",
    "verify_dataset": "signgen.dataset.verify",
    "write_manifest": "signgen.dataset.manifest",
    "write_poses": "signgen.data.poses",
    "write_video": "signgen.data.video",
    "write_webvtt": "signgen.data.captions",
}
__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'signgen' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
