"""`provisioner status`: sign-in states as text and as JSON. No token is in either."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from provisioner.credentials.expiry import SignInState, TokenExpiry, undeclared_problem
from provisioner.credentials.store import Credentials, TokenSet
from provisioner.reports.layout import table_row
from provisioner.text import as_json, local_time, printable

_HEADINGS = ("SERVER", "ACCOUNT", "ACCESS", "REFRESH", "VERIFIED", "STATE")


def states_as_text(
    states: Iterable[SignInState], undeclared: Sequence[Credentials] = (), *, now: float
) -> str:
    """A table, and a few lines a server below it; then what no server file declares."""
    every = list(states)
    table = [table_row(*_HEADINGS), *(table_row(*_row(state, now)) for state in every)]
    if not every:
        table = ["No server uses OAuth2: there is nothing to sign in to."]
    lines = list[str]()
    for state in every:
        lines += ["", *_lines(state, now)]
    for kept in undeclared:
        problem = undeclared_problem(kept)
        lines += ["", problem.message, f"  {problem.remedy}"]
    return "".join(f"{line}\n" for line in (*table, *map(printable, lines)))


def states_as_json(
    states: Iterable[SignInState], undeclared: Sequence[Credentials] = (), *, now: float
) -> str:
    """`{"servers": [...], "undeclared": [...]}`; times are ISO 8601 in UTC."""
    servers = [_members(state, now) for state in states]
    left = [{"server": kept.server_name, "identity": _identity(kept)} for kept in undeclared]
    return as_json({"servers": servers, "undeclared": left}, indent=2) + "\n"


def _identity(kept: Credentials) -> str | None:
    return kept.tokens.identity if kept.tokens else None


def _row(state: SignInState, now: float) -> tuple[str, ...]:
    tokens = state.tokens
    if tokens is None:
        return (state.server_name, state.mailbox or "-", "-", "-", "-", state.standing)
    end = state.end
    return (
        state.server_name,
        tokens.identity or state.mailbox or "-",
        _time_left(tokens.expires_at - now),
        "unknown" if end is None or end.at is None else f"~{_day(end.at)}",
        _day(state.proof.at) if state.proof.at else "not yet",
        state.standing,
    )


def _lines(state: SignInState, now: float) -> Iterator[str]:
    yield f"{state.server_name}: {_headline(state)}"
    if state.tokens is not None and state.end is not None:
        yield from _token_lines(state.tokens, state.end, state, now)
    if state.client_secret_expires is not None:
        yield f"  client secret until {state.client_secret_expires}"
    for problem in state.problems:
        yield f"  Problem: {problem.message}"
        yield from (f"    {line.strip()}" for line in problem.remedy.splitlines())


def _headline(state: SignInState) -> str:
    tokens = state.tokens
    if tokens is None:
        known = "sign-in unknown" if state.unreadable else "not signed in"
        return known + (f", mailbox {state.mailbox}" if state.mailbox else "")
    mailbox = state.mailbox or tokens.identity
    who = tokens.identity or f"{mailbox or 'an account'} (the provider does not name the account)"
    other = f", mailbox {mailbox}" if tokens.identity and mailbox != tokens.identity else ""
    return f"signed in as {who}{other}, since {_day(tokens.obtained_at)}"


def _token_lines(
    tokens: TokenSet, end: TokenExpiry, state: SignInState, now: float
) -> Iterator[str]:
    refreshed = local_time(tokens.refreshed_at)
    yield f"  access token {_until(tokens, now)}, last refreshed {refreshed}"
    if tokens.handed_over_to is not None:
        yield f"  refresh token handed over to {tokens.handed_over_to}, which refreshes it"
    elif end.at is None:
        yield f"  refresh token: end unknown ({end.reason})"
    else:
        yield f"  refresh token until about {_day(end.at)}: {end.reason}"
    for early in state.early_ends:
        yield f"    or earlier: {early}"
    proof = state.proof
    if proof.at is not None:
        now_or_then = "just now" if state.checked else f"on {local_time(proof.at)}"
        by = f", from {proof.by}" if proof.by and not state.checked else ""
        yield f"  the mail server accepted the token {now_or_then}{by}"
    if state.unproven:
        yield f"  not verified yet: {state.unproven}"


def _until(tokens: TokenSet, now: float) -> str:
    if tokens.expires_at <= now:
        return f"expired {local_time(tokens.expires_at)}"
    return f"until {local_time(tokens.expires_at)} ({_time_left(tokens.expires_at - now)})"


def _members(state: SignInState, now: float) -> dict[str, Any]:
    secret_end = state.client_secret_expires
    return {
        "server": state.server_name,
        "mailbox": state.mailbox,
        "client_secret_expires": str(secret_end) if secret_end else None,
        "usable": state.usable,
        "problems": [
            {"message": p.message, "remedy": p.remedy or None, "exit_code": int(p.exit_code)}
            for p in state.problems
        ],
        "tokens": _kept(state.tokens, state, now) if state.tokens else None,
    }


def _kept(tokens: TokenSet, state: SignInState, now: float) -> dict[str, Any]:
    end = state.end
    return {
        "identity": tokens.identity,
        "scope": tokens.scope,
        "signed_in_at": _instant(tokens.obtained_at),
        "refreshed_at": _instant(tokens.refreshed_at),
        "access_token_until": _instant(tokens.expires_at),
        "access_token_expired": tokens.expires_at <= now,
        "refresh_token_until": _instant(end.at) if end else None,
        "refresh_token_until_reason": end.reason if end else None,
        "refresh_token_early_ends": list(state.early_ends),
        "handed_over_to": tokens.handed_over_to,
        "proven_at": _instant(state.proof.at),
        "proven_by": state.proof.by,
        "unproven": state.unproven,
    }


def _instant(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _day(seconds: int) -> str:
    """The day, by this machine's clock."""
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d")


def _time_left(seconds: float) -> str:
    """59 min, 5 h, 60 d; nothing left is expired."""
    if seconds <= 0:
        return "expired"
    minutes = int(seconds // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"
