"""Settings of WinRM and PSRP that would let others read or answer in a host's place are refused."""

import importlib.util

import pytest

from provisioner.resources import playbooks_folder


def loaded(name):
    path = playbooks_folder() / "plugin_utils" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


verification, platforms = loaded("windows_verification"), loaded("host_platform")

WINRM = {"port": 5986, "remote_user": "maps-push"}
PSRP = {"cert_validation": "validate", "auth": "negotiate", "message_encryption": "auto"}


def winrm(extras=None, **options):
    found = {**WINRM, "_extras": {f"ansible_winrm_{n}": v for n, v in (extras or {}).items()}}
    return verification.why_unverified("winrm", {**found, **options}.get)


def psrp(**options):
    return verification.why_unverified("psrp", {**PSRP, **options}.get)


def test_https_that_checks_the_certificate_is_fine():
    assert winrm() == winrm({"server_cert_validation": "validate"}) == ""
    assert winrm(port=443, scheme="https", transport=["ssl"]) == ""
    assert psrp() == psrp(port=5986) == psrp(port=5985, protocol="https", auth="basic") == ""


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
def test_a_ca_without_a_name_checks_nothing(path):
    words = "is empty, which switches the check off; whoever answers in place of the host"
    assert f"ansible_winrm_ca_trust_path {words}" in winrm({"ca_trust_path": path})
    assert f"ansible_psrp_ca_cert {words}" in psrp(ca_cert=path)


def test_a_ca_with_a_name_is_fine():
    assert (
        winrm({"ca_trust_path": "/ca.pem"}) == psrp(ca_cert="/ca.pem") == psrp(ca_cert=None) == ""
    )


@pytest.mark.parametrize("http", [{"port": 5985}, {"scheme": "http"}])
def test_winrm_over_http_seals_each_message_or_is_refused(http):
    for encryption in ("auto", "never", None):
        why = winrm({"message_encryption": encryption}, transport=["kerberos"], **http)
        assert why.startswith("ansible_winrm_message_encryption is not `always` over HTTP")
        assert "Use HTTPS (port 5986)" in why
    sealed = {"message_encryption": "always"}
    for method in ("kerberos", "ntlm", "credssp"):
        assert winrm(sealed, transport=[method], **http) == ""
    for methods in (["basic"], ["plaintext"], ["ssl"], ["certificate"], ["ntlm", "basic"]):
        assert "seals no message" in winrm(sealed, transport=methods, **http)


def test_winrm_s_own_choice_of_a_method():
    sealed = {"message_encryption": "always"}
    assert winrm(sealed, port=5985, remote_user="maps@EXAMPLE.EDU") == ""
    assert "ansible_winrm_transport is plaintext" in winrm(sealed, port=5985)
    assert "ansible_winrm_transport is plaintext" in winrm(sealed, port=5985, remote_user=None)


def test_psrp_over_http_seals_each_message_or_is_refused():
    for auth in ("negotiate", "kerberos", "ntlm", "credssp"):
        assert psrp(port=5985, auth=auth) == psrp(protocol="http", auth=auth) == ""
        why = psrp(port=5985, auth=auth, message_encryption="never")
        assert why.startswith("ansible_psrp_message_encryption is `never` over HTTP")
    for auth in ("basic", "certificate"):
        assert f"ansible_psrp_auth is {auth} over HTTP" in psrp(port=5985, auth=auth)


@pytest.mark.parametrize("transport", ["ssh", "local", "community.docker.docker"])
def test_other_connections_are_no_matter_of_this(transport):
    assert verification.why_unverified(transport, {}.get) == ""


# -- what differs by the shell


class Shell:
    def __init__(self, family):
        self.SHELL_FAMILY = family


windows = platforms.Windows()


@pytest.mark.parametrize(
    ("family", "module"),
    [("sh", "maps_x"), ("fish", "maps_x"), ("powershell", "win_maps_x"), ("cmd", "win_maps_x")],
)
def test_the_module_goes_by_the_shell(family, module):
    assert platforms.platform_of(Shell(family)).module("maps_x") == module


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        (r"C:\ProgramData\maps-provisioner", r"C:\ProgramData\maps-provisioner"),
        ("d:/maps/provisioner/", r"d:\maps\provisioner"),
        (r"C:\a\..\b", r"C:\b"),
        (r"C:\Daten für MAPS", r"C:\Daten für MAPS"),
    ],
)
def test_paths_of_local_drives_are_taken(path, taken):
    assert windows.directory(path) == windows.ca_file(path) == taken


@pytest.mark.parametrize(
    "path",
    ["/etc/maps", "maps", r"C:maps", r"\maps", r"\\server\share\maps", r"\\?\C:\maps", "C:", 5,
     r"%ProgramData%\maps", r"C:\%USERNAME%", r"C:\maps:stream", "ß:\\maps", ["C:\\maps"]],
)  # fmt: skip
def test_other_paths_are_not(path):
    for name, check in (("directory", windows.directory), ("ca_file", windows.ca_file)):
        with pytest.raises(platforms.Unfit, match=f"maps_{name} is not an absolute path of a loc"):
            check(path)


def test_no_ca_file_is_none():
    assert windows.ca_file(None) is None
    assert windows.ca_file("") is None


@pytest.mark.parametrize("name", ["Evisions MAPS Service", "MAPS$1", "Maps 2.0 (test)"])
def test_names_of_services(name):
    assert windows.service(name) == name
    with pytest.raises(platforms.Unfit, match="this host has a POSIX shell"):
        platforms.Posix().service(name)


@pytest.mark.parametrize("name", ["Evisions*", "MAP?", "[m]aps", "a\nb", "x" * 257, ["MAPS"]])
def test_what_is_no_service(name):
    with pytest.raises(platforms.Unfit, match="maps_service is not the name of one service"):
        windows.service(name)


def test_no_service_is_none():
    assert windows.service(None) is windows.service("") is platforms.Posix().service(None) is None


def test_arguments_as_they_travel():
    given = {"document": "{}", "secrets": ["a"], "lease": {"b": None, "a": "ß"}, "mails": {}}
    assert platforms.Posix().arguments(given) is given
    assert windows.arguments({**given, "force": True, "rotating": ["x"]}) == {
        "document": "{}",
        "lease": '{"b": null, "a": "\\u00df"}',
        "mails": "{}",
        "force": True,
        "rotating": ["x"],
    }
