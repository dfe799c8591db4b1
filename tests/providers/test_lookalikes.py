"""Hosts that are taken for known ones, and many that are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from publicsuffixlist import PublicSuffixList

from provisioner.providers.all_providers import PROVIDERS
from provisioner.providers.lookalikes import _known, resembled

PLACES = {place for p in PROVIDERS for place in (*p.endpoints, *p.smtp_hosts)}
KNOWN = sorted({place.partition("/")[0] for place in PLACES})

MICROSOFT, GOOGLE, GMAIL = "login.microsoftonline.com", "accounts.google.com", "smtp.gmail.com"
OFFICE = "smtp.office365.com"

LINES = (Path(__file__).parent / "ordinary_hosts.txt").read_text(encoding="utf-8").splitlines()
ORDINARY = [host for line in LINES if not line.startswith("#") for host in line.split()]


@pytest.mark.parametrize("host", [*ORDINARY, *KNOWN])
def test_an_ordinary_host_resembles_none(host: str) -> None:
    assert resembled(host) is None
    assert resembled(host.upper() + ".") is None


@pytest.mark.parametrize(
    ("host", "known"),
    [
        # another sign that looks the same
        ("login.micros0ftonline.com", MICROSOFT),
        ("login.mlcrosoftonllne.com", MICROSOFT),
        ("accounts.googIe.com", GOOGLE),
        ("ACCOUNTS.GOOG1E.COM.", GOOGLE),
        ("login.Iive.com", "login.live.com"),
        ("smtp.a0l.com", "smtp.aol.com"),
        ("smtp.mai1.ru", "smtp.mail.ru"),
        ("accounts.z0ho.com", "accounts.zoho.com"),
        ("login.rnicrosoftonline.com", MICROSOFT),
        ("login.vvindows.net", "login.windows.net"),
        ("login.microsoftonline.corn", MICROSOFT),
        # another script, and xn-- forms of it
        ("login.\u043cicrosoftonline.com", MICROSOFT),
        ("accounts.g\u043e\u043egle.com", GOOGLE),
        ("accounts.xn--ggle-55da.com", GOOGLE),
        ("login.xn--mcrosoftonlne-39bk.com", MICROSOFT),
        ("smtp.gm\u00e4il.com", GMAIL),
        ("smtp.\u00e4ol.com", "smtp.aol.com"),
        ("smtp.gm\uff41il.com", GMAIL),
        # a letter changed, added, left out, or two in another order
        ("login.nicrosoftonline.com", MICROSOFT),
        ("login.microsoftonlinne.com", MICROSOFT),
        ("login.microsoftonlne.com", MICROSOFT),
        ("login.mircosoftonline.com", MICROSOFT),
        ("login.microsoft-online.com", MICROSOFT),
        ("login.microsoftonline.co", MICROSOFT),
        ("login.mlcrosoftonline.us", "login.microsoftonline.us"),
        ("auth.micros0ftonline.com", MICROSOFT),
        ("smtp.ofice365.com", OFFICE),
        ("smtp.office356.com", OFFICE),
        ("smtp.office365.con", OFFICE),
        ("smtp.gmial.com", GMAIL),
        ("smtp.gmal.com", GMAIL),
        ("smtp.gmaill.com", GMAIL),
        ("smtp.gnail.com", GMAIL),
        ("oauth2.googleapls.com", "oauth2.googleapis.com"),
        ("smtp.outlok.com", "smtp-mail.outlook.com"),
        ("smtp.comcst.net", "smtp.comcast.net"),
        # a known name in another domain
        ("login.microsoftonline.com.evil.example", MICROSOFT),
        ("login.microsoftonline.com.co", MICROSOFT),
        ("login-microsoftonline-com.evil.example", MICROSOFT),
        ("login-microsoftonline.com", MICROSOFT),
        ("loginmicrosoftonline.com", MICROSOFT),
        ("microsoftonline.com.evil.example", MICROSOFT),
        ("login.micros0ftonline.com.evil.example", MICROSOFT),
        ("login.live.com.evil.example", "login.live.com"),
        ("smtp-office365.com", OFFICE),
        ("smtp.mail.yahoo.com.evil.example", "smtp.mail.yahoo.com"),
    ],
)
def test_a_host_that_looks_like_a_known_one(host: str, known: str) -> None:
    assert resembled(host) == known


@pytest.mark.parametrize(
    "host", ["", ".", "..", "xn--", "xn--\xff", "xn--99999999999.com", "a" * 9999]
)
def test_what_is_hardly_a_host(host: str) -> None:
    assert resembled(host) is None


@pytest.mark.parametrize("domain", [d for d in _known() if len(d.partition(".")[0]) >= 9])
def test_each_slip_in_a_long_name_is_seen(domain: str) -> None:
    name, _, suffix = domain.partition(".")
    for at in range(1, len(name)):
        slips = {
            name[:at] + name[at + 1 :],
            name[:at] + "x" + name[at:],
            name[:at] + "x" + name[at + 1 :],
            name[: at - 1] + name[at] + name[at - 1] + name[at + 1 :],
        }
        for slip in slips - {name}:
            assert resembled(f"login.{slip}.{suffix}"), slip


def test_known_domains_are_registrable() -> None:
    suffixes = PublicSuffixList(only_icann=True)
    assert set(_known()) == {suffixes.privatesuffix(host) for host in KNOWN}
