"""Hosts that are taken for known ones, and many that are not."""

from pathlib import Path

import pytest
from publicsuffixlist import PublicSuffixList

from provisioner.providers.all_providers import PROVIDERS
from provisioner.providers.lookalikes import _known, resembled_host

PLACES = {place for p in PROVIDERS for place in (*p.endpoints, *p.smtp_hosts)}
KNOWN = sorted({place.partition("/")[0] for place in PLACES})


def lines_of(name):
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


ORDINARY = [host for line in lines_of("ordinary_hosts.txt") for host in line.split()]
LOOKALIKES = [line.split() for line in lines_of("lookalike_hosts.txt")]


def test_an_ordinary_host_resembles_none():
    hosts = [*ORDINARY, *KNOWN]
    hosts += [host.upper() + "." for host in hosts]
    assert {host: known for host in hosts if (known := resembled_host(host))} == {}


@pytest.mark.parametrize(("host", "known"), LOOKALIKES)
def test_a_host_that_looks_like_a_known_one(host, known):
    assert resembled_host(host) == known


@pytest.mark.parametrize(
    "host", ["", ".", "..", "xn--", "xn--\xff", "xn--99999999999.com", "a" * 9999]
)
def test_what_is_hardly_a_host(host):
    assert resembled_host(host) is None


@pytest.mark.parametrize("domain", [k.domain for k in _known() if len(k.name) >= 9])
def test_each_slip_in_a_long_name_is_seen(domain):
    name, _, suffix = domain.partition(".")
    for at in range(1, len(name)):
        slips = {
            name[:at] + name[at + 1 :],
            name[:at] + "x" + name[at:],
            name[:at] + "x" + name[at + 1 :],
            name[: at - 1] + name[at] + name[at - 1] + name[at + 1 :],
        }
        for slip in slips - {name}:
            assert resembled_host(f"login.{slip}.{suffix}"), slip


def test_known_domains_are_registrable():
    suffixes = PublicSuffixList(only_icann=True)
    assert {known.domain for known in _known()} == {suffixes.privatesuffix(host) for host in KNOWN}
