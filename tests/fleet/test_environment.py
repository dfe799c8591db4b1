"""What Ansible and its children see of the environment."""

import os
import subprocess
import sys
from pathlib import Path

from provisioner.fleet.environment import ansible_environment, ansible_settings, without_secrets
from provisioner.secret import Secret


def test_variables_that_secrets_come_from_are_dropped_by_name_and_by_value():
    environment = {"MAPS_SECRET": "s3cret-value", "COPY": "x s3cret-value y", "LANG": "C.UTF-8"}
    assert without_secrets(environment, ["MAPS_SECRET"], [Secret("s3cret-value")]) == {
        "LANG": "C.UTF-8"
    }


def test_an_empty_secret_drops_nothing():
    assert without_secrets({"LANG": "C"}, [], [Secret("")]) == {"LANG": "C"}


def test_children_do_not_inherit_the_secret_and_the_parent_gets_it_back(tmp_path, monkeypatch):
    monkeypatch.setenv("MAPS_SECRET", "canary-7d1f")
    with ansible_environment(tmp_path, secret_names=["MAPS_SECRET"]):
        seen = subprocess.run(["env"], capture_output=True, text=True, check=True).stdout
    assert "canary-7d1f" not in seen
    assert "ANSIBLE_PIPELINING=True" in seen
    assert os.environ["MAPS_SECRET"] == "canary-7d1f"
    assert "ANSIBLE_PIPELINING" not in os.environ


def test_the_users_dangerous_settings_do_not_hold(tmp_path, monkeypatch):
    monkeypatch.setenv("ANSIBLE_KEEP_REMOTE_FILES", "1")
    monkeypatch.setenv("ANSIBLE_DEBUG", "1")
    monkeypatch.setenv("ANSIBLE_LOG_PATH", str(tmp_path / "ansible.log"))
    monkeypatch.setenv("ANSIBLE_HOST_KEY_CHECKING", "False")
    with ansible_environment(tmp_path):
        assert os.environ["ANSIBLE_KEEP_REMOTE_FILES"] == "False"
        assert os.environ["ANSIBLE_DEBUG"] == "False"
        assert os.environ["ANSIBLE_LOG_PATH"] == os.devnull
        assert os.environ["ANSIBLE_HOST_KEY_CHECKING"] == "True"


def test_the_interpreters_folder_comes_first_in_path(tmp_path):
    path = ansible_settings(tmp_path, {"PATH": "/usr/bin"})["PATH"]
    assert path.split(os.pathsep) == [str(Path(sys.executable).parent), "/usr/bin"]


def test_the_projects_ansible_cfg_is_used_unless_the_user_names_another(tmp_path):
    (tmp_path / "ansible.cfg").write_text("[defaults]\n")
    assert ansible_settings(tmp_path, {})["ANSIBLE_CONFIG"] == str(tmp_path / "ansible.cfg")
    assert "ANSIBLE_CONFIG" not in ansible_settings(tmp_path, {"ANSIBLE_CONFIG": "/etc/a.cfg"})
