"""What stands between an answer of the provider and saved tokens.

A refresh token, the scope that was asked for, the right issuer, the right account; then the mail
server, which alone knows whether the token sends mail. Each raises SignInFailed, with the field to
change.
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from provisioner.credentials.proofs import LastProof, Refused
from provisioner.credentials.store import TokenSet
from provisioner.errors import SignInFailed, SignInRefused
from provisioner.model.email_server import EmailServer, OAuth2Settings
from provisioner.model.project import Project
from provisioner.oauth.token_endpoint import TokenResponse
from provisioner.providers.catalogue import provider_for
from provisioner.providers.provider import OFFLINE_SCOPE, SCOPES_WITHOUT_ACCESS, Provider
from provisioner.secret import Secret
from provisioner.text import foreign, json_object, proposed_command, redact

if TYPE_CHECKING:  # it takes a while to import, and a sign-in begins without it
    from provisioner.smtp.client import SmtpResult

# A clock may be off; one that is off by more is worth a word.
_LEEWAY_SECONDS = 600

# Microsoft's "SMTP AUTH is switched off" and "blocked by policy": the token itself may be right.
_SWITCHED_OFF = "5.7.139"

_GUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FIELD = "oauth2.authorization_url"


def check_grant(
    answer: TokenResponse,
    server: EmailServer,
    provider: Provider,
    *,
    issuer: str | None,
    now: float,
) -> TokenSet:
    """The tokens of an answer that passes. `issuer`: who answered, if it says so. `now`: Unix s."""
    refresh_token = granted_refresh_token(answer, server, provider)
    scope = granted_scope(answer, server, provider)
    identity = identity_from(answer.id_token, server, provider, now=now)
    check_token_issuer(identity, issuer, server, provider)
    check_identity(identity, server, provider)
    return TokenSet(
        grant_id=str(uuid.uuid4()),
        access_token=answer.access_token,
        refresh_token=refresh_token,
        expires_at=answer.expires_at(int(now)),
        scope=scope,
        identity=identity.name,
        issuer=identity.issuer or issuer,
        token_endpoint_auth_method=answer.auth_method,
        obtained_at=int(now),
        refreshed_at=int(now),
        refresh_token_expires_at=answer.refresh_token_expires_at(int(now)),
    )


def _settings(server: EmailServer) -> OAuth2Settings:
    assert server.oauth2 is not None  # noqa: S101  somebody signs in to it
    return server.oauth2


# -- what was granted


def granted_refresh_token(answer: TokenResponse, server: EmailServer, provider: Provider) -> Secret:
    """The refresh token, without which the grant would end within the hour."""
    if answer.refresh_token is not None:
        return answer.refresh_token
    field, remedy = _how_to_get_one(provider, _settings(server))
    raise SignInFailed(
        f"{server.where(field)}: {provider.label} issued no refresh token",
        remedy=f"{remedy}, sign in again",
    )


def _how_to_get_one(provider: Provider, settings: OAuth2Settings) -> tuple[str, str]:
    """The field to change, and how."""
    if provider.offline == "param":
        extra = "&".join(f"{name}={value}" for name, value in provider.authorize_extra.items())
        return "oauth2.authorization_url", (
            f"add {extra} to authorization_url; if the app was allowed before, remove it first at "
            f"{provider.consent_page_url or 'the account page of the provider'}"
        )
    if OFFLINE_SCOPE in settings.scope_for_authorize.split():
        return "oauth2.prompt", (
            "add prompt: consent (some issue one only when the consent page is shown), and check "
            "that the client may use refresh tokens"
        )
    return "oauth2.scope_for_authorize", (
        f"add {OFFLINE_SCOPE} to scope_for_authorize; the client may need permission for it"
    )


def granted_scope(answer: TokenResponse, server: EmailServer, provider: Provider) -> str:
    """The granted scope, which covers what was asked. Absent means as asked (RFC 6749 5.1)."""
    settings = _settings(server)
    asked = settings.scope_for_token or settings.scope_for_authorize
    granted = answer.scope
    if not granted or not granted.strip():
        return asked
    missing = [one for one in asked.split() if not _is_granted(one, granted.split(), provider)]
    if missing:
        field = "scope_for_token" if settings.scope_for_token else "scope_for_authorize"
        raise SignInFailed(
            f"{server.where(f'oauth2.{field}')}: requested but not granted: {' '.join(missing)}",
            remedy="sign in again and keep every box checked; or allow the scope for the client, "
            f"or correct it. Granted: {foreign(granted)}",
        )
    return granted


def _is_granted(asked: str, granted: list[str], provider: Provider) -> bool:
    """Upper and lower case are alike: Microsoft answers in its own."""
    if asked.casefold() in SCOPES_WITHOUT_ACCESS:  # often not listed among the granted
        return True
    names = {_full_name(one, provider) for one in granted}
    name = _full_name(asked, provider)
    resource, _, last = name.rpartition("/")
    # `.default` is answered with what it stands for.
    same_resource = any(one.startswith(resource + "/") for one in names)
    return name in names or (last == ".default" and same_resource)


def _full_name(scope: str, provider: Provider) -> str:
    """The scope with its resource, under one of the resource's names.

    A bare scope of Microsoft is one of Graph, and its mail service goes by several names:
    https://learn.microsoft.com/entra/identity-platform/scopes-oidc
    """
    name = scope.casefold()
    resource, slash, last = name.rpartition("/")
    if provider.default_resource and not slash:
        return f"{provider.default_resource.casefold()}/{last}"
    names_of_mail = [known.casefold().rpartition("/")[0] for known in provider.smtp_scopes]
    return f"{names_of_mail[0]}/{last}" if resource in names_of_mail else name


# -- who answered, and who signed in


@dataclass(frozen=True, slots=True)
class Identity:
    """Every name that the provider gives the account, the most telling first."""

    names: tuple[str, ...]
    issuer: str | None

    @property
    def name(self) -> str | None:
        """The one to show; None if the provider names nobody."""
        return self.names[0] if self.names else None

    def is_called(self, name: str) -> bool:
        """Whether one of the names is this one; upper and lower case are alike."""
        return name.casefold() in {known.casefold() for known in self.names}


NOBODY = Identity((), None)


def identity_from(
    id_token: Secret | None, server: EmailServer, provider: Provider, *, now: float
) -> Identity:
    """The identity in an id_token that came straight from the token endpoint.

    Over TLS from there its signature need not be checked: OpenID Connect Core 3.1.3.7 (6).
    """
    if id_token is None:
        return NOBODY
    payload = _payload(id_token)
    if not payload:
        field = "oauth2.scope_for_authorize"
        raise SignInFailed(
            f"{server.where(field)}: the provider's id_token cannot be read",
            remedy="remove `openid` from scope_for_authorize; then the mail server alone checks "
            "the account",
        )
    _check_id_token(payload, server, now)
    ignored = {"email"} if payload.get("email_verified") in (False, "false") else set()
    found = [
        _name(payload.get(claim)) for claim in provider.identity_claims if claim not in ignored
    ]
    return Identity(
        names=tuple(dict.fromkeys(name for name in found if name is not None)),
        issuer=_name(payload.get("iss")),
    )


def _payload(id_token: Secret) -> Mapping[str, Any]:
    payload = id_token.reveal().partition(".")[2].partition(".")[0]
    try:
        return json_object(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return {}


def _check_id_token(payload: Mapping[str, Any], server: EmailServer, now: float) -> None:
    client_id = _settings(server).client_id
    field = "oauth2.client_id"
    audience = payload.get("aud")
    if audience != client_id and not (isinstance(audience, list) and client_id in audience):
        raise SignInFailed(
            f"{server.where(field)}: the provider's id_token is for another client",
            remedy="check that client_id and the two URLs belong to one app",
        )
    expires_at = payload.get("exp")
    if isinstance(expires_at, int | float) and expires_at + _LEEWAY_SECONDS < now:
        raise SignInFailed(
            f"{server.where()}: the provider's id_token expired before it arrived",
            remedy="correct this machine's clock",
        )


def _name(value: object) -> str | None:
    """Names are shown and kept: a whole secret in one is masked. A part is no reason, since a
    token may well be made of the account's name.
    """
    fits = isinstance(value, str) and 0 < len(value) <= 320 and value.isprintable()
    return redact(str(value), pieces=False) if fits else None


def check_issuer(issuer: str | None, server: EmailServer, provider: Provider) -> None:
    """RFC 9207: an answer that names another issuer is not for us; no code goes anywhere.

    Without metadata the expected issuer is the provider's known one, else whoever lives at the
    host of one of its endpoints, with the tenant that was asked.
    """
    if issuer is None:
        _check_silence(provider, server)
    elif not _is_expected(issuer, provider, _settings(server)):
        raise _other_issuer(issuer, provider, server)


def check_token_issuer(
    identity: Identity, issuer: str | None, server: EmailServer, provider: Provider
) -> None:
    """The id_token comes from the issuer that answered, or is known (RFC 9207 section 2.4)."""
    found, expected = identity.issuer, issuer or provider.issuer
    if found is None:
        return
    # Google has written its issuer without the scheme.
    same = expected is None or found.removeprefix("https://") == expected.removeprefix("https://")
    if not (same and _is_of_the_tenant(found, provider, _settings(server))):
        raise _other_issuer(found, provider, server)


def _check_silence(provider: Provider, server: EmailServer) -> None:
    if not provider.authorization_response_iss_parameter_supported:
        return
    fact = "authorization_response_iss_parameter_supported"
    raise SignInFailed(
        f"{server.where(_FIELD)}: the response has no `iss`, which {provider.label} always sends "
        "(RFC 9207); it may be forged",
        remedy="start the sign-in again; if this provider sends none, set in provisioner.yml: "
        f"providers: {{{provider.name}: {{{fact}: false}}}}",
    )


def _is_expected(issuer: str, provider: Provider, settings: OAuth2Settings) -> bool:
    if provider.issuer is not None:
        return issuer == provider.issuer
    urls = [settings.authorization_url, settings.access_token_url]
    urls += [f"https://{place}" for place in provider.endpoints]
    at_home = _origin(issuer) in {_origin(url) for url in urls}
    return at_home and _is_of_the_tenant(issuer, provider, settings)


def _is_of_the_tenant(issuer: str, provider: Provider, settings: OAuth2Settings) -> bool:
    """Microsoft's issuer has the tenant's GUID in it, whatever name the URLs give the tenant.

    https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer
    """
    asked, answered = _tenant(settings.authorization_url), _tenant(issuer)
    return not (provider.shared_tenants and asked and answered) or asked == answered


def _tenant(url: str) -> str:
    found = _GUID.search(url.partition("?")[0])
    return found.group().casefold() if found else ""


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.scheme, (parts.netloc or "").casefold()


def _other_issuer(issuer: str, provider: Provider, server: EmailServer) -> SignInFailed:
    shown = foreign(issuer, longest=200)
    return SignInFailed(
        f"{server.where(_FIELD)}: the response comes from another issuer than the provider of the "
        f"sign-in: {shown}",
        remedy="check that the URLs belong to one provider and one tenant; if that issuer is "
        f"right, set in provisioner.yml: providers: {{{provider.name}: {{issuer: {shown}}}}}",
    )


def check_identity(identity: Identity, server: EmailServer, provider: Provider) -> None:
    """Whoever signed in is the login_hint, else the mailbox."""
    settings = _settings(server)
    expected = settings.login_hint or server.user_name
    if expected is None and identity.name is None:
        raise SignInFailed(
            f"{server.where('user_name')}: unknown mailbox: user_name and login_hint are not set, "
            "and the provider returned no account name",
            remedy="add user_name: MAILBOX",
        )
    if expected is None or identity.name is None or identity.is_called(expected):
        return
    field = "oauth2.login_hint" if settings.login_hint else "user_name"
    raise SignInFailed(
        f"{server.where(field)}: signed in as {identity.name}, expected {expected}",
        remedy=f"sign in again as {expected}: {other_account(provider, server)}; "
        f"if {identity.name} is the right account for this mailbox, set login_hint: "
        f"{identity.name}",
    )


def other_account(provider: Provider, server: EmailServer) -> str:
    """How the browser gets to offer another account than the one that it remembers."""
    if provider.prompts and "select_account" not in provider.prompts:
        return "open the address in a private window"
    return (
        f"{proposed_command('authenticate', server.server_name, '--select-account')} "
        "(prompt: select_account does so each time), or open the address in a private window"
    )


def _mailbox_field(server: EmailServer) -> str:
    by_hint = server.user_name is None and server.oauth2 and server.oauth2.login_hint
    return "oauth2.login_hint" if by_hint else "user_name"


# -- what the mail server says


class LoginOutcome(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class LoginResult:
    """`detail` is one line without secrets; with REJECTED, `remedy` says what to do.

    `field` is the one to change, if it is known to be another than the mailbox. `expired`: the
    access token alone may be at fault.
    """

    outcome: LoginOutcome
    detail: str = ""
    remedy: str = ""
    field: str = ""
    expired: bool = False


CheckLogin = Callable[[TokenSet], LoginResult]


def mail_server_proof(server: EmailServer, project: Project) -> CheckLogin:
    """How to ask the mail server from this machine; nothing is sent.

    Its code is imported once somebody has signed in: until then a person waits for the address to
    open.
    """
    provider = provider_for(server.host, project.providers)

    def prove(tokens: TokenSet) -> LoginResult:
        from provisioner.smtp.client import SmtpAccount, check_login

        user_name = server.mailbox or tokens.identity
        account = SmtpAccount.of(server, user_name, tokens.access_token, project.ca_file)
        result = check_login(account)
        return login_result(result, server.host, provider.name, server.server_name)

    return prove


def check_mail_login(
    tokens: TokenSet,
    server: EmailServer,
    provider: Provider,
    check_login: CheckLogin | None,
    announce: Callable[[str], None],
) -> TokenSet:
    """The last question, to the mail server: only its plain refusal fails. None: nobody asks it."""
    if check_login is None:
        return replace(tokens, unproven="the SMTP check was skipped")
    result = check_login(tokens)
    if result.outcome is LoginOutcome.REJECTED:
        where = server.where(result.field or _mailbox_field(server))
        remedy, account = result.remedy, server.mailbox
        if tokens.identity is None and account is not None:
            remedy = (
                f"if another account than {account} signed in (the provider names none), "
                f"{other_account(provider, server)}; otherwise: {remedy}"
            )
        raise SignInRefused(f"{where}: {result.detail}", remedy=remedy)
    if result.outcome is LoginOutcome.UNVERIFIED:
        announce(f"Warning: {server.server_name}: not verified yet: {result.detail}")
        announce(f"  {result.remedy}")
        return replace(tokens, unproven=result.detail)
    return tokens


def login_result(
    result: SmtpResult, host: str, provider_name: str = "", server_name: str = ""
) -> LoginResult:
    """Only a plain refusal of the token refuses; whatever else is wrong leaves it unverified."""
    from provisioner.smtp.client import advice_on

    if result.outcome in ("authenticated", "sent"):
        return LoginResult(LoginOutcome.ACCEPTED)
    advice = advice_on(result, provider_name, server_name)
    code = " ".join(str(part) for part in (result.code, result.enhanced) if part is not None)
    said = f"{host}, {result.stage}{f', {code}' if code else ''}: {advice.cause}"
    if result.reply and result.code is not None:
        said += f'. It says: "{result.reply}"'
    if _is_refusal(result):
        remedy = f"{advice.remedy}\n  Who must act: {advice.actor}."
        detail = f"the mail server rejects the token: {said}"
        return LoginResult(
            LoginOutcome.REJECTED, detail, remedy, advice.field, says_expired(result)
        )
    return LoginResult(LoginOutcome.UNVERIFIED, said, advice.remedy)


def last_proof(
    result: LoginResult, tokens: TokenSet, *, at: float, by: str | None = None
) -> LastProof | None:
    """What is to be noted of the tokens' grant; None if the answer says nothing of it.

    `at` in Unix seconds; `by`: the host that asked, None for this machine.
    """
    if result.outcome is LoginOutcome.ACCEPTED:
        return LastProof(grant_id=tokens.grant_id, at=int(at), by=by)
    if result.outcome is LoginOutcome.REJECTED:
        refused = Refused(said=result.detail, remedy=result.remedy, at=int(at))
        return LastProof(grant_id=tokens.grant_id, mail=refused)
    return None


def says_expired(result: SmtpResult) -> bool:
    """Whether a new access token may help where this one was refused.

    A 334 with status 401 (XOAUTH2) or invalid_token (RFC 7628 section 3.2.2).
    """
    return (result.challenge or {}).get("status") in ("401", "invalid_token")


def _is_refusal(result: SmtpResult) -> bool:
    return (
        result.outcome == "wrong"
        and result.stage == "auth"
        and result.code is not None
        and result.enhanced != _SWITCHED_OFF
    )
