"""How a server stands with its provider, by what is on disk: nobody is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from provisioner.errors import ExitCode, ProvisionerError
from provisioner.model.email_server import EmailServer
from provisioner.providers.provider import Provider
from provisioner.text import proposed_command
from provisioner.tokens.destinations import check_destinations
from provisioner.tokens.predicted_end import PredictedEnd, predicted_end, sign_in_due
from provisioner.tokens.store import TokenStore
from provisioner.tokens.token_set import TokenSet


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, what to do, and the exit code. `blocks`: no mail until it is done."""

    message: str
    remedy: str = ""
    exit_code: ExitCode = ExitCode.PERSON_NEEDED
    blocks: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInState:
    """Tokens, if somebody signed in; their predicted end; and what is wrong.

    `checked`: the mail server took the token just now.
    """

    server_name: str
    mailbox: str | None
    client_secret_expires: date | None = None
    tokens: TokenSet | None = None
    end: PredictedEnd | None = None
    early_ends: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    checked: bool = False

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
    server: EmailServer, store: TokenStore, provider: Provider, *, now: float
) -> SignInState:
    """The state of one server that uses OAuth2. `now` in Unix seconds."""
    state = SignInState(
        server_name=server.server_name,
        mailbox=server.mailbox,
        client_secret_expires=server.oauth2.client_secret_expires if server.oauth2 else None,
        problems=tuple(_secret_problems(server, now)),
    )
    try:
        tokens = store.load(server.server_name)
    except ProvisionerError as error:
        return state.with_problem(Problem(error.message, error.remedy, error.exit_code))
    if tokens is None:
        remedy = f"run: {proposed_command('authenticate', server.server_name)}"
        return state.with_problem(Problem("nobody has signed in yet", remedy))
    problems = _token_problems(tokens, server, provider, now)
    return replace(
        state,
        tokens=tokens,
        end=predicted_end(tokens, provider),
        early_ends=provider.early_ends,
        problems=(*problems, *state.problems),
    )


def sign_in_needed(tokens: TokenSet, provider: Provider, *, now: float) -> Problem | None:
    """Somebody must sign in soon: an end is near that nothing else puts off."""
    end = sign_in_due(tokens, provider, now=now)
    if end is None or end.at is None:
        return None
    day = datetime.fromtimestamp(end.at).astimezone().date()
    return Problem(
        f"the refresh token ends on {day} ({end.reason}), and no refresh puts that off",
        f"sign in before: {proposed_command('authenticate', tokens.server_name)}",
        blocks=False,
    )


def _token_problems(
    tokens: TokenSet, server: EmailServer, provider: Provider, now: float
) -> Iterator[Problem]:
    try:
        check_destinations(tokens, server)
    except ProvisionerError as error:
        yield Problem(error.message, error.remedy, error.exit_code)
    end = predicted_end(tokens, provider)
    if tokens.handed_over_to is not None:
        return  # that host refreshes it, and how often is known there only
    if end.has_come(now):
        yield Problem(
            f"the refresh token has most likely ended: {end.reason}",
            f"sign in again: {proposed_command('authenticate', server.server_name)}",
        )
    elif soon := sign_in_needed(tokens, provider, now=now):
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
