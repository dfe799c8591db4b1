"""The small fleet that the demo declares: one email server, two hosts, everything in one folder."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

MAILBOX = "reports@example.edu"
HOSTS = ("maps1", "maps2")
BY_HAND = "maps2"  # a person enters the values there

_PROJECT = """\
# What is true for the whole project. Every line is optional.
inventory: inventory/hosts.ini
ca_file: ca.pem                        # a private CA: the demo's mail server has no public name
providers:
  localhost: {{refresh_token_rotation: none}}
"""

_SERVER = """\
# yaml-language-server: $schema=https://w3id.org/maps-provisioner/v1/email-server.schema.json
server_name: Reports
host: localhost
port: {smtp_port}
smtp_security_level: oauth2
use_tls: true
user_name: {mailbox}
oauth2:
  access_token_url: {issuer}/token
  authorization_url: {issuer}/authorize
  client_id: {client_id}
  client_secret: {{file: secrets/client-secret}}
  scope_for_authorize: smtp offline_access
"""

# What a site would put in its place: whatever makes its MAPS import the document.
_IMPORT = """\
import pathlib, shutil, sys

shutil.copyfile(sys.argv[1], pathlib.Path(__file__).with_name("imported.json"))
"""

_INVENTORY = """\
[maps]
{hosts}

[maps:vars]
ansible_connection=local
ansible_python_interpreter={python}
maps_ca_file={folder}/ca.pem
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleFleet:
    """A project folder as a user would have it."""

    folder: Path

    @property
    def server_file(self) -> Path:
        """The declared email server."""
        return self.folder / "servers" / "reports.yml"

    @property
    def client_secret_file(self) -> Path:
        """Where the server's client secret is read from."""
        return self.folder / "secrets" / "client-secret"

    @property
    def imported(self) -> Path:
        """What the MAPS of the first host has imported."""
        return self.folder / "site" / "imported.json"

    def document(self, host: str) -> Path:
        """What a host received."""
        return self.folder / "hosts" / host / "email-servers.json"


def write_example_fleet(
    folder: Path, *, issuer: str, client_id: str, client_secret: str, smtp_port: int, ca_pem: str
) -> ExampleFleet:
    """Write the project into an empty folder."""
    fleet = ExampleFleet(folder=folder)
    for name in ("servers", "inventory", "secrets", "hosts", "site"):
        (folder / name).mkdir(mode=0o700)
    fleet.server_file.write_text(
        _SERVER.format(smtp_port=smtp_port, mailbox=MAILBOX, issuer=issuer, client_id=client_id)
    )
    (folder / "provisioner.yml").write_text(_PROJECT.format())
    (folder / "inventory" / "hosts.ini").write_text(_inventory(folder))
    (folder / "ca.pem").write_text(ca_pem)
    (folder / "site" / "import.py").write_text(_IMPORT)
    fleet.client_secret_file.write_text(client_secret)
    fleet.client_secret_file.chmod(0o600)
    return fleet


def _inventory(folder: Path) -> str:
    command = json.dumps([sys.executable, f"{folder}/site/import.py"])
    lines = {host: f"{host} maps_directory={folder}/hosts/{host}" for host in HOSTS}
    for host in lines.keys() - {BY_HAND}:
        lines[host] += f" maps_apply_command='{command}'"
    hosts = "\n".join(lines.values())
    return _INVENTORY.format(hosts=hosts, python=sys.executable, folder=folder)
