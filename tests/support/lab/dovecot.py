"""Dovecot 2.4 instances of the lab: submission servers, and the store that delivers to Maildir."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from string import Template

from tests.support.lab.pki import Certificate
from tests.support.lab.process import ENCLOSED

_MAIL_UID = 5000  # numeric: no account of this name has to exist
OAUTH = "xoauth2 oauthbearer"

# auth_failure_delay: repeated failures would otherwise take 1, 6, 10, 15 s
_COMMON = Template("""\
dovecot_config_version = 2.4.1
dovecot_storage_version = 2.4.1
base_dir = $folder
state_dir = $folder/state
instance_name = $name
log_path = $log
auth_verbose = yes
auth_failure_delay = 0
auth_allow_cleartext = no
auth_mechanisms = $mechanisms
protocols = $protocols
listen = $address
hostname = mail.lab.test
ssl = required
ssl_server_cert_file = $chain
ssl_server_key_file = $key
mail_driver = maildir
mail_path = $maildirs/%{user}
mail_uid = $uid
mail_gid = $uid
mailbox_list_index = no
userdb static {
  userdb_static_allow_all_users = yes
  fields {
    home = $maildirs/%{user}
  }
}
""")

_SUBMISSION = Template("""\
submission_relay_host = $relay
submission_relay_port = 2525
submission_relay_trusted = yes
service submission-login {
  inet_listener submission {
    port = 587
  }
  inet_listener submissions {
    port = 465
  }
}
""")

_STORE = """\
service lmtp {
  unix_listener lmtp {
    mode = 0666
  }
}
service auth {
  unix_listener auth-postfix {
    mode = 0666
  }
}
"""

# Introspection alone decides (RFC 7662); no passdb is needed for bearer tokens.
_INTROSPECTION = Template("""\
oauth2 {
  introspection_mode = post
  introspection_url = $url
  username_attribute = email
  active_attribute = active
  active_value = true
  scope = smtp
  ssl_client_ca_file = $ca
}
""")

_PASSWORD = Template("""\
passdb static {
  password = $password
}
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """What one Dovecot is to be."""

    name: str
    address: str
    mechanisms: str
    certificate: Certificate
    maildirs: Path
    credentials: str  # of introspection(), password() or both
    relay: str | None  # None: the store, which takes no mail from clients

    def start(self, run):
        """Write its configuration, start it, wait until it listens."""
        folder = run.folder / f"dovecot-{self.name}"
        folder.mkdir()
        log = run.folder / "logs" / f"dovecot-{self.name}.log"
        configuration = folder.with_suffix(".conf")
        configuration.touch(mode=0o600)
        configuration.write_text(self._configuration(folder, log))
        argv = ["dovecot", "-F", "-c", str(configuration)]
        process = run.start(folder.name, argv, enclosure=ENCLOSED)
        process.wait_until(lambda: "starting up" in log.read_text())
        return process

    def _configuration(self, folder, log):
        common = _COMMON.substitute(
            folder=folder,
            name=self.name,
            log=log,
            mechanisms=self.mechanisms,
            protocols="submission" if self.relay else "lmtp",
            address=self.address,
            chain=self.certificate.chain,
            key=self.certificate.key,
            maildirs=self.maildirs,
            uid=_MAIL_UID,
        )
        role = _SUBMISSION.substitute(relay=self.relay) if self.relay else _STORE
        return common + role + self.credentials


def introspection(url, ca):
    """Tokens are right when the provider at `url` says so."""
    return _INTROSPECTION.substitute(url=url, ca=ca)


def password(text):
    """Every user's password is `text`."""
    return _PASSWORD.substitute(password=text)


def make_maildirs(folder):
    """The folder below which Dovecot makes one Maildir a user."""
    folder.mkdir(mode=0o755)
    os.chown(folder, _MAIL_UID, _MAIL_UID)
    return folder
