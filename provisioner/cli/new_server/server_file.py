"""The text of a new server file, and of the files that its project lacks."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping

from provisioner.providers.provider import Provider
from provisioner.providers.registrations import Registration
from provisioner.state_dir import STATE_DIR

_HEAD = """\
# Email server at {title}. `provisioner validate` checks this file.
server_name: {name}
host: {host}
port: {port}{port_note}
smtp_security_level: {auth}
use_tls: {use_tls}
"""
_OAUTH2 = """\
user_name: {mailbox}  # the mailbox; the account that signs in must match it{limit}
oauth2:
  access_token_url: {access_token_url}
  authorization_url: {authorization_url}
  client_id: {client_id}
  # Read when needed; {{file: PATH}}, {{keyring: SERVICE/NAME}} and !vault are possible, too.
  client_secret: {{env: {variable}}}
  # client_secret_expires: YYYY-MM-DD  # `provisioner status` warns before
  scope_for_authorize: {scope}{doubt}
"""
_SIGN_IN = """\
user_name: {mailbox}
# Read when needed; !vault is possible, too.
password: {{{source}: {place}}}
"""
_RELAY = """\
test_email: {{from: {mailbox}, to: {mailbox}}}
"""
_TAIL = """\
# hosts: maps  # the hosts that get it: a group or pattern of the inventory
"""
INVENTORY_TEXT = """\
# The machines that run MAPS: an Ansible inventory. Servers go to the group `maps`.
[maps]
# maps1.example.edu
# maps2.example.edu

[maps:vars]
# maps_directory=/etc/maps-provisioner
# maps_apply_command=["/usr/local/bin/maps-import"]

# Windows, by WinRM over HTTPS (PSRP and ssh are possible, too):
# ansible_connection=winrm
# ansible_winrm_transport=ntlm
# maps_service="Evisions MAPS Service"
"""
GITIGNORE = f"""\
# Locks and run records of this checkout
/{STATE_DIR}/
# Secrets in files: not for git
/secrets/
# tokens/ is encrypted: it may go to a private repository if the vault password is a generated key
"""

# Plain in YAML, and no number, date or keyword: letters first, no ` #`, no `: `.
_PLAIN = re.compile(r"[A-Za-z][\w.@+/?&=%~-]*(?::[\w.@+/?&=%~-]+)*(?: [\w.@+/?&=%~:-]*[\w./])*")
_KEYWORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def server_text(values: Mapping[str, str], provider: Provider, registration: Registration) -> str:
    """The server file. `values`: an answer for each of `ANSWERS` that it has."""
    auth, port = values["auth"], values["port"]
    parts = {"oauth2": _OAUTH2, "none": _RELAY}
    source, _, place = values["password_from"].partition(":")
    limit = provider.messages_per_minute
    facts = {
        "title": provider.label if auth == "oauth2" else values["host"],
        "port": port if port.isdecimal() else as_scalar(port),
        "port_note": "  # TLS from the first byte" if port == "465" else "",
        "use_tls": "true" if values["tls"] == "yes" else "false",
        "limit": f"\nmaximum_emails_per_minute: {limit}  # the provider's limit" if limit else "",
        "doubt": f"  # {registration.doubt}" if registration.doubt else "",
        "variable": variable_for(values["name"], "CLIENT_SECRET"),
        "source": source,
        "place": as_scalar(place),
    }
    scalars = {key: as_scalar(value) for key, value in values.items()}
    return (_HEAD + parts.get(auth, _SIGN_IN) + _TAIL).format_map(scalars | facts)


def provider_entry(host: str, facts: Mapping[str, object]) -> str:
    """Lines of provisioner.yml that name the facts of a provider; empty if there are none."""
    lines = "".join(f"    {key}: {as_scalar(value)}\n" for key, value in facts.items())
    return lines and f"providers:\n  {as_scalar(host)}:\n{lines}"


def file_name(server_name: str) -> str:
    """`reports.yml`, safe on every file system."""
    slug = re.sub(r"[^a-z0-9]+", "-", _in_ascii(server_name).lower()).strip("-")[:60].strip("-")
    return f"{slug or 'server'}.yml"


def variable_for(server_name: str, ending: str) -> str:
    """The environment variable that a secret is read from."""
    words = re.sub(r"[^A-Z0-9]+", "_", _in_ascii(server_name).upper()).strip("_")
    named = words if words[:1].isalpha() else f"MAPS_{words}".rstrip("_")
    return f"{named[:60]}_{ending}"


def _in_ascii(name: str) -> str:
    """`Büro` -> `Buro`."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()


def as_scalar(value: object) -> str:
    """Plain if that is certain, else in double quotes: JSON's are YAML's."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.casefold() not in _KEYWORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
