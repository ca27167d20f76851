"""Read and write JSON strictly: bounded size, no repeated keys, no NaN, the same bytes for the same value."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from signgen.data.files import read_file
from signgen.errors import DataError

MAX_JSON_BYTES = 64 << 20
_SURROGATE = re.compile("[\ud800-\udfff]")
# Checked by type first: most of what is written are these, thousands of times a second in a batch.
_PLAIN = frozenset((str, int, float, bool, type(None)))


def read_json_object(path: Path, max_bytes: int = MAX_JSON_BYTES) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        DataError: missing, too large, not JSON, or not an object.
    """
    return parse_json_object(read_file(path, max_bytes), str(path), max_bytes)


def parse_json_object(
    data: bytes | memoryview, where: str, max_bytes: int = MAX_JSON_BYTES
) -> dict[str, Any]:
    """The JSON object in ``data``; errors start with ``where``.

    Raises:
        DataError: too large, not UTF-8, not JSON, a repeated key, NaN or infinity, or not an object.
    """
    value = parse_json(data, where, max_bytes)
    if not isinstance(value, dict):
        raise DataError(f"{where}: expected a JSON object")
    return value


def parse_json(data: bytes | memoryview, where: str, max_bytes: int = MAX_JSON_BYTES) -> Any:
    """Any JSON value in ``data``; errors start with ``where``.

    Raises:
        DataError: too large, not UTF-8, not JSON, a repeated key, NaN or infinity.
    """
    if len(data) > max_bytes:
        raise DataError(f"{where}: JSON of more than {max_bytes} bytes is refused")
    try:
        value = json.loads(
            bytes(data).decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_no_constant
        )
    except UnicodeDecodeError:
        raise DataError(f"{where}: not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise DataError(
            f"{where}: not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from None
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error).split(";")[0]
        raise DataError(f"{where}: not valid JSON: {reason}") from None
    return value


def to_json(value: Any, *, indent: int | None = None) -> str:
    """JSON text of a value: mappings in key order, paths with forward slashes, floats as they read back.

    Raises:
        ValueError: a number that is not finite.
        TypeError: a value JSON has no form for.
    """
    values = plain(value)
    text = json.dumps(values, ensure_ascii=False, allow_nan=False, indent=indent)
    # UTF-8 has no form for a lone surrogate; JSON's escapes do.
    return json.dumps(values, allow_nan=False, indent=indent) if _SURROGATE.search(text) else text


def plain(value: Any) -> Any:
    """``value`` made of dict, list, str, int, float, bool and None.

    Mappings come in key order, dataclasses in the order of their fields.
    """
    kind: Any = type(value)
    if kind in _PLAIN:
        return value
    if kind is dict:
        return {str(key): plain(value[key]) for key in sorted(value, key=str)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: plain(getattr(value, name)) for name in _field_names(kind)}
    if isinstance(value, Mapping):
        return {str(key): plain(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, (np.generic, np.ndarray)):
        return plain(value.tolist())
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"{type(value).__name__} has no form in JSON")


@functools.cache
def _field_names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("an object has a key twice")
    return result


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
