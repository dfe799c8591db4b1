"""Who can have chosen the vault key: the user, or whoever changes the project's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.secret_sources.reference import EnvironmentVariable, SecretFile, SecretReference
from provisioner.tokens.vault_key import find_vault_key
from provisioner.tokens.vault_key_origin import is_the_users_own
from tests.oauth_samples import project_in


def _is_own(
    folder: Path, environment: dict[str, str], named: SecretReference | None = None
) -> bool:
    project = project_in(folder, vault_password=named)
    key = find_vault_key(project, create=True, environment=environment)
    return is_the_users_own(key, project, environment)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "checkout" / ".git").mkdir(parents=True)
    (tmp_path / "checkout" / "mail").mkdir()
    return tmp_path / "checkout"


def _password_file(path: Path, text: str = "password") -> dict[str, str]:
    path.write_text(text)
    return {"ANSIBLE_VAULT_PASSWORD_FILE": str(path)}


def test_the_generated_key_and_ansibles_password_file(checkout: Path, tmp_path: Path) -> None:
    assert _is_own(checkout / "mail", {"HOME": str(tmp_path / "home")})
    assert _is_own(checkout / "mail", _password_file(tmp_path / "password"))


def test_a_key_within_the_checkout_is_anybodys(checkout: Path, tmp_path: Path) -> None:
    assert not _is_own(checkout / "mail", _password_file(checkout / "password"))
    assert not _is_own(checkout / "mail", {"HOME": str(checkout)})
    (tmp_path / "link").symlink_to(checkout / "password")
    assert not _is_own(checkout / "mail", {"ANSIBLE_VAULT_PASSWORD_FILE": str(tmp_path / "link")})


def test_a_key_that_the_project_names_is_anybodys(checkout: Path, tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path / "home"), "LANG": "C"}
    assert not _is_own(checkout / "mail", home, EnvironmentVariable("LANG"))
    assert not _is_own(checkout / "mail", home, SecretFile(Path("/etc/hostname")))
    other = _password_file(tmp_path / "password", "other")
    assert not _is_own(checkout / "mail", {**home, **other}, EnvironmentVariable("LANG"))


def test_unless_the_environment_gives_the_same(checkout: Path, tmp_path: Path) -> None:
    environment = {**_password_file(tmp_path / "password", "same\n"), "VAULT": "same"}
    assert _is_own(checkout / "mail", environment, EnvironmentVariable("VAULT"))
