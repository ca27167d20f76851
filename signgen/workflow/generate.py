"""Text to finished files: poses or a video, captions, ELAN tiers and the sidecar that repeats the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from signgen.data.captions import write_webvtt
from signgen.data.eaf import write_eaf
from signgen.data.poses import write_poses
from signgen.data.sidecar import sidecar_path
from signgen.data.video import write_video
from signgen.errors import LexiconError
from signgen.render.base import account_of
from signgen.text2pose.base import Utterance, utter
from signgen.workflow import digest, outputs
from signgen.workflow.convert import check_pose_path
from signgen.workflow.credentials import sign_drawn
from signgen.workflow.progress import Progress, counted, silent
from signgen.workflow.record import (
    Result,
    describe_utterance,
    warnings_of,
    warnings_of_renderer,
    write_record,
)
from signgen.workflow.settings import Job, prepare
from signgen.workflow.texts import check_text


def generate(
    text: str,
    output: str | Path,
    config: Mapping[str, Any] | None = None,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> Result:
    """Sign ``text`` and write a video with captions and a sidecar beside it.

    Args:
        text: one sentence or a few; checked by `check_text`.
        output: the video; ``clip.mp4`` brings ``clip.vtt``, ``clip.json`` and, if asked for, ``clip.eaf``.
        config: settings as in ``configs/generate.yaml``; what is left out takes its default.
        force: replace files that exist.
        progress: told how far the drawing is.

    Raises:
        SignGenError: a leaf that says what is wrong; then nothing is left behind.
    """
    return make_video(prepare(config), text, Path(output), force=force, progress=progress)


def generate_poses(
    text: str, output: str | Path, config: Mapping[str, Any] | None = None, *, force: bool = False
) -> Result:
    """Sign ``text`` and write poses (``.npz``, ``.pose``, ``.json``) with a sidecar beside them."""
    return make_poses(prepare(config), text, Path(output), force=force)


def make_poses(job: Job, text: str, output: Path, *, force: bool = False) -> Result:
    """`generate_poses` with parts that are already built, so that many texts share what they have loaded."""
    check_pose_path(output)
    sidecar = sidecar_path(output)
    outputs.refuse_existing((output, sidecar), force)
    utterance = sign(job, text)
    with outputs.all_or_nothing() as written:
        write_poses(utterance.poses, output)
        written.append(output)
        account = describe_utterance(utterance)
        _record(sidecar, "pose", job, written, text, utterance, account, parts=("source",))
    return _result(utterance, written, account)


def make_video(
    job: Job, text: str, output: Path, *, force: bool = False, progress: Progress = silent
) -> Result:
    """`generate` with parts that are already built, so that many texts share what they have loaded."""
    outputs.check_video_path(output)
    captions, eaf, sidecar = (output.with_suffix(suffix) for suffix in (".vtt", ".eaf", ".json"))
    optional = [
        path for path, wanted in ((captions, job.settings.captions), (eaf, job.settings.eaf)) if wanted
    ]
    outputs.refuse_existing((output, *optional, sidecar), force)
    job.check_drawing()
    utterance = sign(job, text)
    with outputs.all_or_nothing() as written:
        drawn = draw(job, utterance, output, written, progress)
        if job.settings.captions:
            write_webvtt(utterance.tiers.get("text", ()), captions)
            written.append(captions)
        if job.settings.eaf:
            write_eaf(utterance.tiers, eaf, output.name)
            written.append(eaf)
        account = {**describe_utterance(utterance), "frames": drawn}
        _record(sidecar, "generate", job, written, text, utterance, account)
    return _result(utterance, written, account, job.warnings())


def sign(job: Job, text: str) -> Utterance:
    """The poses of a text with their account.

    Raises:
        DataError: a text that cannot be signed at all.
        LexiconError: not one token of the text has a sign.
    """
    utterance = _drafted(job, check_text(text))
    if not len(utterance.poses):
        missing = tuple(token.text for token in utterance.coverage if token.outcome == "missing")
        raise LexiconError(
            f"text {text[:40]!r}: no part of it can be signed with this lexicon; try another --lexicon",
            missing,
        )
    return utterance


def _drafted(job: Job, text: str) -> Utterance:
    """One draft, or the best of several."""
    settings = job.settings
    if settings.n_best == 1:
        return utter(job.source, text, seed=job.seed)
    from signgen.workflow.n_best import best_of

    return best_of(job.source, text, seed=job.seed, count=settings.n_best, judge=settings.judge)


def draw(
    job: Job, utterance: Utterance, output: Path, written: list[Path], progress: Progress
) -> dict[str, Any]:
    """Render poses into a video, add it to ``written`` and return the account of its frames."""
    fingerprint, poses = digest.FrameDigest(), utterance.poses
    frames = fingerprint.over(job.renderer(poses, seed=job.seed))
    shown = counted(frames, "drawing", len(poses), progress)
    count = write_video(shown, output, poses.fps, crf=job.settings.crf)
    written.append(output)
    told = account_of(job.renderer)
    drawn: dict[str, Any] = {"frames": count, "fps": poses.fps, "sha256": fingerprint.hexdigest}
    drawn = {**drawn, "renderer": told} if told else drawn
    if (credentials := job.credentials) is not None:
        drawn["source_type"] = sign_drawn(output, credentials, utterance, drawn, job.config)
    return drawn


def _record(
    sidecar: Path,
    command: str,
    job: Job,
    written: list[Path],
    text: str,
    utterance: Utterance,
    account: Mapping[str, Any],
    parts: Sequence[str] = ("source", "renderer"),
) -> None:
    write_record(
        sidecar,
        command,
        job,
        written,
        account=account,
        text=text,
        origins=utterance.origins,
        warnings=_warnings(utterance, account),
        parts=parts,
    )
    written.append(sidecar)


def _result(
    utterance: Utterance, written: Sequence[Path], account: Mapping[str, Any], told: Sequence[str] = ()
) -> Result:
    return Result(
        outputs=tuple(written),
        frames=len(utterance.poses),
        seconds=utterance.poses.seconds,
        mode=utterance.mode,
        coverage=utterance.coverage,
        poses_sha256=account["poses"]["sha256"],
        frames_sha256=account.get("frames", {}).get("sha256", ""),
        warnings=(*_warnings(utterance, account), *told),
    )


def _warnings(utterance: Utterance, account: Mapping[str, Any]) -> tuple[str, ...]:
    return *warnings_of(utterance.report), *warnings_of_renderer(account)
