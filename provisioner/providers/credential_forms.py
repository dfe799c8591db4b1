"""How client ids and client secrets look, by names of forms that a project may use, too."""

from __future__ import annotations

import re
from collections.abc import Mapping

from provisioner.providers.provider import CredentialForm

_FORMS: dict[str, re.Pattern[str]] = {
    "guid": re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    # The number of the project, a name, and a domain, without which Google knows the client, too:
    # https://developers.google.com/identity/protocols/oauth2/web-server. The oldest clients have no
    # name; the number alone is the project's.
    "google_client_id": re.compile(
        r"[0-9]+(?:-[0-9a-z_]+(?:\.apps\.googleusercontent\.com)?|\.apps\.googleusercontent\.com)",
        re.IGNORECASE,
    ),
}

# What the provider calls such a client id, and where it shows it.
CLIENT_ID_NAMES: Mapping[CredentialForm, str] = {
    "guid": "the Application (client) ID of the app registration",
    "google_client_id": "the Client ID from the page of the client in Google's console",
}

# Values of client secrets. Neither provider documents them; scanners for secrets know them so:
# https://github.com/gitleaks/gitleaks/blob/master/cmd/generate/config/rules/azure.go (Microsoft
# Entra) and Google's own https://github.com/google/osv-scalibr (gcpoauth2client).
_SECRET_VALUE = re.compile(
    r"(?<![\w~.-])(?:[\w~.-]{3}[0-9]Q~[\w~.-]{31,34}|GOCSPX-[\w-]{28})(?![\w~.-])", re.ASCII
)
# Parameters that hold a secret; in a URL nobody looks for one.
SECRET_PARAMETERS = ("client_secret", "refresh_token", "access_token", "password")
_SECRET_NAMES = "|".join(SECRET_PARAMETERS)
# In a query, in the JSON that providers hand out, in a key file; GOCSPX- begins Google's secrets.
_SECRET_BESIDE = re.compile(
    rf"(?:[?&;]|^)(?:{_SECRET_NAMES})=|[\"'](?:{_SECRET_NAMES}|private_key)\\?[\"']\s*:"
    r"|PRIVATE KEY-|(?<![\w-])GOCSPX-"
)
# In a URL before its host: https://user:password@...
_PASSWORD_IN_URL = re.compile(r"//[^/?#@:\s]*:[^/?#@\s]*@")


def has_form(text: str, form: CredentialForm) -> bool:
    """Whether a text has a form; none has an unknown one."""
    pattern = _FORMS.get(form)
    return pattern is not None and pattern.fullmatch(text) is not None


def is_guid(text: str) -> bool:
    """Whether it is a GUID: of clients, tenants and secrets' IDs at Microsoft."""
    return has_form(text, "guid")


def holds_secret_value(text: str) -> bool:
    """Whether a client secret of Microsoft Entra or Google stands in a text."""
    return _SECRET_VALUE.search(text) is not None


def may_be_shown(text: str) -> bool:
    """Whether what stands where no secret belongs does not look like one all the same."""
    return not (
        holds_secret_value(text)
        or _SECRET_BESIDE.search(text)
        or ("@" in text and _PASSWORD_IN_URL.search(text))
    )
