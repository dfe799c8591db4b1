"""vault-text: what ansible-vault makes is whole, wherever it stands; what was cut off is not."""

from __future__ import annotations

import pytest

from provisioner.credentials.vault import VaultKey
from provisioner.lint.checks.secrets import vault_damage
from provisioner.secret import Secret
from tests.lint.oauth2_servers import UNKNOWN, found

SECRET = "/oauth2/client_secret"


@pytest.fixture(scope="module")
def sealed() -> str:
    return VaultKey(Secret("an example")).encrypt(b"not a secret")


@pytest.mark.parametrize("length", [1, 15, 16, 17, 40, 5000])
def test_what_ansible_vault_makes_is_whole(length: int) -> None:
    text = VaultKey(Secret("an example")).encrypt(b"x" * length)
    lines = text.splitlines()
    for same in (text, text.strip(), "\r\n".join(lines), "\n    ".join(lines), text.upper()):
        assert vault_damage(same) is None
    assert vault_damage(text.replace(";1.1;AES256", ";1.2;AES256;maps")) is None


def test_whole_vault_text_has_no_finding(sealed: str) -> None:
    assert found(UNKNOWN, client_secret=sealed) == set()


def test_each_lost_line_is_seen(sealed: str) -> None:
    lines = sealed.splitlines()
    # Not the second: it is salt alone, and ANSIBLE_VAULT_ENCRYPT_SALT may be of any length.
    for lost in (0, *range(2, len(lines))):
        rest = "\n".join(line for number, line in enumerate(lines) if number != lost)
        assert vault_damage(rest), lost


def test_a_cut_at_any_line_is_seen(sealed: str) -> None:
    lines = sealed.splitlines()
    assert len(lines) > 4
    assert all(vault_damage("\n".join(lines[:kept])) for kept in range(1, len(lines)))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("\n", " ", "the line breaks"),
        ("$ANSIBLE", "!vault | $ANSIBLE", "something stands before"),
        (";1.1;", ";1.0;", "no header"),
        (";AES256", ";AES", "no header"),
        ("AES256\n", "AES256\nhunter2\n", "not hexadecimal"),
        ("AES256\n", "AES256\n3", "cut off or damaged"),
    ],
)
def test_damage_is_named(sealed: str, old: str, new: str, said: str) -> None:
    damage = vault_damage(sealed.replace(old, new))
    assert damage is not None
    assert said in damage[0]


@pytest.mark.parametrize("old", ["\n", "1.1", "AES256\n"])
def test_damaged_vault_text_is_said_once(sealed: str, old: str) -> None:
    damaged = sealed.replace(old, " ")
    assert found(UNKNOWN, client_secret=damaged) == {("vault-text", SECRET)}
