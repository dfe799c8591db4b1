"""What WinRM, PSRP and ssh say when they do not get to a host, as a person reads it."""

import pytest

from provisioner.fleet.connection_failure import connection_failure

POOL = "HTTPSConnectionPool(host='maps1.example.edu', port=5986): Max retries exceeded with url: "
RESOLVE = (
    POOL + "/wsman (Caused by NameResolutionError(\"HTTPSConnection(host='maps1.example.edu', "
    "port=5986): Failed to resolve 'maps1.example.edu' ([Errno -2] Name or service not known)\"))"
)
REFUSED = (
    POOL + "/wsman (Caused by NewConnectionError(\"HTTPSConnection(host='maps1.example.edu', "
    'port=5986): Failed to establish a new connection: [Errno 111] Connection refused"))'
)
SLOW = (
    POOL + "/wsman (Caused by ConnectTimeoutError(<HTTPSConnection(host='maps1.example.edu', "
    "port=5986) at 0x7f2a>, 'Connection to maps1.example.edu timed out. (connect timeout=30)'))"
)
STRANGER = (
    POOL + "/wsman (Caused by SSLError(SSLCertVerificationError(1, '[SSL: "
    "CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate "
    "(_ssl.c:1006)')))"
)
PORT = "port 5986: "


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("ntlm: " + RESOLVE, f"ntlm: {PORT}Name or service not known"),
        ("ntlm: " + REFUSED, f"ntlm: {PORT}Connection refused"),
        (
            "Failed to connect to the host via PSRP: " + SLOW,
            f"Failed to connect to the host via PSRP: {PORT}timed out",
        ),
        (
            "kerberos: " + STRANGER,
            f"kerberos: {PORT}certificate verify failed: self-signed certificate; name the CA of "
            "the host's certificate in ansible_winrm_ca_trust_path (WinRM) or "
            "ansible_psrp_ca_cert (PSRP)",
        ),
        (POOL + "/wsman (Caused by Odd('x'))", PORT + "Odd('x')"),
        (
            'Data could not be sent to remote host "maps1". Make sure this host can be reached '
            "over ssh: ssh: Could not resolve hostname maps1: Name or service not known",
            "ssh: Name or service not known",
        ),
        (
            "Failed to connect to the host via ssh: ssh: connect to host 127.0.0.1 port 22: "
            "Connection refused",
            "ssh: port 22: Connection refused",
        ),
        (
            "Failed to connect to the host via ssh: maps1: Permission denied (publickey).",
            "Failed to connect to the host via ssh: maps1: Permission denied (publickey).",
        ),
        ("", ""),
    ],
)
def test_the_network_speaks_and_no_library(words: str, told: str) -> None:
    assert connection_failure("Task failed: " + words) == told


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (
            "winrm or requests is not installed: No module named 'winrm'",
            "; install it: pip install 'maps-provisioner[windows]'",
        ),
        (
            "pypsrp or dependencies are not installed: No module named 'pypsrp'",
            "; install it: pip install 'maps-provisioner[windows]'",
        ),
        (
            "Could not find a suitable TLS CA certificate bundle, invalid path: /ca.pem",
            "; correct ansible_winrm_ca_trust_path",
        ),
        ("Could not find the shell plugin required (pwsh).", "); ansible_shell_type is"),
        (
            "The installed version of WinRM does not support transport(s) ['ntml']",
            "; ansible_winrm_transport is kerberos, ntlm",
        ),
        (
            "ntlm: the specified credentials were rejected by the server",
            "; correct ansible_user and ansible_password",
        ),
    ],
)
def test_what_to_do_comes_with_it(words: str, remedy: str) -> None:
    told = connection_failure("Task failed: " + words)
    assert told.startswith(words.rstrip("."))
    assert remedy in told
