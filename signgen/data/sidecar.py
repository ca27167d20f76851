"""The JSON sidecar beside every output: what made it, from what, under which licences, and how to repeat it."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from signgen.data.atomic import write_text
from signgen.data.strict_json import read_json_object, to_json
from signgen.errors import DataError

SCHEMA = 1
PACKAGES = ("numpy", "scipy", "numba", "av")


@dataclasses.dataclass(frozen=True)
class OutputFile:
    """One file that a command wrote.

    Attributes:
        name: its name, without a folder, so that the pair can be moved.
        bytes: its size.
        sha256: hash of its bytes.
    """

    name: str
    bytes: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class Sidecar:
    """The account of one run.

    Attributes:
        command: the verb, such as ``generate``.
        config: the settings as resolved, enough to run it again.
        seed: seed of everything random.
        text: the input text, empty if there was none.
        sources: what went in, such as lexicon entries with their licences.
        licences: the licences the output is under, each once.
        outputs: the files written.
        warnings: what the user should know, one line each.
        account: figures about the making (coverage, timeline, seams); any JSON.
        text_sha256: hash of ``text`` as UTF-8; filled in.
        versions: Python and the packages that shape the result; filled in.
        signgen: version of signgen; filled in.
        schema: version of this layout.
    """

    command: str
    config: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    seed: int = 0
    text: str = ""
    sources: Sequence[Mapping[str, Any]] = ()
    licences: Sequence[str] = ()
    outputs: Sequence[OutputFile] = ()
    warnings: Sequence[str] = ()
    account: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    text_sha256: str = ""
    versions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    signgen: str = ""
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        filled = {
            "text_sha256": self.text_sha256 or hash_text(self.text),
            "versions": self.versions or installed_versions(),
            "signgen": self.signgen or package_version("signgen"),
        }
        for name, value in filled.items():
            object.__setattr__(self, name, value)


def sidecar_path(output: Path) -> Path:
    """Where the sidecar of ``output`` lives: beside it; poses keep their suffix so that a video can share the name.

    >>> sidecar_path(Path("clips/hello.mp4")).as_posix(), sidecar_path(Path("clips/hello.npz")).as_posix()
    ('clips/hello.json', 'clips/hello.npz.json')
    """
    return output.with_suffix(".json") if output.suffix == ".mp4" else output.with_name(output.name + ".json")


def describe_output(path: Path) -> OutputFile:
    """Name, size and hash of a file just written."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return OutputFile(path.name, path.stat().st_size, digest)


def hash_text(text: str) -> str:
    """SHA-256 of a text as UTF-8; lone surrogates count as themselves."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def installed_versions() -> dict[str, str]:
    """Versions of Python and of the packages that shape results, read without importing them."""
    return {"python": platform.python_version()} | {name: package_version(name) for name in PACKAGES}


def write_sidecar(path: Path, payload: Sidecar) -> None:
    """Write a sidecar atomically: fields in the order of `Sidecar`, nested mappings in key order."""
    write_text(path, to_json(payload, indent=2) + "\n")


def read_sidecar(path: Path) -> Sidecar:
    """Read a sidecar and check every field.

    Raises:
        DataError: missing, not JSON, of a newer schema, an unknown, missing or wrong field, or a text that
            does not match its hash.
    """
    values = read_json_object(path)
    schema = values.get("schema")
    if not isinstance(schema, int) or isinstance(schema, bool) or "command" not in values:
        raise DataError(f"{path}: not a sidecar of signgen")
    if schema > SCHEMA:
        raise DataError(f"{path}: written by a newer signgen (schema {schema}, this one reads {SCHEMA})")
    _check_fields(path, values)
    values["outputs"] = tuple(_output(path, item) for item in values["outputs"])
    for name in ("sources", "licences", "warnings"):
        values[name] = tuple(values[name])
    sidecar = Sidecar(**values)
    if sidecar.text_sha256 != hash_text(sidecar.text):
        raise DataError(f"{path}: text: does not match text_sha256; was the file edited?")
    return sidecar


_KINDS: Mapping[str, type] = {
    "command": str,
    "config": dict,
    "seed": int,
    "text": str,
    "sources": list,
    "licences": list,
    "outputs": list,
    "warnings": list,
    "account": dict,
    "text_sha256": str,
    "versions": dict,
    "signgen": str,
    "schema": int,
}
_ITEMS: Mapping[str, type] = {"sources": dict, "licences": str, "outputs": dict, "warnings": str}


def _check_fields(path: Path, values: Mapping[str, Any]) -> None:
    for name in values.keys() ^ _KINDS.keys():
        raise DataError(f"{path}: {name}: {'unknown field' if name in values else 'missing'}")
    for name, kind in _KINDS.items():
        if not isinstance(values[name], kind) or isinstance(values[name], bool):
            raise DataError(f"{path}: {name}: expected {kind.__name__}")
    for name, kind in _ITEMS.items():
        if not all(isinstance(item, kind) for item in values[name]):
            raise DataError(f"{path}: {name}: expected a list of {kind.__name__}")
    if not all(isinstance(item, str) for item in values["versions"].values()):
        raise DataError(f"{path}: versions: expected text for each package")


def _output(path: Path, item: Mapping[str, Any]) -> OutputFile:
    kinds = {"name": str, "bytes": int, "sha256": str}
    if item.keys() != kinds.keys() or not all(isinstance(item[k], kind) for k, kind in kinds.items()):
        raise DataError(f"{path}: outputs: expected name, bytes and sha256 for each file")
    return OutputFile(**item)


@functools.cache
def package_version(package: str) -> str:
    """Version of an installed package, read once and without importing it; empty if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
