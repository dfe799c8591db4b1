"""Parameters of OAuth2 that stand where they do nothing, or harm."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.oauth_urls import (
    AUTHORIZATION_URL,
    REFRESH_URL,
    TOKEN_URL,
    parameters,
)
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings
from provisioner.providers.credential_forms import SECRET_PARAMETERS

ID = "misplaced-parameter"
SEVERITY = Severity.ERROR

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
_FIELDS = {"prompt": "/oauth2/prompt", "login_hint": "/oauth2/login_hint"}
_SCOPES = ("/oauth2/scope_for_authorize", "/oauth2/scope_for_token")
_NAMES = (*_OF_THE_SIGN_IN, *_OF_THE_BODY)


def check(server: Declaration, _surroundings: Surroundings) -> Iterator[Remark]:
    """URLs with a query, and fields that hold what belongs into one."""
    for pointer in (AUTHORIZATION_URL, TOKEN_URL, REFRESH_URL):
        brought = parameters(server.text(pointer))
        if brought:
            yield from _in_url(pointer, brought, server)
    for pointer in (*_SCOPES, "/oauth2/prompt"):
        if "=" in server.text(pointer):
            yield from _in_field(pointer, server)


def _in_url(pointer: str, brought: dict[str, list[str]], server: Declaration) -> Iterator[Remark]:
    secrets = [name for name in SECRET_PARAMETERS if name in brought]
    if secrets:
        yield Remark(
            pointer,
            f"{secrets[0]} stands in the query of this URL, readable for all",
            "write the URL without and renew it: whoever has seen the file has it",
        )
        return
    is_page = pointer == AUTHORIZATION_URL
    names = [name for name in brought if name in (_OF_THE_SIGN_IN if is_page else _OF_THE_BODY)]
    if is_page:
        names += [name for name, field in _FIELDS.items() if name in brought and server.text(field)]
    if names:
        yield Remark(
            pointer,
            f"{' and '.join(names)} must not stand in this URL",
            "write the URL without: the sign-in adds what it needs, and what comes twice is refused"
            if is_page
            else "write the URL without: a request for tokens has its parameters in its body",
        )


def _in_field(pointer: str, server: Declaration) -> Iterator[Remark]:
    for word in server.text(pointer).split():
        name = word.partition("=")[0]
        if name in _NAMES and "=" in word:
            yield Remark(
                pointer,
                f"{name}=... is a parameter of the authorization URL",
                "remove it here: the sign-in adds it where the provider wants it",
            )
