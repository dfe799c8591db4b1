"""Each cause by the words of real ssh and Ansible, or as WinRM and PSRP were heard to say it."""

from __future__ import annotations

import tempfile
import time

import pytest

from provisioner.ansible.unreachable import why_unreached
from provisioner.secret import Secret
from tests.hosts.with_ansible.acting import SECRET, WRITE, act, host
from tests.hosts.with_ansible.ssh_server import closing_port, free_port, silent_port, ssh_server


@pytest.fixture(scope="module")
def causes(tmp_path_factory):
    """kind, words and `began` of a call of each host, of one run with real connections."""
    folder = tmp_path_factory.mktemp("unreached")
    (folder / "keys").mkdir()
    with (
        tempfile.TemporaryDirectory() as short,  # a socket's path has 108 characters at most
        ssh_server(folder / "keys") as server,
        silent_port() as silent,
        closing_port() as closing,
    ):
        variables = {
            "reached": {},
            "unknown": {"known": "none"},
            "unknown, password": {"known": "none", "ansible_password": "x"},
            "unknown, said late": {"ansible_ssh_executable": str(_late_ssh(folder))},
            "changed": {"known": "other"},
            "denied": {"key": "other"},
            "refused": {"ansible_port": free_port()},
            "refused, python unknown": {
                "ansible_port": free_port(),
                "ansible_python_interpreter": "auto",
            },
            "no name": {"ansible_host": "no.such.host.invalid"},
            "silent": {"ansible_port": silent, "ansible_timeout": 1},
            "closed": {"ansible_port": closing},
            "no cipher": {"more": "-o HostKeyAlgorithms=ecdsa-sha2-nistp256"},
            "no python": {"ansible_python_interpreter": "/nonexistent/python3"},
            "no become": {
                "ansible_become": True,
                "ansible_become_user": "nobody",
                "ansible_become_exe": "/nonexistent/sudo",
            },
            "hangs up": {"maps_directory": "hangs up"},
            "hangs up, shared": {
                "maps_directory": "hangs up",
                "shared": f"{short}/%C",
            },
            "echoes": {"maps_directory": "echoes"},
            "adds": {"maps_directory": "adds"},
            "no ssh": {"ansible_ssh_executable": "/nonexistent/ssh"},
        }
        hosts = {
            name: {**host([WRITE]), **server.variables(**more)} for name, more in variables.items()
        }
        for kind in ("winrm", "psrp"):
            there = {"ansible_host": "127.0.0.1", "ansible_port": free_port()}
            account = {"ansible_user": "me", "ansible_password": "CANARY"}
            hosts[kind] = {**host(), "ansible_connection": kind, **there, **account}
        acted = act(folder, hosts, "-vvvv")
    assert "CANARY" not in acted.output
    assert set(acted.answers) == set(hosts)
    return {name: answer["calls"][0] for name, answer in acted.answers.items()}


def _late_ssh(folder):
    """An ssh that takes a while from the end of its input to its words, as on a busy machine."""
    script = folder / "ssh"
    script.write_text(
        "#!/bin/sh\nexec <&-\nsleep 0.5\necho 'Host key verification failed.' >&2\nexit 255\n"
    )
    script.chmod(0o700)
    return script


@pytest.mark.parametrize(
    ("name", "kind", "began", "words"),
    [
        ("unknown", "host_key_unknown", False, "its ssh host key is not in known_hosts"),
        ("unknown, password", "host_key_unknown", False, "its ssh host key is not in known_hosts"),
        ("unknown, said late", "host_key_unknown", False, "its ssh host key is not in known_hosts"),
        ("changed", "host_key_changed", False, "its ssh host key has changed"),
        ("denied", "permission_denied", False, "ssh: permission denied (publickey)"),
        ("refused", "refused", False, "port N: connection refused"),
        ("refused, python unknown", "refused", False, "port N: connection refused"),
        ("silent", "timeout", False, "the connection timed out"),
        ("no cipher", "no_common_algorithm", False, "ssh: no matching host key type"),
        ("no python", "no_python", True, "no suitable Python was found on the host"),
        ("winrm", "refused", False, "port N: connection refused"),
        ("psrp", "refused", False, "port N: connection refused"),
        ("hangs up", "lost", True, "the connection was lost"),
        ("hangs up, shared", "lost", True, "the connection was lost"),
    ],
)
def test_real_connections(causes, name, kind, began, words):
    call = causes[name]
    assert (call["reason"], call["began"]) == (kind, began), call
    assert "".join("N" if c.isdigit() else c for c in call["words"]).replace("NNNNN", "N") == words
    assert call["remedy"]


