"""Content Credentials (C2PA): a signed note inside a video of what made it, which shows when a frame was changed.

Keys and certificates come from the user's files alone. Nothing is fetched from the network, unless a time stamping
authority is named. The package c2pa-python does the signing and the checking.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signgen.config import setting
from signgen.data.atomic import atomic_path
from signgen.data.files import read_file
from signgen.data.sidecar import package_version
from signgen.errors import ConfigError, DataError, DependencyError, RenderError

if TYPE_CHECKING:
    from types import ModuleType

MAX_PEM_BYTES = 1 << 20
_TYPE = "video/mp4"
ACCOUNT = "org.signgen.account"
# https://cv.iptc.org/newscodes/digitalsourcetype/
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TRAINED, DATA_DRIVEN, ALGORITHMIC = "trainedAlgorithmicMedia", "dataDrivenMedia", "algorithmicMedia"
_SETTINGS = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": True},
    "builder": {"thumbnail": {"enabled": False}},
}
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_GROUP_OR_OTHERS_READ = 0o044
# The box of a manifest comes right after the type of the file.
_FIRST_BOXES = 4096
_C2PA_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


@dataclass(frozen=True)
class Credentials:
    """What videos are signed with."""

    certificate: Path = setting(Path(), "PEM file: the signer's certificate, then those that vouch for it")
    key: Path = setting(Path(), "PEM file of its private key, without a passphrase")
    timestamp: str = setting(
        "", "URL of a time stamping authority, the only thing that is asked over the network"
    )

    def __post_init__(self) -> None:
        if self.timestamp and not self.timestamp.startswith(("http://", "https://")):
            raise ConfigError(
                f"credentials.timestamp: {self.timestamp!r:.80} is no address such as https://..."
            )


@dataclass(frozen=True)
class Claim:
    """What is said of a video.

    Attributes:
        source_type: of IPTC's list: `TRAINED`, `DATA_DRIVEN` or `ALGORITHMIC`.
        account: hashes and figures that tie it to its sidecar; any JSON.
    """

    source_type: str
    account: Mapping[str, Any]


def check_credentials(credentials: Credentials) -> tuple[str, ...]:
    """Read certificate and key, and see whether they can sign now; what the user should know, one line each.

    Raises:
        DependencyError: the extra is not installed.
        ConfigError: a file that cannot be read, is no PEM, or holds a key with a passphrase; a certificate that is not
            valid today, or a key of another certificate.
    """
    _signer(credentials)
    if os.name == "posix" and credentials.key.stat().st_mode & _GROUP_OR_OTHERS_READ:
        return (f"{credentials.key}: other users can read this private key; chmod 600 {credentials.key}",)
    return ()


def sign_video(path: Path, credentials: Credentials, claim: Claim) -> None:
    """Put a signed manifest into an mp4, in place and atomically.

    Two signings differ in their bytes: a manifest holds a random name, and a signature a random number.

    Raises:
        DependencyError, ConfigError: as `check_credentials`.
        RenderError: the library refused; such as a time stamping authority that does not answer.
        ResourceError: the disk is full or the folder cannot be written.
    """
    signer = _signer(credentials)
    c2pa = _library()
    try:
        with atomic_path(path) as signed:
            builder = c2pa.Builder(_manifest(path.name, claim), _context())
            with path.open("rb") as source, signed.open("w+b") as target:
                builder.sign(signer, _TYPE, source, target)
    except c2pa.C2paError as error:
        raise RenderError(f"{path}: cannot be signed: {_line(error)}") from None


def read_credentials(path: Path) -> dict[str, Any] | None:
    """What the manifest of a video says, and whether the video is as it was signed; None without a manifest.

    ``state`` is ``Valid`` where nothing was changed since the signing, ``Invalid`` otherwise. Who the signer is only
    those lists know that certificates are on; none is asked here.

    Raises:
        DependencyError: the extra is not installed.
        DataError: a manifest that cannot be read.
    """
    c2pa = _library()
    try:
        with path.open("rb") as file:
            reader = c2pa.Reader(_TYPE, file, context=_context())
            manifest = reader.get_active_manifest() or {}
            state, results = reader.get_validation_state(), reader.get_validation_results() or {}
    except c2pa.C2paError.ManifestNotFound:
        return None
    except c2pa.C2paError as error:
        raise DataError(f"{path}: its Content Credentials cannot be read: {_line(error)}") from None
    assertions = {row["label"]: row["data"] for row in manifest.get("assertions", ())}
    actions = [
        row
        for label in assertions
        if label.startswith("c2pa.actions")
        for row in assertions[label]["actions"]
    ]
    signature, failed = (
        manifest.get("signature_info", {}),
        results.get("activeManifest", {}).get("failure", ()),
    )
    return {
        "state": str(state),
        "problems": [str(row["code"]) for row in failed],
        "signer": str(signature.get("common_name", "")),
        "issuer": str(signature.get("issuer", "")),
        "time": str(signature.get("time", "")),
        "made_by": [
            f"{row['name']} {row.get('version', '')}".strip() for row in manifest["claim_generator_info"]
        ],
        "actions": [str(row["action"]) for row in actions],
        "source_type": [str(row["digitalSourceType"]) for row in actions if "digitalSourceType" in row],
        "account": assertions.get(ACCOUNT, {}),
    }


def has_manifest(path: Path) -> bool:
    """Whether an mp4 has a box for a manifest; whether that is whole is not looked at.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_FIRST_BOXES)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    return b"uuid" + _C2PA_BOX in head


