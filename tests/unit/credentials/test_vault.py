"""ansible-vault text: opened by us, opened by ansible-vault, and what is said when it cannot be."""

import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.credentials.vault import VaultKey, VaultUnreadable
from provisioner.secret import Secret

KEY = VaultKey(Secret("correct horse battery staple"))
ANSIBLE_VAULT = Path(sys.executable).with_name("ansible-vault")


@pytest.mark.long
def test_ansible_vault_opens_ours_and_we_open_its(tmp_path):
    contents = [b"made here\n", "é".encode() * 1000, b"x" * 16]
    password, *files = (tmp_path / name for name in ("password", *map(str, range(len(contents)))))
    password.write_text(KEY.password.reveal() + "\n")

    def ansible_vault(does):
        command = [ANSIBLE_VAULT, does, "--vault-password-file", password, *files]
        subprocess.run(command, capture_output=True, check=True)

    for file, content in zip(files, contents, strict=True):
        file.write_text(KEY.encrypt(content))
    ansible_vault("decrypt")
    assert [file.read_bytes() for file in files] == contents
    ansible_vault("encrypt")
    for file, content in zip(files, contents, strict=True):
        theirs = file.read_text()
        labeled = theirs.replace("1.1;AES256", "1.2;AES256;prod", 1)
        indented = "    " + theirs.replace("\n", "\r\n    ")
        assert [KEY.decrypt(text) for text in (theirs, labeled, indented)] == [content] * 3


def test_no_salt_comes_from_outside(tmp_path, monkeypatch):
    """With one salt and key, two texts would share their key stream."""
    (tmp_path / "ansible.cfg").write_text("[defaults]\nvault_encrypt_salt = x\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANSIBLE_VAULT_ENCRYPT_SALT", "x")
    assert KEY.encrypt(b"same") != KEY.encrypt(b"same")


def test_a_wrong_password_says_so_without_the_text():
    sealed = KEY.encrypt(b"CANARY-CONTENT")
    with pytest.raises(VaultUnreadable) as caught:
        VaultKey(Secret("CANARY-PASSWORD")).decrypt(sealed)
    assert "the vault password is not the one it was encrypted with" in caught.value.message
    assert "CANARY" not in f"{caught.value.message}{caught.value.remedy}{caught.value!r}"
    rekeying = VaultKey(Secret("CANARY-PASSWORD"), KEY.password)
    assert rekeying.decrypt(sealed) == b"CANARY-CONTENT"


def test_damage_is_noticed():
    assert KEY.decrypt(KEY.encrypt(b"")) == b""
    sealed = KEY.encrypt(b"x" * 40)
    at = len(sealed) // 2
    changed = sealed[:at] + ("1" if sealed[at] != "1" else "2") + sealed[at + 1 :]
    for text in (changed, *(sealed[:length] for length in range(0, len(sealed) - 1, 7))):
        with pytest.raises(VaultUnreadable):
            KEY.decrypt(text)


@pytest.mark.parametrize(
    "text",
    ["", "plain words", "$ANSIBLE_VAULT", "$ANSIBLE_VAULT;1.1;AES256", "$ANSIBLE_VAULT;1.1;ROT13\n"
     "6162\n", "$ANSIBLE_VAULT;1.1\n6162", "$ANSIBLE_VAULT;1.1;AES256\nzz\n", "é" * 10],
)  # fmt: skip
def test_other_text_is_no_vault_text(text):
    with pytest.raises(VaultUnreadable) as caught:
        KEY.decrypt(text)
    assert caught.value.remedy
