"""The scripts of the how-to pages do what these pages say."""

from __future__ import annotations

import json
import re
import subprocess
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.scripted_smtp import scripted_server
from tests.windows.conftest import NEAREST
from tests.windows.powershells import PowerShell

PAGES = [ROOT / "docs" / "how-to" / name for name in ("apply-command.md", "test-maps.md")]
SECRET = "CANARY~client/secret"
DOCUMENT = {
    "schema_version": 1,
    "generation": 7,
    "servers": [
        {"server_name": "Relay", "port": 25, "oauth2": None},
        {
            "server_name": "R\u00e9ports",
            "port": 587,
            "oauth2": {"client_secret": SECRET, "token": {"grant_id": "g1", "expires_at": 1}},
        },
    ],
}


class Desk:
    """A host's document, and the scripts of the page beside it."""

    def __init__(self, powershell: PowerShell, folder: Path) -> None:
        self.powershell, self.folder = powershell, folder
        self.document = folder / "email-servers.json"
        self.document.write_text(json.dumps(DOCUMENT, ensure_ascii=False), encoding="utf-8")
        text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
        for script in re.findall(r"```powershell\n(.*?)```", text, re.DOTALL):
            (folder / script.split()[1]).write_text(script)

    def path(self, name: str) -> str:
        return self.powershell.path(self.folder / name)

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        options = ["-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File"]
        return subprocess.run(
            [self.powershell.program, *options, self.path(script), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def apply(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """As a push does: the document's path comes last."""
        return self.run(script, *arguments, self.path("email-servers.json"))


@pytest.fixture
def desk(powershell: PowerShell, tmp_path: Path) -> Desk:
    return Desk(powershell, tmp_path)


def test_a_tool_gets_each_server_whole_on_its_standard_input(desk: Desk) -> None:
    if desk.powershell.system != "linux":
        pytest.skip("the tool of this test is a shell script")
    tool = desk.folder / "tool"
    tool.write_text('#!/bin/sh\necho "$@" >> "$0.arguments"\ncat >> "$0.input"\n')
    tool.chmod(0o755)
    ended = desk.apply("import.ps1", str(tool))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "generation 7: 2 email servers\n"
    lines = (desk.folder / "tool.input").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == DOCUMENT["servers"]
    assert (desk.folder / "tool.arguments").read_text() == "set\nset\n", "no secret in arguments"
    tool.write_text("#!/bin/sh\nexit 9\n")
    ended = desk.apply("import.ps1", str(tool))
    assert ended.returncode == 1
    assert "refused Relay: exit code 9" in ended.stderr
    desk.document.write_text(json.dumps({**DOCUMENT, "servers": []}))
    assert desk.apply("import.ps1", str(tool)).stdout == "generation 7: 0 email servers\n"


@NEAREST
def test_a_ticket_names_servers_and_no_secret(desk: Desk) -> None:
    answer = "R HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
    with scripted_server(["H", answer]) as hook:
        ended = desk.apply("ticket.ps1", f"http://127.0.0.1:{hook.port}/hook")
    assert ended.stdout.strip() == "opened a ticket for generation 7", ended.stderr
    assert hook.heard[0] == "POST /hook HTTP/1.1"
    ticket = json.loads(hook.heard[-1])
    assert ticket["title"].endswith(": enter email servers, generation 7")
    assert ticket["text"].startswith("Servers: Relay, R\u00e9ports.")
    assert SECRET not in str(hook.heard)
    with scripted_server(["H", answer.replace("200", "500")]) as hook:
        ended = desk.apply("ticket.ps1", f"http://127.0.0.1:{hook.port}/hook")
    assert ended.returncode == 1, "a ticket that is not opened is a failure"


@NEAREST
def test_an_email_names_servers_and_no_secret(desk: Desk) -> None:
    talk = ["S 220 relay", "C", "S 250 relay", "C", "S 250 ok", "C", "S 250 ok"]
    talk += ["C", "S 354 go on", "M", "S 250 taken", "C", "S 221 bye"]
    with scripted_server(talk) as relay:
        arguments = ("127.0.0.1", "admins@example.edu")
        ended = desk.apply("alert.ps1", "-Port", str(relay.port), *arguments)
    assert ended.stdout.strip() == "told admins@example.edu of generation 7", ended.stderr
    assert "MAIL FROM:<admins@example.edu>" in relay.heard
    message = message_from_bytes(relay.message, policy=default)
    assert message["Subject"].endswith(": enter email servers, generation 7")
    assert message.get_content().startswith("Servers: Relay, R\u00e9ports\r\n")
    assert SECRET not in message.as_string() + message.get_content()
    assert desk.apply("alert.ps1", "-Port", str(relay.port), *arguments).returncode == 1


@NEAREST
@pytest.mark.parametrize(("line", "code"), [("RCPT 250 ok", 0), ("535 5.7.3 refused", 1)])
def test_maps_has_sent_if_its_log_says_so_after_the_task_was_started(
    desk: Desk, line: str, code: int
) -> None:
    """The task is one of Windows, so it is played here: it writes a line into the log."""
    log = desk.folder / "email.log"
    log.write_text("an old line 250 ok\n")
    task = 'function Start-ScheduledTask($TaskName) { Add-Content $Log "$TaskName: $Said" }\n'
    script = desk.folder / "sent.ps1"
    head, rest = script.read_text().split("$ErrorActionPreference", 1)
    task = task.replace("$Said", line).replace("$TaskName:", "${TaskName}:")
    script.write_text(f"{head}{task}$ErrorActionPreference{rest}")
    ended = desk.run("sent.ps1", "-Seconds", "3", "Send a report", desk.path("email.log"), " 250 ")
    assert ended.returncode == code, ended.stderr + ended.stdout
    said = "MAPS has sent an email" if code == 0 else "matches  250  after 3 seconds"
    assert said in ended.stdout
