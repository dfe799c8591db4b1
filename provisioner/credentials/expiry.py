"""How a sign-in stands, and when it will end, by what is on disk and the provider's facts.

No one is contacted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from msgspec import Struct, structs

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


def sign_in_needed(
    server: EmailServer, tokens: TokenSet, provider: Provider, *, now: float
) -> Problem | None:
    """Somebody must sign in soon: an end is near that nothing else puts off.

    In 7 days, or half of its time.
    """
    ends = (end for end in _ends(tokens, provider) if not end.refresh_helps)
    end = min(ends, key=lambda end: end.at or 0, default=None)
    if end is None or end.at is None:
        return None
    if end.at - now > min(_WARNING_SECONDS, (end.at - tokens.obtained_at) / 2):
        return None
    return Problem(
        f"the refresh token ends on {_day(end.at)} ({end.reason}), and no refresh puts that off",
        f"sign in before: {proposed_command('authenticate', server.server_name)}",
        blocks=False,
    )


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
    """What mail servers said to a grant, at its sign-in or since. `at` in Unix seconds.

    `at`: when one last accepted it, from the host `by` (None: this machine), or None.
    `refused`: why it is not known that one accepts it now.
    """

    grant_id: str
    at: int | None = None
    by: str | None = None
    refused: str | None = None


_NOT_ASKED = LastProof(grant_id="")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, what to do, and the exit code. `blocks`: no mail until it is done."""

    message: str
    remedy: str = ""
    exit_code: ExitCode = ExitCode.PERSON_NEEDED
    blocks: bool = True

    @classmethod
    def of(cls, error: ProvisionerError) -> Problem:
        """The problem that an error tells of."""
        return cls(error.message, error.remedy, error.exit_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInState:
    """Tokens, if somebody signed in; their predicted end; the last proof of them; what is wrong.

    `checked`: the mail server accepted the token just now. `unreadable`: nothing is known.
    """

    server_name: str
    mailbox: str | None
    client_secret_expires: date | None = None
    tokens: TokenSet | None = None
    proof: LastProof = _NOT_ASKED
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

    def with_problem(self, problem: Problem) -> SignInState:
        """The same with one more problem."""
        return replace(self, problems=(*self.problems, problem))


def sign_in_state(
    server: EmailServer, secrets: ProjectSecrets, noted: LastProof | None, *, now: float
) -> SignInState:
    """The state of one server that uses OAuth2. `now` in Unix seconds; `noted`: the last proof."""
    expires = server.oauth2.client_secret_expires if server.oauth2 else None
    state = SignInState(
        server_name=server.server_name, mailbox=server.mailbox, client_secret_expires=expires
    )
    if expires is not None and expires < _day(now):
        renew = "make a new one at the provider, give it to client_secret, then push"
        # A new client secret is no sign-in: exit code 1, not 6.
        problem = Problem(f"the client secret expired on {expires}", renew, ExitCode.FAILURE)
        state = state.with_problem(problem)
    try:
        tokens = secrets.stored_tokens(server)
    except PersonNeeded as error:
        return state.with_problem(Problem("nobody has signed in yet", error.remedy))
    except ProvisionerError as error:
        return replace(state, unreadable=True).with_problem(Problem.of(error))
    provider = secrets.provider(server)
    return replace(
        state,
        tokens=tokens,
        proof=_last_proof(tokens, noted),
        end=predict_expiry(tokens, provider),
        early_ends=provider.early_ends,
        problems=(*_token_problems(tokens, server, secrets, now), *state.problems),
    )


def _last_proof(tokens: TokenSet, noted: LastProof | None) -> LastProof:
    """What is noted of this grant; before anything is, what the sign-in showed."""
    signed_in = LastProof(
        grant_id=tokens.grant_id,
        at=None if tokens.unproven else tokens.obtained_at,
        refused=tokens.unproven,
    )
    if noted is None or noted.grant_id != tokens.grant_id:
        return signed_in
    return noted if noted.at is not None else structs.replace(noted, at=signed_in.at)


def _token_problems(
    tokens: TokenSet, server: EmailServer, secrets: ProjectSecrets, now: float
) -> Iterator[Problem]:
    try:
        secrets.check_tokens(server)
    except ProvisionerError as error:
        yield Problem.of(error)
    if tokens.handed_over_to is not None:
        return  # that host refreshes it, and how often is known there only
    provider = secrets.provider(server)
    end = predict_expiry(tokens, provider)
    if end.at is not None and end.at <= now:
        yield Problem(
            f"the refresh token has most likely ended: {end.reason}",
            f"sign in again: {proposed_command('authenticate', server.server_name)}",
        )
    elif soon := sign_in_needed(server, tokens, provider, now=now):
        yield soon


def _day(seconds: float) -> date:
    """By this machine's clock."""
    return datetime.fromtimestamp(seconds).astimezone().date()
