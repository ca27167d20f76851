"""What a job writes beside its output: enough to judge it, to credit its sources and to run it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signgen.data.sidecar import Sidecar, describe_output, write_sidecar
from signgen.lexicon.plan import TokenReport
from signgen.pose.sequence import PoseSequence
from signgen.text2pose.base import FrameOrigin, Utterance
from signgen.workflow import digest
from signgen.workflow.settings import PARTS, Job

OUTCOMES = ("signed", "spelled", "missing", "dropped", "mark")


@dataclass(frozen=True)
class Result:
    """What a job made.

    Attributes:
        outputs: the files written, the main one first, the sidecar last.
        frames: frames of the clip.
        seconds: its duration [s].
        mode: how the text was put into signs; empty where no text was.
        coverage: what became of each input token.
        poses_sha256: fingerprint of the poses.
        frames_sha256: fingerprint of the frames, empty if none were drawn.
        warnings: what the user should know, one line each.
    """

    outputs: tuple[Path, ...]
    frames: int
    seconds: float
    mode: str = ""
    coverage: tuple[TokenReport, ...] = ()
    poses_sha256: str = ""
    frames_sha256: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """The input tokens that could not be signed."""
        return tuple(token.text for token in self.coverage if token.outcome == "missing")


def count_outcomes(coverage: Iterable[TokenReport]) -> dict[str, int]:
    """Number of tokens for each outcome; the counts add up to the number of tokens."""
    counts = dict.fromkeys(OUTCOMES, 0)
    for token in coverage:
        counts[token.outcome] += 1
    return counts


def describe_coverage(coverage: Sequence[TokenReport]) -> dict[str, Any]:
    """The coverage report as plain values."""
    return {"tokens": len(coverage), **count_outcomes(coverage), "each": list(coverage)}


def describe_sources(origins: Iterable[FrameOrigin]) -> list[dict[str, Any]]:
    """The recordings used, each once, in order of first use, with licence and number of output frames."""
    used: dict[str, dict[str, Any]] = {}
    for origin in origins:
        if origin.entry:
            row = used.setdefault(
                origin.entry, {"entry": origin.entry, "licence": origin.licence, "frames": 0}
            )
            row["frames"] += origin.end - origin.start
    return list(used.values())


def describe_poses(poses: PoseSequence) -> dict[str, Any]:
    """Size, rate and fingerprint of poses."""
    return {
        "frames": len(poses),
        "fps": poses.fps,
        "width": poses.width,
        "height": poses.height,
        "sha256": digest.of_poses(poses),
    }


def describe_utterance(utterance: Utterance) -> dict[str, Any]:
    """The account of an utterance: mode, coverage, timeline, origin of each frame, figures of the source."""
    return {
        "mode": utterance.mode,
        "coverage": describe_coverage(utterance.coverage),
        "tiers": dict(utterance.tiers),
        "origins": list(utterance.origins),
        "report": dict(utterance.report),
        "poses": describe_poses(utterance.poses),
    }


def write_record(
    path: Path,
    command: str,
    job: Job,
    written: Sequence[Path],
    *,
    account: Mapping[str, Any],
    text: str = "",
    origins: Iterable[FrameOrigin] = (),
    warnings: Sequence[str] = (),
    parts: Sequence[str] = ("source", "renderer"),
) -> None:
    """Write the sidecar of a run.

    Args:
        path: where.
        command: the verb.
        job: parts and settings of the run.
        written: the other files of the run.
        account: figures about the making.
        text: the input text.
        origins: where the frames came from.
        warnings: what the user should know.
        parts: the kinds of parts that had a say; the settings of others are left out.
    """
    used = describe_sources(origins)
    rows = (*used, *_renderer(account).get("weights", ()))
    licences = tuple(dict.fromkeys(row["licence"] for row in rows if row["licence"]))
    config = config_of(job, parts)
    outputs = tuple(describe_output(file) for file in written)
    write_sidecar(
        path, Sidecar(command, config, job.seed, text, used, licences, outputs, tuple(warnings), account)
    )


def config_of(job: Job, parts: Sequence[str]) -> dict[str, Any]:
    """The settings of a run in which only these kinds of ``parts`` had a say."""
    return {name: value for name, value in job.config.items() if name in parts or name not in PARTS}


def warnings_of(report: Mapping[str, Any]) -> tuple[str, ...]:
    """The warnings a source put into its report."""
    warnings = report.get("warnings", ())
    return tuple(str(line) for line in warnings) if isinstance(warnings, list | tuple) else ()


def warnings_of_renderer(account: Mapping[str, Any]) -> tuple[str, ...]:
    """What a renderer gave up when memory ran out, limbs it could not fit, windows that stayed bad; a line each."""
    told = _renderer(account)
    steps, limbs = told.get("memory", ()), told.get("alignment", {}).get("warnings", ())
    return (
        *(f"memory ran out ({step}): another machine may draw other pixels" for step in steps),
        *(f"appearance: {limb}; drawn with the signer's own" for limb in limbs),
        *told.get("warnings", ()),
    )


def _renderer(account: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the renderer told of a clip; see `signgen.render.base.account_of`."""
    told = account.get("frames", {}).get("renderer", {})
    return told if isinstance(told, Mapping) else {}
