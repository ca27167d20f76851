"""Sign sentences of a grammar with made-up signers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from signgen.body.figure import NECK_ABOVE_MIDDLE
from signgen.corpus.grammar import Grammar, Sentence
from signgen.corpus.movement import scale_movement
from signgen.corpus.settings import Range, Style
from signgen.corpus.signer import Signer, make_signers
from signgen.corpus.vocabulary import Vocabulary
from signgen.lexicon.entry import Entry
from signgen.lexicon.plan import Plan, SignItem
from signgen.pose.bones import ORDER
from signgen.pose.geometry import mirror
from signgen.pose.layout import PARENTS
from signgen.pose.recording import record
from signgen.pose.sequence import PoseSequence
from signgen.pose.views import rotate
from signgen.text2pose.stitch import Stitch
from signgen.text2pose.stitching.assemble import Run
from signgen.text2pose.stitching.clip import Clip
from signgen.text2pose.stitching.sentence import Sign, Stitched, StitchSettings, stitch
from signgen.text2pose.stitching.timing import DEFAULT_PROFILE

# A signer keeps to this share of a range: slow signers are slow in every sentence, not always equally.
_OWN_SHARE = 0.5
# A neighbour leaves at least this many frames of a sign.
_LEAST_FRAMES = 4


@dataclass(frozen=True)
class Performed:
    """Poses of a sentence, who signs, and what when.

    Attributes:
        poses: of the sentence.
        signer: who signs.
        timeline: each gloss with its first frame and one past its last; a fingerspelled word is one gloss.
    """

    poses: PoseSequence
    signer: Signer
    timeline: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Performer:
    """Signs sentences of one grammar in one style; each depends on its own generator alone.

    Attributes:
        grammar: whose sentences.
        lexicon: where the signs come from, as `Stitch` takes it.
        style: how they are signed.
        seed: who the signers are.
    """

    grammar: Grammar
    lexicon: str
    style: Style
    seed: int

    @cached_property
    def stitcher(self) -> Stitch:
        """Reads and keeps the recordings."""
        return Stitch(lexicon=self.lexicon, fps=self.style.fps)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The recordings of each gloss."""
        return Vocabulary(self.stitcher.opened, self.grammar)

    @cached_property
    def signers(self) -> tuple[Signer, ...]:
        """All signers of the corpus."""
        return make_signers(self.style, self.seed)

    def __call__(self, sentence: Sentence, rng: np.random.Generator) -> Performed:
        """The poses of a sentence.

        Raises:
            DataError: a recording cannot be read.
            PoseError: another view of recordings without depth is asked for.
        """
        style = self.style
        signer = self.signers[int(rng.integers(len(self.signers)))]
        plan = self.vocabulary.plan(sentence, self.grammar)
        stitched = self._stitched(plan, signer, rng)
        amplitude = _drawn(style.amplitude, rng, signer.reach)
        points = scale_movement(stitched.clip.points, stitched.clip.confidence, stitched.runs, amplitude)
        clip = replace(stitched.clip, points=points)
        if style.shape:
            clip = _with_bones(clip, signer.factors)
        poses = self._on_canvas(clip, rng)
        yaw, pitch = (float(x) for x in rng.uniform(-1, 1, 2) * (style.yaw, style.pitch))
        if style.yaw or style.pitch:
            poses = rotate(poses, yaw, pitch)
        if signer.is_left_handed:
            poses = mirror(poses)
        return Performed(self._recorded(poses, rng), signer, _timeline(sentence, plan, stitched.runs))

    def _recorded(self, poses: PoseSequence, rng: np.random.Generator) -> PoseSequence:
        style = self.style
        poses = record(
            poses, rng, noise=style.noise, dropouts=style.dropouts, dropout_frames=style.dropout_frames,
            missing=style.missing,
        )  # fmt: skip
        return poses if style.depth or poses.depth is None else poses.replace(depth=None)

    def _stitched(self, plan: Plan, signer: Signer, rng: np.random.Generator) -> Stitched:
        chosen = [self._variants(item.candidates, rng) for item in plan.items if isinstance(item, SignItem)]
        signs = self.stitcher.signs(plan, chosen)
        tempo = _drawn(self.style.tempo, rng, signer.pace)
        if self.style.crop:
            signs = _eaten(signs, self.style.crop, rng)
        if self.style.prosody:
            signs = [_bent(sign, tempo, self.style, rng) for sign in signs]
        scale = _drawn(self.style.transitions, rng)
        # Shorter moves are jerkier: with the limit for signs as they are, the stitcher would make them long again.
        profile = replace(DEFAULT_PROFILE, jerk=DEFAULT_PROFILE.jerk / min(scale, 1.0) ** 3)
        settings = StitchSettings(tempo, scale, retime=self.style.retime, profile=profile)
        return stitch(signs, settings)

    def _variants(self, candidates: tuple[Entry, ...], rng: np.random.Generator) -> tuple[Entry, ...]:
        if self.style.variants == "smooth":
            return candidates
        if self.style.variants == "first":
            return candidates[:1]
        return (candidates[int(rng.integers(len(candidates)))],)

    def _on_canvas(self, clip: Clip, rng: np.random.Generator) -> PoseSequence:
        from signgen.text2pose.stitching.kernels import on_canvas

        style = self.style
        short = min(style.width, style.height)
        unit = short * _drawn(style.shoulders, rng)
        right, down = (float(x) for x in rng.uniform(-1, 1, 2) * style.shift * short)
        middle = (style.width / 2 + right, style.height / 2 + down)
        keypoints, depth = on_canvas(clip.points, clip.confidence, unit, *middle, NECK_ABOVE_MIDDLE * short)
        for array in (keypoints, depth):
            array.setflags(write=False)  # so that it is taken over and not copied
        is_spatial = clip.points.shape[2] == 3
        return PoseSequence(keypoints, style.fps, style.width, style.height, depth if is_spatial else None)


