"""Whether WinRM and PSRP make sure that they talk to the host they mean, unread by others. Pure.

The options are those of ansible-core's connection plugins winrm and psrp, with their defaults.
"""

from __future__ import annotations

_HTTP_PORT = 5985
# These sign in so that both sides then have a key, and each message is sealed with it:
# https://learn.microsoft.com/windows/win32/winrm/authentication-for-remote-connections
_SEALING = frozenset(("kerberos", "ntlm", "credssp", "negotiate"))

_UNREAD = "; the host's secrets would travel in the clear. Use HTTPS (port 5986)"
_IGNORED = (
    "; whoever answers in place of the host would get its secrets. Take that away, and name the "
    "CA of the host's certificate in {}"
)


def why_unverified(transport, option):
    """What lets others read, or answer in place of the host; empty if nothing does.

    `option(name)` is the connection's own setting; None if it has none. ssh is no matter of this.
    """
    if transport == "winrm":
        return _winrm(option)
    if transport == "psrp":
        return _psrp(option)
    return ""


def _winrm(option):
    extras = option("_extras") or {}
    scheme = option("scheme") or ("http" if option("port") == _HTTP_PORT else "https")
    if scheme == "https":
        if extras.get("ansible_winrm_server_cert_validation", "validate") != "validate":
            words = "ansible_winrm_server_cert_validation is not `validate`"
            return words + _IGNORED.format("ansible_winrm_ca_trust_path")
        return _unnamed("ansible_winrm_ca_trust_path", extras.get("ansible_winrm_ca_trust_path"))
    if extras.get("ansible_winrm_message_encryption") != "always":
        # With `auto` pywinrm sends in the clear where its Kerberos or NTLM cannot seal:
        # https://github.com/diyan/pywinrm#message-encryption
        return "ansible_winrm_message_encryption is not `always` over HTTP" + _UNREAD
    methods = option("transport") or [_winrm_default(option("remote_user"))]
    return _unsealed("ansible_winrm_transport", methods)


def _unnamed(variable, path):
    """requests checks nothing where the path of the CA is empty:
    https://github.com/psf/requests/blob/main/src/requests/adapters.py (cert_verify)"""
    if path is None or path is True or (isinstance(path, str) and path.strip()):
        return ""
    return f"{variable} is empty, which switches the check off" + _IGNORED.format("it")


def _winrm_default(user):
    return "kerberos" if "@" in (user or "") else "plaintext"


def _psrp(option):
    scheme = option("protocol") or ("http" if option("port") == _HTTP_PORT else "https")
    if scheme == "https":
        if option("cert_validation") == "ignore":
            words = "ansible_psrp_cert_validation is `ignore`"
            return words + _IGNORED.format("ansible_psrp_ca_cert")
        return _unnamed("ansible_psrp_ca_cert", option("ca_cert"))
    if option("message_encryption") == "never":
        return "ansible_psrp_message_encryption is `never` over HTTP" + _UNREAD
    return _unsealed("ansible_psrp_auth", [option("auth")])


def _unsealed(variable, methods):
    """Sealed messages are as good as TLS: they prove the host's account in the domain, too."""
    plain = [str(method) for method in methods if str(method).lower() not in _SEALING]
    if not plain:
        return ""
    words = f"{variable} is {', '.join(plain)} over HTTP, which seals no message"
    return words + _UNREAD + ", or sign in with kerberos"
