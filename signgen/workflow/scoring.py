"""Scores of prediction files, texts or poses, as published evaluations of any convention would have made them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from signgen.data.files import read_file
from signgen.data.strict_json import parse_json_object
from signgen.errors import ConfigError, DataError
from signgen.judge.pose.score import score_poses
from signgen.judge.pose.tally import resample_indices
from signgen.judge.score import Score
from signgen.judge.text.checks import check_pairs
from signgen.judge.text.floors import DEFAULT_CANDIDATES, best_constant
from signgen.judge.text.profiles import PROFILES, profile_of
from signgen.judge.text.resample import Resampling, with_intervals
from signgen.judge.text.scores import scorer
from signgen.workflow.evaluation_inputs import check_same, read_clips
from signgen.workflow.texts import decode

ALL = "all"
MAX_BYTES = 256 << 20
# Fewer pairs bound nothing.
FEWEST_FOR_INTERVALS = 8
TEXT, NAME, LANGUAGE = "text", "name", "spoken_language"
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_KINDS = ".txt (one text a line), .jsonl, .csv or .tsv"


@dataclass(frozen=True)
class Texts:
    """The texts of a file.

    Attributes:
        texts: in its order.
        names: of their clips; None if the file names none.
        languages: that it says they are in.
    """

    texts: tuple[str, ...]
    names: tuple[str, ...] | None = None
    languages: frozenset[str] = frozenset()


def read_texts(path: Path, column: str = TEXT) -> Texts:
    """The texts of a file of one text a line, of lines of JSON, or of a table.

    Args:
        path: ends in ``.txt``, ``.jsonl``, ``.csv`` or ``.tsv``.
        column: that has the texts, of a table or of lines of JSON.

    Raises:
        DataError: missing, another kind of file, damaged, without the column, or empty.
    """
    kind = path.suffix.lower()
    if kind not in (".txt", ".jsonl", *_DELIMITERS):
        raise DataError(f"{path}: give predictions as {_KINDS}")
    text = decode(read_file(path, MAX_BYTES), str(path)).replace("\r\n", "\n")
    if kind == ".txt":
        lines = text.removesuffix("\n").split("\n") if text else []
        found = Texts(tuple(line.strip() for line in lines))
    else:
        rows = _json_rows(text, path) if kind == ".jsonl" else _table_rows(text, path, _DELIMITERS[kind])
        found = _texts_of(rows, path, column)
    if not found.texts:
        raise DataError(f"{path}: no texts; give one for each clip")
    return found


def score_text_files(
    hypotheses: Path,
    references: Path,
    *,
    profile: str = ALL,
    language: str | None = None,
    column: str = TEXT,
    bleurt: Path | None = None,
    device: str = "auto",
    how: Resampling | None = None,
) -> dict[str, Any]:
    """Predictions against references by one convention, or by all with the spread between them.

    Lines of both files belong together by ``name`` where both files have it, else by their order.

    Args:
        hypotheses: predictions, see `read_texts`.
        references: true texts.
        profile: a name of `PROFILES`, or `ALL`.
        language: of the texts; None takes what the references say.
        column: that has the texts.
        bleurt: folder of a learned score to add, see `signgen.judge.text.bleurt.load_bleurt`.
        device: that it computes on.
        how: to draw resamples.

    Returns:
        language, number of texts, for each profile its scores and what the best constant answer reaches, the
        spread, and learned scores.

    Raises:
        ConfigError: no such profile, or none that can tell the words of the language.
        DataError: a bad file, unequal numbers, or no language.
        DependencyError: a tokeniser is not installed.
    """
    names = tuple(PROFILES) if profile == ALL else (profile_of(profile).name,)
    said, true = read_texts(hypotheses, column), read_texts(references, column)
    ours, theirs = _matched(said, true)
    check_pairs(ours, theirs)
    language = language or _language(true, references)
    found = {}
    for name in names:
        judge = scorer(theirs, language, name)
        constant = best_constant(theirs, judge, DEFAULT_CANDIDATES, np.random.default_rng(0))
        floor = next(one for one in judge.measures([constant] * len(theirs)) if one.name == "BLEU-4")
        found[name] = {"scores": [_plain(score) for score in judge(ours, how)], "constant": floor.value}
    learned = []
    if bleurt is not None:
        from signgen.judge.text.bleurt import load_bleurt

        measure = load_bleurt(bleurt, device).measure(ours, theirs)
        learned = [_plain(score) for score in with_intervals([measure], how)]
    return {
        "language": language,
        "texts": len(theirs),
        "profiles": found,
        "spread": spread_of(found),
        "learned": learned,
    }


def spread_of(profiles: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Largest less smallest value of each measure that several profiles have; all kinds of ROUGE-L are one."""
    values: dict[str, list[float]] = {}
    for found in profiles.values():
        for score in found["scores"]:
            values.setdefault(kind_of(score["name"]), []).append(score["value"])
    return {name: max(many) - min(many) for name, many in values.items() if len(many) > 1}


