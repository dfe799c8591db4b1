"""Whether a connection lets no one else read what is sent, or answer in the host's place.

Judges Ansible's connection plugins by their own options, so it does not matter where one was set:
ansible.cfg, the environment, the inventory, a variable of the host. Runs in Ansible's worker.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Literal

Platform = Literal["posix", "windows"]
Option = Callable[[str], Any]  # the plugin's own setting; None if it has none of that name

# Before all others: ssh takes the first value that it finds for an option, and those of the command
# line before any file (ssh_config(5)). So no setting switches the check off.
SSH_ARGUMENTS = (
    "-o StrictHostKeyChecking=yes -o NoHostAuthenticationForLocalhost=no "
    "-o ServerAliveInterval=15 -o ServerAliveCountMax=4"
)
_SECONDS_TO_END = 2.0
_HTTP_PORT = 5985
# Both sides have a key after these, and each message is sealed with it. As good as TLS: that proves
# the host's account in the domain, too.
# https://learn.microsoft.com/windows/win32/winrm/authentication-for-remote-connections
_SEALING = frozenset(("kerberos", "ntlm", "credssp", "negotiate"))

_IN_ITS_PLACE = ": another machine could answer in the host's place and receive its secrets; "
_PLAIN_TEXT = ": secrets would be sent in plain text; use HTTPS (port 5986)"


class UnsafeConnection(Exception):
    """Nothing may be sent over a connection; the text says why and what to do."""


def platform_of(connection: Any) -> Platform:
    """The host's platform, by the connection's shell plugin."""
    family = getattr(connection._shell, "SHELL_FAMILY", "sh")
    return "windows" if family in ("powershell", "cmd") else "posix"


def secure(action: Any) -> None:
    """Have the connection of an action plugin check the host; UnsafeConnection if it cannot."""
    connection = action._connection

    def option(name: str) -> Any:
        try:
            return connection.get_option(name)
        except KeyError:
            return None

    why = _unfit_shell(connection) or _traces(action) or unverified(connection.transport, option)
    if why:
        raise UnsafeConnection(why)
    if connection.has_option("ssh_args"):
        connection.set_option("ssh_args", f"{SSH_ARGUMENTS} {option('ssh_args') or ''}")
        # A connection that another run of Ansible keeps open may have been made without a check.
        connection.set_option("control_path_dir", f"{option('control_path_dir')}/maps")
    if connection.has_option("reconnection_retries"):
        # A list of operations that is sent twice would take its own work for another run's.
        connection.set_option("reconnection_retries", 0)
    if hasattr(connection, "_send_initial_data"):
        connection._send_initial_data = _patient(connection._send_initial_data)


def _patient(send: Callable[..., None]) -> Callable[..., None]:
    """Have Ansible wait for the words of an ssh that hangs up; they may prove that nothing began.

    Ansible waits a millisecond, and says "Data could not be sent" if ssh has not ended by then.
    https://github.com/ansible/ansible/blob/devel/lib/ansible/plugins/connection/ssh.py
    """
    from ansible.errors import AnsibleConnectionFailure

    def patient(pipe: Any, data: bytes, ssh: subprocess.Popen[bytes]) -> None:
        try:
            send(pipe, data, ssh)
        except AnsibleConnectionFailure:
            with suppress(subprocess.TimeoutExpired):
                ssh.wait(_SECONDS_TO_END)
            if ssh.returncode is None:
                raise

    return patient


def unverified(transport: str, option: Option) -> str:
    """What lets others read, or answer in place of the host; empty if nothing does. Pure."""
    if transport == "winrm":
        return _winrm(option)
    if transport == "psrp":
        return _psrp(option)
    for name, unsafe in (("host_key_checking", False), ("host_key_auto_add", True)):
        if option(name) is unsafe:
            return (
                f"{name} is {unsafe} (a host variable, the environment or ansible.cfg)"
                f"{_IN_ITS_PLACE}remove that setting, and add the host's key to known_hosts "
                "(ssh-keyscan, then compare it on the host)"
            )
    return ""


def _winrm(option: Option) -> str:
    extras = option("_extras") or {}
    scheme = option("scheme") or ("http" if option("port") == _HTTP_PORT else "https")
    if scheme == "https":
        validates = extras.get("ansible_winrm_server_cert_validation", "validate") == "validate"
        unsafe = "" if validates else "ansible_winrm_server_cert_validation is not `validate`"
        name = "ansible_winrm_ca_trust_path"
        return _unchecked(unsafe, name, extras.get(name))
    if extras.get("ansible_winrm_message_encryption") != "always":
        # With `auto` pywinrm sends in plain text where its Kerberos or NTLM cannot seal:
        # https://github.com/diyan/pywinrm#message-encryption
        return f"ansible_winrm_message_encryption is not `always` over HTTP{_PLAIN_TEXT}"
    default = "kerberos" if "@" in (option("remote_user") or "") else "plaintext"
    return _unsealed("ansible_winrm_transport", option("transport") or [default])


def _psrp(option: Option) -> str:
    scheme = option("protocol") or ("http" if option("port") == _HTTP_PORT else "https")
    if scheme == "https":
        ignores = option("cert_validation") == "ignore"
        unsafe = "ansible_psrp_cert_validation is `ignore`" if ignores else ""
        return _unchecked(unsafe, "ansible_psrp_ca_cert", option("ca_cert"))
    if option("message_encryption") == "never":
        return f"ansible_psrp_message_encryption is `never` over HTTP{_PLAIN_TEXT}"
    return _unsealed("ansible_psrp_auth", [option("auth")])


def _unchecked(unsafe: str, ca_variable: str, ca_path: object) -> str:
    """`unsafe`: the setting that disables the check of the certificate. So does an empty path:
    https://github.com/psf/requests/blob/main/src/requests/adapters.py (cert_verify)"""
    named = ca_path is None or ca_path is True or (isinstance(ca_path, str) and ca_path.strip())
    if not unsafe and named:
        return ""
    return (
        f"{unsafe or ca_variable + ' is empty, which disables the check'}{_IN_ITS_PLACE}"
        f"remove that setting, and name the CA of the host's certificate in {ca_variable}"
    )


