"""The settings of a data set, checked as a whole, and the hash of those that each stage depends on."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from annotated_types import Ge, Le

from signgen.config import check, setting
from signgen.data.strict_json import plain, to_json
from signgen.dataset.captions import Cutting
from signgen.dataset.manifest import Sample
from signgen.dataset.status import CAPTIONS, FETCH, POSES, VERDICT
from signgen.errors import ConfigError
from signgen.extract.base import Extractor, extractors
from signgen.pose.clean import Cleaning
from signgen.pose.quality import Limits

EXTRACTOR = "mediapipe"
# Raised when the code of a stage starts to give other results, so that what is there is made anew.
VERSIONS = {FETCH: 1, CAPTIONS: 2, POSES: 1, VERDICT: 1}


@dataclass(frozen=True)
class Options:
    """Settings that are no part's own."""

    all_people: bool = setting(True, "keep everybody in the picture, not the signer alone")
    clean: bool = setting(True, "mend the poses that an extractor finds, as `cleaning` says")
    columnar: bool = setting(True, "write a columnar shard for training beside each tar")
    shard_videos: Annotated[int, Ge(1), Le(100_000)] = setting(500, "videos in a shard")


@dataclass(frozen=True)
class Settings:
    """All settings of a build.

    Attributes:
        extractor: finds people in videos.
        cleaning: what of the found poses is mended.
        captions: how cues become sentences.
        limits: what poses must reach to get into the shards.
        options: see `Options`.
        config: all of it as plain values, with every default written out.
    """

    extractor: Extractor
    cleaning: Cleaning
    captions: Cutting
    limits: Limits
    options: Options
    config: dict[str, Any]

    def digest(self, stage: str, sample: Sample) -> str:
        """Hash of the settings on which ``stage`` of ``sample`` depends."""
        config = self.config
        relevant: dict[str, Any] = {"version": VERSIONS[stage]}
        if stage == CAPTIONS:
            relevant["captions"] = config["captions"]
        elif stage == POSES:
            relevant["all_people"] = config["all_people"]
            if sample.poses is None:
                relevant |= {name: config[name] for name in ("extractor", "clean", "cleaning")}
        elif stage == VERDICT:
            relevant["limits"] = config["limits"]
        return hashlib.sha256(to_json(relevant).encode()).hexdigest()[:16]


def prepare(config: Mapping[str, Any] | None = None) -> Settings:
    """Check settings; what is left out takes its default.

    Raises:
        ConfigError: an unknown setting, a wrong type, a value out of range or an unknown extractor.
    """
    sections, rest = {}, dict(config or {})
    for name in ("captions", "extractor", "cleaning", "limits"):
        sections[name] = _section(name, rest.pop(name, {}))
    named = {"name": EXTRACTOR, **sections["extractor"]}
    extractor = extractors.build(named)
    cleaning = check(Cleaning, sections["cleaning"], "cleaning")
    captions = check(Cutting, sections["captions"], "captions")
    limits = check(Limits, sections["limits"], "limits")
    options = check(Options, rest)
    written_out = {
        "extractor": {"name": named["name"], **_plain(extractor)},
        "cleaning": _plain(cleaning),
        "captions": _plain(captions),
        "limits": _plain(limits),
        **_plain(options),
    }
    return Settings(extractor, cleaning, captions, limits, options, written_out)


def _section(name: str, section: Any) -> Mapping[str, Any]:
    if isinstance(section, str) and name == "extractor":
        return {"name": section}
    if not isinstance(section, Mapping):
        raise ConfigError(f"{name}: expected a mapping of settings")
    return section


def _plain(part: Any) -> dict[str, Any]:
    """The settings of a part as JSON holds them."""
    return {f.name: plain(getattr(part, f.name)) for f in dataclasses.fields(part) if f.init}