def kind_of(measure: str) -> str:
    """The column of a measure in a table of conventions.

    >>> kind_of("rougeL-slt"), kind_of("BLEU-4")
    ('ROUGE-L', 'BLEU-4')
    """
    return "ROUGE-L" if measure.startswith("rougeL") else measure


def score_pose_files(
    hypotheses: Path,
    references: Path,
    *,
    profile: str = "signgen",
    fps: float | None = None,
    rate: float | None = None,
    how: Resampling | None = None,
) -> dict[str, Any]:
    """Poses against references of the same names.

    Args:
        hypotheses: clips, see `signgen.workflow.evaluation_inputs.read_clips`.
        references: the true ones.
        profile: a name of `signgen.judge.pose.profiles.PROFILES`.
        fps: rate of files that carry none.
        rate: at which to compare; None takes pairs as they are and refuses those of two rates.
        how: to draw resamples; with few pairs there are no intervals.

    Raises:
        SignGenError: a bad file, unequal sets of clips, no such profile, or a pair that cannot be measured.
    """
    made, true = read_clips(hypotheses, fps), read_clips(references, fps)
    check_same(made, true)
    how = how or Resampling()
    has_intervals = len(true) >= FEWEST_FOR_INTERVALS
    scores = score_poses(
        [(made[name].poses, clip.poses) for name, clip in true.items()],
        profile,
        fps=rate,
        resamples=resample_indices(len(true), how.resamples, how.seed) if has_intervals else None,
    )
    return {"clips": len(true), "profile": profile, "scores": [_plain(score) for score in scores]}


def _plain(score: Score) -> dict[str, Any]:
    return {
        "name": score.name,
        "value": score.value if np.isfinite(score.value) else None,
        "interval": score.interval,
        "is_better_high": score.is_better_high,
        "signature": score.signature,
    }


def _matched(said: Texts, true: Texts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if said.names is None or true.names is None:
        return said.texts, true.texts
    ours = dict(zip(said.names, said.texts, strict=True))
    check_same(ours, dict.fromkeys(true.names))
    return tuple(ours[name] for name in true.names), true.texts


def _language(true: Texts, path: Path) -> str:
    if len(true.languages) != 1:
        raise ConfigError(f"{path}: does not say one language of its texts; name it with --language")
    return next(iter(true.languages))


def _texts_of(rows: Sequence[Mapping[str, Any]], path: Path, column: str) -> Texts:
    texts = []
    for number, row in enumerate(rows, 1):
        value = row.get(column)
        if column not in row:
            have = ", ".join(str(name) for name in row)
            raise DataError(
                f"{path}: entry {number} has no {column!r}, only {have:.80}; name it with --column"
            )
        if not isinstance(value, str):
            raise DataError(f"{path}: entry {number} has {value!r:.40} as {column!r}, which is no text")
        texts.append(value)
    languages = frozenset(str(row[LANGUAGE]) for row in rows if row.get(LANGUAGE))
    return Texts(tuple(texts), _names(rows, path), languages)


def _names(rows: Sequence[Mapping[str, Any]], path: Path) -> tuple[str, ...] | None:
    if not all(isinstance(row.get(NAME), str) and row[NAME] for row in rows):
        return None
    names = tuple(row[NAME] for row in rows)
    if len(set(names)) < len(names):
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise DataError(f"{path}: has clip {twice!r:.80} twice; leave one out")
    return names


def _json_rows(text: str, path: Path) -> list[dict[str, Any]]:
    lines = enumerate(text.split("\n"), 1)
    return [parse_json_object(line.encode(), f"{path}, line {n}") for n, line in lines if line.strip()]


def _table_rows(text: str, path: Path, delimiter: str) -> list[dict[str, Any]]:
    reader = csv.DictReader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    try:
        rows = list(reader)
        header = reader.fieldnames or []
    except csv.Error as error:
        raise DataError(f"{path}: line {reader.line_num}: not a table ({error})") from None
    if len(set(header)) < len(header):
        raise DataError(f"{path}: two columns have one name; rename one")
    for number, row in enumerate(rows, 1):
        if None in row or None in row.values():
            raise DataError(
                f"{path}: entry {number} has not the {len(header)} fields of the header; quote texts"
            )
    return rows