def _unsealed(variable: str, methods: Sequence[object]) -> str:
    plain = [str(method) for method in methods if str(method).lower() not in _SEALING]
    if not plain:
        return ""
    words = f"{variable} is {', '.join(plain)} over HTTP, which does not encrypt"
    return f"{words}{_PLAIN_TEXT}, or sign in with kerberos"


def _unfit_shell(connection: Any) -> str:
    """A connection prefers modules that the host can run: Python, or PowerShell."""
    runs_powershell = connection.module_implementation_preferences[0] == ".ps1"
    if runs_powershell != (platform_of(connection) == "windows"):
        return (
            f"ansible_shell_type does not fit the connection {connection.transport}: use winrm, "
            "psrp, or ssh with ansible_shell_type=powershell (or cmd) for Windows hosts only"
        )
    become = connection.become
    if runs_powershell and become and become.name != "runas":
        return f"become method {become.name} is not for Windows: set ansible_become_method=runas"
    return ""


def _traces(action: Any) -> str:
    """A call carries secrets: it may be on no disk and in no output."""
    from ansible import constants

    connection, become = action._connection, action._connection.become
    if constants.DEFAULT_DEBUG:
        return "ANSIBLE_DEBUG prints secrets: unset it"
    if constants.DEFAULT_KEEP_REMOTE_FILES:
        return "ANSIBLE_KEEP_REMOTE_FILES leaves secrets on the host's disk: unset it"
    # The action's own question: connections answer another one, which varies by version.
    if action._is_pipelining_enabled("new"):
        return ""
    if not connection.has_pipelining:
        remedy = f"the connection {connection.transport} has none, use ssh"
    elif become and not become.pipelining:
        remedy = f"the become method {become.name} has none, use sudo"
    else:
        remedy = "set `pipelining = True` in ansible.cfg, and have ssh request no terminal (-t)"
    return f"without pipelining, secrets would be written to the host's disk: {remedy}"
