"""A client id that cannot be one of this provider."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.oauth_urls import provider_of
from provisioner.lint.placeholders import placeholder_in
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings
from provisioner.providers.credential_forms import CredentialForm, has_form, holds_secret_value

ID = "client-id-form"
SEVERITY = Severity.ERROR

_CLIENT_ID = "/oauth2/client_id"
_WORDS: dict[CredentialForm, tuple[str, str]] = {
    "guid": (
        "is a GUID",
        "copy the Application (client) ID of the app registration: no name, no braces",
    ),
    "google_client_id": (
        "begins with a number and ends in .apps.googleusercontent.com",
        "copy the Client ID from the page of the client in Google's console",
    ),
}


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """Placeholders are another rule's; an address is an application's, too, at Microsoft."""
    client_id = server.text(_CLIENT_ID)
    if not client_id or "://" in client_id or placeholder_in(_CLIENT_ID, client_id):
        return
    if holds_secret_value(client_id):
        yield Remark(
            _CLIENT_ID,
            "this is the value of a client secret, readable for all",
            "renew the secret, refer to it below client_secret, and write the client's id here",
        )
        return
    provider = provider_of(server, surroundings)
    if provider is None or provider.client_id_form not in _WORDS:
        return
    if not has_form(client_id, provider.client_id_form):
        form, remedy = _WORDS[provider.client_id_form]
        yield Remark(_CLIENT_ID, f"a client id of {provider.label} {form}", remedy)
