"""Why a host was not reached: one table from Ansible's words to a cause and a remedy. Pure.

Hosts with the same cause are reported in one block, so neither has the host's name in it. Some of
the words are the host's own, and may say anything: they only make the state of that host wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from provisioner.installation import install_command
from provisioner.text import foreign

_LONGEST = 8192  # characters: of more, the beginning and the end are read


@dataclass(frozen=True, slots=True)
class Unreached:
    """Why. `began`: False if the client's own words prove that nothing was sent."""

    kind: str
    words: str
    remedy: str
    began: bool


_NEW_KEY = (
    "run `ssh-keyscan -p PORT HOST`, compare the key with /etc/ssh/ssh_host_*_key.pub on the host, "
    "and add it to known_hosts"
)
REMEDIES = {
    "host_key_changed": f"if the host was reinstalled: run `ssh-keygen -R HOST`, then {_NEW_KEY}",
    "host_key_unknown": _NEW_KEY,
    "name_not_found": "correct ansible_host, or its DNS entry: getent hosts HOST",
    "dns_failed": "check the DNS server of this machine: getent hosts HOST",
    "no_route": "check the network and VPN of this machine, and ansible_host",
    "refused": "check ansible_host and ansible_port, and that sshd or WinRM runs on the host",
    "timeout": "check ansible_host and ansible_port, the firewall, and that the host is up",
    "closed": "pass fewer --forks, or raise MaxStartups in sshd_config; check sshd's log there",
    "no_common_algorithm": "update OpenSSH on the host, or allow what it offers in ~/.ssh/config",
    "key_file_open": "run: chmod 600 KEY_FILE",
    "permission_denied": "check ansible_user, and the key or ansible_password: ssh -v USER@HOST",
    "credentials": "correct ansible_user and ansible_password; for a domain account set "
    "ansible_winrm_transport (or ansible_psrp_auth) to ntlm, kerberos or credssp",
    "kerberos": "run `kinit USER@REALM` and `klist`; ansible_host is the full name of the host",
    "clock": "run `timedatectl` here, and `w32tm /query /status` on the host",
    "certificate": "name the CA of the certificate in ansible_winrm_ca_trust_path (WinRM) or "
    "ansible_psrp_ca_cert (PSRP); ansible_host is the name in the certificate",
    "no_library": f"run: {install_command('pypsrp', 'pywinrm')} (for Kerberos: "
    "'pypsrp[kerberos]' or 'pywinrm[kerberos]')",
    "no_python": "install Python 3.8 or later on the host, or correct ansible_python_interpreter",
    "sudo_password": "pass -K (--ask-become-pass)",
    "become": "check ansible_become_user and ansible_become_method: ansible HOST -b -m ping",
    "lost": "see what the host has: provisioner status --hosts",
    "other": "run: ansible -i INVENTORY HOST -m ping -vvv (Windows: ansible.windows.win_ping)",
}

_AT = r"(?:port |port=)(?P<port>\d{1,5})\b.*"  # of ssh, and of requests below WinRM and PSRP

