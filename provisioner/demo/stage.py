"""The demo's stage: provider, mail server and project folder, there while it lasts."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from provisioner.demo.certificates import make_certificate
from provisioner.demo.example_fleet import MAILBOX, ExampleFleet, write_example_fleet
from provisioner.demo.mail_server import MailBehaviour, MailServer
from provisioner.demo.mail_sign_in import Introspection
from provisioner.demo.provider import Behaviour, DemoProvider


@dataclass(frozen=True, slots=True)
class Stage:
    """What the story plays with."""

    fleet: ExampleFleet
    mail: MailServer
    environment: dict[str, str]


@contextmanager
def demo_stage(*, by_hand: bool, keep: bool) -> Iterator[Stage]:
    """Everything on loopback and in one new folder; gone at the end, the folder unless `keep`."""
    folder = Path(tempfile.mkdtemp(prefix="maps-demo-"))
    try:
        with _stage(folder, by_hand=by_hand) as stage:
            yield stage
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _stage(folder: Path, *, by_hand: bool) -> Iterator[Stage]:
    (folder / "project").mkdir(mode=0o700)
    parts = folder / "embedded"
    (parts / "mails").mkdir(parents=True, mode=0o700)
    certificate = make_certificate(parts, "localhost")
    behaviour = Behaviour(sign_in_automatically=not by_hand, mailbox=MAILBOX)
    with DemoProvider(behaviour) as provider:
        check = Introspection(
            provider.introspection_url, provider.client_id, provider.client_secret
        )
        mail = MailServer(certificate, MailBehaviour(check_token=check), folder=parts / "mails")
        with mail:
            fleet = write_example_fleet(
                folder / "project",
                issuer=provider.issuer,
                client_id=provider.client_id,
                client_secret=provider.client_secret.reveal(),
                smtp_port=mail.port,
                ca_pem=certificate.ca_pem,
            )
            yield Stage(fleet, mail, _environment(parts, by_hand=by_hand))


def _environment(parts: Path, *, by_hand: bool) -> dict[str, str]:
    """What the demo's commands run with: its own browser, and no proxy on the way to loopback."""
    own = {"XDG_CONFIG_HOME": str(parts / "config")}  # where its vault key is made
    direct = {**own, "NO_PROXY": "localhost,127.0.0.1", "no_proxy": "localhost,127.0.0.1"}
    browser = f"{shlex.quote(sys.executable)} -m provisioner.demo.browser %s &"
    return direct if by_hand else {**direct, "BROWSER": browser}
