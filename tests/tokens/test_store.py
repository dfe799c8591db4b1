"""The token store on a real file system, with real processes."""

from __future__ import annotations

import os
import signal
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


_SAVING = """
import sys
from pathlib import Path
from tests.oauth_samples import token_set, token_store
store = token_store(Path(sys.argv[1]))
pair = [token_set(scope=letter * 5000) for letter in "ab"]
with store.locked("Reports") as entry:
    print("saving", flush=True)
    while True:
        for one in pair:
            entry.save(one)
"""


def test_property_25_sigkill_during_a_save_leaves_the_old_or_the_new_file(
    store: TokenStore,
) -> None:
    _save(store, scope="before")
    for round_ in range(6):
        with subprocess.Popen(
            [sys.executable, "-c", _SAVING, store.folder], cwd=REPOSITORY, stdout=subprocess.PIPE
        ) as saving:
            assert saving.stdout is not None
            assert saving.stdout.readline() == b"saving\n"
            time.sleep(0.003 * round_ + 0.001)
            saving.send_signal(signal.SIGKILL)
        found = store.load("Reports")
        assert found is not None
        assert set(found.scope) in [set("before"), {"a"}, {"b"}]
    _save(store, scope="after")
    names = {file.name for file in (store.folder / ".working").iterdir()}
    assert names == {".gitignore", f"{store.path('Reports').name}.lock"}


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
