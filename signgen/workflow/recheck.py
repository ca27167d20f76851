"""A renderer whose frames an extractor reads again while they are made; see `signgen.render.diffusion.recheck`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Ge, Gt, Le

from signgen.config import check, setting
from signgen.errors import ConfigError
from signgen.extract.base import Extractor, extractors
from signgen.extract.people import gather
from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame, Renderer
from signgen.render.diffusion.recheck import Checks, Rechecked

DEFAULTS = Checks()


@dataclass(frozen=True)
class Recheck:
    """How frames are read again; the section ``recheck`` of a job."""

    extractor: str | dict[str, Any] = setting(
        "mediapipe", "who reads: a name, or a mapping with its settings"
    )
    window: Annotated[int, Ge(1), Le(10_000)] = setting(
        DEFAULTS.window, "frames judged and drawn anew together"
    )
    join: Annotated[int, Ge(0), Le(100)] = setting(
        DEFAULTS.join, "frames over which a window drawn anew begins and ends as it was first drawn"
    )
    limit: Annotated[float, Gt(0), Le(1)] = setting(
        DEFAULTS.limit, "error above which a window is bad; 0: as asked for, 1: nothing of it is found"
    )
    tries: Annotated[int, Ge(0), Le(100)] = setting(
        DEFAULTS.tries, "further seeds for a bad window; 0: only report"
    )


def rechecked(renderer: Renderer, section: Mapping[str, Any]) -> Rechecked:
    """A renderer with the checks of a section.

    Raises:
        ConfigError: an unknown setting or extractor, or a value out of range.
    """
    settings = check(Recheck, section, where="recheck")
    named = settings.extractor
    named = {"name": named} if isinstance(named, str) else named
    if "name" not in named:
        raise ConfigError(
            f"recheck.extractor.name: a name is needed; one of: {', '.join(extractors.names())}"
        )
    checks = Checks(settings.window, settings.join, settings.limit, settings.tries)
    return Rechecked(renderer, Reader(extractors.build(named)), checks)


@dataclass(frozen=True)
class Reader:
    """The signer's poses in frames, by an extractor."""

    extractor: Extractor

    def __call__(self, frames: Iterable[Frame], fps: float) -> PoseSequence:
        """Poses in pixels of the frames, as many as frames."""
        shown = list(frames)
        height, width = shown[0].shape[:2]
        return gather(list(self.extractor(shown, fps=fps)), fps, width, height).signer
