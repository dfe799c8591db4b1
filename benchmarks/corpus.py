"""Projects of a chosen size: files of 30 lines with comments, every twentieth one invalid."""

from __future__ import annotations

from pathlib import Path

# One mistake each, of the kinds that a schema alone sees, so that every peer has them to report.
MISTAKES = (
    ("port: 587", "prot: 587"),
    ("use_tls: true", "use_tls: 1"),
    ("smtp_security_level: oauth2", "smtp_security_level: oauth"),
    ("  client_id: 5f2c8a1e-0b7d-4c57-9a53-2d1f6e0c9b84\n", ""),
    ("port: 587", "port: 99587"),
)
ONE_INVALID_IN = 20
SERVER = """\
# The mailbox of department {number}.
# Whoever changes this file asks the owner of the mailbox first.
server_name: Department {number}
host: smtp.office365.com   # the same for all mailboxes
port: 587
# STARTTLS; the provider takes nothing else on this port
use_tls: true
smtp_security_level: oauth2
maximum_emails_per_minute: 30
client_name: maps.example.edu
user_name: department-{number}@example.edu

# The app registration, one for all mailboxes
oauth2:
  access_token_url: https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/token
  authorization_url: https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/authorize
  client_id: 5f2c8a1e-0b7d-4c57-9a53-2d1f6e0c9b84
  client_secret:
    env: MAPS_CLIENT_SECRET
  client_secret_expires: "2098-06-30"
  login_hint: department-{number}@example.edu
  prompt: select_account
  scope_for_authorize: https://outlook.office.com/SMTP.Send offline_access

# The hosts that get it
hosts: maps
test_email:
  # the sender is the mailbox itself
  from: department-{number}@example.edu
  to: maps-admins@example.edu
"""


def write_corpus(folder: Path, size: int) -> list[str]:
    """Write `servers/` with so many files; returns the names of the invalid ones."""
    servers = folder / "servers"
    servers.mkdir(parents=True)
    invalid = []
    for number in range(1, size + 1):
        name, text = f"{number:05}.yml", SERVER.format(number=number)
        if number % ONE_INVALID_IN == 0:
            right, wrong = MISTAKES[number // ONE_INVALID_IN % len(MISTAKES)]
            text = text.replace(right, wrong, 1)
            invalid.append(name)
        (servers / name).write_text(text)
    return invalid
