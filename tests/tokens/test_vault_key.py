"""Where the vault password comes from."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.errors import SecretUnavailable, TokenStoreError
from provisioner.secret_sources.reference import EnvironmentVariable, VaultText
from provisioner.tokens.vault_key import find_vault_key, key_file_path
from tests.oauth_samples import project_in

REPOSITORY = Path(__file__).resolve().parents[2]


def _generated(tmp_path: Path) -> Path:
    find_vault_key(project_in(tmp_path), create=True)
    return key_file_path(os.environ)


def test_the_projects_own_password_wins(tmp_path: Path) -> None:
    project = project_in(tmp_path, vault_password=EnvironmentVariable("VAULT"))
    (tmp_path / "other").write_text("other")
    environment = {"VAULT": "own\n", "ANSIBLE_VAULT_PASSWORD_FILE": str(tmp_path / "other")}
    assert find_vault_key(project, environment=environment).password.reveal() == "own"
    with pytest.raises(SecretUnavailable, match="vault_password: the environment variable VAULT"):
        find_vault_key(project, environment={})


def test_then_ansibles_password_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("theirs  \n\n")
    environment = {"ANSIBLE_VAULT_PASSWORD_FILE": str(tmp_path / "password")}
    found = find_vault_key(project_in(tmp_path), environment=environment)
    assert found.password.reveal() == "theirs"
    (tmp_path / "password").write_text(" \n")
    with pytest.raises(SecretUnavailable, match="ANSIBLE_VAULT_PASSWORD_FILE: blank"):
        find_vault_key(project_in(tmp_path), environment=environment)


def test_an_executable_password_file_runs_only_when_commands_are_allowed(tmp_path: Path) -> None:
    script = tmp_path / "password"
    script.write_text("#!/bin/sh\necho from-a-script\n")
    script.chmod(0o755)
    environment = {"ANSIBLE_VAULT_PASSWORD_FILE": str(script), "PATH": os.environ["PATH"]}
    with pytest.raises(SecretUnavailable, match="commands are not allowed to run"):
        find_vault_key(project_in(tmp_path), environment=environment)
    found = find_vault_key(project_in(tmp_path), environment=environment, allow_commands=True)
    assert found.password.reveal() == "from-a-script"


def test_else_a_key_is_generated_but_only_on_demand(tmp_path: Path, home: Path) -> None:
    with pytest.raises(SecretUnavailable, match="no vault key") as caught:
        find_vault_key(project_in(tmp_path))
    assert "provisioner authenticate" in caught.value.remedy
    assert not home.exists()
    made = find_vault_key(project_in(tmp_path), create=True)
    path = home / ".config" / "maps-provisioner" / "vault-key"
    assert re.fullmatch(r"[0-9a-f]{64}\n", path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert find_vault_key(project_in(tmp_path)) == made
    assert find_vault_key(project_in(tmp_path), create=True) == made
    assert [file.name for file in path.parent.iterdir()] == ["vault-key"]


def test_a_relative_xdg_config_home_is_ignored() -> None:
    settings = {"XDG_CONFIG_HOME": "relative", "HOME": "/home/me"}
    assert key_file_path(settings) == Path("/home/me/.config/maps-provisioner/vault-key")
    with pytest.raises(SecretUnavailable, match="HOME is not set"):
        key_file_path({})


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_property_24_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = _generated(tmp_path)
    path.chmod(mode)
    with pytest.raises(SecretUnavailable, match="can be read by others") as caught:
        find_vault_key(project_in(tmp_path))
    assert f"chmod 600 {path}" in caught.value.remedy
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_property_24_a_foreign_key_is_refused(tmp_path: Path) -> None:
    os.chown(_generated(tmp_path), 12345, -1)
    with pytest.raises(SecretUnavailable, match="belongs to another user"):
        find_vault_key(project_in(tmp_path))


def test_an_empty_key_is_not_a_key(tmp_path: Path) -> None:
    _generated(tmp_path).write_text("")
    with pytest.raises(SecretUnavailable, match="is empty"):
        find_vault_key(project_in(tmp_path), create=True)


def test_no_key_is_made_beside_tokens_of_another_one(tmp_path: Path, home: Path) -> None:
    (tmp_path / "tokens").mkdir()
    (tmp_path / "tokens" / "reports-dacca3cb.yml").touch()
    with pytest.raises(TokenStoreError, match="the key that opens them is not at") as caught:
        find_vault_key(project_in(tmp_path), create=True)
    assert "bring the vault-key file" in caught.value.remedy
    assert not home.exists()


def test_the_vault_password_cannot_be_vault_text(tmp_path: Path) -> None:
    project = project_in(tmp_path, vault_password=VaultText("$ANSIBLE_VAULT;1.1;AES256\n00"))
    with pytest.raises(SecretUnavailable, match="vault_password: is vault text"):
        find_vault_key(project)


_MAKING = """
import sys
from pathlib import Path
from provisioner.tokens.vault_key import find_vault_key
from tests.oauth_samples import project_in
print(find_vault_key(project_in(Path(sys.argv[1])), create=True).password.reveal())
"""


def test_runs_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", _MAKING, tmp_path], cwd=REPOSITORY, stdout=subprocess.PIPE
        )
        for _ in range(6)
    ]
    made = {run.communicate()[0] for run in runs}
    assert len(made) == 1
    assert len(made.pop()) == 65
