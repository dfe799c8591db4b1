"""Where a referenced secret is read, and what is said when it is not there."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.errors import SecretUnavailable
from provisioner.secret import Secret
from provisioner.secret_sources import command, file
from provisioner.secret_sources.reference import (
    Command,
    EnvironmentVariable,
    KeyringEntry,
    Plaintext,
    SecretFile,
    SecretReference,
    VaultText,
)
from provisioner.secret_sources.resolving import SecretResolver
from provisioner.secret_sources.vault import VaultKey

FIELD = "Reports: oauth2.client_secret"
CANARY = "CANARY-4711"


def _failure(resolver: SecretResolver, reference: SecretReference) -> SecretUnavailable:
    with pytest.raises(SecretUnavailable) as caught:
        resolver.resolve(reference, FIELD)
    error = caught.value
    assert error.message.startswith(FIELD + ": ")
    assert error.remedy
    assert CANARY not in f"{error.message} {error.remedy} {error!r}"
    assert error.__cause__ is None
    return error


def test_plain_text_and_environment(tmp_path: Path) -> None:
    resolver = SecretResolver(tmp_path, environment={"MAIL_SECRET": " s \n"})
    assert resolver.resolve(Plaintext(Secret("x")), FIELD).reveal() == "x"
    assert resolver.resolve(EnvironmentVariable("MAIL_SECRET"), FIELD).reveal() == " s \n"


def test_an_unset_variable_is_named(tmp_path: Path) -> None:
    error = _failure(SecretResolver(tmp_path, environment={}), EnvironmentVariable("MAIL_SECRET"))
    assert "environment variable MAIL_SECRET is not set" in error.message


@pytest.mark.parametrize("value", [os.fsdecode(b"\xff" + CANARY.encode()), f"\ud800{CANARY}"])
def test_what_is_no_text_is_told(tmp_path: Path, value: str) -> None:
    resolver = SecretResolver(tmp_path, environment={"MAIL_SECRET": value})
    for reference in (EnvironmentVariable("MAIL_SECRET"), Plaintext(Secret(value))):
        assert "the secret is not UTF-8 text" in _failure(resolver, reference).message


@pytest.mark.parametrize(
    ("written", "secret"),
    [("s\n", "s"), ("s\r\n", "s"), ("s\n\n", "s\n"), ("s", "s"), (" s ", " s "), ("é\n", "é")],
)
def test_one_line_break_at_the_end_of_a_file_is_not_part_of_it(
    tmp_path: Path, written: str, secret: str
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "mail").write_bytes(written.encode())
    found = SecretResolver(tmp_path).resolve(SecretFile(Path("secrets/mail")), FIELD)
    assert found.reveal() == secret


def test_a_missing_file_a_folder_and_bytes_are_named(tmp_path: Path) -> None:
    resolver = SecretResolver(tmp_path)
    missing = _failure(resolver, SecretFile(Path("no"))).message
    assert f"the file {tmp_path}/no cannot be read: No such file" in missing
    assert "Is a directory" in _failure(resolver, SecretFile(Path())).message
    (tmp_path / "bytes").write_bytes(b"\xff" + CANARY.encode())
    assert "not UTF-8" in _failure(resolver, SecretFile(Path("bytes"))).message
    (tmp_path / "big").write_bytes(CANARY.encode() * 10_000)
    assert "more than 64 KiB" in _failure(resolver, SecretFile(Path("big"))).message


def test_a_pipe_or_a_device_neither_hangs_nor_floods(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "LONGEST_SECONDS", 0.2)
    os.mkfifo(tmp_path / "pipe")
    nobody_writes = _failure(SecretResolver(tmp_path), SecretFile(Path("pipe")))
    assert "cannot be read: nothing comes, and it does not end" in nobody_writes.message
    for path in (Path("/dev/zero"), Path("/dev/tty")):
        message = _failure(SecretResolver(tmp_path), SecretFile(path)).message
        assert f"the file {path} cannot be read: " in message
    (tmp_path / "huge").touch()
    os.truncate(tmp_path / "huge", 1 << 40)
    assert (
        "more than 64 KiB" in _failure(SecretResolver(tmp_path), SecretFile(Path("huge"))).message
    )


def test_a_pipe_of_the_shells_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, into = os.pipe()
    os.write(into, b"from a pipe\n")
    pipe = SecretFile(Path(f"/dev/fd/{out}"))
    monkeypatch.setattr(file, "LONGEST_SECONDS", 0.2)
    assert "nothing comes" in _failure(SecretResolver(tmp_path), pipe).message
    os.write(into, b"from a pipe\n")
    os.close(into)
    assert SecretResolver(tmp_path).resolve(pipe, FIELD).reveal() == "from a pipe"
    os.close(out)


@pytest.fixture
def not_root() -> Iterator[None]:
    """Root reads every file: be nobody for a while."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    yield
    os.seteuid(before)


