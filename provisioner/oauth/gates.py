"""The last questions before tokens are saved: is it the right account, does it send mail?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from provisioner.credentials.store import TokenSet
from provisioner.errors import SignInFailed
from provisioner.model.email_server import EmailServer, OAuth2Settings
from provisioner.oauth.identity import Identity
from provisioner.providers.provider import Provider
from provisioner.text import proposed_command


class Proof(StrEnum):
    """What the mail server said to the new token."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class ProofResult:
    """`detail` is one line without secrets; with REFUSED, `remedy` says what to do.

    `field` is the one to change, if it is known to be another than the mailbox.
    """

    proof: Proof
    detail: str = ""
    remedy: str = ""
    field: str = ""


Prove = Callable[[TokenSet], ProofResult]


def check_identity(
    identity: Identity, provider: Provider, server: EmailServer, settings: OAuth2Settings
) -> None:
    """Whoever signed in is the login_hint, else the mailbox."""
    expected = settings.login_hint or server.user_name
    if expected is None and identity.name is None:
        raise SignInFailed(
            f"{server.where('user_name')}: nobody says which mailbox this is: no user_name, no "
            "login_hint, and the provider names no account",
            remedy="add user_name: MAILBOX",
        )
    if expected is None or identity.name is None or identity.is_called(expected):
        return
    field = "oauth2.login_hint" if settings.login_hint else "user_name"
    raise SignInFailed(
        f"{server.where(field)}: {identity.name} signed in, expected was {expected}",
        remedy=f"sign in again as {expected}: {other_account(provider, server)}; if "
        f"{identity.name} is the right account for this mailbox, declare "
        f"login_hint: {identity.name}",
    )


def other_account(provider: Provider, server: EmailServer) -> str:
    """How the browser gets to offer another account than the one that it remembers."""
    if provider.prompts and "select_account" not in provider.prompts:
        return "open the address in a private window"
    return (
        f"{proposed_command('authenticate', server.server_name, '--select-account')} "
        "(prompt: select_account does so each time), or open the address in a private window"
    )


def mailbox_field(server: EmailServer) -> str:
    """The field that names the mailbox."""
    by_hint = server.user_name is None and server.oauth2 and server.oauth2.login_hint
    return "oauth2.login_hint" if by_hint else "user_name"
