"""`provisioner status` at a glance: a line a server, in 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from provisioner.credentials.expiry import SignInState
from provisioner.text import printable

_HEADINGS = ("SERVER", "ACCOUNT", "ACCESS", "REFRESH", "PROVEN", "STATE")
_WIDEST = (18, 25, 7, 11, 10, 7)


def table_lines(states: Iterable[SignInState], *, now: float) -> Iterator[str]:
    """Headings and rows. What is cut short here stands whole in the lines below the table."""
    rows = [_HEADINGS, *(tuple(map(printable, _row(state, now))) for state in states)]
    cut = [[_cut(text, width) for text, width in zip(row, _WIDEST, strict=True)] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cut, strict=True)]
    for row in cut:
        padded = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()


def day_of(seconds: int) -> str:
    """The day, by this machine's clock."""
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d")


def time_left(seconds: float) -> str:
    """59 min, 5 h, 60 d; nothing left is expired."""
    if seconds <= 0:
        return "expired"
    minutes = int(seconds // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"


def _row(state: SignInState, now: float) -> tuple[str, ...]:
    tokens = state.tokens
    if tokens is None:
        return (state.server_name, state.mailbox or "-", "-", "-", "-", state.standing)
    end = state.end
    return (
        state.server_name,
        tokens.identity or state.mailbox or "-",
        time_left(tokens.expires_at - now),
        "unknown" if end is None or end.at is None else f"~{day_of(end.at)}",
        day_of(state.proof.at) if state.proof.at else "not yet",
        state.standing,
    )


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
