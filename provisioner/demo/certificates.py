"""A private CA and a server certificate from it, made for one run."""

from __future__ import annotations

import ipaddress
import os
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import (
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

    PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey

_LIFETIME = timedelta(days=2)
_CLOCK_SKEW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """PEM files: the CA's certificate; the server's certificate and its key (0600)."""

    ca_file: Path
    certificate_file: Path
    key_file: Path

    @property
    def ca_pem(self) -> str:
        """The CA's certificate as text."""
        return self.ca_file.read_text(encoding="ascii")

    def context(self) -> ssl.SSLContext:
        """The server side of TLS with this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate_file, self.key_file)
        return context


def make_certificate(
    folder: Path, *names: str, valid_until: datetime | None = None, rsa: bool = False
) -> ServerCertificate:
    """Make a CA and a certificate for `names` (localhost and 127.0.0.1 if none), in `folder`.

    `rsa`: with RSA keys, which take longer to make and which every client's TLS knows.
    """
    ca_key, key = _private_key(rsa), _private_key(rsa)
    until = valid_until or datetime.now(UTC) + _LIFETIME
    ca = _ca_certificate(ca_key, until)
    certificate = _server_certificate(key, names or ("localhost", "127.0.0.1"), until, ca, ca_key)
    made = ServerCertificate(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    made.ca_file.write_bytes(_pem(ca))
    made.certificate_file.write_bytes(_pem(certificate))
    _write_key(made.key_file, key)
    return made


def _private_key(rsa: bool) -> PrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

    if rsa:
        return generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


def _ca_certificate(key: PrivateKey, until: datetime) -> x509.Certificate:
    from cryptography import x509

    name = _name("maps-provisioner demo CA")
    usage = _key_usage(sign_certificates=True)
    return _signed(
        x509.CertificateBuilder(name, name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True),
        key.public_key(),
        until,
        key,
    )


def _server_certificate(
    key: PrivateKey,
    names: tuple[str, ...],
    until: datetime,
    ca: x509.Certificate,
    ca_key: PrivateKey,
) -> x509.Certificate:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    return _signed(
        x509.CertificateBuilder(ca.subject, _name(names[0]))
        .add_extension(x509.SubjectAlternativeName([_general_name(n) for n in names]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        ),
        key.public_key(),
        until,
        ca_key,
    )


def _signed(
    builder: x509.CertificateBuilder,
    public_key: EllipticCurvePublicKey | RSAPublicKey,
    until: datetime,
    signer: PrivateKey,
) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    identifier = x509.SubjectKeyIdentifier.from_public_key(public_key)
    return (
        builder.public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(datetime.now(UTC), until) - _CLOCK_SKEW)
        .not_valid_after(until)
        .add_extension(identifier, critical=False)
        .sign(signer, hashes.SHA256())
    )


def _key_usage(*, sign_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(text: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def _write_key(path: Path, key: PrivateKey) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
