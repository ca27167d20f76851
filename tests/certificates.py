"""Keys and certificates that are made for a test and trusted by nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path


def make_credentials(
    folder: Path, *, start: int = -1, days: int = 30, curve: str = "SECP256R1"
) -> tuple[Path, Path]:
    """``cert.pem`` (signer, then its root) and ``key.pem``; valid from ``start`` days from now for ``days`` days."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    now = datetime.now(UTC)
    root_key, key = (ec.generate_private_key(getattr(ec, curve)()) for _ in range(2))
    identifier = x509.SubjectKeyIdentifier.from_public_key(root_key.public_key())

    def named(name):
        pairs = [(x509.NameOID.ORGANIZATION_NAME, "signgen tests"), (x509.NameOID.COMMON_NAME, name)]
        return x509.Name([x509.NameAttribute(*pair) for pair in pairs])

    def usage(*allowed):
        names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
                 "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
        return x509.KeyUsage(**{name: name in allowed for name in names})

    def signed(name, public, is_root, *more):
        made = (
            x509.CertificateBuilder(named("root"), named(name), public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=start))
            .not_valid_after(now + timedelta(days=start + days))
            .add_extension(x509.BasicConstraints(is_root, None), critical=True)
        )
        for extension, is_critical in more:
            made = made.add_extension(extension, critical=is_critical)
        return made.sign(root_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    root = signed("root", root_key.public_key(), True, (usage("key_cert_sign"), True), (identifier, False))
    leaf = signed(
        "test signer", key.public_key(), False, (usage("digital_signature"), True),
        (x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
    )  # fmt: skip
    certificate, private = folder / "cert.pem", folder / "key.pem"
    folder.mkdir(parents=True, exist_ok=True)
    certificate.write_bytes(leaf + root)
    private.write_bytes(_pem(key))
    private.chmod(0o600)
    return certificate, private


def lock_key(path: Path, passphrase: bytes) -> None:
    """Give a key a passphrase."""
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(path.read_bytes(), None)
    path.write_bytes(_pem(key, serialization.BestAvailableEncryption(passphrase)))


def _pem(key, locked=None) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked or serialization.NoEncryption()
    )
