"""Settings that would hand a host's secrets to whoever answers in its place are refused."""

import importlib.util

import pytest

from provisioner.resources import playbooks_folder

_PATH = playbooks_folder() / "plugin_utils" / "host_verification.py"
_SPEC = importlib.util.spec_from_file_location("host_verification", _PATH)
verification = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(verification)


def why(**options):
    return verification.why_unverified(options.get)


@pytest.mark.parametrize(
    "arguments",
    [
        "-o StrictHostKeyChecking=no",
        "-oStrictHostKeyChecking=no",
        "-C -o stricthostkeychecking=NO -o ControlPersist=60s",
        "-o 'StrictHostKeyChecking no'",
        '-o "StrictHostKeyChecking = off"',
        "-o StrictHostKeyChecking=accept-new",
        "-o StrictHostKeyChecking='\"no\"'",
        "-o 'unpaired",
    ],
)
@pytest.mark.parametrize("name", ["ssh_args", "ssh_common_args", "ssh_extra_args"])
def test_arguments_that_switch_the_check_off(name, arguments):
    said = why(host_key_checking=True, **{name: arguments})
    assert said.startswith(f"{name} has ")
    assert "would get its secrets" in said
    assert "known_hosts" in said


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        None,
        "-C -o ControlMaster=auto -o ControlPersist=60s",
        "-o StrictHostKeyChecking=yes",
        "-o StrictHostKeyChecking=ask",
        "-o ProxyCommand='ssh -o StrictHostKeyChecking=yes jump'",
        "-o UserKnownHostsFile=/etc/ssh/known",
        "-o",
    ],
)
def test_arguments_that_do_not(arguments):
    assert why(host_key_checking=True, ssh_common_args=arguments) == ""


def test_variables_and_settings_of_the_plugins():
    assert why(host_key_checking=False).startswith("host_key_checking is off")
    assert why(host_key_auto_add=True).startswith("host_key_auto_add is on")
    assert why() == ""
