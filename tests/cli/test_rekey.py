"""`rekey`: all is encrypted again, nothing else changes, and no kill loses anything."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.cli import app
from provisioner.config.document import load_text
from provisioner.credentials.store import CredentialStore
from provisioner.credentials.vault import VaultKey, VaultUnreadable
from provisioner.credentials.vault_replacing import with_new_vault_texts
from provisioner.errors import ExitCode, FileUnusable, ProvisionerError
from provisioner.secret import Secret
from tests.cli.checkout import Checkout
from tests.cli.test_killed import killed_at_each_step
from tests.support.loading import load_file
from tests.support.oauth_samples import token_set

PASSWORD = "an encrypted password"
OLD, NEW = VaultKey(Secret("the old password")), VaultKey(Secret("the new password"))
BOTH = VaultKey(NEW.password, OLD.password)


@pytest.fixture
def checkout(tmp_path):
    """Reports is signed in to; the password of Relay is vault text."""
    checkout = Checkout(tmp_path / "mail-config")
    checkout.oauth2()
    checkout.keep(token_set())
    text = vault_text(checkout.search.find(create=True), "    ")
    checkout.relay(password=f"!vault |  # ours\n{text}\n# the end").chmod(0o640)
    checkout.does("accept", "--accept-destination", "Relay", "--accept-destination", "Reports")
    return checkout


def vault_text(key, indent=""):
    return indent + key.encrypt(PASSWORD.encode()).strip().replace("\n", f"\n{indent}")


def generated(home):
    return home / ".config/maps-provisioner/vault-key"


def key_in(path):
    return VaultKey(Secret(path.read_text().strip()))


def opens_all(checkout, key):
    try:
        store = CredentialStore(checkout.folder / "tokens", "", lambda: key)
        names = [kept.server_name for kept in map(store.read, ("Relay", "Reports")) if kept]
        [relay] = load_file(checkout.folder / "servers/relay.yml")
        opened = key.decrypt(relay.value["password"]) == PASSWORD.encode()
    except (ProvisionerError, VaultUnreadable):
        return False
    return opened and names == ["Relay", "Reports"]


def test_a_new_generated_key_and_another_project_of_the_old_one(checkout, tmp_path, home):
    old = key_in(generated(home))
    other = Checkout(tmp_path / "other")
    shutil.copytree(checkout.folder, other.folder, dirs_exist_ok=True)
    said = checkout.does("rekey")
    assert len(re.findall("^Encrypted again: ", said, re.M)) == 3
    assert "Plans that were saved before are no longer valid." in said
    new = key_in(generated(home))
    assert opens_all(checkout, new)
    assert not opens_all(checkout, old)
    assert checkout.tokens() == token_set()
    assert checkout.does("accept").count("nothing to accept") == 2, "values have new names"
    assert (checkout.folder / "servers/relay.yml").stat().st_mode & 0o777 == 0o640
    [kept] = generated(home).parent.glob("vault-key.old-*")
    assert key_in(kept) == old
    assert f"provisioner rekey --old-key {kept}\nThen delete it." in said
    assert "cannot be opened" in other.run("accept", "Relay").stderr
    other.does("rekey", "--old-key", kept)
    assert opens_all(other, new)
    assert other.does("accept").count("nothing to accept") == 2


BLOCK = vault_text(OLD, "    ")
QUOTED = json.dumps(vault_text(OLD) + "\n")
WRITTEN = {
    "block": f"a: !vault |  # ours\n{BLOCK}\nb: 1\n",
    "line ends": f"a: !vault |\n{BLOCK}\n# the end\n".replace("\n", "\r\n"),
    "a mark, and no end": f"\ufeffa: !vault |\n{BLOCK}",
    "a vault id": f"a: &p !vault\n  |\n{BLOCK}\n\n".replace("1.1;AES256", "1.2;AES256;prod"),
    "an alias": f"a: &p !vault |\n{BLOCK}\nb: [*p]\n---\na: !vault {QUOTED}  # q\n",
    "JSON": f'{{"a": {QUOTED}, "b": ["\\u0024", {QUOTED}]}}',
    "single quotes": f"a: '{BLOCK}'\n".replace("\n ", "\n\n "),
    "a word of digits behind it": f"a: !vault |\n{BLOCK}\nadded: 1\nfacade: 2\n",
    "an example": f"a: !vault |\n{BLOCK}\nb: |\n  e.g. $ANSIBLE_VAULT;1.1;AES256\n  6162\n",
    "many blanks": f"a: !vault |\n{BLOCK}\nb: '$ANSIBLE_VAULT;1.1;AES256{' ' * 100_000}x'\n",
    "a comment": f"# {vault_text(NEW).splitlines()[0]}\na: !vault |\n{BLOCK}\n",
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_nothing_but_vault_text_changes(text):
    name = "x.json" if text.startswith("{") else "x.yml"
    after = with_new_vault_texts(text, name, BOTH)
    digits = re.compile(r"[0-9a-f]{20,}")
    assert digits.sub("", after) == digits.sub("", text)
    assert set(digits.findall(after)).isdisjoint(digits.findall(text))
    for document in load_text(after, name):
        assert NEW.decrypt(document.value["a"]) == PASSWORD.encode()


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        (f"a: {QUOTED}".replace("$", "\\x24"), BOTH, "x.yml: a vault text here is written in a"),
        (f"a: 1\nb: !vault |\n{BLOCK}\n", NEW, "x.yml:2: the vault text cannot be opened"),
    ],
    ids=["escaped", "of another key"],
)
def test_a_vault_text_that_cannot_be_replaced(text, key, said):
    with pytest.raises(FileUnusable, match=said):
        with_new_vault_texts(text, "x.yml", key)


def test_nothing_is_changed_if_something_does_not_open(checkout, home):
    checkout.relay("Alerts", password=f"!vault |\n{vault_text(OLD, '    ')}")
    damaged = checkout.write("tokens/damaged.yml", "x")
    files = [generated(home), *checkout.folder.rglob("*.yml")]
    before = [path.read_bytes() for path in files]
    ended = checkout.ends(ExitCode.FAILURE, "rekey")
    assert f"{damaged} is not ansible-vault text" in ended.stderr
    assert "servers/alerts.yml:7: the vault text cannot be opened" in ended.stderr
    assert [path.read_bytes() for path in files] == before
    assert [*generated(home).parent.glob("vault-key*")] == [generated(home)]


@pytest.mark.parametrize("named_by", ["environment", "config.yml"])
def test_a_key_that_is_not_generated_is_left_alone(checkout, home, tmp_path, named_by):
    old, new = tmp_path / "old key", tmp_path / "new key"
    generated(home).rename(old)
    new.write_text("the new password\n")
    config = generated(home).with_name("config.yml")
    if named_by == "environment":
        checkout.environment["ANSIBLE_VAULT_PASSWORD_FILE"] = str(old)
    else:
        config.write_text(f'vault_password: {{file: "{old}"}}\n')
    without = checkout.run("rekey")
    assert (without.returncode, "--new-key FILE" in without.stderr) == (ExitCode.USAGE, True)
    refused = checkout.run("rekey", "--new-key", new)
    assert f"chmod 600 '{new}'" in refused.stderr
    new.chmod(0o600)
    said = checkout.does("rekey", "--new-key", new)
    change = f"export ANSIBLE_VAULT_PASSWORD_FILE='{new}'\n"
    if named_by == "config.yml":
        change = f'in {config}: vault_password: {{file: "{new}"}}\n'
    assert f"From now on use the new key: {change}" in said
    assert opens_all(checkout, key_in(new))
    assert old.exists()
    assert not generated(home).exists()


def test_the_inventory_is_left_to_ansible_vault(checkout, home):
    folder = "inventory/group_vars/maps"
    key = key_in(generated(home))
    whole = checkout.write(f"{folder}/a b.yml", vault_text(key))
    inside = checkout.write(f"{folder}/b.yml", f"a: 1\nb: !vault |\n{vault_text(key, '  ')}")
    before = whole.read_text(), inside.read_text()
    said = checkout.does("rekey")
    assert before == (whole.read_text(), inside.read_text())
    assert f"  {inside}:3\n" in said
    [command] = re.findall(r"^  (ansible-vault rekey .*)$", said, re.M)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["sh", "-c", command], env={**os.environ, "PATH": path}, check=True)
    assert key_in(generated(home)).decrypt(whole.read_text()) == PASSWORD.encode()


def run_rekey(root, home, *options):
    os.environ |= {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    return app.run(["rekey", "-C", str(root), *map(str, options)])


def test_an_interrupted_run_is_finished_before_another_key(checkout, home, tmp_path, capfd):
    unfinished, other = generated(home).with_name("vault-key.next"), tmp_path / "other"
    for path in (unfinished, other):
        path.write_text(f"the password in {path.name}\n")
        path.chmod(0o600)
    for option, path, words in (
        ("--new-key", other, "was interrupted"),
        ("--old-key", other, "was interrupted"),
        ("--new-key", unfinished, "is deleted at the end"),
        ("--new-key", generated(home), "names the key in use"),
    ):
        assert run_rekey(checkout.folder, home, option, path) == ExitCode.USAGE
        assert words in capfd.readouterr().err
    new = key_in(unfinished)
    assert run_rekey(checkout.folder, home) == ExitCode.DONE
    assert opens_all(checkout, new)
    assert key_in(generated(home)) == new


@pytest.mark.long
@pytest.mark.parametrize("named", [False, True])
@pytest.mark.usefixtures("capfd")
def test_killed_at_each_step(checkout, home, tmp_path, named, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    new_file = generated(home)
    if named:
        new_file = tmp_path / "new"
        new_file.write_text("the new password\n")
        new_file.chmod(0o600)
    options = ("--new-key", str(new_file)) if named else ()
    for path in (checkout.folder, home):
        shutil.copytree(path, tmp_path / "saved" / path.name)
    old, seen = key_in(generated(home)), []
    for _step in killed_at_each_step(run_rekey, checkout.folder, home, *options):
        by_old, by_new = opens_all(checkout, old), opens_all(checkout, key_in(new_file))
        assert by_new or opens_all(checkout, checkout.search.find())
        seen.append("old" if by_old else "new" if by_new else "both")
        assert run_rekey(checkout.folder, home, *options) == ExitCode.DONE
        assert opens_all(checkout, key_in(new_file))
        assert not opens_all(checkout, old)
        left = [*home.rglob("*.tmp"), *home.rglob("*.next"), *checkout.folder.rglob("*.tmp")]
        assert left == []
        for path in (checkout.folder, home):
            shutil.rmtree(path)
            shutil.copytree(tmp_path / "saved" / path.name, path)
    assert list(dict.fromkeys(seen)) == ["old", "both", "new"]