def test_a_real_connection_that_is_safe_reaches_the_host(causes):
    assert [answer["op"] for answer in causes["reached"]] == ["write"]
    assert [answer["op"] for answer in causes["adds"]] == ["write"]


def test_real_words_that_vary(causes):
    assert causes["no name"]["reason"] in ("name_not_found", "dns_failed")
    assert causes["closed"]["reason"] == "closed"  # OpenSSH 10 proves less than older ones
    assert causes["no become"]["reason"] == "become"
    assert causes["no become"]["began"]
    assert "sudo" in causes["no become"]["words"]
    assert causes["no ssh"]["reason"] == "other"
    assert not causes["no ssh"]["began"]
    assert causes["no ssh"]["words"].startswith("Unable to execute ssh command line")
    assert causes["echoes"]["began"]
    assert "***" in causes["echoes"]["words"]
    assert SECRET[:12] not in causes["echoes"]["words"]


POOL = "HTTPSConnectionPool(host='maps1.example.edu', port=5986): "
VERIFY = "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate "
TRIES = POOL + "Max retries exceeded with url: /wsman (Caused by "
REFUSED = (
    TRIES + "NewConnectionError(\"HTTPSConnection(host='maps1.example.edu', port=5986): Failed to "
    'establish a new connection: [Errno 111] Connection refused"))'
)
KERBEROS = (
    "kerberos: authGSSClientStep() failed: (('Unspecified GSS failure.  Minor code may provide "
    "more information', 851968), ('{}', -1765328243))"
)
SENDING = (
    'Data could not be sent to remote host "maps1". Make sure this host can be reached over ssh: '
)


@pytest.mark.parametrize(
    ("said", "kind", "began", "words"),
    [
        ("ssh: connect to host maps1 port 22: Connection timed out", "timeout", False, ""),
        ("ssh: connect to host maps1 port 22: Operation timed out", "timeout", False, ""),
        ("ssh: connect to host maps1 port 22: No route to host", "no_route", False, "port 22: No"),
        ("ssh: Could not resolve hostname maps1: Temporary failure in name resolution",
         "dns_failed", False, "name resolution failed"),
        ("kex_exchange_identification: Connection closed by remote host\nConnection closed by "
         "192.0.2.1 port 22", "closed", False, "the host closed the connection during"),
        ("Received disconnect from 192.0.2.1 port 22:2: Too many authentication failures",
         "permission_denied", True, "ssh: too many keys"),
        ("@ WARNING: UNPROTECTED PRIVATE KEY FILE! @\nme@maps1: Permission denied (publickey).",
         "key_file_open", False, "ssh ignores the private key"),
        ("Timeout, server maps1 not responding.", "lost", True, ""),
        ("client_loop: send disconnect: Broken pipe", "lost", True, ""),
        ("Read from remote host maps1: Connection reset by peer", "lost", True, ""),
        ("", "lost", True, ""),
    ],
)  # fmt: skip
def test_words_of_ssh(said, kind, began, words):
    """Also below Ansible's own words, and amid what ssh -vvv says."""
    debugged = f"OpenSSH_10.0p2\ndebug1: Permission denied (x)\n{said}"
    for whole in (SENDING + said, SENDING + debugged, said.replace("\n", "\r\n") or SENDING):
        found = why_unreached("Task failed: " + whole.strip())
        assert (found.kind, found.began) == (kind, began)
        assert found.words.startswith(words)
        assert "maps1" not in found.words


