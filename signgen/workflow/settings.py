"""The settings of a job: defaults, YAML, flags and ``--set`` merged as a dict, then checked once, in full."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Le

from signgen.config import check, merge, setting
from signgen.data.provenance import Credentials, check_credentials
from signgen.errors import ConfigError
from signgen.pose.looks import Look
from signgen.render.base import Renderer, check_ready, has_own_body, renderers
from signgen.text2pose.base import PoseSource, sources
from signgen.text2pose.looked import Looked
from signgen.workflow.credentials import SECTION, credentials_of

SOURCE = "stitch"
# A text makes poses with depth, which the avatar can wear; poses from elsewhere may be flat.
RENDERER = "avatar"
FLAT_RENDERER = "skeleton"
PARTS = {"source": SOURCE, "renderer": RENDERER}
LOOK = "look"


@dataclass(frozen=True)
class Settings:
    """What decides, together with the text, what `generate` makes."""

    seed: Annotated[int, Ge(0), Le(2**32 - 1)] = setting(
        0, "seed of everything random; same seed, same bytes"
    )
    captions: bool = setting(True, "write WebVTT captions beside the video")
    eaf: bool = setting(False, "write an ELAN file with text and gloss tiers beside the video")
    n_best: Annotated[int, Ge(1), Le(256)] = setting(
        1, "drafts with seeds of their own, of which a judge chooses one"
    )
    judge: str = setting("", "who chooses: a judge's folder or name, such as ase")
    crf: Annotated[int, Ge(0), Le(51)] = setting(18, "H.264 constant rate factor: lower is larger and better")
    credentials: dict[str, Any] | str | None = setting(
        None, "sign videos: {certificate: CERT.pem, key: KEY.pem}, or CERT.pem,KEY.pem; default: do not"
    )
    recheck: dict[str, Any] | None = setting(
        None, "read the frames again and draw bad windows anew, such as {extractor: dwpose}; default: do not"
    )


@dataclass(frozen=True)
class Job:
    """Parts and settings ready to run.

    Attributes:
        source: text to poses, with the look asked for.
        renderer: poses to frames.
        settings: the rest.
        config: everything above as plain values, with every default written out; ``look`` if there is one.
    """

    source: PoseSource
    renderer: Renderer
    settings: Settings
    config: dict[str, Any]

    @property
    def seed(self) -> int:
        """Seed of everything random."""
        return self.settings.seed

    @property
    def credentials(self) -> Credentials | None:
        """What its videos are signed with."""
        return credentials_of(self.settings.credentials)

    def check_look(self) -> None:
        """Refuse a look of the poses that frames would not show.

        Raises:
            ConfigError: the renderer draws a body and a view of its own.
        """
        if LOOK in self.config and has_own_body(self.renderer):
            raise ConfigError(
                f"look: changes poses, but renderer {self.config['renderer']['name']} draws a body and a view of its "
                "own; set those (renderer.signer, renderer.yaw, ...), make poses alone, or draw with skeleton"
            )

    def check_drawing(self) -> None:
        """Ask, before anything is made, whether this job can draw what it signs.

        Raises:
            ConfigError: see `check_look`; or credentials that cannot sign.
            DependencyError: an extra of the renderer, or for the credentials, is not installed.
            CheckpointError: its weights are missing.
        """
        self.check_look()
        check_ready(self.renderer)
        self.warnings()

    def warnings(self) -> tuple[str, ...]:
        """What the user should know about the credentials; errors as of `check_drawing`."""
        return () if self.credentials is None else check_credentials(self.credentials)


def prepare(config: Mapping[str, Any] | None = None, *, renderer: str = RENDERER) -> Job:
    """Build the parts that ``config`` names; what it leaves out takes its default.

    Args:
        config: settings by section.
        renderer: the renderer where none is named; a ``style`` is the skeleton's, a ``signer`` the avatar's.

    Raises:
        ConfigError: an unknown setting, a wrong type, a value out of range or an unknown part.
    """
    merged = merge({"source": {}, "renderer": {}}, config or {})
    sections = {name: _section(name, merged.pop(name)) for name in PARTS}
    drawn = _drawn_by(sections["renderer"], renderer)
    sections = {
        "source": {"name": SOURCE, **sections["source"]},
        "renderer": {"name": drawn, **sections["renderer"]},
    }
    look = _look(merged.pop(LOOK, {}))
    settings = check(Settings, merged)
    source = sources.build(sections["source"])
    drawer = renderers.build(sections["renderer"])
    written_out = {
        "source": {"name": sections["source"]["name"], **plain(source)},
        "renderer": {"name": sections["renderer"]["name"], **plain(drawer)},
        **plain(settings),
    }
    # Who signs a video does not decide what is in it, and a key's place is nobody's business.
    written_out.pop(SECTION)
    credentials_of(settings.credentials)
    if look != Look():
        # Written only where there is one: what was recorded before there were looks keeps its hash.
        source, written_out = Looked(source, look), {**written_out, LOOK: plain(look)}
    return Job(source, _rechecked(drawer, settings), settings, written_out)


def _rechecked(renderer: Renderer, settings: Settings) -> Renderer:
    if settings.recheck is None:
        return renderer
    from signgen.workflow.recheck import rechecked

    return rechecked(renderer, settings.recheck)


def _drawn_by(section: Mapping[str, Any], default: str) -> str:
    """The renderer where none is named: the one that has all the settings given, first the default."""
    # Both have a background: levels behind a skeleton, a name or a path behind a signer.
    first = RENDERER if isinstance(section.get("background"), str) else default
    for name in dict.fromkeys((first, default, RENDERER, FLAT_RENDERER)):
        if set(section) <= {known.name for known in renderers.settings(name)}:
            return name
    return default


def plain(part: Any) -> dict[str, Any]:
    """The settings of a part as values that JSON and YAML can hold; paths become absolute."""
    return {f.name: _plain_value(getattr(part, f.name)) for f in dataclasses.fields(part) if f.init}


def _plain_value(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value.resolve())
    if isinstance(value, Mapping):
        return {str(key): _plain_value(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain_value(item) for item in value]
    return value


def _look(section: Any) -> Look:
    if not isinstance(section, Mapping):
        raise ConfigError("look: expected a mapping such as {signer: 7, yaw: 20}")
    return check(Look, section, where=LOOK)


def _section(name: str, section: Any) -> Mapping[str, Any]:
    if isinstance(section, str):
        return {"name": section}
    if not isinstance(section, Mapping):
        raise ConfigError(f"{name}: expected a mapping such as {{name: {PARTS[name]}}}")
    return section
