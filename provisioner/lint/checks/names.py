"""Rules that compare the servers of a project: their names, and what they share."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from provisioner.config.issue import Issue
from provisioner.lint.context import LintContext
from provisioner.lint.rule import ERROR, WARNING, rule
from provisioner.lint.server import ServerView

_NAME = "/server_name"


@rule("duplicate-server-name", ERROR, can_be_ignored=False, compares=True)
def duplicate_server_name(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """Tokens and hosts know a server by its name, whatever its case."""
    first = context.earlier("name", server.text(_NAME).casefold(), server)
    if first:
        yield Issue(
            _NAME,
            f"duplicate name: {first.place} declares it already",
            "give each email server a unique name; upper and lower case are the same",
        )


@rule("lookalike-name", WARNING, compares=True)
def lookalike_name(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """Names that differ in blanks, dashes or written form. Equal ones are the rule's above."""
    name = server.text(_NAME)
    first = context.earlier("letters", _letters(name), server)
    if first and first.name.casefold() != name.casefold():
        yield Issue(
            _NAME,
            f"this name is easily confused with the one at {first.place}",
            "give one of the two a clearly different name",
        )


def _letters(name: str) -> str:
    """Letters and digits only, in compatible form (Unicode Standard Annex 15) and one case."""
    if not name.isascii():
        name = unicodedata.normalize("NFKC", name)
    letters = name.casefold()
    return letters if letters.isalnum() else "".join(filter(str.isalnum, letters))


@rule("shared-mailbox", WARNING, compares=True)
def shared_mailbox(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """The limits of the provider count for the mailbox, not for each server."""
    first = context.earlier("mailbox", _mailbox_on_hosts(server), server)
    if first:
        yield Issue(
            _NAME,
            f"{first.place} declares an email server with the same mailbox and client ID",
            "use that server for both, so that they share one sign-in and its limits; or give "
            "this one its own mailbox",
        )


def _mailbox_on_hosts(server: ServerView) -> str:
    """Token endpoint, client and mailbox, where all are declared, on the same hosts."""
    if server.text("/smtp_security_level") != "oauth2":
        return ""
    parts = (
        server.text("/oauth2/access_token_url"),
        server.text("/oauth2/client_id"),
        server.text("/user_name") or server.text("/oauth2/login_hint"),
    )
    return "\n".join((*parts, server.text("/hosts"))).casefold() if all(parts) else ""
