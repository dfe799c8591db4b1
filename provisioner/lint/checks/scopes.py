"""What the sign-in asks for: access to mail, a refresh token, a prompt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from provisioner.config.issue import Issue
from provisioner.lint.checks.oauth_urls import AUTHORIZATION_URL, provider_of
from provisioner.lint.context import LintContext
from provisioner.lint.declaration import Declaration
from provisioner.lint.nearest import nearest, same_letters
from provisioner.lint.rule import ERROR, rule
from provisioner.providers.provider import OFFLINE_SCOPE, SCOPES_WITHOUT_ACCESS, Provider

_AUTHORIZE, _TOKEN, _PROMPT = (
    "/oauth2/scope_for_authorize",
    "/oauth2/scope_for_token",
    "/oauth2/prompt",
)
_OFFLINE = frozenset({"offline", OFFLINE_SCOPE})
# `offline` is a misspelling that a rule of its own marks.
_NO_ACCESS = SCOPES_WITHOUT_ACCESS | {"offline"}
_BETWEEN = re.compile(r"[\s,;]+")


def _listed(scope_field: str) -> list[str]:
    """The scopes of a field; commas between them are wrong, which the schema says."""
    return [scope for scope in _BETWEEN.split(scope_field) if scope]


def _accesses(scope_field: str) -> list[str]:
    """The scopes that ask for access to something."""
    return [one for one in _listed(scope_field) if one.casefold() not in _NO_ACCESS]


def _sends_by_smtp(scope: str, provider: Provider) -> bool:
    """Whether it is a known scope for SMTP, or of that name at a resource that may be right.

    Exchange Online, say, has more names than the catalogue: https://outlook.com/SMTP.Send.
    """
    name = scope.casefold()
    right = {known.casefold() for known in provider.smtp_scopes}
    if name in right:
        return True
    resource, permission = _split(name)
    wrong = {_split(known.casefold())[0] for known in provider.wrong_scopes}
    permissions = {_split(known)[1] for known in right} - {""}
    return bool(resource) and permission in permissions and resource not in wrong


def _known_wrong(scope: str, provider: Provider) -> str | None:
    """A scope that the catalogue knows as wrong, as it spells it."""
    name = scope.casefold()
    return next((known for known in provider.wrong_scopes if known.casefold() == name), None)


def _split(scope: str) -> tuple[str, str]:
    """`https://outlook.office.com/SMTP.Send` -> resource and permission; no resource in a name."""
    resource, _, permission = scope.rpartition("/")
    return resource.rstrip("/"), permission


@rule("no-offline-access", ERROR)
def no_offline_access(server: Declaration, context: LintContext) -> Iterator[Issue]:
    """Without a refresh token MAPS could send mail for an hour. Facts are the catalogue's."""
    if not server.text(AUTHORIZATION_URL) or not server.text(_AUTHORIZE):
        return
    provider = context.provider(server.text(AUTHORIZATION_URL))
    if provider.offline == "scope" and not _asks_by_scope(server):
        yield Issue(
            _AUTHORIZE,
            f"{provider.label} gives no refresh token without the scope {OFFLINE_SCOPE}",
            f"add {OFFLINE_SCOPE}, with one space before it",
        )
    if provider.offline == "param":
        yield from _undone_parameters(server, provider)


def _asks_by_scope(server: Declaration) -> bool:
    """Either scope may ask for it; that `offline` is misspelt says a rule of its own."""
    return any(not _OFFLINE.isdisjoint(server.text(at).split()) for at in (_AUTHORIZE, _TOKEN))


def _undone_parameters(server: Declaration, provider: Provider) -> Iterator[Issue]:
    """The sign-in adds the provider's parameters; what is declared wins over them."""
    brought = _parameters(server.text(AUTHORIZATION_URL))
    for name, value in provider.authorize_extra.items():
        is_field = name == "prompt" and bool(server.text(_PROMPT))
        if is_field and _wrong_prompt(server.text(_PROMPT), provider):
            continue  # said by a rule of its own
        declared = server.text(_PROMPT) if is_field else brought.get(name, value)
        if value not in declared.split():
            yield Issue(
                _PROMPT if is_field else AUTHORIZATION_URL,
                f"{provider.label} gives a refresh token for certain only with {name}={value}",
                f"write {value}, or leave it out: the sign-in adds it",
            )


