"""Documents that are something else than an email server, told by their keys at the top."""

from __future__ import annotations

from typing import Any, NamedTuple

from provisioner.config.issue import Issue
from provisioner.config.pointer import escaped
from provisioner.lint.schema import Schema

_OWN = frozenset({"server_name", "smtp_security_level", "host"})
_ONE_EACH = (
    "write each email server's keys at the top level of a document of its own, with a line `---` "
    "between two documents"
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
    "this is an OAuth client file from Google, including its secret",
    f"{_RENEW}declare an email server with its client_id, auth_uri as authorization_url and "
    "token_uri as access_token_url, and refer to the secret: client_secret: {env: NAME}",
)
_TOKENS = (
    "these are tokens of another program",
    "revoke that sign-in at the provider if git has them, and remove the file; `provisioner "
    "authenticate` signs in and stores the tokens encrypted",
)
_SHAPES = (
    _Shape(("installed",), *_GOOGLE_CLIENT),
    _Shape(("web",), *_GOOGLE_CLIENT),
    _Shape(
        ("private_key", "client_email"),
        "this is the key of a Google service account, with which MAPS cannot sign in",
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
        "this is the manifest of a Microsoft app registration",
        "declare an email server whose client_id is its appId",
    ),
    _Shape(
        ("schema_version", "generation"),
        "this is a document of a host, not a server file",
        "remove it from the project: `provisioner push` creates it",
    ),
    _Shape(
        ("apiVersion", "kind"),
        "this is a Kubernetes manifest",
        "declare an email server, or move this file out of the servers folder",
    ),
    _Shape(
        ("services",),
        "this is a Docker Compose file",
        "declare an email server, or move this file out of the servers folder",
    ),
    _Shape(
        ("all",),
        "this is an Ansible inventory",
        "move it into the folder `inventory`; this folder is for email servers",
    ),
    _Shape(
        ("push",),
        "these are project settings",
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
            return _issue(key, f"`{key}:` contains an email server", _ONE_EACH)
    return None


def _issue(key: str, message: str, remedy: str) -> Issue:
    return Issue(f"/{escaped(key)}", message, remedy, "key", "not-a-server")
