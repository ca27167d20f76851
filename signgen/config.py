"""Settings: parts registered by name, YAML and ``--set a.b=c`` merged as a dict, one strict check.

A *part* (source, renderer, ...) is a frozen dataclass whose fields are its settings. Its default, type
and documentation live in one place: ``steps: Annotated[int, Ge(1)] = setting(25, "denoising steps")``.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from types import UnionType
from typing import Any, Generic, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from signgen.errors import ConfigError

T = TypeVar("T")

MAX_CONFIG_BYTES = 1 << 20


def setting(default: Any, doc: str) -> Any:
    """A dataclass field with its documentation beside its default."""
    return dataclasses.field(default=default, metadata={"doc": doc})


@dataclasses.dataclass(frozen=True)
class Setting:
    """One documented field of a part, as ``signgen show`` prints it."""

    name: str
    type: str
    default: str
    doc: str


class Registry(Generic[T]):
    """Parts of one kind by name; the modules of ``package`` are imported when a name is first asked for.

    Other packages add parts through the entry-point group ``signgen.<kind>s``, or that of the ``plural`` given.
    """

    def __init__(self, kind: str, package: str, plural: str = "") -> None:
        self.kind = kind
        self._group = f"signgen.{plural or kind + 's'}"
        self._package = package
        self._parts: dict[str, type[T]] = {}
        self._discovered = False

    def register(self, name: str) -> Callable[[type[T]], type[T]]:
        """Class decorator that makes a frozen dataclass known as ``name``."""

        def add(part: type[T]) -> type[T]:
            if name in self._parts and self._parts[name].__qualname__ != part.__qualname__:
                raise ConfigError(f"{self.kind} {name!r} is registered twice")
            self._parts[name] = part
            return part

        return add

    def names(self) -> tuple[str, ...]:
        """All registered names in alphabetical order."""
        self._discover()
        return tuple(sorted(self._parts))

    def get(self, name: str) -> type[T]:
        """The dataclass registered as ``name``; raises ConfigError with the nearest name."""
        self._discover()
        if name not in self._parts:
            raise ConfigError(f"no {self.kind} called {name!r}{did_you_mean(name, self._parts)}")
        return self._parts[name]

    def build(self, settings: Mapping[str, Any]) -> T:
        """A part from ``{"name": ..., setting: value, ...}``, strictly checked."""
        rest = dict(settings)
        name = rest.pop("name", None)
        if not isinstance(name, str):
            raise ConfigError(f"{self.kind}.name: a name is needed; one of: {', '.join(self.names())}")
        return check(self.get(name), rest, where=self.kind)

    def settings(self, name: str) -> tuple[Setting, ...]:
        """The documented settings of the part called ``name``."""
        return describe(self.get(name))

    def _discover(self) -> None:
        if self._discovered:
            return
        self._discovered = True
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{self._package}.{module.name}")
        for point in entry_points(group=self._group):
            point.load()


def describe(part: type[Any]) -> tuple[Setting, ...]:
    """The fields of a dataclass as documented settings."""
    hints = get_type_hints(part)
    return tuple(
        Setting(
            f.name,
            _type_name(hints[f.name]),
            "" if f.default is dataclasses.MISSING else repr(f.default),
            str(f.metadata.get("doc", "")),
        )
        for f in dataclasses.fields(part)
        if f.init
    )


def _type_name(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return " | ".join(map(str, get_args(hint)))
    if get_origin(hint) in (Union, UnionType):
        return " | ".join("none" if choice is type(None) else _type_name(choice) for choice in get_args(hint))
    return str(hint) if get_origin(hint) else getattr(hint, "__name__", str(hint))


def check(part: type[T], values: Mapping[str, Any], where: str = "") -> T:
    """Build dataclass ``part`` from plain values, refusing unknown names, wrong types and bad ranges.

    Raises:
        ConfigError: one line with the dotted path of each wrong setting.
    """
    from pydantic import TypeAdapter, ValidationError

    prefix = f"{where}." if where else ""
    known = {f.name for f in dataclasses.fields(part) if f.init}  # type: ignore[arg-type]
    unknown = [name for name in values if name not in known]
    if unknown:
        raise ConfigError(
            "; ".join(f"{prefix}{name}: unknown setting{did_you_mean(name, known)}" for name in unknown)
        )
    try:
        return TypeAdapter(part).validate_python(dict(values))
    except ValidationError as error:
        lines = [_explain(prefix, item) for item in error.errors(include_url=False)]
        raise ConfigError("; ".join(lines)) from None


def _explain(prefix: str, item: Mapping[str, Any]) -> str:
    own = item.get("ctx", {}).get("error")
    if isinstance(own, ConfigError):
        return str(own)
    path = ".".join(str(step) for step in item["loc"])
    message = str(item["msg"])
    message = message[:1].lower() + message[1:]
    given = "" if item["type"] == "missing" else f", got {item['input']!r}"
    return f"{prefix}{path}: {message}{given}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``"; did you mean 'x'?"`` or the list of what is known."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known: {', '.join(known)}" if known else ""


def load_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping of plain values; no tags, no aliases (they allow exponential bombs), at most 1 MiB.

    Raises:
        ConfigError: the file is missing, too large, not YAML, uses aliases or is not a mapping.
    """
    import yaml

    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise ConfigError(f"{path}: larger than {MAX_CONFIG_BYTES} bytes; is this a config file?")
        text = path.read_text(encoding="utf-8")
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            raise ConfigError(f"{path}: YAML aliases (*name) are not allowed; write the value out")
        values = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    if values is None:
        return {}
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise ConfigError(f"{path}: expected a mapping of settings")
    return values


def with_overrides(values: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """Apply ``a.b=c`` strings to a nested dict; the values are read as YAML scalars.

    >>> with_overrides({"renderer": {"name": "skeleton"}}, ["renderer.size=256"])
    {'renderer': {'name': 'skeleton', 'size': 256}}
    """
    import yaml

    merged: dict[str, Any] = merge(values, {})
    for override in overrides:
        path, equals, text = override.partition("=")
        keys = path.strip().split(".")
        if not equals or not all(keys):
            raise ConfigError(f"--set {override!r}: expected a.b=value")
        try:
            value = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError):
            raise ConfigError(f"--set {override!r}: the value is not valid YAML") from None
        for key in reversed(keys):
            value = {key: value}
        merged = merge(merged, value)
    return merged


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``over`` laid on ``base``, mapping by mapping; neither is changed."""
    merged = {key: merge(value, {}) if isinstance(value, Mapping) else value for key, value in base.items()}
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = (
            merge(old if isinstance(old, dict) else {}, value) if isinstance(value, Mapping) else value
        )
    return merged
