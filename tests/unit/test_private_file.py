"""Secrets as a type, and files and locks of the owner: what no command line shows by itself."""

import fcntl
import pickle

import pytest

from provisioner.errors import FileUnusable
from provisioner.private_file import exclusive_lock, read_private
from provisioner.secret import Secret


def test_a_secret_shows_itself_to_no_printer():
    secret = Secret("CANARY")
    assert "CANARY" not in f"{secret} {secret!r} {secret:>20} {[secret]} {secret!s}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret == Secret("CANARY") != Secret("canary")
    assert Secret("\ud800") == Secret("\ud800"), "half a character is no reason to fail"


def lock(path):
    with exclusive_lock(path, "it", owner="me", remedy="wait"):
        raise PermissionError(13, "of what the lock is held for", "elsewhere")


def test_an_error_under_a_lock_is_not_the_locks(tmp_path):
    with pytest.raises(PermissionError, match="of what the lock is held for"):
        lock(tmp_path / "lock")


def test_a_file_system_without_locks_is_said(tmp_path, monkeypatch):
    def unsupported(_descriptor, _operation):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with pytest.raises(FileUnusable, match="Operation not supported") as caught:
        lock(tmp_path / "lock")
    assert "that the file system has locks" in caught.value.remedy


def test_no_file_is_read_in_part(tmp_path):
    (tmp_path / "large").write_bytes(bytes(1024 * 1024 + 1))
    with pytest.raises(OSError, match="larger than 1 MiB"):
        read_private(tmp_path / "large")
    assert read_private(tmp_path / "absent") is None
