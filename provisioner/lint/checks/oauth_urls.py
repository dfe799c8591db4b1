"""The OAuth2 URLs of a server: whose they are, and what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs

from provisioner.config.issue import Issue
from provisioner.lint.context import LintContext
from provisioner.lint.rule import ERROR, WARNING, Form, issues_of_form, rule
from provisioner.lint.server import ServerView
from provisioner.providers.catalogue import is_loopback, known_provider
from provisioner.providers.credential_forms import SECRET_PARAMETERS
from provisioner.providers.endpoints import (
    Difference,
    endpoint_difference,
    host_of,
    share_endpoints,
    url_parts,
)
from provisioner.providers.provider import Provider

AUTHORIZATION_URL = "/oauth2/authorization_url"
TOKEN_URL = "/oauth2/access_token_url"  # noqa: S105
REFRESH_URL = "/oauth2/refresh_token_url"
URLS = (AUTHORIZATION_URL, TOKEN_URL, REFRESH_URL)


def provider_of(server: ServerView, context: LintContext) -> Provider | None:
    """The provider of both URLs; None without them, or if they belong to two providers."""
    sign_in, token = server.text(AUTHORIZATION_URL), server.text(TOKEN_URL)
    if not sign_in:
        return None
    provider = context.provider(sign_in)
    if token and host_of(token) != host_of(sign_in):
        return None if _are_apart(provider, context.provider(token)) else provider
    return provider


def _are_apart(one: Provider, other: Provider) -> bool:
    """Whether two known providers have nothing in common: a token of one is none of the other."""
    return bool(one.title and other.title) and not share_endpoints(one, other)


def parameters(url: str) -> dict[str, list[str]]:
    """What a URL brings along behind its question mark."""
    query = url_parts(url).query if "?" in url else ""
    return parse_qs(query, keep_blank_values=True) if query else {}


def _path(url: str) -> str:
    return url_parts(url).path.rstrip("/").casefold()


@rule("http-endpoint", ERROR)
def http_endpoint(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """RFC 6749 sections 3.1 and 3.2 demand TLS; a provider on this machine is for tests."""
    for pointer, url in server.texts(URLS):
        if url.casefold().startswith("http://") and not is_loopback(host_of(url)):
            fix = f"https{url[4:]}" if known_provider(url) else None
            remedy = "write https:// instead of http://"
            yield Issue(pointer, "this address has no TLS", remedy, fix=fix)


# What the schema takes, and what is wrong with the rest: the group `sign` is marked.
_FINE = re.compile(
    r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?(?:[/?][!-\"$-~]*)?"
)
_WRONG_FORMS: tuple[Form, ...] = (
    (r"(?i)(?P<sign>https?://)https?:?/", "https:// is repeated", "write it once"),
    (
        r"(?i)https?://[^/?#]*@",
        "this URL contains a user name, and possibly a password",
        "write the address without both; if it is a password, renew it, since git keeps it",
    ),
    (
        r"(?!https?://)(?P<sign>(?i:https?))://",
        "https is in capital letters, which some programs reject",
        "write https:// in small letters",
    ),
    (
        r"https?://[^#\s\\]*(?P<sign>#.*)",
        "the part after # is only for the browser",
        "write the address without # and what follows",
    ),
    (r"https?:[^\\]*(?P<sign>\\)", "this is a backslash", "write / in its place"),
    (r"https?://\S*(?P<sign> +)\S", "this address contains a blank", "write it without"),
    (
        r"(?i)(?!https?://)(?P<sign>h{0,2}t{1,3}ps{0,2})(?:[:;]?/{1,3}|[:;]\\{2})(?=[\w.-]+\.\w)",
        "the address does not begin with https://",
        "write https:// before the host",
    ),
    (
        r"(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?::[0-9]+)?(?:/[!-~]*)?\Z",
        "https:// is missing",
        "write https:// before the host",
    ),
)


@rule("url-form", ERROR, can_be_ignored=False)
def url_form(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """Mistakes of typing that have a name; the schema reports the others."""
    for pointer, url in server.texts(URLS):
        if not _FINE.fullmatch(url) and url.isascii() and url.isprintable():
            yield from issues_of_form(pointer, url, _WRONG_FORMS)


_SIGN_IN_NAMES = frozenset({"authorize", "auth", "authorization", "request_auth"})
# refresh: https://api.fastmail.com/oauth/refresh
_TOKEN_NAMES = frozenset({"token", "get_token", "refresh"})
_METADATA = frozenset({"openid-configuration", "oauth-authorization-server"})


@rule("wrong-url-order", ERROR)
def wrong_url_order(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """Told by the last part of the path, which nearly all known providers name alike.

    Swapped URLs are one mistake, at the first of the two.
    """
    last = {pointer: _last_part(server.text(pointer)) for pointer in URLS}
    if last[AUTHORIZATION_URL] in _TOKEN_NAMES:
        is_swap = last[TOKEN_URL] in _SIGN_IN_NAMES
        last[TOKEN_URL] = "" if is_swap else last[TOKEN_URL]
        message = "this looks like the token endpoint"
        yield Issue(
            AUTHORIZATION_URL,
            f"{message}, and access_token_url like the sign-in page" if is_swap else message,
            "swap the two URLs" if is_swap else "write the address of the sign-in page",
        )
    for pointer in (TOKEN_URL, REFRESH_URL):
        if last[pointer] in _SIGN_IN_NAMES:
            yield Issue(
                pointer,
                "this looks like the address of the sign-in page",
                "write the token endpoint",
            )
    for pointer, name in last.items():
        if name in _METADATA:
            field = "authorization" if pointer == AUTHORIZATION_URL else "token"
            yield Issue(
                pointer,
                "this is the address of the provider's metadata, which lists its endpoints",
                f"open it and write the value of {field}_endpoint",
            )


def _last_part(url: str) -> str:
    return _path(url).rpartition("/")[2]


@rule("outdated-endpoint", ERROR)
def outdated_endpoint(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """Endpoints that read no scope: with them nobody asks for access to mail.

    With a `resource` in a query, somebody knows what these endpoints want instead.
    """
    for pointer, url in server.texts(URLS):
        provider, path = context.provider(url), _path(url)
        known = provider.scopeless_endpoints.items()
        current = next((current for ending, current in known if path.endswith(ending)), None)
        if current is not None and not _names_resource(server):
            yield Issue(
                pointer,
                f"this endpoint of {provider.label} is of version 1, which ignores scopes",
                f"change the end of the address to {current}",
            )


def _names_resource(server: ServerView) -> bool:
    return any("resource" in parameters(url) for _, url in server.texts(URLS))


@rule("superseded-endpoint", WARNING)
def superseded_endpoint(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """Endpoints that still work and are no longer documented.

    Told by the whole path: it is one provider's own.
    """
    for pointer, url in server.texts(URLS):
        provider = context.provider(url)
        current = provider.superseded_endpoints.get(_path(url))
        if current is not None:
            yield Issue(
                pointer,
                f"{provider.label} no longer documents this address, and may switch it off",
                f"write {current}",
            )


# Three rules look at URLs that do not belong together: neither side knows the other's codes and
# tokens, and would get them. A project joins hosts by naming them below one entry of `providers:`.
_OF_ONE_PROVIDER = "write the URLs of one provider: the one that has the mailbox"
_AS_DOCUMENTED = "write both URLs as the provider documents them"
_WITHOUT = "remove refresh_token_url: without it, access_token_url is used"
# A host of any other form is the schema's to refuse.
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")


@rule("providers-differ", ERROR, can_be_ignored=False)
def providers_differ(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """If one is not known, the two rules below report it."""
    remedies = {TOKEN_URL: _OF_ONE_PROVIDER, REFRESH_URL: _OF_ONE_PROVIDER}
    return _issues_of_pairs(server, context, "providers", remedies)


@rule("endpoint-hosts-differ", ERROR, can_be_ignored=False)
def endpoint_hosts_differ(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """A known provider and a stranger, or strangers of two domains."""
    return _issues_of_pairs(server, context, "hosts", {TOKEN_URL: _AS_DOCUMENTED})


@rule("refresh-host-differs", ERROR, can_be_ignored=False)
def refresh_host_differs(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """The same, of the URL that is not needed."""
    return _issues_of_pairs(server, context, "hosts", {REFRESH_URL: _WITHOUT})


def _issues_of_pairs(
    server: ServerView, context: LintContext, why: Difference, remedies: dict[str, str]
) -> Iterator[Issue]:
    """What is wrong with URLs that differ in this way from another. `remedies`: by pointer."""
    for first, second in _pairs_apart(server, context, why):
        if second in remedies:
            yield Issue(
                second,
                _apart(server, first, second),
                f"{remedies[second]}; if the hosts do belong together, add to provisioner.yml:\n"
                + _joining_lines(server, first, second),
            )


def _pairs_apart(
    server: ServerView, context: LintContext, why: Difference
) -> list[tuple[str, str]]:
    """Pointers to two URLs each. Sign-in and refresh: only if both belong to the URL between."""
    if len({host_of(server.text(pointer)) for pointer in URLS} - {""}) < 2:
        return []
    pairs = [(AUTHORIZATION_URL, TOKEN_URL), (TOKEN_URL, REFRESH_URL)]
    found = {pair: _difference(server, context, *pair) for pair in pairs}
    if not any(found.values()):
        outer = (AUTHORIZATION_URL, REFRESH_URL)
        found = {outer: _difference(server, context, *outer)}
    return [pair for pair, difference in found.items() if difference == why]


def _difference(
    server: ServerView, context: LintContext, first: str, second: str
) -> Difference | None:
    one, other = server.text(first), server.text(second)
    if not (_HOST.fullmatch(host_of(one)) and _HOST.fullmatch(host_of(other))):
        return None
    return endpoint_difference(one, other, context.corrections)


def _apart(server: ServerView, first: str, second: str) -> str:
    here, there = (known_provider(server.text(pointer)) for pointer in (second, first))
    name = first.rpartition("/")[2]
    if here and there:
        return f"this endpoint belongs to {here.label}, {name} to {there.label}"
    if there:
        return f"this endpoint is not known to belong to {there.label}, as {name} does"
    if here:
        return f"this endpoint belongs to {here.label}, {name} is not known to"
    return f"this endpoint is on another domain than {name}"


def _joining_lines(server: ServerView, first: str, second: str) -> str:
    """Below the name of a known provider, whose other facts are then kept."""
    names = dict.fromkeys(host_of(url) for _, url in server.texts(URLS))
    hosts = [f'"[{host}]"' if ":" in host else host for host in names]
    known = (known_provider(server.text(pointer)) for pointer in (second, first))
    key = next((provider.name for provider in known if provider), hosts[0])
    return f"      providers:\n        {key}:\n          endpoints: [{', '.join(hosts)}]"


# What each sign-in writes into its request itself: RFC 6749 section 4.1.1, RFC 7636 section 4.3.
_OF_THE_SIGN_IN = (
    *("response_type", "client_id", "redirect_uri", "scope", "state"),
    *("code_challenge", "code_challenge_method", "code_verifier"),
)
# What travels in the body of a token request (RFC 6749 sections 4.1.3 and 6), and what only the
# sign-in page reads.
_OF_THE_BODY = (
    *("grant_type", "client_id", "code", "code_verifier", "redirect_uri", "scope"),
    *("response_type", "state", "code_challenge", "code_challenge_method"),
    *("access_type", "prompt", "login_hint"),
)
_LISTS = ("/oauth2/scope_for_authorize", "/oauth2/scope_for_token", "/oauth2/prompt")
_FIELDS = {"prompt": "/oauth2/prompt", "login_hint": "/oauth2/login_hint"}


@rule("misplaced-parameter", ERROR)
def misplaced_parameter(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """URLs with a query, and fields that hold what belongs into one."""
    for pointer, url in server.texts(URLS):
        if brought := parameters(url):
            yield from _in_url(pointer, brought, server)
    for pointer, text in server.texts(_LISTS):
        for word in text.split():
            name, equals, _ = word.partition("=")
            if pointer != "/oauth2/prompt" and name == "scope":
                continue  # a list of scopes all the same: scope-form
            if equals and name in (*_OF_THE_SIGN_IN, *_OF_THE_BODY):
                yield Issue(
                    pointer,
                    f"{name}=... is a parameter of the authorization URL",
                    "remove it here: the sign-in adds it where the provider requires it",
                )


def _in_url(pointer: str, brought: dict[str, list[str]], server: ServerView) -> Iterator[Issue]:
    secrets = [name for name in SECRET_PARAMETERS if name in brought]
    if secrets:
        yield Issue(
            pointer,
            f"{secrets[0]} is in the query of this URL, in plain text",
            "write the URL without it, and renew it: anyone who can read the file knows it",
        )
        return
    is_page = pointer == AUTHORIZATION_URL
    names = [name for name in brought if name in (_OF_THE_SIGN_IN if is_page else _OF_THE_BODY)]
    if is_page:
        names += [name for name, field in _FIELDS.items() if name in brought and server.text(field)]
    if names:
        yield Issue(
            pointer,
            f"{' and '.join(names)} must not be in this URL",
            "write the URL without: the sign-in adds its own parameters, and duplicates are "
            "rejected"
            if is_page
            else "write the URL without: a request for tokens has its parameters in its body",
        )