def has_library() -> bool:
    """Whether the extra is installed; it is not imported."""
    from importlib.util import find_spec

    return find_spec("c2pa") is not None


def _manifest(title: str, claim: Claim) -> dict[str, Any]:
    maker = {"name": "signgen", "version": package_version("signgen")}
    created = {
        "action": "c2pa.created", "softwareAgent": maker, "digitalSourceType": f"{SOURCE_TYPE}{claim.source_type}",
    }  # fmt: skip
    return {
        "claim_generator_info": [maker],
        "title": title,
        "format": _TYPE,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
            {"label": ACCOUNT, "data": {"synthetic": True, **claim.account}},
        ],
    }


def _library() -> ModuleType:
    try:
        import c2pa
    except ImportError:
        raise DependencyError(
            "Content Credentials need c2pa-python; pip install 'signgen[provenance]'"
        ) from None
    library: ModuleType = c2pa
    return library


@functools.cache
def _context() -> Any:
    return _library().Context.from_dict(_SETTINGS)


@functools.lru_cache(maxsize=4)
def _signer(credentials: Credentials) -> Any:
    """The signer of two files, which are looked at once a process."""
    c2pa = _library()
    try:
        chain, key = (read_file(path, MAX_PEM_BYTES) for path in (credentials.certificate, credentials.key))
    except DataError as error:  # it is a setting that is wrong, for all videos
        raise ConfigError(str(error)) from None
    algorithm = _checked(credentials, chain, key)
    try:
        info = c2pa.C2paSignerInfo(algorithm, chain, key, credentials.timestamp or None)
        return c2pa.Signer.from_info(info)
    except c2pa.C2paError as error:
        raise ConfigError(f"{credentials.certificate}: cannot sign with it: {_line(error)}") from None


def _checked(credentials: Credentials, chain: bytes, key: bytes) -> str:
    """The algorithm of a key that fits its certificate, valid now."""
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        certificate = x509.load_pem_x509_certificates(chain)[0]
        told = certificate.public_key()
    except (ValueError, IndexError):
        raise ConfigError(f"{credentials.certificate}: not a certificate in PEM") from None
    try:
        private = load_pem_private_key(key, None)
    except TypeError:
        raise ConfigError(f"{credentials.key}: has a passphrase; give a key without one") from None
    except Exception:  # cryptography has errors of its own for what it does not know
        raise ConfigError(f"{credentials.key}: not a private key in PEM") from None
    if private.public_key() != told:
        raise ConfigError(f"{credentials.key}: is not the key of {credentials.certificate}")
    since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not since <= datetime.now(UTC) <= until:
        raise ConfigError(
            f"{credentials.certificate}: is valid from {since:%Y-%m-%d} to {until:%Y-%m-%d}, not today; renew it"
        )
    return _algorithm(private, credentials.key)


def _algorithm(private: Any, path: Path) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _CURVES:
        return _CURVES[private.curve.name]
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(private, rsa.RSAPrivateKey):
        return "ps256"
    raise ConfigError(f"{path}: C2PA takes keys of P-256, P-384, P-521, Ed25519 and RSA, not this one")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
