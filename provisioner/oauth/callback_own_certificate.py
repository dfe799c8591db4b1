"""The user's own certificate for `https://localhost`, checked before anybody relies on it."""

from __future__ import annotations

import os
import ssl
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from provisioner.errors import UsageError
from provisioner.oauth.callback_certificate import CallbackCertificate, server_context

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_MOST_BYTES = 1024 * 1024


def own_certificate(certificate: Path, key: Path) -> CallbackCertificate:
    """The pair of PEM files: certificate (and its chain), and key. UsageError says what is wrong.

    The key must be readable by its owner only, not be encrypted, and fit the certificate; the
    certificate must be valid now and for localhost.
    """
    from cryptography.hazmat.primitives import hashes

    first = _checked_certificate(certificate)
    _check_key(key)
    context = server_context()
    try:
        # Without the callback OpenSSL would ask the terminal for a passphrase.
        context.load_cert_chain(certificate, key, password=_no_passphrase)
    except _Encrypted:
        raise _encrypted(key) from None
    except ssl.SSLError as error:
        raise _not_loaded(certificate, key, error.reason or "") from None
    fingerprint = first.fingerprint(hashes.SHA256()).hex(":").upper()
    return CallbackCertificate(context, fingerprint, is_own=True)


class _Encrypted(Exception):
    pass


def _no_passphrase() -> NoReturn:
    raise _Encrypted


def _checked_certificate(path: Path) -> Certificate:
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificate(_content(path, "--callback-cert")[0])
    except ValueError:
        raise UsageError(
            f"--callback-cert {path} holds no certificate in PEM form",
            remedy="give the file that begins with -----BEGIN CERTIFICATE-----",
        ) from None
    now = datetime.now(UTC)
    if not found.not_valid_before_utc <= now < found.not_valid_after_utc:
        raise UsageError(
            f"the certificate {path} is valid from {found.not_valid_before_utc:%Y-%m-%d} to "
            f"{found.not_valid_after_utc:%Y-%m-%d}, and not now",
            remedy="renew it, or leave --callback-cert out: one is made for each sign-in",
        )
    if "localhost" not in _names(found):
        raise UsageError(
            f"the certificate {path} is not for localhost",
            remedy="have localhost in its subjectAltName (DNS): browsers look at nothing else",
        )
    return found


def _names(certificate: Certificate) -> list[str]:
    from cryptography import x509

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return [name.lower() for name in names.value.get_values_for_type(x509.DNSName)]


def _check_key(path: Path) -> None:
    text, mode = _content(path, "--callback-key")
    if b"-----BEGIN " not in text or b"PRIVATE KEY-----" not in text:
        raise UsageError(
            f"--callback-key {path} holds no private key in PEM form",
            remedy="give the file that begins with -----BEGIN PRIVATE KEY-----",
        )
    if mode & 0o077:
        raise UsageError(
            f"the private key {path} can be read or written by others than its owner "
            f"(mode {mode:04o})",
            remedy=f"chmod 600 {path}; if others have read it, make a new key",
        )


def _content(path: Path, option: str) -> tuple[bytes, int]:
    """The file's bytes and mode."""
    try:
        # O_NONBLOCK: a named pipe must not make us wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            return file.read(_MOST_BYTES), stat.S_IMODE(os.fstat(descriptor).st_mode)
    except OSError as error:
        raise UsageError(
            f"{option} {path} cannot be read: {error.strerror}",
            remedy="check the path and who may read the file",
        ) from None


def _encrypted(key: Path) -> UsageError:
    return UsageError(
        f"the private key {key} is encrypted",
        remedy=f"write it without a passphrase: openssl pkey -in {key} -out PLAIN_KEY, then "
        "chmod 600 PLAIN_KEY",
    )


def _not_loaded(certificate: Path, key: Path, reason: str) -> UsageError:
    if reason == "KEY_VALUES_MISMATCH":
        return UsageError(
            f"the private key {key} does not belong to the certificate {certificate}",
            remedy="give the key that the certificate was made with",
        )
    return UsageError(
        f"TLS cannot use {certificate} with {key}: {reason}",
        remedy="make a new pair, or leave both options out: one is made for each sign-in",
    )
