"""Text from an example that was meant to be replaced."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import SECRETS, Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.placeholders import is_example_guid, may_be_in, placeholder_in
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "placeholder-left"
SEVERITY = Severity.ERROR


def check(server: Declaration, _surroundings: Surroundings) -> Iterator[Remark]:
    """Secrets in plain text are an error whatever they say."""
    if not server.fact(_may_hold_one):
        return
    for pointer, text in server.plain_texts:
        placeholder = None if pointer.startswith(SECRETS) else placeholder_in(pointer, text)
        if placeholder is not None:
            yield Remark(pointer, _message(placeholder), _remedy(placeholder, pointer))


def _may_hold_one(server: Declaration) -> bool:
    return may_be_in(server.all_texts)


def _message(placeholder: str) -> str:
    if is_example_guid(placeholder):
        return "an ID from an example is left in this value"
    return "a placeholder is left in this value"


def _remedy(placeholder: str, pointer: str) -> str:
    if placeholder.startswith("{{"):
        return "write the value itself: declared files are no templates"
    is_tenant = is_example_guid(placeholder) and pointer.endswith("_url")
    if is_tenant or "TENANT" in placeholder.upper():
        return "write your directory's domain or ID, as the app registration shows it"
    if pointer == "/oauth2/client_id":
        return "write the Application (client) ID, as the app registration shows it"
    return "write your own value"
