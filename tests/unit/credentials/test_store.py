"""One encrypted file a server: whole, of its owner alone, and of no other server or project."""

import json
import os
import stat

import pytest
import yaml
from msgspec.structs import replace

from provisioner.credentials.destinations import Destination
from provisioner.credentials.store import Credentials, CredentialStore, merge
from provisioner.credentials.vault import VaultKey
from provisioner.errors import FileUnusable, LockHeld
from provisioner.secret import Secret
from tests.support.oauth_samples import KEY, token_set

NAMES = ("Reports", "reports", "../x", "CON", "a" * 300, "🎓", "报告", " ", "-rf", "a/b\0c")


def credentials(name="Reports", project="mail/prod", **changes):
    way = Destination(secret="tokens", sources=frozenset({f"tokens:{name}"}), parts={"port": "25"})
    kept = Credentials(
        server_name=name, project=project, tokens=token_set(), accepted={"tokens": way}
    )
    return replace(kept, **changes)


@pytest.fixture
def store(tmp_path):
    return CredentialStore(tmp_path / "tokens", "mail/prod", lambda: KEY)


def save(store, kept):
    with store.locked(kept.server_name) as entry:
        entry.save(kept)
    return store.path(kept.server_name)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_every_name_has_a_safe_file_of_its_own(store, name):
    kept = credentials(name)
    path = save(store, kept)
    assert store.read(name) == kept
    assert path.parent == store.folder
    assert path.name.isascii()
    assert len(path.name) < 60
    names = (*NAMES, "\ud800", "\ud801")  # validate refuses half a character; here it has a place
    assert len({store.path(other).name.casefold() for other in names}) == len(names)
    assert store.read("another") is None


def test_property_23_what_is_encrypted_is_yaml_of_all_and_nothing_else_shows_it(store):
    text = save(store, credentials()).read_text()
    assert "CANARY" not in text
    values = yaml.safe_load(KEY.decrypt(text))
    assert values == json.loads(KEY.decrypt(text))
    assert (values["server_name"], values["project"]) == ("Reports", "mail/prod")
    assert values["tokens"]["refresh_token"] == "CANARY-refresh"
    assert "CANARY" not in repr(store.read("Reports"))


def test_property_24_no_file_is_ever_open_to_others_and_a_clone_is_tightened(store):
    before = os.umask(0)
    try:
        path = save(store, credentials())
    finally:
        os.umask(before)
    files = [path, *(f for f in (store.folder / ".working").iterdir() if f.name != ".gitignore")]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    path.chmod(0o664)  # umask 002, and git keeps no mode
    store.folder.chmod(0o775)
    assert store.read("Reports") is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_is_refused_and_never_waited_for(store, make):
    store.working_folder()
    make(store.path("Reports"))
    with pytest.raises(FileUnusable, match="cannot use"):
        store.read("Reports")
    lock = store.folder / ".working" / f"{store.path('Lock').name}.lock"
    make(lock)
    with pytest.raises(FileUnusable, match="lock") as caught, store.locked("Lock"):
        pass
    assert str(lock) in caught.value.message
    assert store.exists("Reports"), "though it cannot be read: revoke --local removes it"


def test_a_working_folder_that_leads_elsewhere_is_refused(store, tmp_path):
    store.folder.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (store.folder / ".working").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileUnusable, match="not a folder of its own"):
        save(store, credentials())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "is damaged"),
        (b"CANARY", "is damaged"),
        (b"[" * 100_000, "is damaged"),
        (b'{"schema_version": 1, "server_name": "Reports"}', "is damaged"),
        (b'{"schema_version": "CANARY"}', "is damaged"),
        (b'{"schema_version": 2, "CANARY": 1}', "has schema_version 2; this provisioner reads 1"),
        (b'{"schema_version": 1, "server_name": "Reports", "project": "", "CANARY": 1}',
         "is damaged"),
    ],
    ids=range(7),
)  # fmt: skip
def test_a_damaged_file_is_named_and_quoted_nowhere(store, text, words):
    path = save(store, credentials())
    path.write_text(KEY.encrypt(text))
    with pytest.raises(FileUnusable) as caught:
        store.read("Reports")
    assert caught.value.message.startswith(f"{path} ")
    assert words in caught.value.message
    assert "CANARY" not in f"{caught.value.message}{caught.value.remedy}"
    save(store, credentials("Alerts"))
    assert [kept.server_name for kept in store.all()] == ["Alerts"], (
        "it can neither vouch nor object"
    )


