"""Postfix of the lab: the relay behind Dovecot, a submission server, and one without AUTH."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from string import Template

from tests.support.lab.process import ENCLOSED, Process

_MAIN = Template("""\
compatibility_level = 3.6
queue_directory = $folder/spool
data_directory = $folder/data
maillog_file = $log
maillog_file_prefixes = $logs
myhostname = mail.lab.test
mydestination =
alias_maps =
local_recipient_maps =
mynetworks =
inet_protocols = ipv4
virtual_mailbox_domains = $domain
virtual_transport = lmtp:unix:$store/lmtp
default_transport = error:the lab sends no mail outside
smtpd_relay_restrictions = reject_unauth_destination
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_peername_lookup = no
smtpd_tls_cert_file = $chain
smtpd_tls_key_file = $key
smtpd_sasl_type = dovecot
smtpd_sasl_path = $store/auth-postfix
smtpd_sender_login_maps = regexp:$folder/etc/owners
""")

# An account sends as itself only, as with the big providers.
_OWNERS = "/^(.+)$/ $1\n"

_LISTENERS = Template("""\
$relay:2525 inet n - n - - smtpd
$open:25 inet n - n - - smtpd
$open:587 inet n - n - - smtpd
  -o smtpd_tls_security_level=may
$open:465 inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
$submission:587 inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sender_restrictions=reject_sender_login_mismatch
  -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
$submission:465 inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sender_restrictions=reject_sender_login_mismatch
  -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
""")

_SERVICES = """\
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
proxymap unix - - n - - proxymap
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
showq unix n - n - - showq
"""

_QUEUES = ("maildrop", "incoming", "active", "deferred")


@dataclass(frozen=True, slots=True, kw_only=True)
class Postfix:
    """A Postfix that runs."""

    folder: Path
    log: Path
    process: Process

    @classmethod
    def start(cls, run, *, addresses, domain, certificate):
        """Start it at `addresses`: relay, open (no AUTH) and submission."""
        folder = run.folder / "postfix"
        log = run.folder / "logs" / "postfix-mail.log"
        _make_folders(folder)
        main = _MAIN.substitute(
            folder=folder,
            log=log,
            logs=log.parent,
            domain=domain,
            store=run.folder / "dovecot-store",
            chain=certificate.chain,
            key=certificate.key,
        )
        (folder / "etc" / "main.cf").write_text(main)
        (folder / "etc" / "master.cf").write_text(_LISTENERS.substitute(addresses) + _SERVICES)
        (folder / "etc" / "owners").write_text(_OWNERS)
        argv = ["postfix", "-c", str(folder / "etc"), "start-fg"]
        process = run.start("postfix", argv, enclosure=ENCLOSED)
        process.wait_until(lambda: log.exists() and "daemon started" in log.read_text())
        return cls(folder=folder, log=log, process=process)

    def queue(self):
        """The mails that are accepted and not yet delivered or bounced."""
        spool = self.folder / "spool"
        return [f.name for name in _QUEUES for f in (spool / name).rglob("*") if f.is_file()]


def _make_folders(folder):
    for part in ("", "etc", "spool", "data"):
        (folder / part).mkdir(mode=0o755)
    shutil.chown(folder / "data", "postfix")
    for name in ("postfix-files", "dynamicmaps.cf"):
        if (source := Path("/etc/postfix") / name).exists():
            shutil.copy(source, folder / "etc")
