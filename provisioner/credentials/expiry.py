"""How a sign-in stands, and when it will end, by what is on disk and the provider's facts.

No one is contacted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from msgspec import structs

from provisioner.credentials.project_secrets import ProjectSecrets
from provisioner.credentials.proofs import LastProof
from provisioner.credentials.store import Credentials, TokenSet
from provisioner.errors import ExitCode, PersonNeeded, ProvisionerError
from provisioner.model.email_server import EmailServer
from provisioner.providers.provider import Provider
from provisioner.text import local_time, proposed_command

_DAY = 86400

# Where nothing is known of idleness a refresh a week does no harm and may save a sign-in.
_ASSUMED_IDLE_DAYS = 14

# How long before an end a person should know of it; less where it lives for less than twice that.
_WARNING_SECONDS = 14 * _DAY

REFUSED = "refused"  # the standing of what a refresh, or a sign-in at the mail server, may mend


@dataclass(frozen=True, slots=True)
class TokenExpiry:
    """`at` in Unix seconds, None if unknown. `refresh_helps`: a refresh puts the end off.

    `began`: when what ends was obtained, or last refreshed.
    """

    at: int | None
    reason: str
    refresh_helps: bool = False
    began: int | None = None

    def is_near(self, now: float, within: float | None) -> bool:
        """Whether it is to be told of: in `within` seconds, or as long before as is usual."""
        if self.at is None:
            return False
        if within is None:
            life = 2 * _WARNING_SECONDS if self.began is None else self.at - self.began
            within = min(_WARNING_SECONDS, life / 2)
        return self.at - now <= within


def predict_expiry(tokens: TokenSet, provider: Provider) -> TokenExpiry:
    """The first of all ends that are known; it may come earlier (`Provider.early_ends`)."""
    unknown = TokenExpiry(None, f"{provider.label}: lifetime of unused tokens unknown")
    return min(_ends(tokens, provider), key=lambda end: end.at or 0, default=unknown)


def refresh_is_due(tokens: TokenSet, provider: Provider, *, now: float) -> bool:
    """Whether half of the time is over after which a refresh token ends that is not used.

    Half: a scheduled run may fail for weeks before a token is lost.
    """
    if tokens.handed_over_to is not None:
        return False  # another machine's to refresh
    if tokens.refreshed_at > now + _DAY:
        return True  # by a clock that was ahead: no time that counts from there means anything
    ends = [end.at for end in _ends(tokens, provider) if end.refresh_helps and end.at is not None]
    assumed = tokens.refreshed_at + _ASSUMED_IDLE_DAYS * _DAY
    end = min(ends, default=assumed)
    return end - now <= (end - tokens.refreshed_at) / 2


def near_ends(
    server: EmailServer,
    tokens: TokenSet | None,
    provider: Provider,
    *,
    now: float,
    within: float | None = None,
) -> Iterator[Problem]:
    """What ends soon, or has ended, and needs a person or a refresh: client secret and tokens.

    `within` in seconds; None: two weeks, or half of its life where that is shorter.
    """
    yield from _secret_problems(server, now, within)
    if tokens is None or tokens.handed_over_to is not None:
        return  # that host refreshes it, and how often is known there only
    near = [end for end in _ends(tokens, provider) if end.is_near(now, within)]
    ended = [end for end in near if (end.at or 0) <= now]
    for kind in (False, True):  # an end that a refresh puts off hides no other
        of_kind = [end for end in ended or near if end.refresh_helps is kind]
        if of_kind:
            yield _ending(server.server_name, min(of_kind, key=lambda end: end.at or 0), now)
        if ended and of_kind:
            return


def _secret_problems(server: EmailServer, now: float, within: float | None) -> Iterator[Problem]:
    expires = server.oauth2.client_secret_expires if server.oauth2 else None
    if expires is None:
        return
    last_second = datetime.combine(expires, datetime.max.time()).astimezone().timestamp()
    if not TokenExpiry(int(last_second), "").is_near(now, within):
        return
    days = (expires - _day(now)).days
    name = server.server_name
    remedy = (
        "make a new one at the provider, store it where client_secret points to, correct "
        "client_secret_expires, "
        f"then push: {proposed_command('push', name)}"
    )
    if days < 0:
        yield Problem(f"the client secret expired on {expires}", remedy)
    else:
        in_days = "today" if days == 0 else f"in {days} day{'s' if days > 1 else ''}"
        said = f"the client secret expires on {expires}, {in_days}"
        yield Problem(said, remedy, blocks=False, standing="soon")


def _ending(name: str, end: TokenExpiry, now: float) -> Problem:
    assert end.at is not None  # noqa: S101  it is near
    sign_in = proposed_command("authenticate", name)
    if end.at <= now:
        said = f"the refresh token has most likely expired: {end.reason}"
        return Problem(said, f"sign in again: {sign_in}", standing="sign in")
    if end.refresh_helps:
        return Problem(
            f"the refresh token expires on {_day(end.at)} ({end.reason}) unless it is used",
            f"refresh before: {proposed_command('refresh', name)}",
            blocks=False,
            standing="soon",
        )
    return Problem(
        f"the refresh token expires on {_day(end.at)} ({end.reason}); only a new sign-in extends "
        "it",
        f"sign in before: {sign_in}",
        blocks=False,
        standing="soon",
    )


def _ends(tokens: TokenSet, provider: Provider) -> Iterator[TokenExpiry]:
    if tokens.refresh_token_expires_at is not None:
        renewed = provider.refresh_token_rotation in ("old_stays_valid", "strict")
        reason = f"as {provider.label} stated"
        at = tokens.refresh_token_expires_at
        began = tokens.refreshed_at if renewed else tokens.obtained_at
        yield TokenExpiry(at, reason, refresh_helps=renewed, began=began)
    if provider.idle_expiry_days is not None:
        at = tokens.refreshed_at + provider.idle_expiry_days * _DAY
        reason = f"{provider.idle_expiry_days} days unused"
        yield TokenExpiry(at, reason, refresh_helps=True, began=tokens.refreshed_at)
    if provider.maximum_age_days is not None:
        at = tokens.obtained_at + provider.maximum_age_days * _DAY
        reason = f"{provider.maximum_age_days} days after the sign-in"
        yield TokenExpiry(at, reason, began=tokens.obtained_at)


_NOT_ASKED = LastProof(grant_id="")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, what to do, and the exit code. `blocks`: no mail until it is done.

    `standing`: the same in one word.
    """

    message: str
    remedy: str = ""
    exit_code: ExitCode = ExitCode.PERSON_NEEDED
    blocks: bool = True
    standing: str = "problem"

    @classmethod
    def of(cls, error: ProvisionerError) -> Problem:
        return cls(error.message, error.remedy, error.exit_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInState:
    """Tokens, if somebody signed in; their predicted end; the last proof of them; what is wrong.

    `unproven`: why no mail server has accepted them yet. `checked`: one did just now.
    `unreadable`: nothing is known.
    """

    server_name: str
    mailbox: str | None
    client_secret_expires: date | None = None
    tokens: TokenSet | None = None
    proof: LastProof = _NOT_ASKED
    unproven: str | None = None
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
    def standing(self) -> str:
        """In one word: ok, or that of the first problem, before others one that stops mail."""
        gravest = min(self.problems, key=lambda problem: not problem.blocks, default=None)
        return gravest.standing if gravest else "ok"


def sign_in_state(
    server: EmailServer,
    secrets: ProjectSecrets,
    noted: LastProof | None,
    *,
    now: float,
    within: float | None = None,
) -> SignInState:
    """The state of one server that uses OAuth2. `noted`: the last proof; else as `near_ends`."""
    provider = secrets.provider(server)
    state = SignInState(
        server_name=server.server_name,
        mailbox=server.mailbox,
        client_secret_expires=server.oauth2.client_secret_expires if server.oauth2 else None,
    )
    try:
        tokens = secrets.stored_tokens(server)
    except ProvisionerError as error:
        nobody = isinstance(error, PersonNeeded)
        said = Problem.of(error)
        if nobody:
            said = Problem("not signed in", error.remedy, standing="sign in")
        ends = near_ends(server, None, provider, now=now, within=within)
        return replace(state, unreadable=not nobody, problems=(said, *ends))
    proof = proof_of(tokens, noted)
    return replace(
        state,
        tokens=tokens,
        proof=proof,
        unproven=None if proof.at is not None else tokens.unproven,
        end=predict_expiry(tokens, provider),
        early_ends=provider.early_ends,
        problems=(
            *_destination_problems(server, secrets),
            *refusals(proof),
            *near_ends(server, tokens, provider, now=now, within=within),
        ),
    )


def proof_of(tokens: TokenSet, noted: LastProof | None) -> LastProof:
    """What is noted of this grant; before anything is, what the sign-in showed.

    A refused refresh is put right, too, by one on another machine, whose tokens git brought.
    """
    signed_in = None if tokens.unproven else tokens.obtained_at
    if noted is None or noted.grant_id != tokens.grant_id:
        return LastProof(grant_id=tokens.grant_id, at=signed_in)
    refused = noted.refresh
    if refused and (tokens.refreshed_at > refused.at or tokens.handed_over_to):
        noted = structs.replace(noted, refresh=None)
    return noted if noted.at is not None else structs.replace(noted, at=signed_in)


def refusals(proof: LastProof) -> Iterator[Problem]:
    """What a person has to put right; it is tried anew by every refresh and every test email."""
    for refused in filter(None, (proof.refresh, proof.mail)):
        said = f"{refused.said} (on {local_time(refused.at)})"
        yield Problem(said, refused.remedy, standing=REFUSED)


def undeclared_problem(kept: Credentials) -> Problem:
    """A stored sign-in that no server file declares, and how to end it."""
    identity = kept.tokens.identity if kept.tokens else None
    who = f", signed in as {identity}" if identity else ""
    return Problem(
        f"{kept.server_name}: no server file declares it, but its sign-in is stored here{who}",
        f"end it: {proposed_command('revoke', kept.server_name)}",
        ExitCode.DONE,
        blocks=False,
    )


def _destination_problems(server: EmailServer, secrets: ProjectSecrets) -> Iterator[Problem]:
    try:
        secrets.check_tokens(server)
    except ProvisionerError as error:
        yield replace(Problem.of(error), standing="accept")


def _day(seconds: float) -> date:
    """By this machine's clock."""
    return datetime.fromtimestamp(seconds).astimezone().date()
