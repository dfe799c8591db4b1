"""What the sign-in asks for: access to mail, a refresh token, a prompt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from provisioner.config.issue import Issue
from provisioner.lint.checks.oauth_urls import AUTHORIZATION_URL, parameters, provider_of
from provisioner.lint.context import LintContext
from provisioner.lint.mistakes.nearest import nearest, same_letters
from provisioner.lint.rule import ERROR, rule
from provisioner.lint.server import ServerView
from provisioner.providers.credential_forms import is_guid
from provisioner.providers.provider import (
    APP_ONLY_PERMISSIONS,
    OFFLINE_SCOPE,
    SCOPES_WITHOUT_ACCESS,
    Provider,
)

_SCOPES = _AUTHORIZE, _TOKEN = "/oauth2/scope_for_authorize", "/oauth2/scope_for_token"
_PROMPT = "/oauth2/prompt"
_OFFLINE = frozenset({"offline", OFFLINE_SCOPE})


class _ScopeForm(NamedTuple):
    """How a list of scopes is written that comes from elsewhere, and by which sign it is told."""

    sign: str
    message: str


_PARAMETER = r"(?i)^\W*scopes?="
_PLUS = r"(?<=/)\+|\+(?=https?://|offline_access|openid)"
_SEMICOLON = r";(?=\s|$|https?://|offline_access|openid)"
_AS_IN_URL = "these scopes are written as in a URL"
# Signs that no list of scopes has in it, whatever a provider that is not known calls its own.
_SCOPE_FORMS = (
    _ScopeForm(_PARAMETER, f"{_AS_IN_URL}, after the name of a parameter"),
    _ScopeForm(r"(?i)%(?:20|2f|3a)", f"{_AS_IN_URL}, with % for other characters"),
    _ScopeForm(_PLUS, f"{_AS_IN_URL}, with + for blanks"),
    _ScopeForm(r"(?:^|[\s,;])[\"']|[\"'](?:$|[\s,;])", "there are quotes around these scopes"),
    _ScopeForm(r",", "these scopes are separated by commas"),
    _ScopeForm(_SEMICOLON, "these scopes are separated by semicolons"),
)
_ODD = re.compile(r"[,;%+\"'<=]")
_BETWEEN = re.compile(r"[\s,]+")
_AROUND = "\"'<>;"
_OFFLINE_IN_TWO_WORDS = re.compile(r"(?i)(?<!\S)offline access(?!\S)")


@lru_cache(maxsize=100)  # servers of one provider have the same scopes
def _listed(scope_field: str) -> tuple[str, ...]:
    """The scopes of a field as they are meant: that they are written otherwise says scope-form."""
    text = scope_field
    if _ODD.search(text):
        text = re.sub(_PLUS, " ", re.sub(_PARAMETER, "", text))
        text = re.sub(f"{_PLUS}|{_SEMICOLON}", " ", unquote(text))
    text = _OFFLINE_IN_TWO_WORDS.sub("offline-access", text)
    return tuple(filter(None, (scope.strip(_AROUND) for scope in _BETWEEN.split(text))))


@rule("scope-form", ERROR)
def scope_form(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """The schema refuses some of these as well, and says less."""
    for pointer, text in server.texts(_SCOPES):
        if not _ODD.search(text):
            continue
        found = next((form for form in _SCOPE_FORMS if re.search(form.sign, text)), None)
        if found is not None:
            yield Issue(pointer, found.message, _in_right_form(text, provider_of(server, context)))


def _in_right_form(text: str, provider: Provider | None) -> str:
    """Says the whole text only if all of it is publicly known."""
    known = (*provider.smtp_scopes, *provider.wrong_scopes) if provider else ()
    public = {scope.casefold(): scope for scope in (*known, *sorted(SCOPES_WITHOUT_ACCESS))}
    scopes = [public.get(scope.casefold()) for scope in _listed(text)]
    if all(scopes):
        return f"write {' '.join(filter(None, scopes))}"
    return "write the scopes alone, as the provider documents them, with one space between them"


@lru_cache(maxsize=100)
def _offline_scopes(scope_field: str) -> tuple[str, ...]:
    """Those that are meant to ask for a refresh token; a misspelling has a rule of its own."""
    return tuple(scope for scope in _listed(scope_field) if _is_offline(scope))


@lru_cache(maxsize=100)
def _accesses(scope_field: str) -> tuple[str, ...]:
    """The scopes that ask for access to something."""
    return tuple(
        one
        for one in _listed(scope_field)
        if one.casefold() not in SCOPES_WITHOUT_ACCESS and not _is_offline(one)
    )


def _is_offline(scope: str) -> bool:
    if not scope.casefold().startswith("off"):
        return False
    return same_letters(scope) == "offline" or nearest(scope, (OFFLINE_SCOPE,)) is not None


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
    return permission in permissions and resource not in wrong and _is_resource(resource)


def _is_resource(text: str) -> bool:
    return text.startswith(("https://", "api://")) or is_guid(text)


def _known_wrong(scope: str, provider: Provider) -> str | None:
    """A scope that the catalogue knows as wrong, as it spells it."""
    name = scope.casefold()
    known = {one.casefold(): one for one in provider.wrong_scopes}
    by_last_part = {_split(one)[1]: known[one] for one in known}
    return known.get(name) or by_last_part.get(name)


def _split(scope: str) -> tuple[str, str]:
    """`https://outlook.office.com/SMTP.Send` -> resource and permission; no resource in a name."""
    resource, _, permission = scope.rpartition("/")
    return resource.rstrip("/"), permission


@rule("no-offline-access", ERROR)
def no_offline_access(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """Without a refresh token MAPS could send mail for an hour. Facts are the catalogue's."""
    if not server.text(AUTHORIZATION_URL) or not server.text(_AUTHORIZE):
        return
    provider = context.provider(server.text(AUTHORIZATION_URL))
    asks = provider.offline != "scope" or _asks_by_scope(server)
    if not asks and _other_provider(server.text(_AUTHORIZE), provider) is None:
        yield Issue(
            _AUTHORIZE,
            f"{provider.label} issues no refresh token without the scope {OFFLINE_SCOPE}",
            _instead_of_app_only(server.text(_AUTHORIZE), provider)
            or f"add {OFFLINE_SCOPE}, with one space before it",
        )
    if provider.offline == "param":
        yield from _undone_parameters(server, provider)


