"""The lab's certificates: two CAs that its parts trust, and one that nobody does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.support.certificates import make_certificate


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its chain, and its key, as PEM files."""

    chain: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Pki:
    """All certificates of one run."""

    ca: Path
    mail: Certificate
    callback: Certificate
    rogue: Certificate  # right name and addresses, signed by an authority that nobody trusts

    @classmethod
    def make(cls, folder, mail_names):
        """Make the certificates; the mail servers are known by `mail_names`."""
        folder.mkdir(mode=0o755)
        authority, stranger = trustme.CA(), trustme.CA()
        mail, mail_ca = _issue_rsa(folder / "rsa", mail_names)
        # The callback's authority first: Chromium is told to trust the first one of a file.
        (folder / "ca.pem").write_bytes(authority.cert_pem.bytes() + mail_ca)
        local = ["localhost", "127.0.0.1", "::1"]
        return cls(
            ca=folder / "ca.pem",
            mail=mail,
            callback=_issue(authority, folder / "callback", local),
            rogue=_issue(stranger, folder / "rogue", mail_names),
        )


def _issue(authority, stem, names):
    issued = authority.issue_cert(*names)
    chain, key = stem.with_suffix(".crt"), stem.with_suffix(".key")
    key.touch(mode=0o600)
    issued.private_key_pem.write_to_path(key)
    chain.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    return Certificate(chain, key)


def _issue_rsa(folder, names):
    """A certificate for mail servers, and its CA: Mono's TLS accepts no elliptic curves in one."""
    folder.mkdir()
    made = make_certificate(folder, *names, rsa=True)
    return Certificate(made.certificate_file, made.key_file), made.ca_file.read_bytes()