def test_a_file_of_another_server_does_not_count(store):
    save(store, credentials("Alerts")).replace(store.path("Reports"))
    with pytest.raises(FileUnusable, match="is the file of 'Alerts', not of 'Reports'"):
        store.read("Reports")
    assert list(store.all()) == []


def test_another_key_and_conflict_markers_are_explained(store):
    path = save(store, credentials())
    other = CredentialStore(store.folder, "mail/prod", lambda: VaultKey(Secret("other")))
    with pytest.raises(FileUnusable, match="the vault password is not the one") as caught:
        other.read("Reports")
    path.write_text(f"<<<<<<< ours\n{path.read_text()}=======\nx\n>>>>>>> theirs\n")
    with pytest.raises(FileUnusable, match="has conflict markers") as caught:
        store.read("Reports")
    assert "merge driver" in caught.value.remedy


def test_another_run_is_waited_for_and_then_named(store, monkeypatch):
    monkeypatch.setattr("provisioner.credentials.store._LOCK_WAIT_SECONDS", 0.1)
    with store.locked("Reports"):
        with pytest.raises(LockHeld) as caught, store.locked("Reports"):
            pass
        with store.locked("Alerts"):
            pass
    assert f"(pid {os.getpid()})" in caught.value.message
    assert "the sign-in of Reports is locked by " in caught.value.message


def test_a_saved_file_is_fsynced_before_and_after_it_is_renamed(store, monkeypatch):
    """And between the caller's work and the last fsync there is one write, into reserved room."""
    calls = []
    for name in ("open", "posix_fallocate", "write", "fsync", "replace"):
        monkeypatch.setattr(os, name, _noted(getattr(os, name), name, calls))
    with store.locked("Reports") as entry:
        assert calls[-2:] == ["posix_fallocate", "fsync"]
        calls.clear()
        entry.save(credentials())
        assert calls == ["write", "fsync", "replace", "open", "fsync"]
        calls.clear()
        entry.delete()
        assert calls == ["open", "fsync"], "that it is gone outlives a power cut, too"
    assert not store.exists("Reports")


def _noted(call, name, calls):
    def noting(*args, **kwargs):
        calls.append(name)
        return call(*args, **kwargs)

    return noting


@pytest.mark.parametrize("failing", ["write", "fsync", "replace"])
def test_a_save_that_fails_leaves_the_old_file(store, monkeypatch, failing):
    old = credentials()
    save(store, old)

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    with store.locked("Reports") as entry:
        monkeypatch.setattr(os, failing, fail)
        with pytest.raises(FileUnusable, match="No space left on device"):
            entry.save(replace(old, tokens=None))
        monkeypatch.undo()
    fresh = CredentialStore(store.folder, store.project, lambda: KEY)
    assert fresh.read("Reports") == old
    assert [p.name for p in (store.folder / ".working").iterdir() if p.name.endswith("tmp")] == []


# What two people changed.


def way(port):
    return Destination(secret="password", sources=frozenset({"env:A"}), parts={"port": port})


def test_a_merge_keeps_the_newer_tokens_and_all_acceptances():
    base = credentials()
    ours = replace(base, accepted=base.accepted | {"password": way("1")})
    newer = token_set(refreshed_at=1_900_000_001, refresh_token=Secret("newer"))
    theirs = replace(base, tokens=newer)
    for merged in (merge(base, ours, theirs), merge(base, theirs, ours)):
        assert merged == replace(ours, tokens=newer)
    again = token_set(obtained_at=1_900_000_002, refreshed_at=1_900_000_000, grant_id="again")
    assert merge(base, theirs, replace(base, tokens=again)).tokens == again
    assert merge(None, ours, theirs) == replace(ours, tokens=newer)


def test_a_merge_of_one_acceptance_changed_differently_is_a_conflict():
    base = credentials(accepted={"password": way("1")})
    ours, theirs = (replace(base, accepted={"password": way(port)}) for port in "23")
    assert merge(base, ours, theirs) is None
    assert merge(base, ours, base) == ours
    assert merge(base, base, theirs) == theirs
    assert merge(base, base, replace(base, project="other/prod")) is None
