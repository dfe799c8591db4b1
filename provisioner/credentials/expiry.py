"""How a sign-in stands, and when it will end, by what is on disk and the provider's facts.

No one is contacted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from msgspec import Struct

from provisioner.credentials.project_secrets import ProjectSecrets
from provisioner.credentials.store import TokenSet
from provisioner.errors import ExitCode, PersonNeeded, ProvisionerError
from provisioner.model.email_server import EmailServer
from provisioner.providers.provider import Provider
from provisioner.text import proposed_command

_DAY = 86400

# Where nothing is known of idleness a refresh a week does no harm and may save a sign-in.
_ASSUMED_IDLE_DAYS = 14

# How long before an end that no refresh puts off a person should know of it.
_WARNING_SECONDS = 7 * _DAY


@dataclass(frozen=True, slots=True)
class TokenExpiry:
    """`at` in Unix seconds, None if unknown. `refresh_helps`: a refresh puts the end off."""

    at: int | None
    reason: str
    refresh_helps: bool = False

    def is_past(self, now: float) -> bool:
        """Whether, by what is known, the refresh token is dead."""
        return self.at is not None and self.at <= now


def predict_expiry(tokens: TokenSet, provider: Provider) -> TokenExpiry:
    """The first of all ends that are known; it may come earlier (`Provider.early_ends`)."""
    unknown = TokenExpiry(None, f"{provider.label}: not known how long one lives unused")
    return min(_ends(tokens, provider), key=lambda end: end.at or 0, default=unknown)


def refresh_is_due(tokens: TokenSet, provider: Provider, *, now: float) -> bool:
    """Whether half of the time is over after which a refresh token ends that is not used.

    Half: a scheduled run may fail for weeks before a token is lost.
    """
    if tokens.handed_over_to is not None:
        return False  # another machine's to refresh
    ends = [end.at for end in _ends(tokens, provider) if end.refresh_helps and end.at is not None]
    assumed = tokens.refreshed_at + _ASSUMED_IDLE_DAYS * _DAY
    end = min(ends, default=assumed)
    return end - now <= (end - tokens.refreshed_at) / 2


def sign_in_due(tokens: TokenSet, provider: Provider, *, now: float) -> TokenExpiry | None:
    """The end that only a new sign-in puts off, once it is near: in 7 days, or half of its time."""
    ends = (end for end in _ends(tokens, provider) if not end.refresh_helps)
    end = min(ends, key=lambda end: end.at or 0, default=None)
    if end is None or end.at is None:
        return None
    near = min(_WARNING_SECONDS, (end.at - tokens.obtained_at) / 2)
    return end if end.at - now <= near else None


def _ends(tokens: TokenSet, provider: Provider) -> Iterator[TokenExpiry]:
    if tokens.refresh_token_expires_at is not None:
        renewed = provider.refresh_token_rotation in ("old_stays_valid", "strict")
        reason = f"{provider.label} gave it until then"
        yield TokenExpiry(tokens.refresh_token_expires_at, reason, refresh_helps=renewed)
    if provider.idle_expiry_days is not None:
        at = tokens.refreshed_at + provider.idle_expiry_days * _DAY
        yield TokenExpiry(at, f"{provider.idle_expiry_days} days unused", refresh_helps=True)
    if provider.maximum_age_days is not None:
        at = tokens.obtained_at + provider.maximum_age_days * _DAY
        yield TokenExpiry(at, f"{provider.maximum_age_days} days after the sign-in")


class LastProof(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What mail servers said to a grant since its sign-in. `at` in Unix seconds.

    `at`: when one last accepted it, from the host `by` (None: this machine), or None.
    `refused`: why one has refused it since then.
    """

    grant_id: str
    at: int | None = None
    by: str | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, what to do, and the exit code. `blocks`: no mail until it is done."""

    message: str
    remedy: str = ""
    exit_code: ExitCode = ExitCode.PERSON_NEEDED
    blocks: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInState:
    """Tokens, if somebody signed in; their predicted end; what was said to them; what is wrong.

    `checked`: the mail server accepted the token just now. `unreadable`: nothing is known.
    """

    server_name: str
    mailbox: str | None
    client_secret_expires: date | None = None
    tokens: TokenSet | None = None
    proof: LastProof | None = None
    end: TokenExpiry | None = None
    early_ends: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    checked: bool = False
    unreadable: bool = False

    @property
    def usable(self) -> bool:
        """Whether nothing is known to be in the way of mail."""
        return not any(problem.blocks for problem in self.problems)

    @property
    def needs_sign_in(self) -> bool:
        """Whether a person must sign in, or accept something, before there is mail."""
        return any(p.blocks and p.exit_code is ExitCode.PERSON_NEEDED for p in self.problems)

    @property
    def proven_at(self) -> int | None:
        """When a mail server last accepted the token: since the sign-in, or then."""
        if self.proof is not None and self.proof.at is not None:
            return self.proof.at
        return self.tokens.obtained_at if self.tokens and not self.tokens.unproven else None

    @property
    def proven_by(self) -> str | None:
        """The host from which; None: this machine."""
        return self.proof.by if self.proof else None

    @property
    def unproven(self) -> str | None:
        """Why it is not known that the mail server accepts the token; None: it has."""
        if self.proof is not None:
            return self.proof.refused
        return self.tokens.unproven if self.tokens else None

    def with_problem(self, problem: Problem) -> SignInState:
        """The same with one more problem."""
        return replace(self, problems=(*self.problems, problem))


def sign_in_state(
    server: EmailServer, secrets: ProjectSecrets, proof: LastProof | None, *, now: float
) -> SignInState:
    """The state of one server that uses OAuth2. `now` in Unix seconds; `proof`: the last one."""
    state = SignInState(
        server_name=server.server_name,
        mailbox=server.mailbox,
        client_secret_expires=server.oauth2.client_secret_expires if server.oauth2 else None,
        problems=tuple(_secret_problems(server, now)),
    )
    try:
        tokens = secrets.stored_tokens(server)
    except PersonNeeded as error:
        return state.with_problem(Problem("nobody has signed in yet", error.remedy))
    except ProvisionerError as error:
        problem = Problem(error.message, error.remedy, error.exit_code)
        return replace(state, unreadable=True).with_problem(problem)
    provider = secrets.provider(server)
    problems = _token_problems(tokens, server, secrets, now)
    return replace(
        state,
        tokens=tokens,
        proof=proof if proof and proof.grant_id == tokens.grant_id else None,
        end=predict_expiry(tokens, provider),
        early_ends=provider.early_ends,
        problems=(*problems, *state.problems),
    )


def sign_in_needed(
    server: EmailServer, tokens: TokenSet, provider: Provider, *, now: float
) -> Problem | None:
    """Somebody must sign in soon: an end is near that nothing else puts off."""
    end = sign_in_due(tokens, provider, now=now)
    if end is None or end.at is None:
        return None
    day = datetime.fromtimestamp(end.at).astimezone().date()
    return Problem(
        f"the refresh token ends on {day} ({end.reason}), and no refresh puts that off",
        f"sign in before: {proposed_command('authenticate', server.server_name)}",
        blocks=False,
    )


def _token_problems(
    tokens: TokenSet, server: EmailServer, secrets: ProjectSecrets, now: float
) -> Iterator[Problem]:
    try:
        secrets.check_tokens(server)
    except ProvisionerError as error:
        yield Problem(error.message, error.remedy, error.exit_code)
    provider = secrets.provider(server)
    end = predict_expiry(tokens, provider)
    if tokens.handed_over_to is not None:
        return  # that host refreshes it, and how often is known there only
    if end.is_past(now):
        yield Problem(
            f"the refresh token has most likely ended: {end.reason}",
            f"sign in again: {proposed_command('authenticate', server.server_name)}",
        )
    elif soon := sign_in_needed(server, tokens, provider, now=now):
        yield soon


def _secret_problems(server: EmailServer, now: float) -> Iterator[Problem]:
    """A new client secret is no sign-in: exit code 1, not 6."""
    expires = server.oauth2.client_secret_expires if server.oauth2 else None
    if expires is not None and expires < datetime.fromtimestamp(now).astimezone().date():
        yield Problem(
            f"the client secret expired on {expires}",
            "make a new one at the provider, give it to client_secret, then push",
            ExitCode.FAILURE,
        )
