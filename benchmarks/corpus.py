"""Projects of a chosen size: a mix of providers, hosts and shapes; every twentieth file invalid."""

from __future__ import annotations

from pathlib import Path

MICROSOFT = """\
# The mailbox of department {number}.
# Whoever changes this file asks the owner of the mailbox first.
server_name: Department {number}
host: smtp.office365.com   # the same for all mailboxes
port: 587
# STARTTLS; the provider takes nothing else on this port
use_tls: true
smtp_security_level: oauth2
maximum_emails_per_minute: 30
client_name: maps.campus{number}.edu
user_name: department-{number}@campus{number}.edu

# The app registration of this campus
oauth2:
  access_token_url: https://login.microsoftonline.com/campus{number}.edu/oauth2/v2.0/token
  authorization_url: https://login.microsoftonline.com/campus{number}.edu/oauth2/v2.0/authorize
  client_id: 5f2c8a1e-0b7d-4c57-9a53-2d1f6{number:07}
  client_secret:
    env: MAPS_CLIENT_SECRET_{number}
  client_secret_expires: "2098-06-30"
  login_hint: department-{number}@campus{number}.edu
  prompt: select_account
  scope_for_authorize: https://outlook.office.com/SMTP.Send offline_access

# The hosts that get it
hosts: maps
test_email:
  # the sender is the mailbox itself
  from: department-{number}@campus{number}.edu
  to: maps-admins@campus{number}.edu
"""
GOOGLE = """\
server_name: "Workspace {number}"
host: smtp.gmail.com
port: 587
use_tls: true
smtp_security_level: oauth2
user_name: reports-{number}@school{number}.org
oauth2:
  authorization_url: https://accounts.google.com/o/oauth2/v2/auth
  access_token_url: https://oauth2.googleapis.com/token
  client_id: 4074{number:08}-maps.apps.googleusercontent.com
  client_secret: {{file: secrets/google-{number}}}
  scope_for_authorize: https://mail.google.com/
test_email: {{to: admins@school{number}.org}}
"""
OWN_SIGN_IN = """\
# Our own sign-in, and the mail server behind it
{{
  server_name: Faculty {number}, host: mail.faculty{number}.ac.uk, port: 587, use_tls: true,
  smtp_security_level: oauth2, user_name: 'reports@faculty{number}.ac.uk',
  oauth2: {{
    access_token_url: 'https://sso.faculty{number}.ac.uk/realms/staff/token',
    authorization_url: 'https://sso.faculty{number}.ac.uk/realms/staff/auth',
    client_id: maps-{number}, client_secret: {{keyring: maps/faculty-{number}}},
    scope_for_authorize: openid smtp offline_access,
  }},
}}
"""
LOGIN = """\
server_name: Library {number}
host: smtp.library{number}.example.net
port: 587
use_tls: true
smtp_security_level: login
user_name: library-{number}
password: |  # vault text needs no tag, which other validators would not know
  $ANSIBLE_VAULT;1.1;AES256
  61353332653865303862663866306337623438393430343035613034373461646336343430386234
  3533313934383634333832373163633836653762313334360a366631376661383366393163393432
  31643638323435313563363436613861386135643736376536656639316535616335613833663434
  3435666532343961370a323537363236653661343962653765363834623930303439633830623361
  6563
logging:
  enabled: true
  file_name: C:\\ProgramData\\Evisions\\library-{number}.log
"""
RELAY = """\
server_name: Relay {number}
host: relay{number}.example.com
port: 25
smtp_security_level: none  # by address, in our own network
"""
# Of each twenty files.
KINDS = (*[MICROSOFT] * 8, *[GOOGLE] * 3, *[OWN_SIGN_IN] * 2, *[LOGIN] * 4, *[RELAY] * 3)
# One mistake each, of the kinds that a schema alone sees, so that every peer has them to report.
MISTAKES = (
    ("port: ", "prot: "),
    ("use_tls: true", "use_tls: 1"),
    ("smtp_security_level: ", "smtp_security_level: x"),
    ("server_name: ", "name_of_server: "),
    ("port: ", "port: 999"),
)
ONE_INVALID_IN = 20


def write_corpus(folder: Path, size: int, one_invalid_in: int = ONE_INVALID_IN) -> list[str]:
    """Write `servers/` with so many files; returns the names of the invalid ones.

    `one_invalid_in`: 0 for none.
    """
    servers = folder / "servers"
    servers.mkdir(parents=True)
    invalid = []
    for number in range(1, size + 1):
        name = f"{number:05}.yml"
        # In another order in each round, so that mistakes come to all kinds.
        kind = KINDS[(number * 7 + number // len(KINDS) * 3) % len(KINDS)]
        text = kind.format(number=number)
        if one_invalid_in and number % one_invalid_in == 0:
            text = _with_mistake(text, number // one_invalid_in)
            invalid.append(name)
        (servers / name).write_text(text)
    return invalid


def _with_mistake(text: str, turn: int) -> str:
    """The next mistake whose right value the file has."""
    for offset in range(len(MISTAKES)):
        right, wrong = MISTAKES[(turn + offset) % len(MISTAKES)]
        if right in text:
            return text.replace(right, wrong, 1)
    raise AssertionError("no mistake fits")