def _timeline(sentence: Sentence, plan: Plan, runs: Sequence[Run]) -> tuple[tuple[str, int, int], ...]:
    """When each gloss is signed [frames]."""
    words = [item.word for item in plan.items if isinstance(item, SignItem)]
    spans: dict[int, tuple[int, int]] = {}
    for word, run in zip(words, (run for run in runs if run.operation == "sign"), strict=True):
        spans[word] = (spans.get(word, (run.start, 0))[0], run.end)
    return tuple((sentence.signs[word].gloss, *span) for word, span in spans.items())


def _drawn(limits: Range, rng: np.random.Generator, liking: float | None = None) -> float:
    """A number of a range, or of the part of it round a signer's ``liking`` (0 to 1)."""
    low, high = limits
    place = float(rng.random())
    if liking is not None:
        place = liking * (1 - _OWN_SHARE) + _OWN_SHARE * place
    return low + place * (high - low)


def _eaten(signs: list[Sign], most: float, rng: np.random.Generator) -> list[Sign]:
    """Signs of which neighbours have eaten up to a share ``most`` at either end; outer ends of the sentence stay."""
    found = []
    for number, sign in enumerate(signs):
        head, tail = rng.random(2) * most
        if not sign.is_letter:
            head, tail = head * (number > 0), tail * (number + 1 < len(signs))
            recordings = tuple(_trimmed(clip, head, tail) for clip in sign.recordings)
            sign = replace(sign, recordings=recordings)
        found.append(sign)
    return found


def _trimmed(clip: Clip, head: float, tail: float) -> Clip:
    start, stop = clip.active_span
    first, last = start + round(head * (stop - start)), stop - round(tail * (stop - start))
    if last - first < _LEAST_FRAMES or (first, last) == (start, stop):
        return clip
    # What is left of an outer end stays a whole recording, so that hands rise and fall in it.
    keeps_start, keeps_stop = head == 0 and not clip.is_cut, tail == 0 and not clip.is_cut
    frames = clip[0 if keeps_start else first : len(clip) if keeps_stop else last]
    return replace(frames, is_cut=not (keeps_start or keeps_stop))


def _bent(sign: Sign, tempo: float, style: Style, rng: np.random.Generator) -> Sign:
    """A sign with a length of its own."""
    factor = float(np.exp(style.prosody * rng.standard_normal()))
    if sign.is_letter:
        return replace(sign, seconds=DEFAULT_PROFILE.letter_seconds(sign.is_edge) * factor / tempo)
    clip = sign.recordings[0]
    start, stop = clip.active_span
    seconds = (stop - start) / clip.fps
    if style.retime:
        continuous = DEFAULT_PROFILE.written_seconds if clip.is_spatial else DEFAULT_PROFILE.sign_seconds
        seconds = continuous(seconds, sign.is_edge)
    return replace(sign, seconds=seconds * factor / tempo)


def _with_bones(clip: Clip, factors: np.ndarray) -> Clip:
    from signgen.pose.motion_kernels import scale_bones

    return replace(clip, points=scale_bones(clip.points, clip.confidence, factors, PARENTS, ORDER))
