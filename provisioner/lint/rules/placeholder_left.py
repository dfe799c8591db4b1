"""Text from an example that was meant to be replaced."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provisioner.lint.declaration import SECRETS, Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "placeholder-left"
SEVERITY = Severity.ERROR

# Signs of a template, wherever they stand.
_TEMPLATE = re.compile(
    r"""
      (?<![A-Za-z]) (?: YOUR | INSERT | REPLACE ) [_-] [A-Z0-9_-]+
    | (?i: (?<![a-z]) (?: your-[a-z-]+ | change[_ -]?me | replace[_ -]?me ) (?![a-z]) )
    | < [A-Za-z] [^<>@]* >
    | \{ [A-Za-z_] [A-Za-z0-9_ -]* \}
    | \{\{
    """,
    re.VERBOSE,
)
# Words that may be meant in a name, but never in an address or a setting of OAuth2.
_WORD = re.compile(r"(?<![A-Za-z0-9])(?:TENANT(?:[_-]?ID)?|TODO|FIXME|[Xx]{4,})(?![A-Za-z0-9])")
_NO_NAMES = ("/oauth2/", "/host", "/user_name", "/test_email/")


def check(server: Declaration, _surroundings: Surroundings) -> Iterator[Remark]:
    """Secrets in plain text are an error whatever they say."""
    for pointer, text in server.plain_texts:
        if pointer.startswith(SECRETS):
            continue
        found = _TEMPLATE.search(text) or (pointer.startswith(_NO_NAMES) and _WORD.search(text))
        if found:
            yield Remark(pointer, "a placeholder is left in this value", _remedy(found.group()))


def _remedy(placeholder: str) -> str:
    if placeholder.startswith("{{"):
        return "write the value itself: declared files are no templates"
    if "TENANT" in placeholder.upper():
        return "write your directory's domain or ID, as the app registration shows it"
    return "write your own value"