def test_an_unreadable_file_is_named(not_root: None) -> None:
    with tempfile.TemporaryDirectory() as folder:  # nobody has no way into pytest's own
        closed = Path(folder, "closed")
        closed.touch(mode=0o000)
        error = _failure(SecretResolver(Path(folder)), SecretFile(closed))
    assert "Permission denied" in error.message


@pytest.mark.parametrize("empty", ["", "\n"])
def test_a_secret_of_no_length_is_an_error(tmp_path: Path, empty: str) -> None:
    (tmp_path / "empty").write_text(empty)
    error = _failure(SecretResolver(tmp_path), SecretFile(Path("empty")))
    assert "the secret is empty" in error.message


def _python(code: str) -> Command:
    return Command((sys.executable, "-c", code))


def test_a_command_runs_only_when_allowed(tmp_path: Path) -> None:
    touch = _python(f"open({str(tmp_path / 'ran')!r}, 'w'); print('s')")
    error = _failure(SecretResolver(tmp_path), touch)
    assert "--allow-commands" in error.remedy
    assert not (tmp_path / "ran").exists()
    resolver = SecretResolver(tmp_path, allow_commands=True)
    assert resolver.resolve(touch, FIELD).reveal() == "s"
    assert (tmp_path / "ran").exists()


def test_a_command_gets_no_shell_and_the_project_folder(tmp_path: Path) -> None:
    resolver = SecretResolver(tmp_path, allow_commands=True)
    found = resolver.resolve(Command(("echo", "$HOME; id")), FIELD)
    assert found.reveal() == "$HOME; id"
    assert resolver.resolve(Command(("pwd",)), FIELD).reveal() == str(tmp_path)


def test_a_command_that_goes_on_printing_is_stopped(tmp_path: Path) -> None:
    resolver = SecretResolver(tmp_path, allow_commands=True)
    assert "more than 64 KiB" in _failure(resolver, Command(("yes",))).message


def test_a_command_that_never_ends_is_stopped_whoever_holds_its_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "LONGEST_SECONDS", 0.5)
    resolver = SecretResolver(tmp_path, allow_commands=True)
    lasting = Command(("sh", "-c", "sleep 30 & echo $! > child; wait"))
    try:
        assert "did not end within" in _failure(resolver, lasting).message
    finally:
        os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)


def test_a_failing_command_shows_nothing_of_what_it_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    resolver = SecretResolver(tmp_path, allow_commands=True)
    noisy = _python(f"import sys; print({CANARY!r}); print({CANARY!r}, file=sys.stderr); exit(3)")
    assert "failed with exit code 3" in _failure(resolver, noisy).message
    missing = _failure(resolver, Command(("no-such-program", CANARY)))
    assert "'no-such-program' cannot be run: No such file" in missing.message
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(
    importlib.util.find_spec("keyring") is not None, reason="the keyring extra is installed"
)
def test_without_the_keyring_extra_its_name_is_told(tmp_path: Path) -> None:
    error = _failure(SecretResolver(tmp_path), KeyringEntry("maps", "reports"))
    assert "pip install 'maps-provisioner[keyring]'" in error.remedy


@pytest.fixture
def keyring_of_one_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A `keyring` package with the two names that ours asks of it."""
    package = tmp_path / "site" / "keyring"
    package.mkdir(parents=True)
    (package / "errors.py").write_text("class KeyringError(Exception): pass\n")
    (package / "__init__.py").write_text(
        "from keyring.errors import KeyringError\n"
        "def get_password(service, name):\n"
        f"    if service == 'locked': raise KeyringError({CANARY!r})\n"
        "    return 's' if (service, name) == ('maps', 'reports') else None\n"
    )
    monkeypatch.syspath_prepend(str(package.parent))
    real = {name: sys.modules.pop(name, None) for name in ("keyring", "keyring.errors")}
    yield
    for name, module in real.items():
        sys.modules.pop(name, None)
        if module is not None:
            sys.modules[name] = module


@pytest.mark.usefixtures("keyring_of_one_entry")
def test_a_keyring_entry_is_read_or_named(tmp_path: Path) -> None:
    resolver = SecretResolver(tmp_path)
    assert resolver.resolve(KeyringEntry("maps", "reports"), FIELD).reveal() == "s"
    assert "no entry maps/no" in _failure(resolver, KeyringEntry("maps", "no")).message
    assert "KeyringError" in _failure(resolver, KeyringEntry("locked", "x")).message


def test_vault_text_is_opened_with_the_project_key(tmp_path: Path) -> None:
    key = VaultKey(Secret("right"))
    resolver = SecretResolver(tmp_path, vault_key=lambda: key)
    assert resolver.resolve(VaultText(key.encrypt("s\n")), FIELD).reveal() == "s"
    error = _failure(resolver, VaultText(VaultKey(Secret("other")).encrypt(CANARY)))
    assert "the vault text cannot be opened: the vault password is not" in error.message


def test_the_vault_password_cannot_be_vault_text(tmp_path: Path) -> None:
    sealed = VaultText(VaultKey(Secret("x")).encrypt("y"))
    assert "cannot be one" in _failure(SecretResolver(tmp_path), sealed).message
