"""Evaluate clips against true ones and write the report: JSON to keep and compare, a page to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from signgen.data.atomic import write_text
from signgen.data.strict_json import read_json_object, to_json
from signgen.data.trained_on import read_trained_on
from signgen.errors import ConfigError, DataError
from signgen.judge.compare import Compared, compare
from signgen.judge.evaluation import evaluate
from signgen.judge.findings import Evaluation
from signgen.judge.report import report_of
from signgen.judge.trial import Options, Trial
from signgen.workflow.evaluation_inputs import Found, check_same, read_clips, read_sources
from signgen.workflow.evaluation_oracle import glosses_of, stitch_oracle
from signgen.workflow.evaluation_page import page_of
from signgen.workflow.evaluation_videos import Looking, look
from signgen.workflow.judges import built_in_for, load_judges
from signgen.workflow.outputs import refuse_existing
from signgen.workflow.progress import Progress, silent

MAX_REPORT_BYTES = 1 << 30
# Beside the report: poses found in videos.
CACHE_SUFFIX = ".extracted"


def evaluate_files(
    hypotheses: Path,
    references: Path,
    output: Path,
    judges: Sequence[str],
    *,
    language: str | None = None,
    options: Options | None = None,
    training: Path | None = None,
    generator: Path | None = None,
    oracle: Path | None = None,
    oracle_lexicon: str | None = None,
    fps: float | None = None,
    looking: Looking | None = None,
    beam: int | None = None,
    device: str = "auto",
    force: bool = False,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Evaluate and write ``output`` (JSON) and a page of the same name beside it.

    Args:
        hypotheses: clips of the system, see `read_sources`.
        references: true clips with texts, found by the same names.
        output: ends in ``.json``.
        judges: folders of trained translators, or names, see `load_judges`; none: those built in for the languages.
        language: of the texts; None takes what the references say.
        options: how to evaluate.
        training: clips or lines of text that a lazy system would copy from.
        generator: list of the generator's training clips, see `read_trained_on`.
        oracle: clips stitched from the true glosses; else they are stitched here if that can be done.
        oracle_lexicon: what to stitch them with, see `stitch_oracle`.
        fps: rate of pose files that carry none.
        looking: how videos are looked at; by default poses found in them are kept in a folder beside the report.
        beam: texts that a judge follows side by side; None: see `load_judges`.
        device: of the judges.
        force: replace files that exist.
        progress: told how far it is.

    Returns:
        the report.

    Raises:
        SignGenError: a leaf that says what is wrong; then nothing is written.
    """
    if output.suffix != ".json":
        raise ConfigError(f"{output}: name a .json file; a page of the same name is written beside it")
    page = output.with_suffix(".html")
    refuse_existing((output, page), force)
    made, true = read_sources(hypotheses, fps), read_sources(references, fps)
    # Before videos are looked at, which takes long.
    check_same(made, true)
    specs = judges or built_in_for((clip.info for clip in true.values()), language)
    read_by = load_judges(specs, beam=beam, device=device)
    seen = look(made, true, looking or Looking(output.with_suffix(CACHE_SUFFIX), fps=fps), progress)
    trial = replace(trial_of(seen.hypotheses, seen.references, language), rendered=seen.rendered)
    options = _completed(options or Options(), training, generator)
    if oracle is not None and oracle_lexicon is not None:
        raise ConfigError("--oracle and --oracle-lexicon: two oracles; give one")
    if oracle is not None:
        options = _with_oracle(options, trial, oracle, fps)
    else:
        found = stitch_oracle(seen.references, trial.glosses, oracle_lexicon, progress)
        options = replace(options, oracle=found.poses, oracle_note=found.note)
    return write_report(evaluate(trial, read_by, options, progress), output, page, seen.videos)


def write_report(
    found: Evaluation, output: Path, page: Path, videos: Mapping[str, Path] | None = None
) -> dict[str, Any]:
    """Write an evaluation as JSON and as a page, with pictures of the ``videos`` of the clips that it shows."""
    report = report_of(found)
    drawn = page_of(report, found.trial, videos or {})
    write_text(output, to_json(report) + "\n")
    write_text(page, drawn)
    return report


def compare_files(first: Path, second: Path) -> Compared:
    """Compare two written reports.

    Raises:
        ConfigError: they are of different tests, judges or settings.
        DataError: one is missing or no whole report.
    """
    read = [read_json_object(path, MAX_REPORT_BYTES) for path in (first, second)]
    return compare(read[0], read[1], (str(first), str(second)))


def trial_of(hypotheses: Mapping[str, Found], references: Mapping[str, Found], language: str | None) -> Trial:
    """Clips of the same name beside each other, in the order of the references.

    Raises:
        DataError: a clip without its counterpart or without text, or no language.
    """
    check_same(hypotheses, references)
    texts = [" ".join(str(clip.info.get("text") or "").split()) for clip in references.values()]
    bare = [name for name, text in zip(references, texts, strict=True) if not text]
    if bare:
        raise DataError(
            f"references: clip {bare[0]!r:.80} has no text; give it or leave the clip out on both sides"
        )
    sources = [str(clip.info.get("document") or name) for name, clip in references.items()]
    return Trial(
        tuple(references),
        tuple(hypotheses[name].poses for name in references),
        tuple(clip.poses for clip in references.values()),
        tuple(texts),
        language or _language(references),
        tuple(sources) if 1 < len(set(sources)) < len(sources) else None,
        _extractors(references, hypotheses),
        glosses=glosses_of(references),
    )


def _extractors(*sides: Mapping[str, Found]) -> tuple[str, ...]:
    clips = [clip for side in sides for clip in side.values()]
    return tuple(dict.fromkeys(clip.extractor for clip in clips if clip.extractor))


def _language(references: Mapping[str, Found]) -> str:
    said = {str(clip.info.get("spoken_language") or "") for clip in references.values()}
    if len(said) != 1 or "" in said:
        raise DataError("references: do not say one language of their texts; name it with --language")
    return said.pop()


def _completed(options: Options, training: Path | None, generator: Path | None) -> Options:
    if training is not None:
        options = replace(options, train_texts=_training_texts(training))
    if generator is not None:
        options = replace(options, generator=read_trained_on(generator))
    return options


def _with_oracle(options: Options, trial: Trial, oracle: Path, fps: float | None) -> Options:
    clips = read_clips(oracle, fps)
    missing = [name for name in trial.names if name not in clips]
    if missing:
        raise DataError(f"{oracle}: has no clip {missing[0]!r:.80}; an oracle needs all of the test")
    return replace(
        options,
        oracle=tuple(clips[name].poses for name in trial.names),
        oracle_note=f"oracle stitch: clips of {oracle.name}",
    )


def _training_texts(source: Path) -> tuple[str, ...]:
    if source.suffix == ".txt":
        from signgen.data.files import read_file
        from signgen.workflow.evaluation_inputs import MAX_INDEX_BYTES
        from signgen.workflow.texts import decode

        return tuple(
            line for line in decode(read_file(source, MAX_INDEX_BYTES), str(source)).splitlines() if line
        )
    texts = tuple(str(clip.info.get("text") or "") for clip in read_clips(source).values())
    if not any(texts):
        raise DataError(f"{source}: its clips have no texts; give a .txt of training texts, one a line")
    return tuple(text for text in texts if text)
