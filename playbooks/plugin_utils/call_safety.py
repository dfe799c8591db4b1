"""What must be so before a module with secrets is sent to a host."""

from __future__ import annotations

from ansible import constants

from . import host_verification, windows_verification


def why_unsafe(action, is_windows):
    """Why nothing may be sent, and what to do; None if it may. Changes nothing."""
    connection = action._connection
    return (
        _other_shell(connection, is_windows)
        or _traces(action)
        or windows_verification.why_unverified(connection.transport, _options(connection))
        or host_verification.why_unverified(_options(connection))
    )


def insist_on_host_key(connection):
    """Have ssh ask for the host's key, whatever a later setting may say."""
    extra = _options(connection)("ssh_extra_args")
    if extra is not None and host_verification.STRICT not in extra:
        connection.set_option("ssh_extra_args", f"{extra} {host_verification.STRICT}")


def _options(connection):
    def option(name):
        try:
            return connection.get_option(name)
        except KeyError:  # this connection plugin has none of that name
            return None

    return option


def _other_shell(connection, is_windows):
    """What a connection prefers to run is what it can run: Python, or PowerShell."""
    runs_powershell = connection.module_implementation_preferences[0] == ".ps1"
    if runs_powershell != is_windows:
        return (
            f"ansible_shell_type does not fit the connection {connection.transport}: reach a "
            "Windows host by winrm, psrp, or ssh with ansible_shell_type=powershell (or cmd), and "
            "no other host so"
        )
    become = connection.become
    if runs_powershell and become and become.name != "runas":
        words = f"the become method {become.name} is none of Windows: "
        return words + "set ansible_become_method=runas"
    return None


def _traces(action):
    """A module carries secrets: it may lie on no disk, and be printed nowhere."""
    if constants.DEFAULT_DEBUG:
        return "ANSIBLE_DEBUG prints arguments, secrets included: unset it"
    # The action's own question: connections answer another one, which varies by version.
    piped = action._is_pipelining_enabled("new")
    if not piped or constants.DEFAULT_KEEP_REMOTE_FILES:
        words = "without pipelining a file with secrets would lie on the host's disk: "
        return words + _way_to_pipelining(action._connection)
    return None


def _way_to_pipelining(connection):
    become = connection.become
    if constants.DEFAULT_KEEP_REMOTE_FILES:
        return "unset ANSIBLE_KEEP_REMOTE_FILES"
    if not connection.has_pipelining:
        return "the connection plugin of this host has none, use ssh"
    if become and not become.pipelining:
        return f"the become method {become.name} has none, use sudo"
    return (
        "set ANSIBLE_PIPELINING=True, or `pipelining = True` under [defaults] of ansible.cfg, "
        "and let ssh ask for no terminal (-t, RequestTTY)"
    )
