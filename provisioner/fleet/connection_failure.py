"""Why Ansible did not get to a host, in words of the network and with a remedy. Pure.

Without the host's name, which stands before it in each report: hosts that are unreachable for the
same reason are then told in one block.
"""

from __future__ import annotations

import re

_PREFIX = "Task failed: "  # ansible-core's own, before what an action or a connection raised

# requests, below WinRM and PSRP, quotes its objects:
# https://requests.readthedocs.io/en/latest/api/#requests.ConnectionError
_WRAPPED = re.compile(
    r"HTTPS?ConnectionPool\(host='[^']*', port=(?P<port>\d+)\): "
    r"Max retries exceeded with url: \S+ \(Caused by (?P<cause>.*)\)"
)
_SSH_WRAPPING = re.compile(
    r"(Failed to connect to the host via ssh|Data could not be sent to remote host \"[^\"]*\"\. "
    r"Make sure this host can be reached over ssh): (?=ssh: )"
)
_SSH_TARGET = re.compile(
    r"ssh: (?:connect to host \S+ (port \d+: )|Could not resolve hostname \S+: )"
)
_CAUSES = (
    re.compile(r"(certificate verify failed: .*?) \(_ssl\.c"),
    re.compile(r"\(\[Errno -?\d+\] ([^)]+)\)"),  # of a name, or of an address
    re.compile(r"\[Errno \d+\] ([^\"')]+)"),
    re.compile(r"(timed out)"),
)

# what it says -> what to do
_REMEDIES = {
    "is not installed: No module named": "install it: pip install 'maps-provisioner[windows]'",
    "are not installed: No module named": "install it: pip install 'maps-provisioner[windows]'",
    "certificate verify failed": "name the CA of the host's certificate in "
    "ansible_winrm_ca_trust_path (WinRM) or ansible_psrp_ca_cert (PSRP)",
    "suitable TLS CA certificate bundle": "correct ansible_winrm_ca_trust_path (WinRM) or "
    "ansible_psrp_ca_cert (PSRP): a PEM file on this machine",
    "find the shell plugin required": "ansible_shell_type is for Windows hosts by ssh, and there "
    "powershell or cmd",
    "WinRM does not support transport": "ansible_winrm_transport is kerberos, ntlm, credssp, "
    "certificate or ssl",
    "credentials were rejected": "correct ansible_user and ansible_password; for an account of a "
    "domain ansible_winrm_transport is ntlm, kerberos or credssp",
}


def connection_failure(words: str) -> str:
    """What Ansible said of a host that no module answered from, on one line."""
    said = _WRAPPED.sub(_unwrapped, words.removeprefix(_PREFIX))
    said = _SSH_TARGET.sub(r"ssh: \1", _SSH_WRAPPING.sub("", said))
    remedy = next((advice for sign, advice in _REMEDIES.items() if sign in said), "")
    return f"{said.rstrip('.')}; {remedy}" if remedy else said


def _unwrapped(match: re.Match[str]) -> str:
    found = (cause.search(match["cause"]) for cause in _CAUSES)
    reason = next((hit[1] for hit in found if hit), match["cause"])
    return f"port {match['port']}: {reason}"
