"""Settings that would hand a host's secrets to others lose, or the host is refused."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace

import pytest
from ansible import constants

from provisioner.ansible.connection_safety import UnsafeConnection, secure, unverified
from tests.hosts.with_ansible.acting import act, host

WINRM = {"port": 5986, "remote_user": "maps-push"}
PSRP = {"cert_validation": "validate", "auth": "negotiate", "message_encryption": "auto"}


def winrm(extras=None, **options):
    found = {**WINRM, "_extras": {f"ansible_winrm_{n}": v for n, v in (extras or {}).items()}}
    return unverified("winrm", {**found, **options}.get)


def psrp(**options):
    return unverified("psrp", {**PSRP, **options}.get)


# -- ssh


UNCHECKED = [
    "-o StrictHostKeyChecking=no",
    "-oStrictHostKeyChecking=accept-new",
    "-C -o stricthostkeychecking=NO",
    "-o 'StrictHostKeyChecking off'",
    '-o "StrictHostKeyChecking = no"',
    "-Co StrictHostKeyChecking=no",
    "-4oStrictHostKeyChecking=no",
    "-o NoHostAuthenticationForLocalhost=yes -o ServerAliveInterval=0",
]


def test_no_setting_switches_ssh_s_check_of_the_host_s_key_off(tmp_path):
    """What ssh itself makes of the arguments that it gets: ssh -G."""
    (tmp_path / "config").write_text("Host *\n  StrictHostKeyChecking no\n")
    ssh = tmp_path / "ssh"
    ssh.write_text(f'#!/bin/sh\nssh -G "$@" > {tmp_path}/$$.config\nexit 255\n')
    ssh.chmod(0o755)
    own_config = f"-F {tmp_path}/config"
    hosts = {
        f"{name} {number}": {
            **host(),
            "ansible_connection": "ssh",
            "ansible_host": "127.0.0.1",
            "ansible_ssh_executable": str(ssh),
            f"ansible_{name}": arguments,
        }
        for name in ("ssh_args", "ssh_common_args", "ssh_extra_args")
        for number, arguments in enumerate([*UNCHECKED, own_config, "", None])
        if name == "ssh_args" or number in (0, 1, 8)
    }
    acted = act(tmp_path, hosts, ANSIBLE_SSH_RETRIES="3")
    assert {name for name, result in acted.results.items() if "msg" in result} == set()
    configurations = [file.read_text().splitlines() for file in tmp_path.glob("*.config")]
    assert len(configurations) == len(hosts)  # each called once: nothing is sent again
    for lines in configurations:
        options = dict(line.split(" ", 1) for line in lines if " " in line)
        assert options["stricthostkeychecking"] in ("true", "yes")
        assert options["nohostauthenticationforlocalhost"] == "no"
        assert options["serveraliveinterval"] == "15"
        assert options["serveralivecountmax"] == "4"
        if "controlpath" in options:
            assert "/maps/" in options["controlpath"]


def test_ssh_g_is_a_witness():
    """Without our options ssh would do as it is told."""
    told = ["-o", "StrictHostKeyChecking=no", "-o", "StrictHostKeyChecking=yes", "127.0.0.1"]
    done = subprocess.run(["ssh", "-G", *told], check=True, capture_output=True, text=True)
    assert "stricthostkeychecking false" in done.stdout


def test_host_key_checking_that_ansible_cfg_switches_off_is_refused(tmp_path):
    (tmp_path / "ansible.cfg").write_text("[defaults]\nhost_key_checking = no\n")
    variables = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1"}
    configuration = {"ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg")}
    acted = act(tmp_path, {"a": {**host(), **variables}}, **configuration)
    assert acted.answers == {}
    assert acted.results["a"]["msg"].startswith("host_key_checking is False (a host variable")
    assert "receive its secrets" in acted.results["a"]["msg"]


def test_other_connections():
    assert "host_key_auto_add is True" in unverified("libssh", {"host_key_auto_add": True}.get)
    assert unverified("local", {}.get) == unverified("community.docker.docker", {}.get) == ""


# -- WinRM and PSRP


def test_https_that_checks_the_certificate_is_fine():
    assert winrm() == winrm({"server_cert_validation": "validate"}) == ""
    assert winrm(port=443, scheme="https", transport=["ssl"]) == ""
    assert psrp() == psrp(port=5986) == psrp(port=5985, protocol="https", auth="basic") == ""
    assert winrm({"ca_trust_path": "/ca.pem"}) == psrp(ca_cert="/ca.pem") == ""


@pytest.mark.parametrize("value", ["ignore", None, "Validate"])
def test_winrm_that_does_not_check_the_certificate(value):
    """pywinrm checks nothing unless it is `validate`."""
    why = winrm({"server_cert_validation": value})
    assert why.startswith("ansible_winrm_server_cert_validation is not `validate`")
    assert "ansible_winrm_ca_trust_path" in why


def test_psrp_that_does_not_check_the_certificate():
    why = psrp(cert_validation="ignore")
    assert why.startswith("ansible_psrp_cert_validation is `ignore`")
    assert "ansible_psrp_ca_cert" in why


@pytest.mark.parametrize("path", ["", " ", False, 0])
def test_an_empty_path_of_the_ca_checks_nothing(path):
    why = "is empty, which disables the check: another machine could answer"
    assert f"ansible_winrm_ca_trust_path {why}" in winrm({"ca_trust_path": path})
    assert f"ansible_psrp_ca_cert {why}" in psrp(ca_cert=path)


@pytest.mark.parametrize("http", [{"port": 5985}, {"scheme": "http"}])
def test_winrm_over_http_encrypts_each_message_or_is_refused(http):
    for encryption in ("auto", "never", None):
        why = winrm({"message_encryption": encryption}, transport=["kerberos"], **http)
        assert why.startswith("ansible_winrm_message_encryption is not `always` over HTTP")
        assert "use HTTPS (port 5986)" in why
    always = {"message_encryption": "always"}
    for method in ("kerberos", "ntlm", "credssp"):
        assert winrm(always, transport=[method], **http) == ""
    for methods in (["basic"], ["plaintext"], ["ssl"], ["certificate"], ["ntlm", "basic"]):
        assert "does not encrypt" in winrm(always, transport=methods, **http)


def test_winrm_s_own_choice_of_a_method():
    always = {"message_encryption": "always"}
    assert winrm(always, port=5985, remote_user="maps@EXAMPLE.EDU") == ""
    assert "ansible_winrm_transport is plaintext" in winrm(always, port=5985)
    assert "ansible_winrm_transport is plaintext" in winrm(always, port=5985, remote_user=None)


def test_psrp_over_http_encrypts_each_message_or_is_refused():
    for auth in ("negotiate", "kerberos", "ntlm", "credssp"):
        assert psrp(port=5985, auth=auth) == psrp(protocol="http", auth=auth) == ""
        why = psrp(port=5985, auth=auth, message_encryption="never")
        assert why.startswith("ansible_psrp_message_encryption is `never` over HTTP")
    for auth in ("basic", "certificate"):
        assert f"ansible_psrp_auth is {auth} over HTTP" in psrp(port=5985, auth=auth)


# -- shells, and what is left behind


def refused(*, pipelined=True, **connection):
    """Why the connection of an action is refused; empty if it is not."""
    usual = {
        "transport": "ssh",
        "module_implementation_preferences": ("",),
        "become": None,
        "has_pipelining": True,
        "get_option": {}.__getitem__,
        "has_option": lambda name: False,
    }
    family = connection.pop("family", "sh")
    made = SimpleNamespace(**{**usual, **connection}, _shell=SimpleNamespace(SHELL_FAMILY=family))
    action = SimpleNamespace(_connection=made, _is_pipelining_enabled=lambda style: pipelined)
    try:
        secure(action)
    except UnsafeConnection as error:
        return str(error)
    return ""


POWERSHELL = {"module_implementation_preferences": (".ps1", ".exe", "")}
SUDO = SimpleNamespace(name="sudo", pipelining=True)
SU = SimpleNamespace(name="su", pipelining=False)
RUNAS = SimpleNamespace(name="runas", pipelining=True)


def test_a_shell_fits_its_connection():
    assert refused() == refused(become=SUDO) == ""
    for family in ("powershell", "cmd"):
        assert refused(family=family, **POWERSHELL) == ""
        assert refused(family=family, become=RUNAS, **POWERSHELL) == ""
        assert "ansible_shell_type does not fit" in refused(family=family)
        assert "ansible_become_method=runas" in refused(family=family, become=SUDO, **POWERSHELL)
    assert "ansible_shell_type does not fit" in refused(**POWERSHELL)


def test_without_pipelining_a_call_would_be_written_to_the_host_s_disk():
    assert "set `pipelining = True`" in refused(pipelined=False)
    assert "the become method su has none" in refused(pipelined=False, become=SU)
    assert "ssh has none" not in refused(pipelined=False, become=SU)
    assert "paramiko has none" in refused(
        pipelined=False, has_pipelining=False, transport="paramiko"
    )


@pytest.mark.parametrize("name", ["DEBUG", "KEEP_REMOTE_FILES"])
def test_settings_of_ansible_that_leave_a_call_behind(monkeypatch, name):
    monkeypatch.setattr(constants, f"DEFAULT_{name}", True)
    assert refused().startswith(f"ANSIBLE_{name} ")
