"""From a sample to its files: signed, drawn, packed; what fails of the sample alone is an answer, not an error."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from signgen.batch.outcome import Failed, Ok
from signgen.batch.output.sample import VIDEO, Made, Store, member_path, put_sample
from signgen.batch.plan import Plan, job_of
from signgen.batch.sample import Sample
from signgen.data.strict_json import to_json
from signgen.errors import DataError, LexiconError, PoseError, RenderError, SignGenError
from signgen.text2pose.base import PoseSource, Utterance
from signgen.text2pose.looked import Looked
from signgen.workflow.generate import draw, sign
from signgen.workflow.progress import silent
from signgen.workflow.record import warnings_of, warnings_of_renderer
from signgen.workflow.settings import Job

# What concerns one sample; other errors (disk, settings, missing package) would hit all of them and end the run. A
# lexicon that cannot be read fails every sample, which the limit on failures ends.
OF_ONE_SAMPLE = (DataError, PoseError, RenderError, LexiconError)
MAX_LINE = 400


class Maker:
    """Makes samples of one plan; parts are built once for each combination of choices.

    Args:
        plan: the settings.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._config_sha256 = plan.config_sha256
        self._jobs: dict[str, Job] = {}

    def __call__(self, sample: Sample, spool: Store) -> Ok | Failed:
        """Make a sample and put its files into the spool.

        Raises:
            SignGenError: what would hit every sample: no disk, no memory, no weights.
        """
        job, stage = self._job(sample), "sign"
        try:
            utterance = sign(job, sample.text)
            stage = "draw"
            drawn = self._drawn(job, utterance, member_path(spool.path, sample.id, VIDEO))
            stage = "pack"
            put_sample(spool, self._made(sample, job, utterance, drawn))
        except (MemoryError, OSError):
            raise
        except Exception as error:
            if isinstance(error, SignGenError) and not isinstance(error, OF_ONE_SAMPLE):
                raise
            return Failed(sample.id, stage, type(error).__name__, " ".join(str(error).split())[:MAX_LINE])
        return Ok(sample.id, utterance.poses.seconds)

    def _job(self, sample: Sample) -> Job:
        key = to_json(sample.choices)
        if key not in self._jobs:
            job = job_of(self._plan.settings, sample.choices)
            if self._plan.kind == "video":
                job.check_drawing()
            self._jobs[key] = job
        job = self._jobs[key]
        settings = dataclasses.replace(job.settings, seed=sample.seed)
        return dataclasses.replace(job, settings=settings, config={**job.config, "seed": sample.seed})

    def _drawn(self, job: Job, utterance: Utterance, path: Path) -> dict[str, Any]:
        """Draw the video, if there is to be one; the account of its frames."""
        return draw(job, utterance.poses, path, [], silent) if self._plan.kind == "video" else {}

    def _made(self, sample: Sample, job: Job, utterance: Utterance, drawn: Mapping[str, Any]) -> Made:
        planned = {"name": sample.name, "seed": sample.seed, **sample.choices, "meta": sample.meta}
        return Made(
            sample.id,
            sample.text,
            utterance,
            has_video=bool(drawn),
            language=_signed_language(job.source),
            split=sample.split,
            plan=planned,
            config_hash=self._config_sha256,
            warnings=(*warnings_of(utterance.report), *warnings_of_renderer({"frames": drawn})),
            renderer=drawn.get("renderer", {}),
        )


def _signed_language(source: PoseSource) -> str:
    """ISO 639-3 code of what a source signs: as set, else its lexicon's first; empty where it tells neither."""
    source = source.source if isinstance(source, Looked) else source
    told = getattr(source, "signed_language", "")
    lexicon = getattr(source, "opened", None)
    return str(told or (lexicon.signed_languages[0] if lexicon is not None else ""))
