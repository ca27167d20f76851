"""The consent of a person whose portrait gives a signer's looks: a `consent.toml` beside the picture."""

from __future__ import annotations

import datetime
import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from signgen.config import did_you_mean
from signgen.data.files import read_file
from signgen.errors import DataError

NAME = "consent.toml"
MAX_BYTES = 1 << 16
# What a video may be made for.
Purpose: TypeAlias = Literal["private", "research", "education", "publication", "commercial"]
PURPOSES: tuple[str, ...] = get_args(Purpose)
_KINDS = {
    "who": "a name",
    "scope": f"a list of: {', '.join(PURPOSES)}",
    "expiry": "a date such as 2027-01-31",
}


@dataclass(frozen=True)
class Consent:
    """What a person allows.

    Attributes:
        who: the person; stays in the file, no account repeats it.
        scope: the purposes allowed, of `PURPOSES`.
        expiry: the last day on which it holds.
        portrait_sha256: the pictures meant; empty: all that the file stands beside.
        sha256: of the file itself.
    """

    who: str
    scope: tuple[str, ...]
    expiry: datetime.date
    portrait_sha256: tuple[str, ...]
    sha256: str

    def account(self) -> dict[str, Any]:
        """What a sidecar says: everything but the name, which videos should not carry around."""
        return {"sha256": self.sha256, "scope": list(self.scope), "expiry": self.expiry.isoformat()}


def consent_path(portrait: Path) -> Path:
    """The file that speaks for a portrait: ``jane.consent.toml`` for ``jane.png``, else the folder's ``consent.toml``.

    Args:
        portrait: the picture.
    """
    own = portrait.with_name(f"{portrait.stem}.{NAME}")
    return own if own.exists() else portrait.with_name(NAME)


def check_consent(
    portrait: Path,
    portrait_sha256: str,
    purpose: str,
    *,
    consent: Path | None = None,
    today: datetime.date | None = None,
) -> Consent:
    """The consent to use a portrait for a purpose today.

    Args:
        portrait: the picture.
        portrait_sha256: its hash.
        purpose: one of `PURPOSES`.
        consent: the file that speaks for it; by default the one beside it.
        today: the day; by default that of the clock.

    Raises:
        DataError: there is none, it is malformed, has expired, or does not cover the purpose or the picture.
    """
    today = today or datetime.date.today()
    path = consent or consent_path(portrait)
    if not path.exists():
        raise DataError(
            f"{path}: missing; a portrait of a person needs their consent beside it, three lines: "
            f'who = "NAME"; scope = ["{purpose}"]; expiry = {_in_a_year(today)}'
        )
    given = read_consent(path)
    if given.expiry < today:
        raise DataError(
            f"{path}: expired on {given.expiry}; ask again, then write: expiry = {_in_a_year(today)}"
        )
    if purpose not in given.scope:
        wider = ", ".join(f'"{name}"' for name in (*given.scope, purpose))
        raise DataError(f"{path}: does not cover {purpose}; ask for it, then write: scope = [{wider}]")
    if given.portrait_sha256 and portrait_sha256 not in given.portrait_sha256:
        raise DataError(
            f"{path}: is for other pictures than {portrait.name}; if the person agrees to this one, "
            f'add to portrait_sha256: "{portrait_sha256}"'
        )
    return given


def read_consent(path: Path) -> Consent:
    """Read and check a consent file.

    Raises:
        DataError: not readable, not TOML, a field missing, unknown or of another kind.
    """
    data = read_file(path, MAX_BYTES)
    try:
        values = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not valid TOML: {' '.join(str(error).split())}") from None
    _check_names(path, values)
    pictures = values.get("portrait_sha256", [])
    pictures = [pictures] if isinstance(pictures, str) else pictures
    return Consent(
        _who(path, values["who"]),
        _scope(path, values["scope"]),
        _expiry(path, values["expiry"]),
        _hashes(path, pictures),
        hashlib.sha256(data).hexdigest(),
    )


def _check_names(path: Path, values: Mapping[str, Any]) -> None:
    known = {*_KINDS, "portrait_sha256"}
    for name in values:
        if name not in known:
            raise DataError(f"{path}: {name!r}: unknown field{did_you_mean(name, known)}")
    for name, kind in _KINDS.items():
        if name not in values:
            raise DataError(f"{path}: {name}: missing; write {kind}")


def _who(path: Path, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _wrong(path, "who")
    return value


def _scope(path: Path, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(name in PURPOSES for name in value):
        raise _wrong(path, "scope")
    return tuple(dict.fromkeys(value))


def _expiry(path: Path, value: Any) -> datetime.date:
    if isinstance(value, datetime.datetime) or not isinstance(value, datetime.date):
        raise _wrong(path, "expiry")
    return value


def _hashes(path: Path, value: Any) -> tuple[str, ...]:
    good = isinstance(value, list) and all(
        isinstance(each, str) and len(each) == 64 and set(each) <= set("0123456789abcdef") for each in value
    )
    if not good:
        raise DataError(f"{path}: portrait_sha256: expected a list of hashes of 64 small hexadecimal digits")
    return tuple(value)


def _wrong(path: Path, name: str) -> DataError:
    return DataError(f"{path}: {name}: expected {_KINDS[name]}")


def _in_a_year(today: datetime.date) -> datetime.date:
    return today + datetime.timedelta(days=365)
