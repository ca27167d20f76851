"""Text to poses by stitching isolated signs of a lexicon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import ceil, floor
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from annotated_types import Ge, Gt, Le

from signgen.config import setting
from signgen.errors import LexiconError
from signgen.lexicon.entry import Entry
from signgen.lexicon.plan import PauseItem, Plan, SignItem
from signgen.pose.sequence import PoseSequence
from signgen.text2pose.base import FrameOrigin, Utterance, sources

if TYPE_CHECKING:
    from signgen.lexicon.lexicon import Lexicon
    from signgen.text2pose.stitching.clip import Clip
    from signgen.text2pose.stitching.sentence import Sign, Stitched
    from signgen.text2pose.stitching.shape import SignerShape

# Rest between two fingerspelled words [s].
WORD_GAP = 0.12
# A signer's proportions are read off this many recordings, spread over the lexicon.
SHAPE_SAMPLE = 12
PREPARED_CLIPS = 1024


@sources.register("stitch")
@dataclass(frozen=True)
class Stitch:
    """Isolated signs joined by movements that keep the bones' length, after Sign Stitching (Walsh et al. 2024)."""

    lexicon: str = setting("ase", "ase (built in), a folder, fingerspelling:<iso>, or several joined by +")
    signed_language: str = setting("", "ISO 639-3 code, such as ase; empty: the lexicon's first")
    spoken_language: str = setting("", "ISO 639 code of the text, such as en; empty: the lexicon's first")
    rules: str = setting(
        "auto", "grammar of the signed language: auto, none (word by word) or a rule set's name"
    )
    oov: Literal["fingerspell", "skip", "fail"] = setting(
        "fingerspell", "what to do with words not in the lexicon"
    )
    variants: Literal["smooth", "first", "random"] = setting(
        "smooth", "which recording of a sign: the one that joins best, the first, or one drawn by the seed"
    )
    speed: Annotated[float, Ge(0.25), Le(4)] = setting(1.0, "factor on the speed of everything")
    transition_scale: Annotated[float, Gt(0), Le(5)] = setting(1.0, "factor on the length of transitions")
    handed: Literal["right", "left"] = setting("right", "dominant hand of the signer")
    fps: Annotated[float, Ge(1), Le(240)] = setting(24.0, "frames per second")
    width: Annotated[int, Ge(16), Le(8192)] = setting(512, "canvas width in pixels")
    height: Annotated[int, Ge(16), Le(8192)] = setting(512, "canvas height in pixels")
    canonical: bool = setting(True, "give all signers the same bone lengths")
    crop: bool = setting(True, "cut rest, lead-in and lead-out off the recordings")
    retime: bool = setting(True, "bend signs to the tempo of continuous signing")
    smooth: bool = setting(True, "low-pass the result (body 6 Hz, fingers 9 Hz)")

    def __call__(self, text: str, *, seed: int = 0) -> PoseSequence:
        """Poses for ``text``; see `explain` for errors."""
        return self.explain(text, seed=seed).poses

    def explain(self, text: str, *, seed: int = 0) -> Utterance:
        """Poses for ``text`` with gloss timeline, provenance of every frame, coverage and seam report.

        Raises:
            LexiconError: nothing in the text can be signed, or words are missing under ``oov="fail"``.
            DataError: a recording cannot be read.
            ConfigError: an unknown lexicon, language or rule set.
        """
        from signgen.lexicon.glosses import make_plan

        plan = make_plan(
            text,
            self.opened,
            spoken_language=self.spoken_language or None,
            signed_language=self.signed_language or None,
            oov=self.oov,
            rules=self.rules,
        )
        chosen, stitched = self._stitched(plan, seed)
        return self._utterance(plan, chosen, stitched)

    def poses(self, plan: Plan, *, seed: int = 0) -> PoseSequence:
        """Poses alone, for a plan however it was made.

        Raises:
            LexiconError: there is nothing to sign in it.
            DataError: a recording cannot be read.
        """
        return self._on_canvas(self._stitched(plan, seed)[1].clip)

    def _stitched(self, plan: Plan, seed: int) -> tuple[list[tuple[Entry, ...]], Stitched]:
        from signgen.text2pose.stitching.sentence import StitchSettings, stitch

        items = _signs_of(plan)
        if not items:
            raise LexiconError(
                f"text: nothing in {_short(plan.text)} can be signed with {self.lexicon!r}", plan.missing
            )
        chosen = self._candidates(items, seed)
        settings = StitchSettings(
            self.speed, self.transition_scale, crop=self.crop, retime=self.retime, smooth=self.smooth
        )
        return chosen, stitch(self.signs(plan, chosen), settings)

    @cached_property
    def opened(self) -> Lexicon:
        """The opened lexicon."""
        from signgen.lexicon.lexicon import open_lexicon

        return open_lexicon(self.lexicon)

    def prepared(self, entry: Entry) -> Clip:
        """A recording at the working rate in the canonical shape; the most recently used are kept."""
        clip: Clip = self._prepared(entry)
        return clip

    def forget(self) -> None:
        """Drop all recordings kept in memory; the next sentence reads them again."""
        self._prepared.cache_clear()
        self.opened.forget()

    def _candidates(self, items: Sequence[SignItem], seed: int) -> list[tuple[Entry, ...]]:
        """The recordings that may be used for each sign, by the variants policy."""
        if self.variants == "smooth":
            return [item.candidates for item in items]
        if self.variants == "first":
            return [item.candidates[:1] for item in items]
        rng = np.random.default_rng(seed)
        return [(item.candidates[int(rng.integers(len(item.candidates)))],) for item in items]

    @cached_property
    def _prepared(self):  # type: ignore[no-untyped-def]
        return lru_cache(maxsize=PREPARED_CLIPS)(self._prepare)

    def _prepare(self, entry: Entry) -> Clip:
        from signgen.text2pose.stitching.shape import canonical

        clip = self._raw_clip(entry)
        return canonical(clip, self._shape(entry.lexicon, entry.signer)) if self.canonical else clip

    def _raw_clip(self, entry: Entry) -> Clip:
        from signgen.pose.geometry import mirror
        from signgen.text2pose.stitching.clip import make_clip

        poses = self.opened.load(entry)
        is_cut = entry.start > 0 or entry.end is not None
        return make_clip(mirror(poses) if entry.handedness == "left" else poses, self.fps, is_cut=is_cut)

    @cached_property
    def _shape(self):  # type: ignore[no-untyped-def]
        """Proportions of the signer of a lexicon, by lexicon name and signer."""
        return lru_cache(maxsize=None)(self._measure)

    def _measure(self, lexicon: str, signer: str) -> SignerShape:
        from signgen.text2pose.stitching.shape import measure_shape

        entries = [e for e in self.opened.entries if (e.lexicon, e.signer) == (lexicon, signer)]
        picked = entries[:: max(1, len(entries) // SHAPE_SAMPLE)][:SHAPE_SAMPLE]
        return measure_shape([self._raw_clip(entry) for entry in picked])

    def signs(self, plan: Plan, chosen: Sequence[tuple[Entry, ...]]) -> list[Sign]:
        """The signs of a plan, ready for the stitcher.

        Args:
            plan: what to sign.
            chosen: recordings that may be used for each `SignItem` of the plan, in order; none empty.
        """
        from signgen.text2pose.stitching.sentence import Sign

        signs: list[Sign] = []
        positions = [i for i, item in enumerate(plan.items) if isinstance(item, SignItem)]
        for entries, position in zip(chosen, positions, strict=True):
            item = plan.items[position]
            assert isinstance(item, SignItem)
            before = plan.items[position - 1] if position else None
            after = plan.items[position + 1] if position + 1 < len(plan.items) else None
            signs.append(
                Sign(
                    tuple(self.prepared(entry) for entry in entries),
                    is_letter=item.kind == "letter",
                    is_edge=_is_edge(before, item, after),
                    is_double=_same_word(before, item)
                    and isinstance(before, SignItem)
                    and before.gloss == item.gloss,
                    pause=_pause_after(item, after),
                    marks=item.non_manuals,
                )
            )
        return signs

    def _utterance(self, plan: Plan, chosen: Sequence[tuple[Entry, ...]], stitched: Stitched) -> Utterance:
        from signgen.text2pose.stitching.timeline import timeline

        entries = [options[choice.variant] for options, choice in zip(chosen, stitched.choices, strict=True)]
        poses = self._on_canvas(stitched.clip)
        return Utterance(
            poses,
            mode=plan.mode,
            tiers=timeline(plan, _signs_of(plan), entries, stitched.runs, poses.fps),
            coverage=plan.coverage,
            origins=tuple(self._origins(entries, stitched)),
            report={
                **stitched.report,
                "lexicon": self.lexicon,
                "licences": sorted({entry.licence for entry in entries if entry.licence}),
                "sources": sorted({entry.id for entry in entries}),
            },
        )

    def _origins(self, entries: Sequence[Entry], stitched: Stitched) -> list[FrameOrigin]:
        origins = []
        for run in stitched.runs:
            if run.operation != "sign":
                origins.append(FrameOrigin(run.start, run.end, run.operation))
                continue
            entry = entries[run.sign]
            first = int(entry.start * self.opened.load(entry).fps)
            used = stitched.clip.source[run.start : run.end]  # Never runs backwards.
            start, end = first + floor(used[0]), first + ceil(used[-1]) + 1
            origins.append(FrameOrigin(run.start, run.end, "sign", entry.id, start, end, entry.licence))
        return origins

    def _on_canvas(self, clip: Clip) -> PoseSequence:
        from signgen.body.figure import NECK_ABOVE_MIDDLE, SHOULDER_SHARE
        from signgen.pose.geometry import mirror
        from signgen.text2pose.stitching.kernels import on_canvas

        short = min(self.width, self.height)
        place = (SHOULDER_SHARE * short, self.width / 2, self.height / 2, NECK_ABOVE_MIDDLE * short)
        keypoints, z = on_canvas(clip.points, clip.confidence, *place)
        depth = z if clip.points.shape[2] == 3 else None
        # Frozen arrays are taken over as they are, not copied.
        keypoints.setflags(write=False)
        z.setflags(write=False)
        poses = PoseSequence(keypoints, self.fps, self.width, self.height, depth)
        return mirror(poses) if self.handed == "left" else poses


def _signs_of(plan: Plan) -> list[SignItem]:
    return [item for item in plan.items if isinstance(item, SignItem)]


def _same_word(before: SignItem | PauseItem | None, item: SignItem) -> bool:
    return isinstance(before, SignItem) and before.kind == item.kind == "letter" and before.word == item.word


def _is_edge(before: SignItem | PauseItem | None, item: SignItem, after: SignItem | PauseItem | None) -> bool:
    if item.kind == "letter":
        next_in_word = isinstance(after, SignItem) and _same_word(item, after)
        return not (_same_word(before, item) and next_in_word)
    return after is None or (isinstance(after, PauseItem) and after.seconds >= 0.5)


def _pause_after(item: SignItem, after: SignItem | PauseItem | None) -> float:
    if isinstance(after, PauseItem):
        return after.seconds
    if isinstance(after, SignItem) and item.kind == after.kind == "letter" and item.word != after.word:
        return WORD_GAP
    return 0.0


def _short(text: str) -> str:
    cut = text if len(text) <= 40 else text[:37] + "..."
    return repr(cut)
