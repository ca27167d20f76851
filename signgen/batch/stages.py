"""From a sample to its files: signed, drawn, packed; what fails of the sample alone is an answer, not an error."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from signgen.batch.languages import languages_of
from signgen.batch.outcome import Failed, Ok
from signgen.batch.output.sample import Made, Store, member_path, put_sample
from signgen.batch.pipeline import Stage
from signgen.batch.plan import Plan, job_of
from signgen.batch.sample import Sample
from signgen.batch.told import told
from signgen.batch.work import Work
from signgen.data.strict_json import to_json
from signgen.data.tar_clips import VIDEO
from signgen.errors import DataError, LexiconError, PoseError, RenderError, SignGenError
from signgen.text2pose.base import Utterance
from signgen.workflow.generate import draw, sign
from signgen.workflow.progress import silent
from signgen.workflow.record import warnings_of, warnings_of_renderer
from signgen.workflow.settings import Job

# What concerns one sample; other errors (disk, settings, missing package) would hit all of them and end the run. A
# lexicon that cannot be read fails every sample, which the limit on failures ends.
OF_ONE_SAMPLE = (DataError, PoseError, RenderError, LexiconError)
MAX_LINE = 400


@dataclass(frozen=True)
class _Signed:
    """What goes from stage to stage: poses, and the account of the frames once they are drawn."""

    job: Job
    utterance: Utterance
    drawn: Mapping[str, Any] = field(default_factory=dict)


class Maker:
    """Makes samples of one plan; parts are built once for each combination of choices.

    Args:
        plan: the settings.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._config_sha256 = plan.config_sha256
        self._jobs: dict[str, Job] = {}

    @property
    def pays_side_by_side(self) -> bool:
        """Whether frames are drawn on a GPU, which the rest need not wait for.

        On a CPU drawing takes its time on the cores that the rest needs too, and the encoder has threads of its own.
        See docs/batch.md.
        """
        device = self._plan.config["renderer"].get("device") if self._plan.kind == "video" else None
        if device is None:
            return False
        from signgen.nn.device import device_named

        return device_named(device).type == "cuda"

    def stages(self, spool: Store) -> Sequence[Stage[Work]]:
        """Sign, draw and pack; each raises what would hit every sample: no disk, no memory, no weights."""
        return (
            _stage("sign", self._sign),
            _stage("draw", partial(self._draw, spool)),
            _stage("pack", partial(self._pack, spool), is_always_finished=True),
        )

    def __call__(self, sample: Sample, spool: Store) -> Ok | Failed:
        """Make a sample and put its files into the spool.

        Raises:
            SignGenError: what would hit every sample: no disk, no memory, no weights.
        """
        work = Work(0, sample)
        for stage in self.stages(spool):
            work = work if work.outcome else stage.do(work)
        assert isinstance(work.outcome, Ok | Failed)
        return work.outcome

    def _sign(self, work: Work) -> Work:
        job = self._job(work.sample)
        return dataclasses.replace(work, carried=_Signed(job, sign(job, work.sample.text)))

    def _draw(self, spool: Store, work: Work) -> Work:
        signed: _Signed = work.carried
        path = member_path(spool.path, work.sample.id, VIDEO)
        drawn = draw(signed.job, signed.utterance, path, [], silent) if self._plan.kind == "video" else {}
        return dataclasses.replace(work, carried=dataclasses.replace(signed, drawn=drawn))

    def _pack(self, spool: Store, work: Work) -> Work:
        signed: _Signed = work.carried
        put_sample(spool, self._made(work.sample, signed))
        return work.with_outcome(Ok(work.sample.id, signed.utterance.poses.seconds))

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

    def _made(self, sample: Sample, signed: _Signed) -> Made:
        job, utterance, drawn = signed.job, signed.utterance, signed.drawn
        signed_language, spoken_language = languages_of(job.source)
        planned = {
            "name": sample.name,
            "seed": sample.seed,
            **told(job.config, is_drawn=self._plan.kind == "video"),
            **sample.choices,
            "meta": sample.meta,
        }
        return Made(
            sample.id,
            sample.text,
            utterance,
            has_video=bool(drawn),
            language=signed_language,
            spoken_language=spoken_language,
            split=sample.split,
            plan=planned,
            config_hash=self._config_sha256,
            warnings=(*warnings_of(utterance.report), *warnings_of_renderer({"frames": drawn})),
            renderer=drawn.get("renderer", {}),
        )


def _stage(name: str, do: Callable[[Work], Work], *, is_always_finished: bool = False) -> Stage[Work]:
    """A stage whose failures of one sample are answers."""

    def tried(work: Work) -> Work:
        try:
            return do(work)
        except (MemoryError, OSError):
            raise
        except Exception as error:
            if isinstance(error, SignGenError) and not isinstance(error, OF_ONE_SAMPLE):
                raise
            line = " ".join(str(error).split())[:MAX_LINE]
            return work.with_outcome(Failed(work.sample.id, name, type(error).__name__, line))

    return Stage(name, tried, is_always_finished)
