"""Where a referenced secret is read, and what is said when it is not there."""

import os
import signal
import sys

import pytest

from provisioner.credentials import sources
from provisioner.credentials.sources import ReadContext, read_secret
from provisioner.credentials.vault import VaultKey
from provisioner.errors import SecretUnavailable
from provisioner.model.email_server import SecretReference
from provisioner.secret import Secret

FIELD = "Reports: oauth2.client_secret"
CANARY = "CANARY-4711"
KEY = VaultKey(Secret("right"))


def read(folder, value, *, allow_commands=True, **environment):
    context = ReadContext(
        environment=environment, vault_key=lambda: KEY, allow_commands=allow_commands
    )
    return read_secret(SecretReference(value, folder), context, lambda: FIELD).reveal()


def failure(folder, value, **options):
    """The message and the remedy of what cannot be read."""
    with pytest.raises(SecretUnavailable) as caught:
        read(folder, value, **options)
    error = caught.value
    assert error.message.startswith(FIELD + ": ")
    assert error.remedy
    assert CANARY not in f"{error.message} {error.remedy} {error!r}"
    assert error.__suppress_context__ or error.__context__ is None
    return f"{error.message}\n{error.remedy}"


def python(code):
    return {"command": [sys.executable, "-c", code]}


@pytest.mark.parametrize(
    ("written", "secret"),
    [("s\n", "s"), ("s\r\n", "s"), ("s", "s"), (" s ", " s "), ("é\n", "é")],
)
def test_one_line_break_at_the_end_is_not_part_of_a_secret(tmp_path, written, secret):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "mail").write_bytes(written.encode())
    assert read(tmp_path, {"file": "secrets/mail"}) == secret
    assert read(tmp_path, {"env": "MAIL"}, MAIL=written) == secret
    assert read(tmp_path, written) == secret
    assert read(tmp_path, KEY.encrypt(written.encode())) == secret
    assert read(tmp_path, {"command": ["printf", "%s", written]}) == secret


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff" + CANARY.encode(), "the secret is not UTF-8 text"),
        (CANARY.encode() * 10_000, "more than 64 KiB"),
        (b"", "the secret is empty"),
        (b"\n", "the secret is empty"),
        (CANARY.encode() + b"\n\n", "the secret has more than one line"),
        (b"-----BEGIN KEY-----\n" + CANARY.encode(), "the secret has more than one line"),
    ],
    ids=range(6),
)
def test_what_is_no_secret_is_said(tmp_path, content, words):
    (tmp_path / "mail").write_bytes(content)
    assert words in failure(tmp_path, {"file": "mail"})
    assert words in failure(tmp_path, {"command": ["cat", "mail"]})
    if len(content) < 1000:
        assert words in failure(tmp_path, {"env": "MAIL"}, MAIL=os.fsdecode(content))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"env": "MAIL_SECRET"}, "the environment variable MAIL_SECRET is not set"),
        ({"file": "no"}, "no: No such file"),
        ({"file": "."}, "is a directory"),
        ({"file": "/dev/zero"}, "is a device"),
        ({"file": "huge"}, "more than 64 KiB"),
        ({"command": ["no-such-program", CANARY]}, "cannot run the command 'no-such-program'"),
        ({"command": ["yes"]}, "more than 64 KiB"),
        (python(f"import sys; print({CANARY!r}); sys.exit({CANARY!r})"), "failed with exit code 1"),
        (VaultKey(Secret("other")).encrypt(CANARY.encode()), "the vault text cannot be opened"),
        ("$ANSIBLE_VAULT;1.1;AES256\n61", "the vault text is damaged or cut short"),
        ({"keyring": "maps/no"}, "no entry maps/no"),
        ({"keyring": "locked/x"}, "KeyringError"),
    ],
    ids=range(12),  # a salt is another one in each worker
)
@pytest.mark.usefixtures("keyring_of_one_entry")
def test_what_cannot_be_read_is_named(tmp_path, capfd, value, words):
    (tmp_path / "huge").touch()
    os.truncate(tmp_path / "huge", 1 << 40)
    assert words in failure(tmp_path, value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("keyring_of_one_entry")
def test_a_keyring_entry_is_read(tmp_path):
    assert read(tmp_path, {"keyring": "maps/reports"}) == "s"


def test_without_the_keyring_library_its_install_command_is_printed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert f"{sys.executable} -m pip install keyring" in failure(tmp_path, {"keyring": "maps/x"})


def test_a_pipe_neither_hangs_nor_loses_its_secret(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "_FILE_SECONDS", 0.2)
    os.mkfifo(tmp_path / "pipe")
    assert "it did not end in time" in failure(tmp_path, {"file": "pipe"})
    out, into = os.pipe()
    os.write(into, b"from a pipe\n")
    assert "it did not end in time" in failure(tmp_path, {"file": f"/dev/fd/{out}"})
    os.write(into, b"from a pipe\n")
    os.close(into)
    assert read(tmp_path, {"file": f"/dev/fd/{out}"}) == "from a pipe"
    os.close(out)


def test_a_command_runs_only_if_allowed_without_a_shell_in_the_project(tmp_path):
    touch = {"command": ["touch", "ran"]}
    assert "--allow-commands" in failure(tmp_path, touch, allow_commands=False)
    assert not (tmp_path / "ran").exists()
    assert read(tmp_path, {"command": ["echo", "$HOME; id"]}) == "$HOME; id"
    assert read(tmp_path, {"command": ["pwd"]}) == str(tmp_path)


def test_a_command_that_never_ends_is_stopped_whoever_holds_its_output(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "_COMMAND_SECONDS", 0.5)
    lasting = {"command": ["sh", "-c", "sleep 30 & echo $! > child; wait"]}
    try:
        assert "did not end within" in failure(tmp_path, lasting)
    finally:
        os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)


@pytest.fixture
def keyring_of_one_entry(tmp_path, monkeypatch):
    """A `keyring` package with the two names that ours imports."""
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
