"""An error in words: cause, remedy, who must act. The table, catalogue.md, is a page of the docs.

The table chooses words and nothing else: decisions are made on `error`, HTTP status and SMTP codes.
Vendors' own codes and texts "should never be used by the client itself":
https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from provisioner.text import proposed_command

if TYPE_CHECKING:
    from provisioner.model.email_server import OAuth2Settings

# Words of `who` in the table -> who that is.
ACTORS = {
    "you": "you, in the server file",
    "signer": "the person who signs in",
    "admin": "an administrator at the provider",
    "host": "the administrator of the MAPS host",
    "none": "no one: it is temporary",
    "us": "the developers of provisioner: report it as a bug",
}
# Placeholders of the table -> what is said where the fact is unknown.
UNKNOWN_FACTS = {
    "scheme": "http",
    "login_host": "login.microsoftonline.com",
    "tenant": "TENANT",
    "client_id": "CLIENT_ID",
    "url_field": "the URL",
    "scope": "the one for SMTP",
    "mechanism": "the sign-in",
    "authenticate": "provisioner authenticate NAME",
    "forget": "provisioner revoke NAME --local",
}
_LONGEST_TEXT = 4000


@dataclass(frozen=True, slots=True)
class Advice:
    """Cause and remedy, each a part of a sentence. `field`: the declared one to change, if any."""

    cause: str
    remedy: str
    actor: str
    field: str = ""

    def with_facts(self, **facts: str | None) -> Advice:
        """The same for this server: its facts in place of {placeholders}."""
        known = UNKNOWN_FACTS | {name: value for name, value in facts.items() if value}
        return replace(
            self, cause=self.cause.format_map(known), remedy=self.remedy.format_map(known)
        )


Words = tuple[tuple[str, ...], ...]  # one must fit; of that, all parts


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. Empty conditions fit everything."""

    where: Words
    code: Words
    text: Words
    provider: Words
    advice: Advice

    def fits(self, stage: str, said: Set[str], text: str, provider: str) -> bool:
        """Whether this is the row of such an error; `text` and `provider` in lower case."""
        return (
            _any(self.where, {stage})
            and _any(self.code, said)
            and _any(self.provider, {provider})
            and _any(self.text, text)
        )


def _any(words: Words, found: Set[str] | str) -> bool:
    return not words or any(all(part in found for part in parts) for parts in words)


def explain(stage: str, said: Set[str], text: str = "", provider: str = "") -> Advice:
    """The advice of the first row that fits; the last one always does.

    `said`: what of the error is a code; `text`: its words, already redacted.
    """
    return first_row(stage, said, text, provider).advice


def first_row(stage: str, said: Set[str], text: str = "", provider: str = "") -> Row:
    text, provider = text[:_LONGEST_TEXT].casefold(), provider.casefold()
    return next(row for row in rows() if row.fits(stage, said, text, provider))


@cache
def rows() -> tuple[Row, ...]:
    """The table, read when the first error is told."""
    return tuple(table_rows(catalogue()))


def catalogue() -> str:
    """The page with the table."""
    return Path(__file__).with_name("catalogue.md").read_text(encoding="utf-8")


def table_rows(page: str) -> Iterator[Row]:
    """The rows in the text of the page, or of a section of it."""
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 8 and cells[6] in ACTORS:
            where, code, text, provider = (_words(cell) for cell in cells[:4])
            cause, remedy, who, field = cells[4:]
            yield Row(where, code, text, provider, Advice(cause, remedy, ACTORS[who], field))


def _words(cell: str) -> Words:
    return tuple(tuple(word.split("+")) for word in cell.split())


def commands(server_name: str) -> dict[str, str]:
    """The commands that the table's remedies propose, for a server."""
    if not server_name:
        return {}
    return {
        "authenticate": proposed_command("authenticate", server_name),
        "forget": proposed_command("revoke", server_name, "--local"),
    }


def client_facts(settings: OAuth2Settings) -> dict[str, str]:
    """What the table's remedies can say of a client."""
    place = urlsplit(settings.authorization_url)
    tenant, _, rest = place.path.strip("/").partition("/")
    return {
        "scheme": "https" if settings.use_https_on_callback else "http",
        "login_host": place.hostname or "",
        "tenant": tenant if rest else "",
        "client_id": settings.client_id,
    }