# kind, cause, and where in Ansible's words; the first that is found counts.
_CAUSES = (
    ("host_key_changed", "its ssh host key has changed",
     r"REMOTE HOST IDENTIFICATION HAS CHANGED|^Host key for \S+ has changed"),
    ("host_key_unknown", "its ssh host key is not in known_hosts",
     r"host key is known for|Host key verification failed|because Host Key checking is enabled"),
    ("dns_failed", "name resolution failed", r"Temporary failure in name resolution"),
    ("name_not_found", "its name was not found",
     r"Could not resolve hostname|NameResolutionError|Failed to resolve"),
    ("refused", "port {port}: connection refused", _AT + r"Connection refused"),
    ("no_route", "port {port}: {why}",
     _AT + r"(?P<why>No route to host|Network is unreachable|Host is down)"),
    ("timeout", "the connection timed out",
     r"^ssh: .*port \d+: .*timed out|timed out during banner exchange|ConnectTimeoutError|"
     r"connection attempt timed out|^\w+: HTTPS?ConnectionPool.*Read timed out"),
    ("closed", "the host closed the connection during the ssh handshake",
     r"^(?:kex_exchange_identification: |Connection (?:closed|reset) by \S+ port \d)"),
    ("no_common_algorithm", "ssh: {why}",
     r"^Unable to negotiate with .*: (?P<why>no matching [\w ]{1,40}) found"),
    ("key_file_open", "ssh ignores the private key, since others may read it",
     r"UNPROTECTED PRIVATE KEY FILE"),
    ("permission_denied", "ssh: permission denied ({why})",
     r"Permission denied \((?P<why>[\w,-]{1,100})\)"),
    ("permission_denied", "ssh: too many keys were tried", r"Too many authentication failures"),
    ("permission_denied", "ssh: the password is wrong", r"^Invalid/incorrect (?:\S+ )?password"),
    ("clock", "its clock and the clock of this machine differ",
     r"Clock skew too great|certificate is not yet valid"),
    ("certificate", "its certificate is refused: {why}",
     r"certificate verify failed: (?P<why>[A-Za-z -]{1,60}[A-Za-z])"),
    ("kerberos", "the Kerberos sign-in failed",
     r"No Kerberos credentials available|Kerberos auth failure|Server not found in Kerberos"),
    ("credentials", "WinRM rejected the account or its password",
     r"credentials were rejected by the server|^failed to authenticate with the server"),
    ("no_library", "the Python library for {why} is not installed on this machine",
     r"(?P<why>winrm|xmltodict|pypsrp|kerberos|gssapi|credssp)\b.{0,60}"
     r"(?:not installed|No module named)"),
    ("no_python", "no suitable Python was found on the host",
     r"^The module interpreter '[^']*' was not found|requires a minimum of Python"),
    ("sudo_password", "sudo requires a password",
     r"^sudo: a password is required|Missing \w+ password"),
    ("sudo_password", "the become password is wrong", r"Incorrect \w+ password"),
    ("become", "cannot become another user ({why})",
     r"(?P<why>(?:sudo|su|doas|runas): .{1,200}|Timeout .{1,9} waiting for privilege)"),
    # ssh says nothing if it shares a connection that breaks.
    ("lost", "the connection was lost",
     r"not responding|closed by remote host|^client_loop: |[Bb]roken pipe|reset by peer|"
     r"[Rr]ead time(?:d )?out|Connection aborted|send_input failed|^mux_client|"
     r"\Assh says:\s*\Z"),
)  # fmt: skip
_PATTERNS = [(kind, words, re.compile(said, re.MULTILINE)) for kind, words, said in _CAUSES]

# Said before a session exists. WinRM and PSRP open a new connection when one is lost, and then
# say the same: only words with a way to sign in, or of PSRP's first step, prove it.
_NOTHING_SENT = re.compile(
    r"^(?:ssh: (?:connect to host|Could not resolve hostname) |kex_exchange_identification: |"
    r"No \S+ host key is known for |Host key verification failed|Unable to negotiate with |"
    r"Connection timed out during banner exchange|(?:\S+: )?Permission denied \([\w,-]+\)|"
    r"Invalid/incorrect (?:\S+ )?password|Using a SSH password instead of a key is not possible|"
    r"to use the password_mechanism=sshpass|Unable to execute ssh command line|"
    r"Could not find the shell plugin required|The installed version of WinRM does not support|"
    r"(?:basic|certificate|credssp|kerberos|ntlm|plaintext|ssl): |Kerberos auth failure |"
    r"WinRM Kerberos authentication requested|the connection attempt timed out$|"
    r"Failed to connect to the host via PSRP: |failed to authenticate with the server: |"
    r"psrp connection failure during runspace open: |.*: No module named ')",
    re.MULTILINE,
)
_SSH_SAYS = re.compile(
    r"\A(?:Failed to connect to the host via ssh:|Data could not be sent to remote host "
    r"\"[^\"]*\"\. Make sure this host can be reached over ssh:)\s*"
)
_DEBUG_LINES = re.compile(r"^(?:debug\d: |OpenSSH_).*\n?", re.MULTILINE)


def why_unreached(words: str) -> Unreached:
    """The cause in Ansible's words; what is not in the table is quoted, without secrets."""
    if len(words) > _LONGEST:
        words = words[: _LONGEST // 2] + "\n" + words[-_LONGEST // 2 :]
    said = _SSH_SAYS.sub("ssh says:\n", words.removeprefix("Task failed: ").replace("\r", ""))
    said = _DEBUG_LINES.sub("", said)
    began = _NOTHING_SENT.search(said) is None
    for kind, cause, pattern in _PATTERNS:
        if found := pattern.search(said):
            details = {name: foreign(value) for name, value in found.groupdict().items()}
            return Unreached(kind, cause.format(**details), REMEDIES[kind], began)
    return Unreached("other", foreign(said), REMEDIES["other"], began)
