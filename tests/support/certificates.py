"""Certificates of every kind for servers of the tests, right and wrong ones."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """PEM files: the CA's certificate; the server's certificate and its key (0600)."""

    ca_file: Path
    certificate_file: Path
    key_file: Path

    @property
    def ca_pem(self):
        return self.ca_file.read_text(encoding="ascii")

    def context(self):
        """The server side of TLS with this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate_file, self.key_file)
        return context


def make_certificate(folder, *names, rsa=False):
    """A new CA and its certificate for `names` (localhost and 127.0.0.1 if none), in `folder`.

    `rsa`: with RSA keys, which take longer to make; the TLS of Mono accepts no others.
    """
    key_type = trustme.KeyType.RSA if rsa else trustme.KeyType.ECDSA
    ca = trustme.CA(key_type=key_type)
    issued = ca.issue_cert(*(names or ("localhost", "127.0.0.1")), key_type=key_type)
    made = ServerCertificate(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    ca.cert_pem.write_to_path(made.ca_file)
    issued.cert_chain_pems[0].write_to_path(made.certificate_file)
    made.key_file.touch(mode=0o600, exist_ok=False)
    issued.private_key_pem.write_to_path(made.key_file)
    return made


@cache
def key_of(subject):
    """One key a subject: making them takes long."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class Issued:
    """A certificate, and the key that it is about."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def pem(self):
        """As a file has it."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def issued(
    subject,
    issuer=None,
    *,
    names=(),
    authority=False,
    purpose=ExtendedKeyUsageOID.SERVER_AUTH,
    key=None,
    begins=timedelta(hours=-1),
    ends=timedelta(days=2),
):
    """A certificate, signed by `issuer` or by itself. `key`: that of another subject."""
    own = key_of(key or subject)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder(issuer.certificate.subject if issuer else name, name)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins)
        .not_valid_after(now + ends)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if names:
        alternatives = x509.SubjectAlternativeName([_general(one) for one in names])
        builder = builder.add_extension(alternatives, critical=False)
    if purpose and not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    signer = issuer.key if issuer else own
    return Issued(builder.sign(signer, hashes.SHA256()), own)


def _general(name):
    if name.startswith("dns:"):
        return x509.DNSName(name.removeprefix("dns:"))
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def shown(folder, leaf, *others, trusted):
    """What a server shows, `leaf` first, with `trusted` as the CA file of its clients."""
    files = ServerCertificate(folder / "ca.pem", folder / "chain.pem", folder / "key.pem")
    files.ca_file.write_bytes(trusted.pem)
    files.certificate_file.write_bytes(b"".join(one.pem for one in (leaf, *others)))
    files.key_file.touch(mode=0o600)
    files.key_file.write_bytes(
        leaf.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files
