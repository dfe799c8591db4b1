"""The mail server: its host, its port, its limits."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from provisioner.config.issue import Issue
from provisioner.lint.checks.login import mailbox, secret_without_tls, signs_in
from provisioner.lint.context import LintContext
from provisioner.lint.mistakes.nearest import nearest
from provisioner.lint.rule import ERROR, WARNING, Form, issues_of_form, rule
from provisioner.lint.server import ServerView
from provisioner.providers.all_providers import PROVIDERS, ZOHO
from provisioner.providers.catalogue import is_loopback
from provisioner.providers.credential_forms import may_be_shown
from provisioner.providers.endpoints import host_of
from provisioner.providers.lookalikes import (
    GUESSED,
    is_typo,
    resembled_host,
    with_known_suffix,
)
from provisioner.providers.provider import Provider
from provisioner.security_level import PASSWORD_LEVELS

if TYPE_CHECKING:
    from difflib import SequenceMatcher

_HOST, _PORT, _RATE = "/host", "/port", "/maximum_emails_per_minute"
_HOST_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
_BEFORE_PORT = r"(?:[^:\[\]\s]+|\[[0-9A-Fa-f:.]+\])"
_WITHOUT_PORT = "write the host alone, and on a line of its own "
_NO_HOST_ALONE: tuple[Form, ...] = (
    ("(?s).*/", "the host is written as a URL", "write the host name alone"),
    ("(?s).*@", "the host is written as a mail address", "write the mail server"),
    (
        rf"{_BEFORE_PORT}(?P<sign>:\s*(?P<port>25|465|587|2525))\Z",
        "the host includes a port",
        f"{_WITHOUT_PORT}port: {{port}}",
    ),
    (
        rf"{_BEFORE_PORT}(?P<sign>:\s*[0-9]+)\Z",
        "the host includes a port",
        f"{_WITHOUT_PORT}the number below `port`",
    ),
    (
        "(?i)(?P<sign>(?:smtps?|ssl|tls|starttls|https?):)",
        "the host begins with the kind of connection",
        "write the host name alone",
    ),
)


def is_ip_address(host: str) -> bool:
    """Whether a host is an IPv4 or IPv6 address, without brackets."""
    if not host[-1:].isdecimal() and ":" not in host:
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _host_name(server: ServerView) -> str:
    """The host in lower case without a dot at its end; empty if it is no name."""
    name = server.text(_HOST).casefold().removesuffix(".")
    return name if _HOST_NAME.fullmatch(name) and not is_ip_address(name) else ""


@rule("host-is-url", ERROR, can_be_ignored=False)
def host_is_url(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """MAPS takes the host name alone; the port has a field of its own."""
    return issues_of_form(_HOST, server.text(_HOST), _NO_HOST_ALONE)


_IN_BRACKETS = re.compile(r"\[(?P<address>[0-9A-Fa-f:.]+)\]")
_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_WORDS_BEHIND = re.compile(r"(?P<host>[A-Za-z0-9._-]+\.[A-Za-z0-9-]+)(?P<behind>\s+\S.*)")


@rule("host-form", ERROR, can_be_ignored=False)
def host_form(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """Forms of hosts that other programs take, and a number that is no address.

    Characters of other alphabets that look like Latin ones are other rules'.
    """
    host = server.text(_HOST)
    if not host or (_HOST_NAME.fullmatch(host) and not host[-1].isdecimal()):
        return
    if not host.isprintable():
        return  # control-character's
    in_brackets, behind = _IN_BRACKETS.fullmatch(host), _WORDS_BEHIND.fullmatch(host)
    if in_brackets:
        yield Issue(_HOST, "only a URL has brackets around an address", "write it without [ and ]")
    elif behind:
        yield Issue(
            _HOST,
            "unexpected text after the host",
            "write the host alone; a port and TLS belong below `port` and `use_tls`",
            part=behind.span("behind"),
        )
    elif host.endswith(".") and _HOST_NAME.fullmatch(host[:-1].casefold()):
        yield Issue(
            _HOST,
            "the host ends with a dot, which no name in a certificate does",
            "write it without the dot",
            part=(len(host) - 1, len(host)),
        )
    elif _NUMBERS.fullmatch(host) and not is_ip_address(host):
        yield Issue(
            _HOST,
            "this is neither a name nor an IPv4 address, which has four numbers from 0 to 255",
            "write the mail server's name, or its whole address without leading zeros",
        )
    elif len(host) < 254 and not host.isascii() and host.isprintable() and not resembled_host(host):
        yield from _international(host)


def _international(host: str) -> Iterator[Issue]:
    import idna

    try:
        name = idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        return  # it is none: the schema says so
    shown = name if may_be_shown(host) else "its xn-- form"
    message = "MAPS looks up names in ASCII, and this one has other letters"
    yield Issue(_HOST, message, f"write {shown}, which is the same name")


# https://www.iana.org/assignments/service-names-port-numbers. 80 and 443 are left out: there
# are providers that take mail there, such as https://developers.smtp2go.com/docs/smtp-relay
_READING = {110: "POP3", 143: "IMAP", 993: "IMAP", 995: "POP3"}


@rule("wrong-port", ERROR)
def wrong_port(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """A port on which nobody takes mail, or not so. Of 25 submission-port has a word, and of a
    secret that travels without TLS cleartext-login.
    """
    port, host = server.get(_PORT), server.text(_HOST)
    if type(port) is not int or not 0 < port < 65536 or port in (25, 587) or is_loopback(host):
        return
    provider, reading = context.provider(host), _READING.get(port)
    if reading:
        message = f"this is the port of {reading}, which is for reading mail"
        yield Issue(_PORT, message, _right_port(server, provider))
    elif provider.smtp_ports and port not in provider.smtp_ports:
        message = f"{provider.label} does not accept email on this port"
        yield Issue(_PORT, message, _right_port(server, provider))
    elif port == 465 and server.get("/use_tls") in (None, False) and not secret_without_tls(server):
        yield Issue(
            _PORT,
            "port 465 requires TLS from the first byte, and this server is declared without TLS",
            "set use_tls: true" if server.has("/use_tls") else "add use_tls: true",
        )


def _right_port(server: ServerView, provider: Provider) -> str:
    if provider.smtp_ports:
        return f"set port: {provider.smtp_ports[0]}"
    if signs_in(server):
        return "set the port on which the mail server accepts mail, usually 587 or 465"
    return "set the port on which the mail server accepts mail, usually 25 without a sign-in"


@rule("submission-port", WARNING)
def submission_port(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """Port 25, where servers take each other's mail, declared or by default.

    Whoever writes 25 where the provider has it, too, means it.
    """
    port = server.get(_PORT)
    if port not in (None, 25) or not signs_in(server):
        return
    provider = context.provider(server.text(_HOST))
    if not provider.smtp_ports:
        return
    best = provider.smtp_ports[0]
    if port is None:
        yield Issue(
            _HOST,
            f"without `port` MAPS uses 25, which many networks block; {provider.label} uses {best}",
            f"add port: {best}",
        )
    elif 25 not in provider.smtp_ports:
        yield Issue(
            _PORT,
            f"port 25 is for mail between servers; {provider.label} requires a sign-in on {best}",
            f"set port: {best}",
        )


_WITH_MX = tuple(provider for provider in PROVIDERS if provider.mx_hosts)


@rule("wrong-smtp-host", ERROR)
def wrong_smtp_host(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """A host that takes no mail with this sign-in: another provider's, an MX, a sign-in page.

    Hosts that nobody knows are doubtful-smtp-host's.
    """
    host, level = _host_name(server), server.text("/smtp_security_level")
    if not host or not (level == "oauth2" or level in PASSWORD_LEVELS):
        return
    here = context.provider(host)
    if not here.smtp_hosts:
        yield from _mx(host, context)
    elif host not in here.smtp_hosts:
        yield Issue(
            _HOST,
            f"this is the sign-in host of {here.label}, not its mail server",
            f"write {here.smtp_hosts[0]}",
        )
    elif level == "oauth2":
        yield from _of_another(here, server, context)


def _mx(host: str, context: LintContext) -> Iterator[Issue]:
    for known in _WITH_MX:
        provider = context.provider(known.smtp_hosts[0])
        if any(host == mx or (mx[0] == "." and host.endswith(mx)) for mx in provider.mx_hosts):
            yield Issue(
                _HOST,
                f"this host receives mail for mailboxes at {provider.label}, and accepts no "
                "sign-in",
                f"write {provider.smtp_hosts[0]}; or, to send without a sign-in, port: 25 and "
                "smtp_security_level: none",
            )
            return


def _of_another(here: Provider, server: ServerView, context: LintContext) -> Iterator[Issue]:
    """URLs of two providers are providers-differ's."""
    urls = (server.text(f"/oauth2/{name}_url") for name in ("authorization", "access_token"))
    providers = [context.provider(url) for url in urls if url]
    if len({provider.name for provider in providers}) != 1:
        return
    endpoints = providers[0]
    if here.name == endpoints.name:
        yield from _of_another_region(server)
        return
    if not endpoints.smtp_hosts:
        return
    if here.platform is None or here.platform != endpoints.platform:
        yield Issue(
            _HOST,
            f"this mail server is {here.label}'s, the OAuth2 URLs are {endpoints.label}'s: it "
            "does not accept their tokens",
            f"write {endpoints.smtp_hosts[0]}, or the OAuth2 settings of {here.label}"
            + _at_endpoint(here, _host_name(server)),
        )


