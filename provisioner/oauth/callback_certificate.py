"""A certificate for `https://localhost`, made for one sign-in and forgotten with it."""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate


@dataclass(frozen=True, slots=True)
class CallbackCertificate:
    """The server side of TLS, and what the browser shows as SHA-256 fingerprint.

    `is_own`: the user's, rather than made for the sign-in.
    """

    context: ssl.SSLContext
    fingerprint: str
    is_own: bool = False


def new_certificate() -> CallbackCertificate:
    """A fresh key and a self-signed certificate for localhost, good for a day."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _self_signed(key)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return CallbackCertificate(
        context=_context(private + certificate.public_bytes(Encoding.PEM)),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
    )


def _self_signed(key: EllipticCurvePrivateKey) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "maps-provisioner sign-in")])
    now = datetime.now(UTC)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=False)
        .sign(key, hashes.SHA256())
    )


def server_context() -> ssl.SSLContext:
    """TLS as a browser of today speaks it, still without a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _context(pem: bytes) -> ssl.SSLContext:
    context = server_context()
    with tempfile.TemporaryDirectory() as folder:  # 0700, and gone before the port is open
        path = Path(folder) / "callback.pem"
        path.touch(mode=0o600)
        path.write_bytes(pem)
        context.load_cert_chain(path)
    return context
