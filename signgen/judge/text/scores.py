"""Scores of texts by any convention, and by all of them side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from signgen.judge.score import Score
from signgen.judge.text.checks import check_pairs, check_references
from signgen.judge.text.languages import base_language
from signgen.judge.text.measure import Measure
from signgen.judge.text.profiles import DEFAULT_PROFILE, PROFILES, Profile, profile_of
from signgen.judge.text.resample import Resampling, with_intervals
from signgen.judge.text.rouge import rouge_measure
from signgen.judge.text.sacre import BleuReferences, ChrfReferences, bleu_references, chrf_references
from signgen.judge.text.text_wer import text_wer


@dataclass(frozen=True, eq=False)
class Scorer:
    """References prepared and counted once, for any number of systems.

    Attributes:
        references: as handed in.
        language: of the texts.
        profile: the convention.
        prepared: the references as the convention compares them.
        counted: what sacrebleu counted in them, by measure.
    """

    references: Sequence[str]
    language: str
    profile: Profile
    prepared: Sequence[str]
    counted: Mapping[str, BleuReferences | ChrfReferences]

    def measures(self, hypotheses: Sequence[str], *, may_say_nothing: bool = False) -> list[Measure]:
        """All measures of the profile, in parts that can be resampled.

        Raises:
            DataError: not one text for each reference, or nothing but empty ones unless it ``may_say_nothing``.
        """
        check_pairs(hypotheses, self.references, may_say_nothing=may_say_nothing)
        prepared = [self.profile.prepare(text) for text in hypotheses]
        return [measure for name in self.profile.measures for measure in self._measure(name, prepared)]

    def __call__(self, hypotheses: Sequence[str], how: Resampling | None = None) -> list[Score]:
        """The same summed up, with 95 % intervals from shared resamples."""
        return with_intervals(self.measures(hypotheses), how)

    def _measure(self, name: str, hypotheses: Sequence[str]) -> list[Measure]:
        if name in self.counted:
            return self.counted[name].measures(hypotheses)
        parts = _parts(self.profile, self.language)
        if name == "textWER":
            return [text_wer(hypotheses, self.prepared, self.language, **parts)]
        case = "lc" if self.profile.lowercase else "mixed"
        return [rouge_measure(name, hypotheses, self.prepared, self.language, **parts, case=case)]


def _parts(profile: Profile, language: str) -> dict[str, str]:
    return {"profile": profile.name, "lang": base_language(language), "stop": profile.full_stop}


def scorer(references: Sequence[str], language: str, profile: str | Profile = DEFAULT_PROFILE) -> Scorer:
    """Prepare references for scoring.

    Args:
        references: one text for each clip.
        language: of the texts, a code of BCP 47; it chooses tokenisers.
        profile: a convention of `PROFILES` or one of your own.

    Raises:
        ConfigError: no such profile, or a tokeniser that cannot tell the words of this language.
        DataError: no references, or an empty one.
        DependencyError: sacrebleu or a tokeniser is not installed.
    """
    rule = profile_of(profile)
    check_references(references)
    prepared = [rule.prepare_reference(text, language) for text in references]
    check_references(prepared)
    parts = "|".join(f"{key}:{value}" for key, value in _parts(rule, language).items())
    counted: dict[str, BleuReferences | ChrfReferences] = {}
    for name in rule.measures:
        if name == "BLEU":
            counted[name] = bleu_references(prepared, language, rule, parts)
        elif name.startswith("chrF"):
            counted[name] = chrf_references(name, prepared, rule, parts)
    return Scorer(references, language, rule, prepared, counted)


def score_texts(
    hypotheses: Sequence[str],
    references: Sequence[str],
    language: str,
    profile: str | Profile = DEFAULT_PROFILE,
    how: Resampling | None = None,
) -> list[Score]:
    """Score what a system said against what it should have said.

    Args:
        hypotheses: one text for each clip; an empty one is a bad answer, not an error.
        references: the true texts in the same order.
        language: of both, a code of BCP 47.
        profile: a convention of `PROFILES` or one of your own.
        how: to draw the resamples behind the 95 % intervals.

    Raises:
        ConfigError: no such profile, or a tokeniser that cannot tell the words of this language.
        DataError: unequal numbers of texts, no texts, or an empty reference.
        DependencyError: sacrebleu or a tokeniser is not installed.
    """
    check_pairs(hypotheses, references)
    return scorer(references, language, profile)(hypotheses, how)


def spread(
    hypotheses: Sequence[str], references: Sequence[str], language: str
) -> dict[str, dict[str, Score]]:
    """The same texts under every convention: profile -> name of the measure -> score, without intervals."""
    check_pairs(hypotheses, references)
    return {
        name: {
            measure.name: measure.score()
            for measure in scorer(references, language, name).measures(hypotheses)
        }
        for name in PROFILES
    }
