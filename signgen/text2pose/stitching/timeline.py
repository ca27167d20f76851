"""What is signed when: text by sentence, words, glosses and recordings over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from signgen.data.cue import Cue
from signgen.lexicon.entry import Entry
from signgen.lexicon.marks import ends_sentence
from signgen.lexicon.plan import Plan, SignItem
from signgen.text2pose.stitching.assemble import Run


def timeline(
    plan: Plan, items: Sequence[SignItem], entries: Sequence[Entry], runs: Sequence[Run], fps: float
) -> dict[str, tuple[Cue, ...]]:
    """Cues by tier: ``text`` (a cue per sentence, without gaps), ``word``, ``gloss`` and ``source``.

    Args:
        plan: the plan that was signed.
        items: its signs.
        entries: the recording used for each sign.
        runs: what each frame is.
        fps: frames per second.
    """
    spans = [(run.start / fps, run.end / fps) for run in runs if run.operation == "sign"]
    return {
        "text": tuple(_sentence_cues(plan, items, spans, runs[-1].end / fps)),
        "word": tuple(_word_cues(plan, items, spans)),
        "gloss": tuple(Cue(*span, item.gloss) for span, item in zip(spans, items, strict=True)),
        "source": tuple(Cue(*span, entry.id) for span, entry in zip(spans, entries, strict=True)),
    }


def _word_cues(plan: Plan, items: Sequence[SignItem], spans: Sequence[tuple[float, float]]) -> list[Cue]:
    """One cue for each word; the letters of a spelled word make one."""
    words: list[Cue] = []
    last = -1
    for item, (start, end) in zip(items, spans, strict=True):
        if item.word == last:
            words[-1] = Cue(words[-1].start, end, words[-1].text)
        else:
            words.append(Cue(start, end, plan.coverage[item.word].text))
        last = item.word
    return words


def _sentence_cues(
    plan: Plan, items: Sequence[SignItem], spans: Sequence[tuple[float, float]], seconds: float
) -> list[Cue]:
    """A cue for each sentence, from its first sign to the first of the next."""
    starts = []
    for text, first, stop in _sentences(plan):
        own = [span[0] for item, span in zip(items, spans, strict=True) if first <= item.word < stop]
        if own:
            starts.append((min(own), text))
    starts = [(0.0, text) if i == 0 else (start, text) for i, (start, text) in enumerate(sorted(starts))]
    ends = [start for start, _ in starts[1:]] + [seconds]
    return [Cue(start, end, text) for (start, text), end in zip(starts, ends, strict=True)]


def _sentences(plan: Plan) -> Iterator[tuple[str, int, int]]:
    """Text, first token and one past the last token of each sentence."""
    begun = first = cursor = 0
    closed = False
    for i, report in enumerate(plan.coverage):
        found = plan.text.find(report.text, cursor)
        at = found if found >= 0 else cursor
        if closed and report.outcome != "mark":
            yield plan.text[begun:at].strip(), first, i
            begun, first, closed = at, i, False
        closed = closed or (report.outcome == "mark" and ends_sentence(report.text, plan.spoken_language))
        cursor = at + len(report.text) if found >= 0 else cursor
    yield plan.text[begun:].strip(), first, len(plan.coverage)
