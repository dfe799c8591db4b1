"""docs/tutorial.md: its commands, in order, print what the page says."""

import os
import re
import shlex
import subprocess
import sys

import pytest

from provisioner.demo import story
from tests.support.paths import ROOT

PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
# The answers that the page shows at the prompts of init, and at those of a terminal.
ANSWERS = {
    "init": "--provider microsoft --mailbox reports@example.edu --name Reports "
    "--tenant 11111111-2222-4333-8444-555555555555 "
    "--client-id 66666666-7777-4888-9999-aaaaaaaaaaaa",
    "push": "--yes",
    "entered": "--yes",
}
# What differs between Ann's machine and this one, and between Microsoft and the servers here.
SAMPLES = (
    (r"https?://(localhost:\d+|login\.microsoftonline\.com/[\w-]+/oauth2/v2\.0)/\w+", "URL"),
    (r"(localhost|smtp\.office365\.com):\d+", "MAIL-SERVER"),
    (r"(?m)(?<=address\)  ).*|(?<=Port  ).*", "VALUE"),
    (r"localhost:\d+", "CALLBACK"),
    (r"\d files?(?=, 1 email server)", "FILES"),  # provisioner.yml names the CA of these servers
    (r"\S*tokens/reports-\w+|\S*/vault-key|\S*/(mail-config|project)\b", "PATH"),
    (r" +", " "),
)
PROGRAM = (sys.executable, "-m", "provisioner")
HOST = "maps_directory={folder}/{name} ansible_connection=local ansible_python_interpreter={python}"


@pytest.fixture
def demo(tmp_path, monkeypatch):
    """A provider and a mail server, and an empty folder for the project."""
    kept = {name: story.FILES[name] for name in ("ca.pem", story.CLIENT_SECRET_FILE)}
    facts = {"facts.yml": "{provider.issuer} {mail.port} {provider.client_id}"}
    monkeypatch.setattr(story, "FILES", kept | facts)
    with story._started(tmp_path, browser=False) as started:
        yield started


def test_its_commands_print_what_it_shows(demo):
    folder = demo.folder
    issuer, port, client_id = (folder / "facts.yml").read_text().split()
    demo.environment["REPORTS_CLIENT_SECRET"] = (folder / story.CLIENT_SECRET_FILE).read_text()
    for name, email in (("GIT_AUTHOR", "ann@example.edu"), ("GIT_COMMITTER", "ann@example.edu")):
        demo.environment |= {f"{name}_NAME": "Ann", f"{name}_EMAIL": email}
    for command, shown in steps():
        if "Name the hosts" in command:
            name_hosts(folder)
        printed = run(command, demo)
        missing = [line for line in shown if line not in printed]
        assert not missing, f"{command}\n{printed}"
        if command.startswith("provisioner init"):
            stand_in(folder / story.SERVER_FILE, issuer, port, client_id)
            (folder / "provisioner.yml").write_text("ca_file: ca.pem\n")
            with (folder / ".gitignore").open("a") as ignored:
                ignored.write("/maps?.example.edu/\n")


def steps():
    """Each command, and the lines that it is to print."""
    for block in re.findall(r"^```console\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = step.splitlines()
            if not command.startswith(("pipx", "mkdir", "read")):
                yield command, [normal(line) for line in lines if is_printed(line)]


def is_printed(line):
    """Neither left out, nor a prompt of init, which is not asked here."""
    return line not in ("", "...") and not re.match("Provider|Address|Name|Port|ID|Client id", line)


def run(command, demo):
    program, name = command.split()[:2]
    if program == "provisioner":
        arguments = command.removeprefix(program) + " " + ANSWERS.get(name, "")
        command = shlex.join(PROGRAM) + arguments
    ended = subprocess.run(
        ["bash", "-c", f"{command} 2>&1 < /dev/null"],
        cwd=demo.folder,
        env=os.environ | demo.environment | {"COLUMNS": "100"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert ended.returncode in (0, 2, 6), f"{command}\n{ended.stdout}"
    return [normal(line) for line in ended.stdout.splitlines()]


def normal(line):
    for pattern, sample in SAMPLES:
        line = re.sub(pattern, sample, line)
    return line.strip()


def stand_in(file, issuer, port, client_id):
    """The server file of init, with the servers of this machine for those of Microsoft."""
    text = file.read_text()
    text = re.sub(r"https://login\S+/(token|authorize)", rf"{issuer}/\1", text)
    text = text.replace("smtp.office365.com", "localhost").replace("port: 587", f"port: {port}")
    text = re.sub(r'client_id: ".*"', f"client_id: {client_id}", text)
    text = re.sub(r"https://outlook\S+", "smtp", text)
    file.write_text(text)


def name_hosts(folder):
    shown = re.search(r"```ini\n\[maps\]\n(.*?)\n\n", PAGE, re.DOTALL)
    assert shown
    hosts = (
        f"{name} {HOST.format(name=name, folder=folder, python=sys.executable)}"
        f" maps_ca_file={folder}/ca.pem"
        for name in shown[1].splitlines()
    )
    (folder / "inventory" / "hosts.ini").write_text("\n".join(["[maps]", *hosts, ""]))