def _asks_by_scope(server: ServerView) -> bool:
    """Either scope may ask for it; that it is misspelt says a rule of its own."""
    return any(_offline_scopes(text) for _, text in server.texts(_SCOPES))


def _undone_parameters(server: ServerView, provider: Provider) -> Iterator[Issue]:
    """The sign-in adds the provider's parameters; what is declared wins over them."""
    brought = parameters(server.text(AUTHORIZATION_URL))
    for name, value in provider.authorize_extra.items():
        is_field = name == "prompt" and bool(server.text(_PROMPT))
        if is_field and _wrong_prompt(server.text(_PROMPT), provider):
            continue  # said by a rule of its own
        declared = server.text(_PROMPT) if is_field else brought.get(name, [value])[-1]
        if value not in declared.split():
            written = value if is_field else f"{name}={value}"
            yield Issue(
                _PROMPT if is_field else AUTHORIZATION_URL,
                f"{provider.label} reliably issues a refresh token only with {name}={value}",
                f"write {written}, or omit it: the sign-in adds it",
            )


@rule("wrong-scope", ERROR)
def wrong_scope(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """Scopes with which the provider's SMTP server takes no mail.

    One right scope is enough; what else is asked for is nobody's business here.
    """
    provider = provider_of(server, context)
    if provider is None or not (provider.smtp_scopes or provider.wrong_scopes):
        return
    for pointer, text in server.texts(_SCOPES):
        if not any(_sends_by_smtp(scope, provider) for scope in _listed(text)):
            yield from _without_smtp(pointer, _accesses(text), provider)


def _without_smtp(pointer: str, scopes: Sequence[str], provider: Provider) -> Iterator[Issue]:
    wrong = next(filter(None, (_known_wrong(scope, provider) for scope in scopes)), None)
    right = provider.smtp_scopes[0] if provider.smtp_scopes else ""
    who = provider.label
    if wrong is not None and right:
        yield Issue(
            pointer,
            f"a token for {wrong} is rejected by SMTP at {who}",
            f"write {right} instead",
        )
    elif right and (other := _other_provider(" ".join(scopes), provider)):
        also = f" {OFFLINE_SCOPE}" if provider.offline == "scope" else ""
        yield Issue(
            pointer,
            f"these are scopes of {other.label}, and the URLs belong to {who}",
            f"write {right}{also}",
        )
    elif right:
        near = next(filter(None, (_nearly_right(scope, provider) for scope in scopes)), None)
        yield Issue(
            pointer,
            f"none of these scopes allows sending by SMTP at {who}",
            _instead_of_app_only(" ".join(scopes), provider)
            or (f"write it exactly as: {near}" if near else f"add {right}"),
        )
    elif wrong is not None and all(_known_wrong(scope, provider) for scope in scopes):
        yield Issue(
            pointer,
            f"a token for {wrong} is rejected by SMTP at {who}, and no scope is known to be "
            "accepted",
            "sign in with a password (smtp_security_level: login), or use another mail server",
        )


def _instead_of_app_only(scope_field: str, provider: Provider) -> str:
    """What to write instead of scopes for client credentials; empty if these are others."""
    names = {_split(scope.casefold())[1] for scope in _listed(scope_field)}
    if names.isdisjoint(APP_ONLY_PERMISSIONS) or not provider.smtp_scopes:
        return ""
    offline = f" {OFFLINE_SCOPE}" if provider.offline == "scope" else ""
    return (
        "MAPS signs in as a person (authorization code flow, delegated permission), not as an app "
        f"(client credentials): write {provider.smtp_scopes[0]}{offline}"
    )


def _other_provider(scope_field: str, provider: Provider) -> Provider | None:
    """The provider whose scopes for SMTP were copied; None if one of this provider is there."""
    scopes = [scope.casefold() for scope in _listed(scope_field)]
    if not provider.smtp_scopes or any(_sends_by_smtp(scope, provider) for scope in scopes):
        return None
    from provisioner.providers.all_providers import PROVIDERS

    found = (
        other
        for other in PROVIDERS
        if other.name != provider.name
        and any(one.casefold() in scopes for one in other.smtp_scopes)
    )
    return next(found, None)


def _nearly_right(scope: str, provider: Provider) -> str | None:
    """A right scope that was meant: without https://, say, or without the slash at its end."""
    letters = _letters(scope)
    return next((right for right in provider.smtp_scopes if _letters(right) == letters), None)


def _letters(scope: str) -> str:
    return same_letters(re.sub(r"^[a-z]*:?//", "", scope.casefold()))


# Asks for all permissions of a resource that an administrator has consented to:
# https://learn.microsoft.com/entra/identity-platform/scopes-oidc#the-default-scope
_DEFAULT = ".default"


@rule("mixed-resources", ERROR)
def mixed_resources(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """The sign-in may ask for several, if the exchange of the code then names one of them."""
    pointer = _TOKEN if server.text(_TOKEN) else _AUTHORIZE
    scopes = _accesses(server.text(pointer))
    if len(scopes) < 2:
        return
    provider = provider_of(server, context)
    if provider is None or provider.default_resource is None:
        return
    defaults = [scope for scope in scopes if _split(scope)[1] == _DEFAULT]
    if defaults and len(defaults) < len(scopes):
        yield Issue(
            pointer,
            f"{provider.label} rejects {_DEFAULT} together with a scope of the same or another "
            "resource",
            f"write {provider.smtp_scopes[0]} instead, or remove the others"
            if provider.smtp_scopes
            else "keep one of them",
        )
    elif _is_resource_beside_mail(scopes, provider):
        remedy = "keep the scopes for mail, openid, profile, email and offline_access"
        if pointer == _AUTHORIZE and provider.smtp_scopes:
            remedy += f"; or name the one for mail in scope_for_token: {provider.smtp_scopes[0]}"
        yield Issue(
            pointer,
            f"these are scopes of several resources; a token of {provider.label} is for one (a "
            f"scope without an address means {provider.default_resource})",
            remedy,
        )


def _is_resource_beside_mail(scopes: Sequence[str], provider: Provider) -> bool:
    """Without a scope for mail all are wrong, which another rule says."""
    mail = [scope for scope in scopes if _sends_by_smtp(scope, provider)]
    for_mail = {_split(scope.casefold())[0] for scope in (*provider.smtp_scopes, *mail)}
    return bool(mail) and any(_split(scope.casefold())[0] not in for_mail for scope in scopes)


@rule("wrong-offline-scope", ERROR)
def wrong_offline_scope(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """Only where it is known how the provider is asked. Odd characters are other rules'."""
    for pointer, text in server.texts(_SCOPES):
        scopes = _offline_scopes(text) if text.isascii() else []
        provider = provider_of(server, context) if scopes else None
        if provider is None or _other_provider(text, provider):
            continue
        if provider.offline == "param":
            name, value = next(iter(provider.authorize_extra.items()), ("a parameter", "its own"))
            public = " and ".join(sorted(_OFFLINE.intersection(scopes))) or "it"
            yield Issue(
                pointer,
                f"{provider.label} has no scope for offline access, and rejects the whole sign-in",
                f"remove {public}: the sign-in asks with {name}={value}",
            )
        elif provider.offline == "scope" and set(scopes) != {OFFLINE_SCOPE}:
            yield Issue(
                pointer,
                f"{provider.label} has no scope of the name offline"
                if "offline" in scopes
                else "the scope for offline access is misspelled",
                f"write {OFFLINE_SCOPE} instead",
            )


@rule("prompt-value", ERROR)
def prompt_value(server: ServerView, context: LintContext) -> Iterator[Issue]:
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
        return "unknown value of prompt", f"did you mean {whole}?"
    for value in values:
        problem = _unknown_prompt(value, provider) if value not in known else None
        if problem is not None:
            return problem
    if "none" in values:
        return _silent(values)
    if provider.single_prompt and len(values) > 1:
        return f"{provider.label} accepts only one value", "keep one, usually select_account"
    return None


def _silent(values: list[str]) -> tuple[str, str]:
    if len(values) > 1:
        return "the provider rejects none together with another value", "remove none"
    return (
        "with none the sign-in page does not prompt, so no one can sign in or consent",
        "remove it, or write select_account or consent",
    )


def _unknown_prompt(value: str, provider: Provider) -> tuple[str, str] | None:
    if value in _OFFLINE:
        return "offline access is requested with a scope, not with prompt", (
            "remove it here; `provisioner rules no-offline-access` says where it belongs"
        )
    near = nearest(value, provider.prompts or _STANDARD_PROMPTS)
    if near is not None:
        return "unknown value of prompt", f"did you mean {near}?"
    if provider.prompts:
        useful = [one for one in _STANDARD_PROMPTS if one in provider.prompts and one != "none"]
        return (
            f"{provider.label} does not support this value of prompt",
            f"write one of {', '.join(useful)}",
        )
    return None
