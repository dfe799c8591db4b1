"""What Ansible and its children see of the environment, and what they may not be told to run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.ansible.environment import (
    ansible_environment,
    is_become_password_configured,
    without_secrets,
)
from provisioner.errors import FleetError
from provisioner.secret import Secret


def test_variables_that_secrets_come_from_are_dropped_by_name_and_by_value():
    environment = {"MAPS_SECRET": "s3cret-value", "COPY": "x s3cret-value y", "LANG": "C.UTF-8"}
    assert without_secrets(environment, ["MAPS_SECRET"], [Secret("s3cret-value"), Secret("")]) == {
        "LANG": "C.UTF-8"
    }


def test_children_do_not_inherit_the_secret_and_the_parent_gets_it_back(tmp_path, monkeypatch):
    monkeypatch.setenv("MAPS_SECRET", "canary-7d1f")
    with ansible_environment(tmp_path, secret_names=["MAPS_SECRET"]):
        with ansible_environment(tmp_path, secrets=[Secret("x")]):
            seen = subprocess.run(["env"], capture_output=True, text=True, check=True).stdout
        assert "MAPS_SECRET" not in os.environ
    assert "canary-7d1f" not in seen
    assert os.environ["MAPS_SECRET"] == "canary-7d1f"
    assert "ANSIBLE_PIPELINING" not in os.environ


DANGEROUS = """
[defaults]
debug = yes
keep_remote_files = yes
host_key_checking = no
log_path = ansible.log
stdout_callback = nope
[ssh_connection]
retries = 9
pipelining = no
host_key_checking = no
[paramiko_connection]
host_key_auto_add = yes
[privilege_escalation]
become_ask_pass = yes
"""


def test_the_users_dangerous_settings_do_not_hold(tmp_path, monkeypatch):
    (tmp_path / "ansible.cfg").write_text(DANGEROUS)
    for name in ("SSH_HOST_KEY_CHECKING", "HOST_KEY_CHECKING", "PARAMIKO_HOST_KEY_CHECKING"):
        monkeypatch.setenv(f"ANSIBLE_{name}", "False")
    monkeypatch.setenv("ANSIBLE_SSH_RETRIES", "3")
    command = ["ansible-config", "dump", "-t", "all", "--only-changed"]
    with ansible_environment(tmp_path):
        assert is_become_password_configured()
        monkeypatch.setenv("ANSIBLE_BECOME_PASSWORD_FILE", str(tmp_path / "password"))
        assert not is_become_password_configured()
        monkeypatch.delenv("ANSIBLE_BECOME_PASSWORD_FILE")
        dump = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    values = {line.split("(")[0]: line.rpartition(" = ")[2] for line in dump.splitlines()}
    for name in ("debug", "default_debug", "default_keep_remote_files"):
        assert values.get(name.upper(), "False") == "False"
    assert "= no\n" not in dump
    assert values["DEFAULT_LOG_PATH"] == os.devnull
    assert {v for n, v in values.items() if n.strip().lower() == "host_key_checking"} == {"True"}
    assert values["reconnection_retries"] == "0"
    assert values.get("host_key_auto_add", "False") == "False"  # not in every ansible-core
    assert values["pipelining"] == "True"


def test_the_interpreters_folder_comes_first_in_path(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin")
    with ansible_environment(tmp_path):
        path = os.environ["PATH"]
    assert path.split(os.pathsep) == [str(Path(sys.executable).parent), "/usr/bin"]


def test_the_projects_ansible_cfg_is_used_unless_the_user_names_another(tmp_path, monkeypatch):
    (tmp_path / "ansible.cfg").write_text("[defaults]\n")
    with ansible_environment(tmp_path):
        assert os.environ["ANSIBLE_CONFIG"] == str(tmp_path / "ansible.cfg")
    monkeypatch.setenv("ANSIBLE_CONFIG", "/etc/a.cfg")
    with ansible_environment(tmp_path):
        assert os.environ["ANSIBLE_CONFIG"] == "/etc/a.cfg"


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="gives files away")


@pytest.mark.parametrize(
    ("name", "mode", "owner", "group", "said"),
    [
        ("ansible.cfg", 0o646, 0, 0, "other users can write to it"),
        ("ansible.cfg", 0o664, 0, 100, "other users can write to it"),
        ("ansible.cfg", 0o644, 4711, 0, "belongs to another user"),
        ("plugins", 0o777, 0, 0, "other users can write to it"),
        ("plugins", 0o755, 4711, 0, "belongs to another user"),
        ("plugins/own.py", 0o666, 0, 0, "other users can write to it"),
        ("ansible.cfg", 0o664, 0, 0, ""),
    ],
)
@needs_root
def test_what_others_may_have_written_is_not_run(tmp_path, name, mode, owner, group, said):
    (tmp_path / "plugins").mkdir(mode=0o755)
    (tmp_path / "plugins" / "own.py").touch(mode=0o644)
    (tmp_path / "ansible.cfg").write_text("[defaults]\naction_plugins = plugins\n")
    path = tmp_path / name
    os.chown(path, owner, group)
    path.chmod(mode)
    if not said:
        with ansible_environment(tmp_path):
            return
    with pytest.raises(FleetError) as error, ansible_environment(tmp_path):
        pass
    assert error.value.message.startswith(f"{path}: {said}")


@needs_root
def test_the_owner_of_the_checkout_may_write_it(tmp_path):
    (tmp_path / "ansible.cfg").write_text("[defaults]\n")
    for path in (tmp_path, tmp_path / "ansible.cfg"):
        os.chown(path, 4711, 4711)
    with ansible_environment(tmp_path):
        pass


def test_a_broken_ansible_cfg_is_named_and_not_quoted(tmp_path):
    (tmp_path / "ansible.cfg").write_text("[defaults\nhunter2")
    with pytest.raises(FleetError) as error, ansible_environment(tmp_path):
        pass
    assert error.value.message == f"{tmp_path}/ansible.cfg: Ansible cannot read its configuration"
