"""`provisioner status`: sign-in states as text and as JSON. No token is in either."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any

from provisioner.tokens.sign_in_state import SignInState
from provisioner.tokens.token_set import TokenSet

_WARN_DAYS = 30


def states_as_text(states: Iterable[SignInState], *, now: float) -> str:
    """A few lines a server."""
    return "".join(f"{line}\n" for state in states for line in _lines(state, now))


def states_as_json(states: Iterable[SignInState], *, now: float) -> str:
    """`{"servers": [...]}`; times are ISO 8601 in UTC."""
    servers = [_members(state, now) for state in states]
    return json.dumps({"servers": servers}, indent=2, ensure_ascii=False) + "\n"


def _lines(state: SignInState, now: float) -> Iterator[str]:
    tokens = state.tokens
    if tokens is None:
        yield f"{state.server_name}: {state.problem}"
    else:
        who = tokens.identity or f"{state.mailbox or 'an account'} (the provider names nobody)"
        yield f"{state.server_name}: signed in as {who}, since {_day(tokens.obtained_at)}"
        yield f"  access token {_until(tokens, now)}, last refreshed {_minute(tokens.refreshed_at)}"
        if tokens.handed_over_to:
            yield f"  the refresh token was handed over to {tokens.handed_over_to}: MAPS renews it"
        if tokens.unproven:
            yield f"  not yet proven: {tokens.unproven}"
        if state.problem:
            yield f"  {state.problem}"
    if state.remedy:
        yield f"  {state.remedy}"
    yield from _secret_lines(state.client_secret_expires, now)


def _secret_lines(expires: date | None, now: float) -> Iterator[str]:
    if expires is None:
        return
    days = (expires - datetime.fromtimestamp(now).astimezone().date()).days
    if days < 0:
        yield f"  the client secret expired on {expires}: make a new one at the provider, then push"
    elif days <= _WARN_DAYS:
        yield f"  the client secret expires on {expires}, in {days} days: make a new one, then push"


def _until(tokens: TokenSet, now: float) -> str:
    left = int(tokens.expires_at - now)
    if left <= 0:
        renews = "" if tokens.handed_over_to else " (the next push refreshes it)"
        return f"expired {_minute(tokens.expires_at)}{renews}"
    return f"until {_minute(tokens.expires_at)} ({left // 60} min)"


def _members(state: SignInState, now: float) -> dict[str, Any]:
    tokens = state.tokens
    kept = {
        "identity": tokens.identity,
        "scope": tokens.scope,
        "signed_in_at": _instant(tokens.obtained_at),
        "refreshed_at": _instant(tokens.refreshed_at),
        "access_token_until": _instant(tokens.expires_at),
        "access_token_expired": tokens.expires_at <= now,
        "unproven": tokens.unproven,
        "handed_over_to": tokens.handed_over_to,
    } if tokens else None  # fmt: skip
    return {
        "server": state.server_name,
        "mailbox": state.mailbox,
        "client_secret_expires": (
            str(state.client_secret_expires) if state.client_secret_expires else None
        ),
        "usable": not state.problem,
        "problem": state.problem or None,
        "remedy": state.remedy or None,
        "tokens": kept,
    }


def _instant(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d")


def _minute(seconds: int) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")
