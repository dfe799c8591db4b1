"""What the end of an SMTP conversation means, what to do about it, and who has to.

Stage, code and enhanced code decide; a vendor's text only chooses the words (Microsoft: error
texts "should never be used by the client itself").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.mail.reply_meanings import REPLY_MEANINGS, Meaning
from provisioner.smtp.client import SmtpResult


@dataclass(frozen=True, slots=True)
class Explanation:
    """Cause, remedy, and who must act."""

    cause: str
    remedy: str
    actor: str


def explain(result: SmtpResult, provider_name: str = "") -> Explanation:
    """The explanation of a result that is not "sent" or "authenticated".

    `provider_name` lets a vendor's own meaning of a code win over the general one.
    """
    meaning = meaning_of(result, provider_name)
    return Explanation(
        _with_facts(meaning.cause, result), _with_facts(meaning.remedy, result), meaning.actor
    )


def meaning_of(result: SmtpResult, provider_name: str = "") -> Meaning:
    """The first row of the table that fits; its last one always does."""
    return next(m for m in REPLY_MEANINGS if _fits(m, result, provider_name.casefold()))


def _fits(meaning: Meaning, result: SmtpResult, provider: str) -> bool:
    return (
        (not meaning.outcomes or result.outcome in meaning.outcomes)
        and (not meaning.stages or result.stage in meaning.stages)
        and (not meaning.codes or result.code in meaning.codes)
        and (not meaning.enhanced or result.enhanced in meaning.enhanced)
        and (not meaning.challenge or _challenge_status(result) in meaning.challenge)
        and (not meaning.provider or meaning.provider in provider)
        and (not meaning.text or any(t in result.reply.casefold() for t in meaning.text))
    )


def _challenge_status(result: SmtpResult) -> str | None:
    return result.challenge.get("status") if result.challenge else None


def _with_facts(words: str, result: SmtpResult) -> str:
    scope = (result.challenge or {}).get("scope", "")
    return words.replace("{scope}", scope or "the one for SMTP").replace(
        "{mechanism}", result.mechanism or "the sign-in"
    )


def explain_refresh(facts: Mapping[str, Any]) -> Explanation:
    """The explanation of a refresh tried from a host, that is not "proven"."""
    key = facts.get("error") or facts.get("outcome", "")
    return _REFRESH.get(key) or _REFRESH.get(facts.get("outcome", "")) or _UNKNOWN_REFRESH


_YOU, _SIGNER = "you, in the declared file", "whoever signs in"
_ADMINISTRATOR = "an administrator at the provider"
_HOST = "the administrator of the MAPS host"
_NOBODY = "nobody: it passes"

# RFC 6749 section 5.2, and what the host says where no provider answered.
_REFRESH = {
    "invalid_client": Explanation(
        "the provider does not accept the client secret: wrong, expired, or the secret's ID "
        "pasted instead of its value",
        "put the right value into client_secret (renew it at the provider if it has expired)",
        _YOU,
    ),
    "invalid_grant": Explanation(
        "the refresh token is not valid any more: revoked, unused for too long, or a new password",
        "sign in again: provisioner authenticate",
        _SIGNER,
    ),
    "unauthorized_client": Explanation(
        "the client may not use refresh tokens",
        "allow the authorization-code grant and refresh tokens for the client",
        _ADMINISTRATOR,
    ),
    "invalid_scope": Explanation(
        "scope_for_token asks for more than was granted, or is misspelt",
        "correct scope_for_token, or leave it out",
        _YOU,
    ),
    "unsupported_grant_type": Explanation(
        "refresh requests go to an address that is no token endpoint",
        "check that authorization_url, access_token_url and refresh_token_url are not swapped",
        _YOU,
    ),
    "invalid_request": Explanation(
        "the token endpoint misses something in the request, or does not understand it",
        "check access_token_url and refresh_token_url",
        _YOU,
    ),
    "interaction_required": Explanation(
        "the provider wants to see a person again",
        "sign in again: provisioner authenticate",
        _SIGNER,
    ),
    "login_required": Explanation(
        "the provider wants to see a person again",
        "sign in again: provisioner authenticate",
        _SIGNER,
    ),
    "consent_required": Explanation(
        "the provider wants consent again",
        "sign in again and accept: provisioner authenticate",
        _SIGNER,
    ),
    "insecure_token_url": Explanation(
        "the token endpoint is not https, so nothing was sent to it",
        "write https:// in access_token_url and refresh_token_url",
        _YOU,
    ),
    "certificate": Explanation(
        "the certificate of the token endpoint is not trusted by that host",
        "give the host variable maps_ca_file the private CA, or look for a proxy that opens TLS",
        _HOST,
    ),
    "ca_file": Explanation(
        "the file in maps_ca_file cannot be used",
        "put a PEM file there that the account of Ansible may read",
        _HOST,
    ),
    "unknown_host": Explanation(
        "that host cannot find the token endpoint by name",
        "check access_token_url and the name servers of the host",
        _HOST,
    ),
    "unreachable": Explanation(
        "that host cannot reach the token endpoint, and MAPS needs to, every hour",
        "let the host open connections to it (firewall, proxy)",
        _HOST,
    ),
    "inconclusive": Explanation(
        "the token endpoint did not answer the question",
        "push again later; what was delivered stays",
        _NOBODY,
    ),
}
_REFRESH["no_https"] = _REFRESH["insecure_token_url"]
_REFRESH["no_host_name"] = _REFRESH["unknown_host"]
_UNKNOWN_REFRESH = Explanation(
    "the provider refused the refresh for a reason of its own",
    "look its error up in the provider's documentation",
    _ADMINISTRATOR,
)
