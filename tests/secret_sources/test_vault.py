"""ansible-vault text: opened by us, opened by ansible-vault, and what is said when it cannot be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.secret import Secret
from provisioner.secret_sources.vault import VaultKey, VaultUnreadable

KEY = VaultKey(Secret("correct horse battery staple"))
ANSIBLE_VAULT = Path(sys.executable).with_name("ansible-vault")


def test_what_is_sealed_opens_again() -> None:
    sealed = KEY.encrypt("top secret\n")
    assert sealed.startswith("$ANSIBLE_VAULT;1.1;AES256\n")
    assert "top secret" not in sealed
    assert KEY.decrypt(sealed).reveal() == "top secret\n"


def test_ansible_vault_opens_ours_and_we_open_its(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(KEY.password.reveal() + "\n")
    ours = tmp_path / "ours"
    ours.write_text(KEY.encrypt("made here"))
    options = ["--vault-password-file", str(password)]
    shown = subprocess.run(
        [ANSIBLE_VAULT, "view", *options, ours], capture_output=True, text=True, check=True
    )
    assert shown.stdout == "made here\n"
    theirs = subprocess.run(
        [ANSIBLE_VAULT, "encrypt", *options, "--output=-"],
        input="made there",
        capture_output=True,
        text=True,
        check=True,
    )
    assert KEY.decrypt(theirs.stdout).reveal() == "made there"


def test_indentation_and_windows_line_ends_are_not_part_of_it() -> None:
    sealed = KEY.encrypt("x").replace("\n", "\r\n    ")
    assert KEY.decrypt("    " + sealed).reveal() == "x"


def test_a_wrong_password_says_so_without_the_text() -> None:
    sealed = KEY.encrypt("CANARY-CONTENT")
    with pytest.raises(VaultUnreadable) as caught:
        VaultKey(Secret("CANARY-PASSWORD")).decrypt(sealed)
    assert "the vault password is not the one it was encrypted with" in caught.value.message
    assert caught.value.__cause__ is None
    assert "CANARY" not in f"{caught.value.message}{caught.value.remedy}{caught.value!r}"


def test_every_truncation_is_told_apart_from_what_was_written() -> None:
    sealed = KEY.encrypt("x" * 40)
    for length in range(0, len(sealed) - 1, 7):
        with pytest.raises(VaultUnreadable):
            KEY.decrypt(sealed[:length])


@pytest.mark.parametrize(
    "text",
    ["", "plain words", "$ANSIBLE_VAULT", "$ANSIBLE_VAULT;1.1;AES256", "$ANSIBLE_VAULT;1.1;ROT13\n"
     "6162\n", "$ANSIBLE_VAULT;1.1\n6162", "$ANSIBLE_VAULT;1.1;AES256\nzz\n", "é" * 10],
)  # fmt: skip
def test_other_text_is_no_vault_text(text: str) -> None:
    with pytest.raises(VaultUnreadable) as caught:
        KEY.decrypt(text)
    assert caught.value.remedy


def test_a_changed_byte_is_noticed() -> None:
    sealed = KEY.encrypt("x" * 40)
    at = len(sealed) // 2
    changed = sealed[:at] + ("1" if sealed[at] != "1" else "2") + sealed[at + 1 :]
    with pytest.raises(VaultUnreadable):
        KEY.decrypt(changed)


_OPENING = """
import sys
from provisioner.errors import ProvisionerError
from provisioner.secret import Secret
from provisioner.secret_sources.vault import VaultKey
key = VaultKey(Secret("p"))
try:
    print(key.decrypt(key.encrypt("opened")).reveal(), key.decrypt(sys.argv[1]).reveal())
except ProvisionerError as error:
    print(error.message, error.remedy)
"""


def _opened_beside(folder: Path, settings: str) -> str:
    """What a process says that starts in a folder with this ansible.cfg."""
    (folder / "ansible.cfg").write_text(settings)
    sealed = VaultKey(Secret("p")).encrypt("too").replace("1.1;AES256", "1.2;AES256;prod", 1)
    return subprocess.run(
        [sys.executable, "-c", _OPENING, sealed],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_labels_in_ansibles_settings_do_not_matter(tmp_path: Path) -> None:
    labels = "vault_identity = a\nvault_encrypt_identity = b\nvault_id_match = true\n"
    assert _opened_beside(tmp_path, "[defaults]\n" + labels) == "opened too\n"


@pytest.mark.parametrize("settings", ["[defaults\nx", "[defaults]\nforks = many\n"])
def test_broken_settings_of_ansible_are_named(tmp_path: Path, settings: str) -> None:
    said = _opened_beside(tmp_path, settings)
    assert said.startswith("Ansible cannot read its own settings (AnsibleOptionsError) correct")
