"""The certificate of `https://localhost`: made for one sign-in, or the user's own, checked."""

from __future__ import annotations

import ssl
import stat
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.errors import UsageError

if TYPE_CHECKING:  # it takes a while to import, and few callbacks have https
    from cryptography.x509 import Certificate


@dataclass(frozen=True, slots=True)
class CallbackCertificate:
    """The server side of TLS; `fingerprint` is what a browser shows as SHA-256 fingerprint.

    `is_own`: the user's, rather than made for the sign-in.
    """

    context: ssl.SSLContext
    fingerprint: str
    is_own: bool = False


def new_certificate() -> CallbackCertificate:
    """A fresh key and a self-signed certificate for localhost."""
    from cryptography import x509

    pem, key = localhost_certificate("maps-provisioner sign-in")
    context = _server_context()
    with tempfile.TemporaryDirectory() as folder:  # 0700, and removed before the port is open
        path = Path(folder) / "callback.pem"
        path.write_bytes(key + pem)
        context.load_cert_chain(path)
    return CallbackCertificate(context, _fingerprint(x509.load_pem_x509_certificate(pem)))


def localhost_certificate(common_name: str) -> tuple[bytes, bytes]:
    """A self-signed certificate for localhost, valid for a day, and its key, as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.OID_SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), private


def own_certificate(certificate: Path, key: Path) -> CallbackCertificate:
    """The pair of PEM files: certificate (and its chain), and key. UsageError says what is wrong.

    The key must be readable by its owner only, not be encrypted, and fit the certificate; the
    certificate must be valid now and for localhost.
    """
    found = _checked_certificate(certificate)
    _check_key(key)
    context = _server_context()
    try:
        context.load_cert_chain(certificate, key, password="")  # else OpenSSL prompts for one
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or "unreadable"
        if reason == "KEY_VALUES_MISMATCH":
            reason = "the private key does not belong to the certificate"
        raise UsageError(
            f"TLS cannot use {certificate} with {key}: {reason}",
            remedy="give the key that the certificate was made with; or omit both options: a "
            "certificate is then made for each sign-in",
        ) from None
    return CallbackCertificate(context, _fingerprint(found), is_own=True)


def _checked_certificate(path: Path) -> Certificate:
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificate(_read(path, "--callback-cert"))
    except ValueError:
        raise UsageError(
            f"--callback-cert {path} contains no PEM certificate",
            remedy="give the file that begins with -----BEGIN CERTIFICATE-----",
        ) from None
    starts, ends = found.not_valid_before_utc, found.not_valid_after_utc
    if not starts <= datetime.now(UTC) < ends:
        raise UsageError(
            f"the certificate {path} is valid from {starts:%Y-%m-%d} to {ends:%Y-%m-%d}, not now",
            remedy="renew it, or omit --callback-cert: one is made for each sign-in",
        )
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names = x509.SubjectAlternativeName([])
    if "localhost" not in map(str.lower, names.get_values_for_type(x509.DNSName)):
        raise UsageError(
            f"the certificate {path} is not for localhost",
            remedy="add localhost to its subjectAltName (DNS): browsers read nothing else",
        )
    return found


def _check_key(path: Path) -> None:
    text = _read(path, "--callback-key")
    mode = stat.S_IMODE(path.stat().st_mode)
    if b"-----BEGIN " not in text or b"PRIVATE KEY-----" not in text:
        raise UsageError(
            f"--callback-key {path} contains no PEM private key",
            remedy="give the file that begins with -----BEGIN PRIVATE KEY-----",
        )
    if mode & 0o077:
        raise UsageError(
            f"the private key {path} can be read or written by others than its owner "
            f"(mode {mode:04o})",
            remedy=f"chmod 600 {path}; if others have read it, make a new key",
        )
    if b"ENCRYPTED" in text:  # PKCS #8 and the older form alike
        raise UsageError(
            f"the private key {path} is encrypted",
            remedy=f"write it without a passphrase: openssl pkey -in {path} -out PLAIN_KEY, then "
            "chmod 600 PLAIN_KEY",
        )


def _read(path: Path, option: str) -> bytes:
    try:
        if path.exists() and not path.is_file():  # a named pipe would make us wait for a writer
            raise UsageError(f"{option} {path} is not a file", remedy="check the path")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{option} {path} cannot be read: {error.strerror}",
            remedy="check the path, and the owner and mode of the file",
        ) from None


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _fingerprint(certificate: Certificate) -> str:
    from cryptography.hazmat.primitives import hashes

    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()
