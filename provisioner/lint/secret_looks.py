"""What stands below client_secret, told by its look. Nothing here returns any of it."""

from __future__ import annotations

from provisioner.lint.declaration import Declaration
from provisioner.lint.oauth_urls import provider_of
from provisioner.lint.surroundings import Surroundings
from provisioner.providers.credential_forms import has_form, is_guid

CLIENT_SECRET = "/oauth2/client_secret"  # noqa: S105


def is_secret_id(server: Declaration, surroundings: Surroundings) -> bool:
    """Whether a plain text looks like the id of a client secret at this provider."""
    text = server.text(CLIENT_SECRET)
    if not is_guid(text):  # the one form that is known; looked at first, since it is cheap
        return False
    provider = provider_of(server, surroundings)
    return provider is not None and has_form(text, provider.client_secret_id_form)