def _parameters(url: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    except ValueError:  # a bracket without its twin
        return {}


@rule("wrong-scope", ERROR)
def wrong_scope(server: Declaration, context: LintContext) -> Iterator[Issue]:
    """Scopes with which the provider's SMTP server takes no mail.

    One right scope is enough; what else is asked for is nobody's business here.
    """
    provider = provider_of(server, context)
    if provider is None or not (provider.smtp_scopes or provider.wrong_scopes):
        return
    for pointer in (_AUTHORIZE, _TOKEN):
        text = server.text(pointer)
        if text and not any(_sends_by_smtp(scope, provider) for scope in _listed(text)):
            yield from _without_smtp(pointer, _accesses(text), provider)


def _without_smtp(pointer: str, scopes: list[str], provider: Provider) -> Iterator[Issue]:
    wrong = next(filter(None, (_known_wrong(scope, provider) for scope in scopes)), None)
    right = provider.smtp_scopes[0] if provider.smtp_scopes else ""
    who = provider.label
    if wrong is not None and right:
        yield Issue(
            pointer,
            f"a token for {wrong} is refused by SMTP at {who}",
            f"write {right} instead of it",
        )
    elif right:
        near = any(scope.casefold() == right.casefold().rstrip("/") for scope in scopes)
        yield Issue(
            pointer,
            f"none of these scopes lets mail be sent by SMTP at {who}",
            f"write {right} with the slash at its end" if near else f"add {right}",
        )
    elif wrong is not None and all(_known_wrong(scope, provider) for scope in scopes):
        yield Issue(
            pointer,
            f"a token for {wrong} is refused by SMTP at {who}, and no scope is known that is not",
            "sign in with a password (smtp_security_level: login), or use another mail server",
        )


@rule("mixed-resources", ERROR)
def mixed_resources(server: Declaration, context: LintContext) -> Iterator[Issue]:
    """The sign-in may ask for several, if the exchange of the code then names one of them."""
    pointer = _TOKEN if server.text(_TOKEN) else _AUTHORIZE
    scopes = _accesses(server.text(pointer))
    if len(scopes) < 2:
        return
    provider = provider_of(server, context)
    if provider is None or provider.default_resource is None:
        return
    if _is_resource_beside_mail(scopes, provider):
        remedy = "keep the scopes for mail, openid, profile, email and offline_access"
        if pointer == _AUTHORIZE and provider.smtp_scopes:
            remedy += f"; or name the one for mail in scope_for_token: {provider.smtp_scopes[0]}"
        yield Issue(
            pointer,
            f"these are scopes of several resources; a token of {provider.label} serves one (a "
            f"scope without an address means {provider.default_resource})",
            remedy,
        )


def _is_resource_beside_mail(scopes: list[str], provider: Provider) -> bool:
    """Without a scope for mail all are wrong, which another rule says."""
    mail = [scope for scope in scopes if _sends_by_smtp(scope, provider)]
    for_mail = {_split(scope.casefold())[0] for scope in (*provider.smtp_scopes, *mail)}
    return bool(mail) and any(_split(scope.casefold())[0] not in for_mail for scope in scopes)


@rule("wrong-offline-scope", ERROR)
def wrong_offline_scope(server: Declaration, context: LintContext) -> Iterator[Issue]:
    """Only where it is known how the provider is asked."""
    for pointer in (_AUTHORIZE, _TOKEN):
        text = server.text(pointer)
        scopes = _OFFLINE.intersection(_listed(text)) if "offline" in text else frozenset()
        provider = provider_of(server, context) if scopes else None
        if provider is None:
            continue
        if provider.offline == "param":
            name, value = next(iter(provider.authorize_extra.items()), ("a parameter", "its own"))
            yield Issue(
                pointer,
                f"{provider.label} has no scope for offline access, and refuses the whole sign-in",
                f"remove {' and '.join(sorted(scopes))}: the sign-in asks with {name}={value}",
            )
        elif "offline" in scopes and provider.offline == "scope":
            yield Issue(
                pointer,
                f"{provider.label} has no scope of the name offline",
                f"write {OFFLINE_SCOPE} instead of it",
            )


@rule("prompt-value", ERROR)
def prompt_value(server: Declaration, context: LintContext) -> Iterator[Issue]:
    """One issue is enough: the first thing that is wrong. `=` is another rule's."""
    prompt = server.text(_PROMPT)
    if not prompt or "=" in prompt:
        return
    found = _wrong_prompt(prompt, context.provider(server.text(AUTHORIZATION_URL)))
    if found is not None:
        yield Issue(_PROMPT, *found)


# https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
_STANDARD_PROMPTS = ("login", "consent", "select_account", "none")


def _wrong_prompt(prompt: str, provider: Provider) -> tuple[str, str] | None:
    """What is wrong with it, and the remedy; None if nothing is known to be.

    A provider that is not known may have values of its own.
    """
    known = provider.prompts or _STANDARD_PROMPTS
    if prompt in known and prompt != "none":
        return None
    values = prompt.split()
    whole = next((value for value in known if same_letters(value) == same_letters(prompt)), prompt)
    if whole != prompt:
        return "there is no such prompt", f"did you mean {whole}?"
    for value in values:
        problem = _unknown_prompt(value, provider) if value not in known else None
        if problem is not None:
            return problem
    if "none" in values:
        return _silent(values)
    if provider.single_prompt and len(values) > 1:
        return f"{provider.label} takes one value at once", "keep one, as a rule select_account"
    return None


def _silent(values: list[str]) -> tuple[str, str]:
    if len(values) > 1:
        return "none beside another value is refused by the provider", "remove none"
    return (
        "with none the sign-in page asks nothing: nobody could sign in or consent",
        "remove it, or write select_account or consent",
    )


def _unknown_prompt(value: str, provider: Provider) -> tuple[str, str] | None:
    if value in _OFFLINE:
        return "offline access is asked for by a scope, not by prompt", (
            "remove it here; `provisioner rules no-offline-access` says where it belongs"
        )
    near = nearest(value, provider.prompts or _STANDARD_PROMPTS)
    if near is not None:
        return "there is no such prompt", f"did you mean {near}?"
    if provider.prompts:
        useful = [one for one in _STANDARD_PROMPTS if one in provider.prompts and one != "none"]
        return f"{provider.label} knows no such prompt", f"write one of {', '.join(useful)}"
    return None
