"""wrong-smtp-host, doubtful-smtp-host and lookalike-endpoint: one mistake, one finding."""

from __future__ import annotations

import random
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import pytest

from provisioner.lint.checks.mail_server import _like_known_host
from provisioner.lint.verdict import reach_verdict
from provisioner.providers.all_providers import PROVIDERS
from tests.lint.rules.mail_servers import said
from tests.loading import documents_at

WRONG, DOUBTFUL = ["wrong-smtp-host /host"], ["doubtful-smtp-host /host"]
LOOKALIKE = ["lookalike-endpoint /host"]


@pytest.mark.parametrize(
    ("base", "host", "expected"),
    [
        ("microsoft", "SMTP.Office365.com", []),
        ("microsoft", "smtp.office365.com.", ["host-form /host"]),
        ("microsoft", "smtp-mail.outlook.com", []),
        ("microsoft", "smtp-legacy.office365.com", []),
        ("microsoft", "smtp-hve.office365.com", []),
        ("microsoft", "smtp.gmail.com", WRONG),
        ("microsoft", "smtp.mail.yahoo.com", WRONG),
        ("microsoft", "login.microsoftonline.com", WRONG),
        ("microsoft", "example-edu.mail.protection.outlook.com", WRONG),
        ("microsoft", "example-edu.a-v1.mx.microsoft", WRONG),
        ("microsoft", "outlook.office365.com", DOUBTFUL),
        ("microsoft", "outlook.office.com", DOUBTFUL),
        ("microsoft", "smtp.ofice365.com", LOOKALIKE),
        ("microsoft", "smtp.office365.con", LOOKALIKE),
        ("microsoft", "smtp.office365", DOUBTFUL),
        ("microsoft", "smtp-office365.com", LOOKALIKE),
        ("microsoft", "smtp.example.edu", DOUBTFUL),
        ("microsoft", "example.edu", DOUBTFUL),
        ("microsoft", "gateway.example.org", []),
        ("microsoft", "notexample.edu", []),
        ("microsoft", "localhost", []),
        ("microsoft", "127.0.0.1", []),
        ("google", "smtp.googlemail.com", []),
        ("google", "smtp-relay.gmail.com", []),
        ("google", "smtp.office365.com", WRONG),
        ("google", "aspmx.l.google.com", WRONG),
        ("google", "alt1.aspmx.l.google.com", WRONG),
        ("google", "smtp.gmial.com", LOOKALIKE),
        ("google", "smpt.gmail.com", DOUBTFUL),
        ("google", "imap.gmail.com", DOUBTFUL),
        ("login", "aspmx.l.google.com", WRONG),
        ("login", "smtp.office356.com", LOOKALIKE),
        ("login", "smpt.office365.com", DOUBTFUL),
        ("relay", "smtp.office356.com", LOOKALIKE),
        ("login", "smtp.mail.com", []),
        ("login", "smtp.gmx.com", []),
        ("login", "smtp.mail.yahoo.co.jp", []),
        ("login", "smtp.fastmail.fm", []),
        ("login", "smtp.zoho.sa", []),
        ("login", "smtp.office365.example.edu", []),
        ("login", "smtp.example.com", []),
        ("login", "mail", []),
        ("relay", "example-edu.mail.protection.outlook.com", []),
        ("relay", "aspmx.l.google.com", []),
        ("relay", "outlook.example.edu", []),
    ],
)
def test_a_host(base: str, host: str, expected: list[str], tmp_path: Path) -> None:
    found = said(tmp_path, base, host=host)
    assert found == expected


@pytest.mark.parametrize(
    "host", ["smtp office365.com", "-smtp.office365.com", "smtp.office365.com:587", "", 5, None]
)
def test_what_is_no_host_stays_an_error(host: Any, tmp_path: Path) -> None:
    found = {one.split()[0] for one in said(tmp_path, "microsoft", host=host)}
    assert found & {"wrong-form", "host-is-url", "out-of-range", "wrong-type", "missing-key"}
    assert not found & {"wrong-smtp-host", "doubtful-smtp-host"}


@pytest.mark.parametrize("tenant", ["common", "consumers", "organizations"])
def test_clouds_of_microsoft_are_told_apart_by_nobody(tenant: str, tmp_path: Path) -> None:
    url = f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/"
    urls = {"access_token_url": f"{url}token", "authorization_url": f"{url}authorize"}
    found = said(tmp_path, "microsoft", oauth2=urls)
    assert not {"wrong-smtp-host /host", "doubtful-smtp-host /host"} & set(found)


def test_a_project_can_take_its_gateway_into_the_catalogue(tmp_path: Path) -> None:
    (tmp_path / "servers").mkdir()
    said(tmp_path / "servers", "microsoft", host="smtp.example.edu")
    facts = "providers: {microsoft: {smtp_hosts: [smtp.office365.com, smtp.example.edu]}}\n"
    (tmp_path / "provisioner.yml").write_text(facts)
    verdict = reach_verdict(documents_at([str(tmp_path)]))
    assert (verdict.servers, verdict.findings) == (1, ())


def test_the_quick_look_at_a_host_overlooks_none_that_is_near() -> None:
    chance, near = random.Random(1), 0
    known = [host for p in PROVIDERS for host in p.smtp_hosts if len(host) >= 16]
    for _ in range(500):
        letters = list(chance.choice(known))
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(letters))
            letters[at : at + chance.randint(0, 1)] = chance.choice("aeot.-")
        host = "".join(letters)
        ratio, best = max((SequenceMatcher(None, host, one).ratio(), one) for one in known)
        assert _like_known_host(host) == (best if ratio >= 0.92 else None), host
        near += ratio >= 0.92
    assert 100 < near < 450
