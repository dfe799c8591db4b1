"""The lab's mail: one server of each kind, and the mailboxes behind them all."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.support.lab import dovecot
from tests.support.lab.maildir import read_maildir
from tests.support.lab.pki import Pki
from tests.support.lab.postfix import Postfix
from tests.support.lab.process import Process
from tests.support.lab.provider import DOMAIN, Provider
from tests.support.lab.requirements import require_dovecot, require_programs, require_root
from tests.support.lab.run import Run

NAME = "mail.lab.test"  # resolves on the lab's hosts only; elsewhere use a server's address
KINDS = {
    "oauth": 11,
    "plain": 12,
    "cram": 13,
    "none": 14,
    "postfix": 15,
    "untrusted": 16,
    "digest": 17,
    "oauthbearer": 18,
}
_RELAY, _STORE, _MORE = 1, 2, 21
_MECHANISMS = {"plain": "plain login", "cram": "cram-md5", "digest": "digest-md5"}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where one kind of server listens. The `none` kind has port 25 without TLS, too."""

    kind: str
    host: str
    starttls_port: int = 587
    tls_port: int = 465


@dataclass(slots=True, kw_only=True)
class Mail:
    """Postfix and the store run; the servers start when a test asks for them."""

    run: Run
    pki: Pki
    provider: Provider
    postfix: Postfix
    maildirs: Path
    password: str = field(repr=False)
    started: dict[str, Process] = field(default_factory=dict)
    trusting_servers: dict[str, MailServer] = field(default_factory=dict)
    more: count[int] = field(default_factory=lambda: count(_MORE))

    @classmethod
    def start(cls, run, pki, provider):
        """Start what all kinds share."""
        require_root("mail server")
        require_programs("dovecot", "postfix")
        require_dovecot()
        maildirs = dovecot.make_maildirs(run.folder / "maildirs")
        password = secrets.token_hex(12)
        dovecot.Instance(
            name="store",
            address=run.address(_STORE),
            mechanisms=f"{dovecot.OAUTH} plain login",
            certificate=pki.mail,
            maildirs=maildirs,
            credentials=dovecot.introspection(provider.introspection_url, pki.ca)
            + dovecot.password(password),
            relay=None,
        ).start(run)
        postfix = Postfix.start(
            run,
            addresses={
                "relay": run.address(_RELAY),
                "open": run.address(KINDS["none"]),
                "submission": run.address(KINDS["postfix"]),
            },
            domain=DOMAIN,
            certificate=pki.mail,
        )
        return cls(
            run=run,
            pki=pki,
            provider=provider,
            postfix=postfix,
            maildirs=maildirs,
            password=password,
        )

    def server(self, kind):
        """The server of a kind: oauth, oauthbearer (and not XOAUTH2), plain, cram, digest, none,
        postfix, or untrusted (oauth with a certificate that the lab's CA did not sign)."""
        address = self.run.address(KINDS[kind])
        if kind in _MECHANISMS:
            self._ensure(kind, address, _MECHANISMS[kind], dovecot.password(self.password))
        elif kind in {"oauth", "oauthbearer", "untrusted"}:
            mechanisms = "oauthbearer" if kind == "oauthbearer" else dovecot.OAUTH
            self._ensure(kind, address, mechanisms, self._introspection(self.provider))
        return MailServer(kind, address)

    def trusting(self, provider):
        """A server that takes the tokens of another provider."""
        if provider is self.provider:
            return self.server("oauth")
        if provider.issuer not in self.trusting_servers:
            last = next(self.more)
            address = self.run.address(last)
            self._ensure(f"oauth-{last}", address, dovecot.OAUTH, self._introspection(provider))
            self.trusting_servers[provider.issuer] = MailServer("oauth", address)
        return self.trusting_servers[provider.issuer]

    def mailbox(self, user):
        """The mails of USER or USER@lab.test that were delivered so far, oldest first."""
        name = user if "@" in user else f"{user}@{DOMAIN}"
        return read_maildir(self.maildirs / name)

    def wait_for_mail(self, user, predicate=lambda _mail: True, timeout=20):
        """The first mail that fits, waiting for it."""
        end = time.monotonic() + timeout
        while True:
            mails = self.mailbox(user)
            if fitting := next(filter(predicate, mails), None):
                return fitting
            if time.monotonic() > end:
                subjects = [mail["subject"] for mail in mails]
                raise AssertionError(f"no such mail for {user} in {timeout} s, only {subjects}")
            time.sleep(0.05)

    def settle(self, timeout=20):
        """Wait until each accepted mail is delivered: what is not there now, will not come."""
        end = time.monotonic() + timeout
        while waiting := self.postfix.queue():
            if time.monotonic() > end:
                raise AssertionError(f"still in the queue after {timeout} s: {waiting}")
            time.sleep(0.02)

    def log(self):
        """What Postfix logged."""
        return self.postfix.log.read_text()

    def _introspection(self, provider):
        return dovecot.introspection(provider.introspection_url, self.pki.ca)

    def _ensure(self, name, address, mechanisms, credentials):
        if name in self.started and self.started[name].runs():
            return
        self.started[name] = dovecot.Instance(
            name=name,
            address=address,
            mechanisms=mechanisms,
            certificate=self.pki.rogue if name == "untrusted" else self.pki.mail,
            maildirs=self.maildirs,
            credentials=credentials,
            relay=self.run.address(_RELAY),
        ).start(self.run)


def names_of(run):
    """The names and addresses that the mail servers' certificates carry."""
    return [NAME, "localhost", *(run.address(last) for last in range(1, 64))]
