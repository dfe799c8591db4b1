"""The token store on a real file system, with real processes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from provisioner.errors import LockHeld, TokenStoreError
from provisioner.secret import Secret
from provisioner.secret_sources.vault import VaultKey
from provisioner.tokens.store import TokenStore
from tests.oauth_samples import KEY, token_set, token_store

REPOSITORY = Path(__file__).resolve().parents[2]
ANSIBLE_VAULT = Path(sys.executable).with_name("ansible-vault")


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    return token_store(tmp_path / "tokens")


def _save(store: TokenStore, name: str = "Reports", **changes: object) -> Path:
    with store.locked(name) as entry:
        entry.save(token_set(name, **changes))
    return store.path(name)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nobody_has_signed_in_yet(store: TokenStore) -> None:
    assert store.load("Reports") is None
    assert not store.folder.exists()


def test_property_23_tokens_are_encrypted_at_rest(store: TokenStore) -> None:
    path = _save(store)
    assert path.read_text().startswith("$ANSIBLE_VAULT;1.1;AES256\n")
    for file in store.folder.rglob("*"):
        assert file.is_dir() or b"CANARY" not in file.read_bytes()
    assert store.load("Reports") == token_set()


def test_ansible_vault_view_shows_readable_yaml(store: TokenStore, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(KEY.password.reveal())
    shown = subprocess.run(
        [ANSIBLE_VAULT, "view", "--vault-password-file", tmp_path / "password", _save(store)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "server_name: Reports\n" in shown.stdout
    assert "refresh_token: CANARY-refresh\n" in shown.stdout


def test_property_24_no_file_is_ever_open_to_others(store: TokenStore) -> None:
    seen: set[int] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for entry in [*os.scandir(store.folder), *os.scandir(store.folder / ".working")]:
                if entry.is_file() and entry.name != ".gitignore":
                    try:
                        seen.add(stat.S_IMODE(entry.stat(follow_symlinks=False).st_mode))
                    except FileNotFoundError:
                        continue

    before = os.umask(0)
    try:
        store.prepare()
        watcher = threading.Thread(target=watch)
        watcher.start()
        for _ in range(30):
            _save(store)
    finally:
        os.umask(before)
        done.set()
        watcher.join()
    assert seen == {0o600}
    assert _mode(store.folder) == 0o700


def test_property_24_a_fresh_clone_is_tightened_on_read(store: TokenStore) -> None:
    path = _save(store)
    path.chmod(0o644)
    assert store.load("Reports") == token_set()
    assert _mode(path) == 0o600


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o620])
def test_property_24_a_file_that_others_can_write_is_refused(store: TokenStore, mode: int) -> None:
    path = _save(store)
    path.chmod(mode)
    with pytest.raises(TokenStoreError, match=f"{path} can be written by others") as caught:
        store.load("Reports")
    assert f"chmod 600 {path}" in caught.value.remedy
    assert _mode(path) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_property_24_a_foreign_file_is_refused(store: TokenStore) -> None:
    path = _save(store)
    os.chown(path, 12345, -1)
    with pytest.raises(TokenStoreError, match="belongs to another user"):
        store.load("Reports")


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
def test_property_24_a_folder_that_others_can_write_is_refused(
    store: TokenStore, mode: int
) -> None:
    _save(store)
    for folder in (store.folder, store.folder / ".working"):
        folder.chmod(mode)
        with pytest.raises(TokenStoreError, match=f"{folder} can be written by others") as caught:
            _save(store)
        assert f"chmod go-w {folder}" in caught.value.remedy
        folder.chmod(0o700)
    store.folder.chmod(mode)
    with pytest.raises(TokenStoreError, match="can be written by others"):
        store.load("Reports")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
def test_property_24_a_foreign_folder_is_refused(store: TokenStore) -> None:
    _save(store)
    os.chown(store.folder, 12345, -1)
    with pytest.raises(TokenStoreError, match=f"{store.folder} belongs to another user"):
        store.load("Reports")


def test_property_24_whoever_can_replace_the_folder_can_replace_the_tokens(tmp_path: Path) -> None:
    store = token_store(tmp_path / "open" / "project" / "tokens")
    _save(store)
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(
        TokenStoreError, match=f"{tmp_path}/open, in which .* by everybody"
    ) as caught:
        store.load("Reports")
    assert f"chmod o-w {tmp_path}/open" in caught.value.remedy
    (tmp_path / "open").chmod(0o1777)  # as /tmp: only the owner renames
    assert store.load("Reports") == token_set()


def test_a_fresh_clone_by_git_works(store: TokenStore, tmp_path: Path) -> None:
    path = _save(store)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.edu", "-C", str(store.folder)]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "tokens"]):
        subprocess.run([*git, *command], check=True, umask=0o022)
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", store.folder, clone], check=True, umask=0o022)
    assert sorted(file.name for file in clone.iterdir()) == [".git", path.name]
    assert _mode(clone / path.name) == 0o644
    assert token_store(clone).load("Reports") == token_set()
    assert _mode(clone / path.name) == 0o600


def test_a_link_or_pipe_in_its_place_is_refused(store: TokenStore, tmp_path: Path) -> None:
    elsewhere = _save(store).rename(tmp_path / "elsewhere")
    store.path("Reports").symlink_to(elsewhere)
    with pytest.raises(TokenStoreError, match="cannot be used: Too many levels of symbolic links"):
        store.load("Reports")
    store.path("Reports").unlink()
    os.mkfifo(store.path("Reports"))
    with pytest.raises(TokenStoreError, match="is not a file"):
        store.load("Reports")


def test_a_working_folder_that_leads_elsewhere_is_refused(
    store: TokenStore, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    store.folder.mkdir()
    (store.folder / ".working").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TokenStoreError, match="not a folder of its own"):
        _save(store)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_property_25_write_is_temporary_file_fsync_rename_fsync(
    store: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.prepare()
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def recorded_fsync(descriptor: int) -> None:
        where = Path(f"/proc/self/fd/{descriptor}").readlink()
        steps.append("fsync folder" if where == store.folder else f"fsync {where.suffix}")
        fsync(descriptor)

    def recorded_replace(source: Path, target: Path) -> None:
        steps.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(os, "replace", recorded_replace)
    _save(store)
    assert steps == ["fsync .tmp", "rename", "fsync folder"]


def test_a_failing_save_leaves_the_old_file(
    store: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    _save(store)

    def disk_full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(TokenStoreError, match="No space left on device"):
        _save(store, scope="new")
    assert store.load("Reports") == token_set()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda raw: raw[: len(raw) // 2], "is damaged or cut short"),
        (lambda raw: b"", "is not ansible-vault text"),
        (lambda raw: b"server_name: Reports\n", "is not ansible-vault text"),
        (lambda raw: VaultKey(Secret("other")).encrypt("CANARY").encode(), "cannot be opened"),
        (lambda raw: KEY.encrypt("CANARY: 1").encode(), "has schema_version unknown"),
    ],
)
def test_a_damaged_or_foreign_file_is_named_and_left_alone(
    store: TokenStore, damage: object, message: str
) -> None:
    path = _save(store)
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    damaged = path.read_bytes()
    with pytest.raises(TokenStoreError) as caught:
        store.load("Reports")
    assert str(path) in caught.value.message
    assert message in caught.value.message
    assert "CANARY" not in caught.value.message
    assert path.read_bytes() == damaged


def test_a_file_swapped_for_an_earlier_one_of_another_server_is_refused(store: TokenStore) -> None:
    reports, alerts = _save(store), _save(store, "Alerts")
    before = alerts.read_bytes()
    reports.write_bytes(before)
    with pytest.raises(TokenStoreError, match="holds the tokens of 'Alerts', not of 'Reports'"):
        store.load("Reports")
    assert store.load("Alerts") == token_set("Alerts")
    assert reports.read_bytes() == before


def test_one_edited_digit_is_noticed(store: TokenStore) -> None:
    path = _save(store)
    raw = path.read_bytes()
    for at in (len(raw) // 3, len(raw) - 2):
        path.write_bytes(raw[:at] + (b"1" if raw[at : at + 1] != b"1" else b"2") + raw[at + 1 :])
        with pytest.raises(TokenStoreError, match=r"cannot be opened|is damaged"):
            store.load("Reports")


def test_a_file_under_another_servers_name_is_refused(store: TokenStore) -> None:
    _save(store, "Reports").rename(store.path("Alerts"))
    with pytest.raises(TokenStoreError, match="holds the tokens of 'Reports', not of 'Alerts'"):
        store.load("Alerts")


_HOLDING = """
import sys, time
from pathlib import Path
from tests.oauth_samples import token_store
with token_store(Path(sys.argv[1])).locked("Reports"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_property_26_another_run_waits_and_then_names_who_holds_the_lock(
    store: TokenStore,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDING, store.folder], cwd=REPOSITORY, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        started = time.monotonic()
        with (
            pytest.raises(LockHeld, match=f"worked on by process {holder.pid}"),
            store.locked("Reports", wait_seconds=0.3),
        ):
            pytest.fail("the lock was given twice")
        assert 0.3 <= time.monotonic() - started < 5
        with store.locked("Alerts", wait_seconds=0):
            pass
        holder.kill()
        holder.wait()
        with store.locked("Reports", wait_seconds=5):
            pass


def test_delete_removes_the_file(store: TokenStore) -> None:
    path = _save(store)
    with store.locked("Reports") as entry:
        entry.delete()
    assert not path.exists()
    assert store.load("Reports") is None
