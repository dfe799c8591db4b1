"""`authenticate`, `status` and `refresh` as a user runs them, against the embedded provider."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.errors import ExitCode
from tests.cli.desk import Desk
from tests.support.scripted_http import json_answer, scripted_server
from tests.support.scripted_provider import ScriptedAnswer, ScriptedProvider

ANSIBLE_VAULT = Path(sys.executable).with_name("ansible-vault")


@pytest.fixture
def desk(tmp_path):
    with ScriptedProvider() as provider:
        yield Desk(tmp_path / "project", provider)


def test_sign_in_status_and_refresh(desk, home):
    before = desk.ends(ExitCode.PERSON_NEEDED, "status")
    assert "Problem: not signed in\n    run: provisioner authenticate" in before.stdout
    assert not home.exists()

    signed_in = desk.ends(ExitCode.DONE, "authenticate", "reports", "Reports", "--no-smtp-check")
    assert signed_in.stderr.count("sign in as reports@example.edu") == 1, "each once"
    assert "Reports: signed in as reports@example.edu, not verified yet" in signed_in.stdout
    assert desk.provider.authorization_url in signed_in.stderr
    assert (home / ".config" / "maps-provisioner" / "vault-key").is_file()

    status = desk.ends(ExitCode.DONE, "status")
    assert "Reports: signed in as reports@example.edu, since 2" in status.stdout
    assert "not verified yet: the SMTP check was skipped" in status.stdout
    [kept] = json.loads(desk.run("status", "--format", "json").stdout)["servers"]
    assert kept["usable"] is True
    assert kept["tokens"]["access_token_expired"] is False
    assert kept["tokens"]["identity"] == "reports@example.edu"

    old = desk.token_files()[0].read_bytes()
    refreshed = desk.ends(ExitCode.DONE, "refresh")
    assert "Reports: refreshed; the access token is good until" in refreshed.stdout
    assert desk.token_files()[0].read_bytes() != old


def test_ansible_vault_opens_the_file_with_the_generated_key(desk, home):
    desk.run("authenticate", "Reports", "--no-smtp-check")
    key = home / ".config" / "maps-provisioner" / "vault-key"
    shown = subprocess.run(
        [ANSIBLE_VAULT, "view", "--vault-password-file", key, *desk.token_files()],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(shown.stdout)["tokens"]["identity"] == "reports@example.edu"


def test_a_mail_server_that_is_not_there_is_a_warning(desk):
    finished = desk.ends(ExitCode.DONE, "authenticate", "Reports")
    assert "Warning: Reports: not verified yet: localhost, connect" in finished.stderr
    assert "not verified yet" in finished.stdout
    assert len(desk.token_files()) == 1


def test_a_cancelled_sign_in_is_an_error_and_writes_nothing(desk):
    desk.behave(callback_error="access_denied")
    finished = desk.ends(ExitCode.PERSON_NEEDED, "authenticate", "Reports")
    assert (
        "Error: servers/reports.yml:1: Reports: the sign-in page at localhost: access_denied"
        in (finished.stderr)
    )
    assert "Who must act: the person who signs in." in finished.stderr
    assert desk.token_files() == []


def test_another_account_is_offered_a_choice(desk):
    desk.behave(mailbox="somebody@example.edu")
    refused = desk.ends(ExitCode.FAILURE, "authenticate", "Reports", "--no-smtp-check")
    assert refused.stderr.splitlines()[-2].startswith(
        "Error: servers/reports.yml:6: Reports: user_name: signed in as somebody@example.edu, "
        "expected reports@example.edu"
    ), refused.stderr
    assert "provisioner authenticate Reports --select-account" in refused.stderr
    desk.behave(mailbox="reports@example.edu")
    chosen = desk.ends(
        ExitCode.DONE, "authenticate", "Reports", "--no-smtp-check", "--select-account"
    )
    assert "prompt=select_account" in chosen.stderr


_PENDING = json_answer('{"error": "authorization_pending"}', status="400 Bad Request")
_CODES = (
    '{"device_code": "CANARY-device", "user_code": "WDJB-MJHT", "interval": 1, '
    '"verification_uri": "https://sso.example.edu/device"}'
)


def _device_desk(desk, port):
    """The declared provider is a scripted one, with a device authorization endpoint."""
    scripted = f"http://localhost:{port}"
    desk.change(desk.provider.issuer, scripted)
    desk.write("provisioner.yml", "providers: {localhost: {device_authorization_url: device}}\n")


def test_property_21_a_sign_in_by_a_code(desk):
    tokens = json_answer('{"access_token": "CANARY-at", "refresh_token": "CANARY-rt"}')
    with scripted_server([json_answer(_CODES), _PENDING, tokens]) as server:
        _device_desk(desk, server.port)
        finished = desk.run("authenticate", "Reports", "--device", "--no-smtp-check")
    assert finished.returncode == ExitCode.DONE, finished.stderr
    assert "https://sso.example.edu/device\nenter the code WDJB-MJHT and sign in as" in (
        finished.stderr
    )
    assert finished.stdout.startswith("Reports: signed in, not verified yet; saved in ")
    assert len(desk.token_files()) == 1
    assert "CANARY" not in desk.output


def test_property_21_ctrl_c_ends_a_sign_in_by_a_code(desk):
    with scripted_server([json_answer(_CODES), *[_PENDING] * 60]) as server:
        _device_desk(desk, server.port)
        with desk.start("authenticate", "Reports", "--device") as waiting:
            while "Waiting for up to" not in waiting.stderr.readline():
                pass
            waiting.send_signal(signal.SIGINT)
            _, words = waiting.communicate(timeout=20)
    assert waiting.returncode == ExitCode.INTERRUPTED
    assert "Error: Reports: the sign-in was interrupted; nothing was saved" in words
    assert desk.token_files() == []


def test_flags_of_another_kind_of_sign_in(desk):
    for flag in ("--port=8400", "--select-account"):
        finished = desk.ends(ExitCode.USAGE, "authenticate", "Reports", "--device", flag)
        assert f"--device and {flag.partition('=')[0]} do not go together" in finished.stderr


def test_time_runs_out(desk):
    finished = desk.ends(
        ExitCode.FAILURE, "authenticate", "Reports", "--timeout", "1", BROWSER="true %s"
    )
    assert "no response at http://localhost:" in finished.stderr
    assert "The redirect URI to register is exactly http://localhost:" in finished.stderr


def test_a_port_in_use(desk):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        finished = desk.run("authenticate", "Reports", "--port", port)
    assert finished.returncode == ExitCode.FAILURE
    assert f"Error: port {port} is in use on this machine" in finished.stderr


def test_unknown_names_and_missing_secrets(desk):
    unknown = desk.ends(ExitCode.USAGE, "authenticate", "Nobody")
    assert "declared servers: Reports" in unknown.stderr
    del desk.environment["REPORTS_SECRET"]
    unset = desk.ends(ExitCode.FAILURE, "authenticate", "Reports")
    made, error = unset.stderr.split("\n", 1)
    assert made.startswith("Made the vault key ")
    assert error.startswith(
        "Error: servers/reports.yml:11: Reports: oauth2.client_secret: the environment variable "
        "REPORTS_SECRET is not set\n"
    )
    assert desk.run("authenticate").returncode == ExitCode.USAGE
    assert desk.run("authenticate", "Reports", "--timeout", "inf").returncode == ExitCode.USAGE


def test_a_server_without_oauth2_has_nothing_to_sign_in_to(desk):
    (desk.folder / "servers" / "relay.yml").write_text(
        "server_name: Relay\nhost: mail.example.edu\nsmtp_security_level: none\nuse_tls: true\n"
    )
    for command in ("authenticate", "refresh", "revoke"):
        finished = desk.ends(ExitCode.USAGE, command, "Relay")
        assert "Relay does not use OAuth2 (smtp_security_level: none): it has no" in finished.stderr
    assert "Relay" not in desk.run("status").stdout


def test_commands_run_only_when_allowed(desk):
    command = f"[{sys.executable}, -c, 'import os; print(os.environ[\"REPORTS_SECRET\"])']"
    text = desk.declared.read_text().replace("{env: REPORTS_SECRET}", f"{{command: {command}}}")
    desk.declared.write_text(text)
    refused = desk.ends(ExitCode.FAILURE, "authenticate", "Reports", "--no-smtp-check")
    assert "--allow-commands" in refused.stderr
    desk.ends(ExitCode.DONE, "authenticate", "Reports", "--no-smtp-check", "--allow-commands")


def test_a_changed_destination_gets_nothing_until_it_is_accepted(desk):
    desk.run("authenticate", "Reports", "--no-smtp-check")
    desk.change("host: localhost", "host: 127.0.0.1")
    seen = []
    desk.provider.observe = lambda path, *_: seen.append(path)
    for command in (["refresh"], ["status"], ["authenticate", "Reports"]):
        finished = desk.ends(ExitCode.PERSON_NEEDED, *command)
        assert "host changed from localhost to 127.0.0.1" in finished.stdout + finished.stderr
    assert seen == []
    desk.does("refresh", "--accept-destination", "reports")
    assert seen == ["/token"]
    for command in (["refresh"], ["status"], ["authenticate", "Reports", "--no-smtp-check"]):
        desk.does(*command)


def test_refresh_tells_a_dead_grant_from_a_passing_fault(desk):
    desk.run("authenticate", "Reports", "--no-smtp-check")
    busy = ScriptedAnswer(503, headers={"Retry-After": "0"})
    desk.behave(scripted_answers=(busy,) * 3)
    assert desk.run("refresh").returncode == ExitCode.FAILURE
    desk.behave(scripted_answers=())
    desk.provider.grants.revoke_all()
    dead = desk.ends(ExitCode.PERSON_NEEDED, "refresh", "Reports")
    assert (
        "Error: servers/reports.yml:1: Reports: the refresh at localhost: invalid_grant"
        in dead.stderr
    )


def test_a_wrong_vault_password(desk):
    desk.run("authenticate", "Reports", "--no-smtp-check")
    wrong = desk.folder.parent / "wrong"
    wrong.write_text("wrong")
    wrong.chmod(0o600)
    before = desk.token_files()[0].read_bytes()
    for command in ("status", "refresh", "authenticate"):
        names = ["Reports"] if command == "authenticate" else []
        finished = desk.ends(
            ExitCode.FAILURE, command, *names, ANSIBLE_VAULT_PASSWORD_FILE="../wrong"
        )
        assert "the vault password is not the one it was encrypted with" in (
            finished.stdout + finished.stderr
        )
    assert desk.token_files()[0].read_bytes() == before