@pytest.mark.parametrize(
    ("said", "kind", "began", "words"),
    [
        (f"ntlm: {REFUSED}", "refused", False, "port 5986: connection refused"),
        (REFUSED, "refused", True, "port 5986: connection refused"),  # a second one, amid a call
        (f"{TRIES}ConnectTimeoutError(<HTTPSConnection(host='maps1.example.edu', port=5986) at "
         "0x7f2a>, 'Connection to maps1.example.edu timed out. (connect timeout=30)'))",
         "timeout", True, "the connection timed out"),
        (f"basic: {POOL}Read timed out. (read timeout=12)", "timeout", False, "the connection ti"),
        (f"winrm connection error: {POOL}Read timed out. (read timeout=30)", "lost", True, ""),
        ("HTTP read timeout during PSRP script execution", "lost", True, ""),
        ("winrm send_input failed; \nstdout: CANARY0password\nstderr ", "lost", True, "the connec"),
        (f"kerberos: {TRIES}{VERIFY}verify failed: certificate is not yet valid (_ssl.c:1006)')))",
         "clock", False, "its clock and the clock of this machine differ"),
        (f"ssl: {TRIES}{VERIFY}verify failed: certificate has expired (_ssl.c:1006)')))",
         "certificate", False, "its certificate is refused: certificate has expired"),
        (f"ssl: {TRIES}{VERIFY}verify failed: Hostname mismatch, certificate is not valid for "
         "'maps1.example.edu'. (_ssl.c:1006)')))", "certificate", False,
         "its certificate is refused: Hostname mismatch"),
        ("basic: the specified credentials were rejected by the server", "credentials", False,
         "WinRM rejected the account or its password"),
        ("failed to authenticate with the server: Failed to authenticate the user u with basic",
         "credentials", False, "WinRM rejected the account or its password"),
        (KERBEROS.format("Clock skew too great"), "clock", False, "its clock and"),
        (KERBEROS.format("No Kerberos credentials available (default cache: FILE:/tmp/krb5cc_0)"),
         "kerberos", False, "the Kerberos sign-in failed"),
        ("Kerberos auth failure for principal me@X: kinit: Preauthentication failed", "kerberos",
         False, "the Kerberos sign-in failed"),
        ("winrm or requests is not installed: No module named 'winrm'", "no_library", False,
         "the Python library for winrm is not installed"),
        ("pypsrp or dependencies are not installed: No module named 'pypsrp'", "no_library", False,
         "the Python library for pypsrp"),
        ("GSSAPIProxy requires the Python gssapi library: No module named 'gssapi'", "no_library",
         False, "the Python library for gssapi"),
        ("Cannot use CredSSP auth as requests-credssp is not installed: No module named "
         "'requests_credssp'", "no_library", False, "the Python library for credssp"),
        ("sudo: a password is required", "sudo_password", True, "sudo requires a password"),
        ("Missing sudo password", "sudo_password", True, "sudo requires a password"),
        ("Incorrect sudo password", "sudo_password", True, "the become password is wrong"),
        ("sudo: unknown user nosuch\nsudo: error initializing audit plugin", "become", True,
         "cannot become another user (sudo: unknown user nosuch)"),
        ("Timeout (12s) waiting for privilege escalation prompt: ", "become", True,
         "cannot become another user (Timeout (12s) waiting for privilege)"),
        ("ansible-core requires a minimum of Python version 3.8. Current version: 3.6", "no_python",
         True, "no suitable Python"),
        ("The installed version of WinRM does not support transport(s) ['ntml']", "other", False,
         "The installed version of WinRM does not support transport(s) ['ntml']"),
    ],
)  # fmt: skip
def test_words_of_others(said, kind, began, words):
    found = why_unreached(said)
    assert (found.kind, found.began) == (kind, began)
    assert found.words.startswith(words)
    assert found.remedy
    assert "maps1" not in found.words
    assert "CANARY" not in found.words


def test_unknown_words_are_one_short_line_without_secrets():
    Secret("CANARY/sëcret of this run")
    found = why_unreached("odd\x1b[31m\nCANARY/s\\u00ebcret of this run \u202e" + "x" * 1_000_000)
    assert found.kind == "other"
    assert found.words.startswith("odd [31m ***")
    assert len(found.words) <= 400
    assert found.words.isprintable()


@pytest.mark.parametrize("piece", ["port 1 ", "ssh: port=1 timed ", "sudo: ", "x: ", "winrm "])
def test_hostile_words_take_no_time(piece):
    started = time.process_time()
    why_unreached("ssh: " + piece * 1_000_000)
    assert time.process_time() - started < 5  # of this process alone: other load counts nothing
