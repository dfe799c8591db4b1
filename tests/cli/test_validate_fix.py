"""`provisioner validate --fix` and `--diff`: what they write, and what they leave alone."""

import json
import os

import pytest

from provisioner.cli.app import run as run_in_this_process
from provisioner.errors import ProvisionerError
from provisioner.lint.fixes import FixedFile, write_fixed
from tests.cli.test_validate_command import run
from tests.support.paths import EXAMPLES

TEXT = (
    "# a comment\r\nserver_name: Relay\r\nhost: relay.example.edu\r\nport: '25'\r\n"
    "smtp_security_level: none\r\ntest_email: {from: relay@example.edu}\r\n"
)
MENDED = TEXT.replace("'25'", "25")


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "servers/relay.yml"
    path.parent.mkdir()
    path.write_bytes(TEXT.encode())
    return path


def test_the_difference_alone_writes_nothing(file):
    done = run("validate", "--diff")
    assert done.returncode == 1
    assert done.stdout == (
        "--- servers/relay.yml\n+++ servers/relay.yml\n@@ line 4 @@\n-port: '25'\n+port: 25\n"
    )
    assert file.read_bytes() == TEXT.encode()


def test_what_is_mended_is_shown_and_then_checked(file):
    done = run("validate", "--fix")
    assert done.returncode == 0
    assert "+port: 25" in done.stdout
    assert "1 email server: 1 warning" in done.stdout  # the ends of its lines stay
    assert file.read_bytes() == MENDED.encode()
    assert run("validate", "--diff").returncode == 0


def test_a_report_for_programs_stays_whole(file):
    done = run("validate", "--fix", "--format", "json")
    assert json.loads(done.stdout)
    assert "+port: 25" in done.stderr


def test_mode_and_links_stay(file):
    real, other = file.parents[1] / "real.yml", file.parents[1] / "other.yml"
    file.rename(real)
    file.symlink_to("../real.yml")
    other.hardlink_to(real)
    real.chmod(0o640)
    assert run("validate", "--fix").returncode == 0
    assert file.is_symlink()
    assert other.read_bytes() == MENDED.encode()
    assert real.stat().st_mode & 0o777 == 0o640


def test_standard_input_cannot_be_mended(file):
    assert run("validate", "-", "--fix").returncode == 64
    assert run("validate", "-", "--diff").returncode == 64


def test_what_is_turned_off_is_not_mended(file):
    file.write_text(
        "server_name: A\nhost: smtp.office365.com\nport: 587\nsmtp_security_level: oauth2\n"
        "use_tls: true\nuser_name: a@example.edu\noauth2:\n"
        "  access_token_url: http://login.microsoftonline.com/contoso.edu/oauth2/v2.0/token\n"
        "  authorization_url: https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/authorize\n"
        "  client_id: 5f2c8a1e-0b7d-4c57-9a53-2d1f6e0c9b84\n  client_secret: {env: X}\n"
        "  scope_for_authorize: https://outlook.office.com/SMTP.Send offline_access\n"
    )
    assert run("validate", "--diff", "--ignore", "http-endpoint").returncode == 0
    assert "+access_token_url: https://login" in run("validate", "--diff").stdout


@pytest.mark.parametrize(
    ("key", "typo"),
    [
        ("scope_for_authorize", "scope_for_authorise"),
        ("scope_for_authorize", "scope_for_autorize"),
        ("access_token_url", "acces_token_url"),
        ("refresh_token_url", "refresh_tokens_url"),
        ("client_secret", "client_secrets"),
    ],
)
def test_one_wrong_letter_is_mended_though_another_key_is_near(file, key, typo):
    server = (EXAMPLES / "valid/loopback.yml").read_text("utf-8").replace(f" {key}:", f" {typo}:")
    server = server.replace("{file: demo-secret}", "hunter2CANARY")
    file.write_text(server)
    difference = run("validate", "--diff").stdout
    assert f"-{typo}: " in difference
    assert f"+{key}: " in difference
    assert "hunter2CANARY" not in difference + run("validate", "--fix").stdout
    assert file.read_text() == server.replace(typo, key)


def test_a_file_that_has_changed_meanwhile_is_left_alone(file):
    fixed = FixedFile(str(file), "relay.yml", b"other", MENDED.encode(), ())
    with pytest.raises(ProvisionerError, match="has changed in the meantime"):
        write_fixed(fixed)
    assert file.read_bytes() == TEXT.encode()


def test_a_full_disk_leaves_what_was_there(file, monkeypatch):
    whole, calls = os.pwrite, []

    def full(descriptor, data, offset):
        calls.append(offset)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return whole(descriptor, data[:10] if len(calls) == 1 else data, offset)

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(ProvisionerError, match="No space left"):
        write_fixed(FixedFile(str(file), "relay.yml", TEXT.encode(), MENDED.encode(), ()))
    assert file.read_bytes() == TEXT.encode()


def test_a_file_that_cannot_be_written_stops_no_other(file, monkeypatch, capsys):
    """Root may write to a read-only file: so it is its folder that is gone."""
    other = file.with_name("sender.yml")
    other.write_text(TEXT.replace("Relay", "Sender").replace("\r", ""))

    def write(fixed):
        write_fixed(fixed._replace(path=f"{fixed.path}/" if "relay" in fixed.path else fixed.path))

    monkeypatch.setattr("provisioner.lint.fixes.write_fixed", write)
    assert run_in_this_process(["validate", "--fix", "--ignore", "line-ends"]) == 1
    said = capsys.readouterr()
    assert said.err == (
        "Error: servers/relay.yml: cannot be written: Not a directory\n  nothing in it was fixed\n"
    )
    assert "port: 25\n" in other.read_text()
    assert file.read_bytes() == TEXT.encode()
    assert "1 of them can be fixed" in said.out


@pytest.mark.parametrize("cut", ["pwrite", "ftruncate"])
def test_an_interrupted_write_leaves_what_was_there(file, monkeypatch, cut):
    real, calls = getattr(os, cut), []

    def interrupted(*arguments):
        calls.append(arguments)
        done = real(*arguments)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(os, cut, interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_fixed(FixedFile(str(file), "relay.yml", TEXT.encode(), MENDED.encode(), ()))
    assert file.read_bytes() == TEXT.encode()


def test_a_kill_before_the_file_is_cut_leaves_no_rest_of_the_old_text(file, monkeypatch):
    real, there = os.ftruncate, []

    def look(descriptor, length):
        there.append(file.read_bytes())
        real(descriptor, length)

    monkeypatch.setattr(os, "ftruncate", look)
    after = b"server_name: A\n"
    write_fixed(FixedFile(str(file), "relay.yml", TEXT.encode(), after, ()))
    assert there == [after.ljust(len(TEXT), b"\n")]
    assert file.read_bytes() == after


def test_one_run_fixes_all(file):
    """What can be read only when its indentation is fixed is looked at then, not a run later."""
    file.write_text(TEXT.replace("\r", "") + "\xa0\xa0# a comment\n", encoding="utf-8")
    assert run("validate", "--fix").returncode == 0
    assert "\nport: 25\n" in file.read_text(encoding="utf-8")
    assert run("validate", "--diff").returncode == 0