def _zoho_region(host: str) -> str:
    """`smtp.zoho.com.au`, `accounts.zoho.com.au` -> `com.au`; empty if it is none of Zoho's.

    https://www.zoho.com/accounts/protocol/oauth/multi-dc.html: each holds its own users only.
    The sign-in page of .com serves all, the token endpoint is that of the account's region.
    """
    region = host.rpartition("zoho.")[2]
    return region if f"accounts.zoho.{region}" in ZOHO.endpoints else ""


def _in_region(host: str, region: str) -> str:
    return f"{host.partition('.')[0]}.zoho.{region}"


def _at_endpoint(provider: Provider, host: str) -> str:
    """Where a provider's OAuth2 URLs lead, at Zoho those of the mail server's region."""
    of_region = (one for one in provider.endpoints if _zoho_region(one) == _zoho_region(host))
    endpoint = next(of_region, "")
    return f" with URLs at {endpoint}" if endpoint else ""


def _of_another_region(server: ServerView) -> Iterator[Issue]:
    """Zoho keeps each account in one region; the others know neither it nor its tokens."""
    host = _host_name(server)
    there = _zoho_region(host_of(server.text("/oauth2/access_token_url")))
    here = _zoho_region(host)
    if here and there and here != there:
        yield Issue(
            _HOST,
            f"this mail server is Zoho's in the region .{here}, access_token_url is in .{there}",
            f"use the region of the account everywhere: {_in_region(host, there)}, or "
            f"accounts.zoho.{here} in the OAuth2 URLs",
        )


