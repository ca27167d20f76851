"""Settings that all trainings share, readable without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from typing import Annotated, Any, Literal, TypeVar, get_type_hints

from annotated_types import Ge, Gt, Lt

from signgen.config import check, did_you_mean, setting
from signgen.errors import ConfigError

T = TypeVar("T")
Seed = Annotated[int, Ge(0), Lt(1 << 32)]


@dataclass(frozen=True)
class OptimizerSettings:
    """What all trainings say of their optimiser; each has further settings, and defaults of its own."""

    optimizer: Literal["adamw", "adam"] = setting("adamw", "weight decay apart from the gradient, or in it")
    rate: Annotated[float, Gt(0)] = setting(1e-3, "highest learning rate")
    betas: tuple[float, float] = setting((0.9, 0.98), "how fast the optimiser forgets")
    decay: Annotated[float, Ge(0)] = setting(0.01, "weight decay")
    schedule: Literal["cosine", "constant"] = setting("cosine", "how the learning rate falls")
    warmup: Annotated[int, Ge(0)] = setting(100, "updates over which the learning rate rises")
    clip: Annotated[float, Ge(0)] = setting(1.0, "largest norm of the gradient; 0: any")


def prepared(
    run: type[T],
    values: Mapping[str, Any] | None,
    presets: Mapping[str, Mapping[str, Any]] | None = None,
    default: str = "",
) -> T:
    """The settings of a training from plain values.

    Args:
        run: dataclass of sections, each a dataclass itself, of a ``seed``, and of what else the caller has checked.
        values: by name of the section.
        presets: sections to start from by name of the preset; ``model.preset`` is such a name.
        default: which one, if it is not said.

    Raises:
        ConfigError: a setting is unknown, of the wrong type or out of range.
    """
    given, hints = dict(values or {}), get_type_hints(run)
    for name in given:
        if name not in hints:
            raise ConfigError(f"{name}: unknown setting{did_you_mean(name, hints)}")
    seed = given.get("seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 1 << 32:
        raise ConfigError(f"seed: expected a whole number from 0 to 4294967295, got {seed!r}")
    sections = {name: _section(name, given) for name, hint in hints.items() if is_dataclass(hint)}
    if presets:
        preset = sections["model"].pop("preset", default)
        if preset not in presets:
            raise ConfigError(
                f"model.preset: no preset called {preset!r}{did_you_mean(str(preset), presets)}"
            )
        for name, start in presets[preset].items():
            sections[name] = asdict(start) | sections[name]
    checked = {name: check(hints[name], section, where=name) for name, section in sections.items()}
    return run(**given | checked)


def _section(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    values = given.get(name) or {}
    if not isinstance(values, Mapping):
        raise ConfigError(f"{name}: expected settings by name, got {values!r}")
    return dict(values)
