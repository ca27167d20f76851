"""The oracle of an evaluation: true glosses stitched with a lexicon, a ceiling for whatever stitches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from signgen.errors import DataError
from signgen.lexicon.glossary import Glossary
from signgen.lexicon.lexicon import Lexicon
from signgen.lexicon.plan import Plan, SignItem
from signgen.lexicon.written import BUILT_IN
from signgen.pose.sequence import PoseSequence
from signgen.slt.clips import gloss_text
from signgen.text2pose.stitch import Stitch
from signgen.workflow.evaluation_inputs import Found
from signgen.workflow.progress import Progress, silent

# Of the glosses of a test that nobody asked an oracle for; with fewer it would be a ceiling that systems pass.
LEAST_COVERAGE = 0.9
ABSENT = "no oracle stitch: "


@dataclass(frozen=True, eq=False)
class Oracle:
    """What came of it.

    Attributes:
        poses: (n,) a clip of each reference; None if they could not be made.
        note: how they were made, or why not.
    """

    poses: tuple[PoseSequence, ...] | None
    note: str


def glosses_of(references: Mapping[str, Found]) -> tuple[str, ...] | None:
    """(n,) true glosses, separated by spaces; None unless all clips have some."""
    found = tuple(gloss_text(clip.info.get("gloss")) for clip in references.values())
    return found if all(found) else None


def stitch_oracle(
    references: Mapping[str, Found],
    glosses: Sequence[str] | None,
    lexicon: str | None = None,
    progress: Progress = silent,
) -> Oracle:
    """Sign the true glosses.

    Glosses that the lexicon lacks are left out.

    Args:
        references: true clips.
        glosses: (n,) of them, see `glosses_of`.
        lexicon: a name or folder, see `signgen.lexicon.lexicon.open_lexicon`; None takes the built-in one of the
            references' signed language if there is one, and it has nearly all glosses.
        progress: told how far it is.

    Raises:
        DataError: a lexicon was named, but there are no glosses, or a clip of which it has none.
        SignGenError: the lexicon cannot be opened, or has not the signed language.
    """
    if glosses is None:
        return _absent("not all references carry glosses", lexicon)
    signed = {str(clip.info.get("signed_language") or "") for clip in references.values()}
    language = signed.pop() if len(signed) == 1 else ""
    built_in = next((name for name, (signed_by, _) in BUILT_IN.items() if signed_by == language), None)
    if lexicon is None and built_in is None:
        what = (
            f"no lexicon of {language} is built in"
            if language
            else "references do not name one signed language"
        )
        return _absent(f"{what}; name one with --oracle-lexicon", lexicon)
    stitcher = Stitch(
        lexicon=lexicon or built_in or "", fps=min(clip.poses.fps for clip in references.values())
    )
    plans = _plans(references, glosses, stitcher.opened, language)
    empty = [name for name, plan in zip(references, plans, strict=True) if not plan.items]
    if empty:
        return _absent(f"lexicon {stitcher.lexicon} has no gloss of clip {empty[0]!r:.60}", lexicon)
    share = _coverage(plans, glosses)
    said = f"{share:.1%} of the true glosses are in lexicon {stitcher.lexicon}"
    if lexicon is None and share < LEAST_COVERAGE:
        return _absent(f"only {said}; name another with --oracle-lexicon", lexicon)
    poses = []
    for number, plan in enumerate(plans):
        progress("oracle", number, len(plans))
        poses.append(stitcher.poses(plan))
    progress("oracle", len(plans), len(plans))
    return Oracle(tuple(poses), f"oracle stitch: {said}")


def _absent(reason: str, lexicon: str | None) -> Oracle:
    """Without an oracle, unless it was asked for."""
    if lexicon is not None:
        raise DataError(f"--oracle-lexicon {lexicon}: {reason}; leave it out for a report without an oracle")
    return Oracle(None, ABSENT + reason)


def _plans(
    references: Mapping[str, Found], glosses: Sequence[str], lexicon: Lexicon, language: str
) -> list[Plan]:
    spoken = {str(clip.info.get("spoken_language") or "") for clip in references.values()}
    # The language of glosses is that of the lexicon's words where it is not that of the texts.
    known = spoken.pop() if len(spoken) == 1 else ""
    known = known if known in lexicon.spoken_languages else ""
    glossary = Glossary(lexicon, known or None, language or None)
    return [
        Plan(
            line,
            glossary.spoken,
            glossary.signed,
            "true glosses",
            tuple(item for word, gloss in enumerate(line.split()) for item in glossary.items(gloss, word)),
            (),
        )
        for line in glosses
    ]


def _coverage(plans: Sequence[Plan], glosses: Sequence[str]) -> float:
    """Share of glosses that have a sign in their plan."""
    signed = sum(len({item.word for item in plan.items if isinstance(item, SignItem)}) for plan in plans)
    return signed / sum(len(line.split()) for line in glosses)