_BY_DOMAIN: dict[str, list[str]] = {}
for _known in (host for provider in PROVIDERS for host in provider.smtp_hosts):
    _BY_DOMAIN.setdefault(_known.partition(".")[2], []).append(_known)
_BY_READING_HOST = {host: p.smtp_hosts[0] for p in PROVIDERS for host in p.reading_hosts}
_NEAR = 0.92


@rule("doubtful-smtp-host", WARNING)
def doubtful_smtp_host(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """A host that is hardly the one meant: misspelt, for reading mail, or one's own.

    What the OAuth2 endpoints say of the provider makes a guess a good one.
    """
    host = _host_name(server)
    if not host or is_loopback(host) or context.provider(host).smtp_hosts:
        return
    if resembled_host(host):  # lookalike-endpoint's
        return
    if host in _BY_READING_HOST:
        yield from _reading(host, context.provider(_BY_READING_HOST[host]))
        return
    provider = context.provider(server.text("/oauth2/access_token_url"))
    if host in GUESSED:
        if signs_in(server):
            yield _guessed(context.provider(GUESSED[host]), provider)
        return
    known = provider.smtp_hosts
    meant = _slip_of_known_host(host) or (nearest(host, known) if known else _like_known_host(host))
    if not meant and (whole := with_known_suffix(host)):
        suffix = host.rpartition(".")[2]
        message = f"there is no top-level domain .{suffix}: no mail server can have this name"
        yield Issue(_HOST, message, f"did you mean .{whole.rpartition('.')[2]}?")
    elif meant:
        label = context.provider(meant).label
        message = f"this looks like a mail server of {label}, misspelled"
        yield Issue(_HOST, message, f"did you mean {meant}?")
    elif known and signs_in(server) and _is_of_the_mailbox(host, server):
        yield Issue(
            _HOST,
            "a mail server of the mailbox's own domain is unlikely to accept tokens of "
            f"{provider.label}",
            f"write {known[0]}; if this is a gateway that accepts them, ignore this rule in a "
            "comment (`provisioner rules doubtful-smtp-host` shows how)",
        )


def _reading(host: str, provider: Provider) -> Iterator[Issue]:
    if host in provider.reading_hosts:
        yield Issue(
            _HOST,
            f"this host of {provider.label} is for reading mail, not for sending it",
            f"write {provider.smtp_hosts[0]}",
        )


def _guessed(provider: Provider, tokens_of: Provider) -> Issue:
    """Microsoft's two kinds of accounts have a mail server each: the tokens say which is meant."""
    is_one = tokens_of.smtp_hosts and tokens_of.platform and tokens_of.platform == provider.platform
    meant = tokens_of if is_one else provider
    return Issue(
        _HOST,
        f"{meant.label} documents another mail server for sending with a sign-in",
        f"write {meant.smtp_hosts[0]}",
    )


def _slip_of_known_host(host: str) -> str | None:
    """`smpt.zoho.com`, `smtp.zoho.con`: short names of which most letters are another's, too."""
    whole = with_known_suffix(host)
    first, _, rest = host.partition(".")
    for known in _BY_DOMAIN.get(rest, ()):
        if is_typo(first, known.partition(".")[0]):
            return known
    return whole if whole in _BY_DOMAIN.get(whole.partition(".")[2], ()) else None


@cache
def _like_known_host(host: str) -> str | None:
    """The known host that differs by a letter or two. Most are far off, which is seen quickly."""
    near = []
    for known, matcher in _known_hosts().items():
        matcher.set_seq1(host)
        if matcher.real_quick_ratio() >= _NEAR and matcher.quick_ratio() >= _NEAR:
            near.append((matcher.ratio(), known))
    ratio, nearest_host = max(near, default=(0.0, ""))
    return nearest_host if ratio >= _NEAR else None


@cache
def _known_hosts() -> dict[str, SequenceMatcher[str]]:
    """Only long names: smtp.mail.com, for one, is somebody else's, not smtp.gmail.com misspelt."""
    from difflib import SequenceMatcher

    hosts = (host for provider in PROVIDERS for host in provider.smtp_hosts)
    return {host: SequenceMatcher(None, "", host) for host in hosts if len(host) >= 16}


def _is_of_the_mailbox(host: str, server: ServerView) -> bool:
    domain = mailbox(server).rpartition("@")[2].casefold()
    return "." in domain and f".{host}".endswith(f".{domain}")


@rule("over-limit", WARNING)
def over_limit(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """More mails a minute than the provider takes: a fact of the catalogue, or the project's."""
    rate = server.get(_RATE)
    if type(rate) is not int:
        return
    provider = context.provider(server.text(_HOST))
    limit = provider.messages_per_minute
    if limit is not None and rate > limit:
        yield Issue(
            _RATE,
            f"{provider.label} accepts {limit} messages per minute from one mailbox; the rest is "
            "delayed",
            f"write {limit} or less; servers and hosts that share the mailbox share the limit",
        )


@rule("ip-with-tls", WARNING)
def ip_with_tls(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """Certificates for addresses exist, but hardly any mail server has one."""
    if server.get("/use_tls") is not True:
        return
    host = server.text(_HOST)
    if is_ip_address(host) and not is_loopback(host):
        yield Issue(
            _HOST,
            "few mail servers have a certificate for their IP address: TLS is likely to fail",
            "write the mail server's name, as its certificate has it",
        )
