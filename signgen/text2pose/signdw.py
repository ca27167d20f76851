"""Text to poses by a SignDW Transformer: learned from a corpus, drawn anew with each seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge, Gt, Le

from signgen.config import setting
from signgen.data.cue import Cue
from signgen.errors import ConfigError
from signgen.pose.sequence import PoseSequence
from signgen.signdw.flow_settings import RefineSettings
from signgen.signdw.settings import DrawSettings
from signgen.text2pose.base import Utterance, sources

if TYPE_CHECKING:
    from signgen.signdw.checkpoint.folder import Checkpoint
    from signgen.signdw.signing.texts import Signed
    from signgen.text2pose.retrieval import Drafts

DEFAULT_CHECKPOINT = "signdw-ase-tiny"
# More than as learned: clearer signs for a second pass; at 1.5 fingertips of the built-in checkpoint go too far.
GUIDANCE = 1.2
_DRAWS = {field.name: field for field in fields(DrawSettings) if field.name != "refine"}
_REFINES = {field.name: field for field in fields(RefineSettings)}


def _drawn(name: str) -> Any:
    """A setting of `DrawSettings`, with its default and meaning from there."""
    return setting(_DRAWS[name].default, str(_DRAWS[name].metadata["doc"]))


def _refined(name: str) -> Any:
    """A setting of `RefineSettings`, likewise."""
    return setting(_REFINES[name].default, f"{_REFINES[name].metadata['doc']} (checkpoints of --head flow)")


@sources.register("signdw")
@dataclass(frozen=True)
class SignDWSource:
    """Signs what a network learned from a corpus; it knows the words and signs of that corpus and no others."""

    checkpoint: str = setting(DEFAULT_CHECKPOINT, "built in, or a folder of signgen train signdw")
    signed_language: str = setting(
        "", "ISO 639-3 code such as ase; empty: whatever the network was trained on"
    )
    retrieval: str = setting(
        "",
        "lexicon whose grammar plans and whose signs are looked at (checkpoints trained with --retrieval); "
        "empty: the text alone",
    )
    mode: Literal["causal", "masked"] = _drawn("mode")
    rounds: Annotated[int, Ge(1), Le(256)] = _drawn("rounds")
    temperature: Annotated[float, Ge(0), Le(10)] = _drawn("temperature")
    face_temperature: Annotated[float, Gt(0), Le(10)] = _drawn("face_temperature")
    top_k: Annotated[int, Ge(0), Le(65536)] = _drawn("top_k")
    guidance: Annotated[float, Ge(0), Le(20)] = setting(GUIDANCE, str(_DRAWS["guidance"].metadata["doc"]))
    repetition: Annotated[float, Gt(0), Le(10)] = _drawn("repetition")
    recent: Annotated[int, Ge(1), Le(256)] = _drawn("recent")
    max_run: Annotated[int, Ge(0), Le(4096)] = _drawn("max_run")
    gloss_temperature: Annotated[float, Ge(0), Le(10)] = _drawn("gloss_temperature")
    duration_temperature: Annotated[float, Ge(0), Le(10)] = _drawn("duration_temperature")
    eight_bits: bool = _drawn("eight_bits")
    refine_steps: Annotated[int, Ge(1), Le(1000)] = _refined("steps")
    refine_solver: Literal["euler", "heun"] = _refined("solver")
    refine_guidance: Annotated[float, Ge(0), Le(20)] = _refined("guidance")
    refine_noise: Annotated[float, Ge(0), Le(2)] = _refined("noise")
    handed: Literal["right", "left"] = setting("right", "dominant hand of the signer")
    fps: Annotated[float, Ge(1), Le(240)] = setting(24.0, "frames per second")
    width: Annotated[int, Ge(16), Le(8192)] = setting(512, "canvas width in pixels")
    height: Annotated[int, Ge(16), Le(8192)] = setting(512, "canvas height in pixels")
    smooth: bool = setting(True, "low-pass what codes decode to (body 6 Hz, hands 4.5 Hz)")
    device: str = setting("cpu", "what computes: cpu, cuda, auto, ...")

    def __call__(self, text: str, *, seed: int = 0) -> PoseSequence:
        """Poses for ``text``; see `explain` for errors."""
        return self.explain(text, seed=seed).poses

    def explain(self, text: str, *, seed: int = 0) -> Utterance:
        """Poses for ``text`` with the glosses that were planned.

        Raises:
            DataError: the text is empty, too long, or of no known word.
            ConfigError: a signed language that the network has no tag for, retrieval without training for it, or a
                setting that the checkpoint has no use for.
            LexiconError: the lexicon to retrieve from has nothing for the text.
            CheckpointError: the checkpoint is missing, damaged, or of another layout or rate.
            ResourceError: there is not enough memory.
            DependencyError: torch is not installed.
        """
        from signgen.signdw.signing.texts import sign_texts

        loaded = self.loaded
        language, size = self.signed_language or None, (self.width, self.height)
        signed = sign_texts(loaded, [text], self.draws, [seed], language, size, self.smooth, self.drafter)[0]
        return self._utterance(text, signed)

    def stream(self, text: str, *, seed: int = 0) -> Iterator[PoseSequence]:
        """The poses of a call piece by piece, each as soon as nothing that is drawn later can change it.

        Raises:
            ConfigError: a mode or a frame rate that cannot be had piece by piece; also as `explain`.
            DataError, CheckpointError, ResourceError, DependencyError: as `explain`.
        """
        from signgen.pose.geometry import mirror
        from signgen.signdw.signing.streaming import stream_text

        loaded = self.loaded
        if self.fps != loaded.card.expects.fps:
            raise ConfigError(
                f"source.fps: a stream has {loaded.card.expects.fps:g} frames a second; use that"
            )
        language, size = self.signed_language or None, (self.width, self.height)
        pieces = stream_text(loaded, text, self.draws, seed, language, size, self.smooth, self.drafter)
        return pieces if self.handed == "right" else map(mirror, pieces)

    @cached_property
    def loaded(self) -> Checkpoint:
        """The checkpoint, read once."""
        from signgen.nn.extra import need

        need("torch", "safetensors", "sentencepiece", what="the source signdw")
        from signgen.nn.device import device_named
        from signgen.signdw.checkpoint.folder import load_checkpoint

        return load_checkpoint(self.checkpoint, device_named(self.device))

    @property
    def draws(self) -> DrawSettings:
        """How codes are drawn."""
        refine = RefineSettings(**{name: getattr(self, f"refine_{name}") for name in _REFINES})
        return DrawSettings(**{name: getattr(self, name) for name in _DRAWS}, refine=refine)

    @cached_property
    def drafter(self) -> Drafts | None:
        """What plans in the place of the network, with signs to look at; None: nothing does.

        Raises:
            ConfigError: the checkpoint was trained without retrieval.
        """
        if not self.retrieval:
            return None
        from signgen.signdw.signing.drafts import check_retrieves
        from signgen.text2pose.retrieval import Drafts

        check_retrieves(self.loaded)
        return Drafts(self.retrieval, self.signed_language)

    def _utterance(self, text: str, signed: Signed) -> Utterance:
        from signgen.pose.geometry import mirror
        from signgen.pose.motion import resample

        poses = signed.poses if self.handed == "right" else mirror(signed.poses)
        rate = poses.fps
        poses = poses if self.fps == rate else resample(poses, self.fps)
        glosses = tuple(Cue(a / rate, b / rate, gloss) for gloss, a, b in signed.glosses)
        warnings = [
            f"{word!r} is in no training text of {self.checkpoint}: what is signed for it is a guess"
            for word in signed.unknown
        ]
        return Utterance(
            poses,
            mode="signdw",
            tiers={"text": (Cue(0.0, poses.seconds, text),), "gloss": glosses},
            report={
                "checkpoint": self.checkpoint,
                "weights": self.loaded.id,
                "licence": self.loaded.card.licence,
                "warnings": warnings,
            },
        )
