"""What a batch varies: settings with several values each, from flags and from the config file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from signgen.config import with_overrides
from signgen.errors import ConfigError

VARY = "vary"


def take_choices(
    settings: Mapping[str, Any], flags: Iterable[str]
) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Settings without their section ``vary``, and values by dotted setting; flags replace those of the file.

    >>> take_choices({"vary": {"seed": [0, 1]}}, ["renderer.signer=ada,bola"])
    ({}, {'seed': [0, 1], 'renderer.signer': ['ada', 'bola']})

    Raises:
        ConfigError: not a list of values for each setting.
    """
    section = settings.get(VARY, {})
    if not isinstance(section, Mapping) or not all(isinstance(values, list) for values in section.values()):
        raise ConfigError("vary: expected a list of values for each dotted setting")
    choices = dict(section)
    for flag in flags:
        path, equals, text = flag.partition("=")
        if not equals or not text or not all(path.split(".")):
            raise ConfigError(f"--vary: expected SETTING=VALUE,VALUE, got {flag!r}")
        choices[path] = [with_overrides({}, [f"value={each}"])["value"] for each in text.split(",")]
    return {name: value for name, value in settings.items() if name != VARY}, choices
