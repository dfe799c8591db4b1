"""Documents that are something else than an email server, told by their keys at the top."""

from __future__ import annotations

from typing import Any, NamedTuple

from provisioner.config.issue import Issue
from provisioner.config.pointer import escaped
from provisioner.lint.schema import Schema

_OWN = frozenset({"server_name", "smtp_security_level", "host"})
_ONE_EACH = (
    "write each email server's keys at the top level of a document of its own; between two of them "
    "stands a line `---`"
)
_RENEW = "if git has it, make a new one at Google; "
_HOLDERS = (
    *("servers", "email_servers", "emailServers", "mail_servers", "smtp_servers", "mailservers"),
    *("server", "email_server", "mail_server", "smtp_server", "smtp", "mail", "email", "accounts"),
)


class _Shape(NamedTuple):
    """A shape that all documents with these keys have; the first key is marked."""

    keys: tuple[str, ...]
    what: str
    remedy: str


_GOOGLE_CLIENT = (
    "this is an OAuth client of Google as downloaded, its secret included",
    f"{_RENEW}declare an email server with its client_id, auth_uri as authorization_url and "
    "token_uri as access_token_url, and refer to the secret: client_secret: {env: NAME}",
)
_TOKENS = (
    "these are tokens that another program has stored",
    "end that sign-in at the provider if git has them, and remove the file; here "
    "`provisioner authenticate` signs in and keeps the tokens encrypted",
)
_SHAPES = (
    _Shape(("installed",), *_GOOGLE_CLIENT),
    _Shape(("web",), *_GOOGLE_CLIENT),
    _Shape(
        ("private_key", "client_email"),
        "this is the key of a service account of Google, with which MAPS cannot sign in",
        f"{_RENEW}MAPS signs in as a person: create an OAuth client of the type Desktop app",
    ),
    _Shape(("refresh_token", "client_id"), *_TOKENS),
    _Shape(("refresh_token", "access_token"), *_TOKENS),
    _Shape(
        ("token_endpoint", "issuer"),
        "this is a provider's discovery document",
        "declare an email server with its token_endpoint as access_token_url and its "
        "authorization_endpoint as authorization_url",
    ),
    _Shape(
        ("appId", "signInAudience"),
        "this is the manifest of an app registration at Microsoft",
        "declare an email server whose client_id is its appId",
    ),
    _Shape(
        ("schema_version", "generation"),
        "this is what hosts get, and not what is declared",
        "remove it from the project: `provisioner push` makes it anew",
    ),
    _Shape(
        ("apiVersion", "kind"),
        "this is a manifest of Kubernetes",
        "declare an email server, or keep this file outside of the servers folder",
    ),
    _Shape(
        ("services",),
        "this is a file of Docker Compose",
        "declare an email server, or keep this file outside of the servers folder",
    ),
    _Shape(
        ("all",),
        "this is an inventory of Ansible",
        "move it into the folder `inventory`; here email servers are declared",
    ),
    _Shape(
        ("push",),
        "these are settings of a project",
        "write them into provisioner.yml, in the project's folder",
    ),
)


def foreign_shape(value: Any, schema: Schema) -> Issue | None:
    """What the document is instead of an email server; None if it may be meant as one."""
    if schema.name != "email-server" or not isinstance(value, dict) or _OWN & value.keys():
        return None
    for shape in _SHAPES:
        if all(key in value for key in shape.keys):
            return _issue(shape.keys[0], shape.what, shape.remedy)
    for key in _HOLDERS:
        if isinstance(value.get(key), dict | list):
            return _issue(key, f"`{key}:` stands above an email server here", _ONE_EACH)
    return None


def _issue(key: str, message: str, remedy: str) -> Issue:
    return Issue(f"/{escaped(key)}", message, remedy, "key", "not-a-server")
