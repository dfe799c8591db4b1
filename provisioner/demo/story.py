"""`provisioner demo`: the product's own commands, on a provider, a mail server and two hosts here.

Each step is checked: the demo fails if a command, a host or the mail server is not as it says.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen
from tempfile import TemporaryDirectory, mkdtemp
from threading import Thread
from typing import Any

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from provisioner.demo.mail_server import MailServer
from provisioner.demo.provider import Provider
from provisioner.errors import ExitCode, ProvisionerError
from provisioner.git import create_repository
from provisioner.oauth.callback_tls import localhost_certificate

MAILBOX = "reports@example.edu"
HOSTS = ("maps1", "maps2")
SERVER_FILE = "servers/reports.yml"
CLIENT_SECRET_FILE = "secrets/client-secret"  # noqa: S105  a path

# The project. On maps1 a command imports documents into MAPS; on maps2 a person enters the values.
FILES = {
    "provisioner.yml": """\
ca_file: ca.pem
providers:
  localhost: {{refresh_token_rotation: none}}
""",
    SERVER_FILE: """\
server_name: Reports
host: localhost
prot: {mail.port}
smtp_security_level: oauth2
use_tls: true
user_name: {mail.user}
oauth2:
  access_token_url: {provider.issuer}/token
  authorization_url: {provider.issuer}/authorize
  client_id: {provider.client_id}
  client_secret: {{file: secrets/client-secret}}
  scope_for_authorize: smtp offline_access
""",
    "inventory/hosts.ini": """\
[maps]
maps1 maps_directory={folder}/maps1 maps_apply_command='{import}'
maps2 maps_directory={folder}/maps2
[maps:vars]
ansible_connection=local
ansible_python_interpreter={python}
maps_ca_file={folder}/ca.pem
""",
    "ca.pem": "{certificate}",
    CLIENT_SECRET_FILE: "{provider.client_secret}",
}
_IMPORT = "import shutil, sys; shutil.copyfile(sys.argv[2], sys.argv[1])"

# A browser that accepts: it follows the redirects to the callback, without a proxy.
_BROWSER = """import sys, urllib.request as web
web.build_opener(web.ProxyHandler({})).open(sys.argv[1], timeout=20).read()"""
_PREFIX = "maps-demo-"


@dataclass(slots=True)
class Demo:
    """One run. `browser`: a person signs in, and needs the whole address."""

    folder: Path
    mail: MailServer
    environment: dict[str, str]
    browser: bool
    console: Console

    def say(self, *lines: str) -> None:
        self.console.print("\n".join(lines), style="dim", highlight=False, markup=False)

    def run(self, *arguments: str, expect: ExitCode = ExitCode.DONE) -> None:
        """Run `provisioner` in a process of its own, as a user does, and print its lines."""
        shown = f"provisioner {' '.join(arguments)}"
        self.console.print(f"[green]$[/green] [bold]{shown}[/bold]", highlight=False)
        command = [sys.executable, "-m", "provisioner", *arguments]
        with Popen(
            command, cwd=self.folder, env=self.environment, stdout=PIPE, stderr=STDOUT, text=True
        ) as running:
            for text in running.stdout or ():
                line = text.rstrip().replace(f"{self.folder}/", "")
                line = line if self.browser else re.sub(r"\?\S{80,}", "?...", line)
                self.console.print(Text.from_ansi(line), highlight=False)
        code = running.returncode
        check(code == expect, f"exit code {expect:d} of `{shown}`, not {code}")
        if code:
            self.say(f"(exit code {code})")

    def documents(self) -> list[bytes]:
        files = (self.folder / host / "email-servers.json" for host in HOSTS)
        return [file.read_bytes() for file in files if file.is_file()]


def check(holds: bool, expected: str) -> None:
    if not holds:
        remedy = "to look into its folder: provisioner demo --keep; please report this"
        raise ProvisionerError(f"the demo expected {expected}", remedy=remedy)


def _validate(demo: Demo) -> None:
    demo.say(SERVER_FILE)
    demo.console.print(Syntax.from_path(str(demo.folder / SERVER_FILE), background_color="default"))
    demo.run("validate", expect=ExitCode.FAILURE)
    demo.run("validate", "--fix")


def _sign_in(demo: Demo) -> None:
    if demo.browser:
        demo.say("Your browser opens. Click Accept there.")
    demo.run("authenticate", "Reports")


def _push(demo: Demo) -> None:
    demo.run("plan", expect=ExitCode.CHANGES)
    demo.say("On maps1 a command imports the document into MAPS; maps2 has no such command.")
    demo.run("push", expect=ExitCode.PERSON_NEEDED)
    received = demo.mail.received
    check(len(demo.documents()) == len(HOSTS), "a document on each host")
    check((demo.folder / "imported.json").is_file(), "an import on maps1")
    check([email["To"] for email in received] == [MAILBOX] * len(HOSTS), "an email from each host")
    names = ("From", "To", "Subject", "X-Maps-Provisioner-Run")
    demo.say("The mail server received:", *(f"  {name}: {received[0][name]}" for name in names))


def _enter(demo: Demo) -> None:
    demo.run("worksheet", "--host", "maps2", "--changed")
    demo.run("entered", "maps2", "--by", "Ann", "--yes")


def _push_again(demo: Demo) -> None:
    before = len(demo.mail.received)
    demo.run("push")
    check(len(demo.mail.received) == before, "no email from a second push")


def _restore(demo: Demo) -> None:
    demo.say("MAPS could still send for an hour, until it needs its next access token.")
    secret_file = demo.folder / CLIENT_SECRET_FILE
    secret, documents = secret_file.read_text(), demo.documents()
    secret_file.write_text("the ID of the secret instead of its value")
    demo.run("push", expect=ExitCode.HOSTS_BEHIND)
    secret_file.write_text(secret)
    check(demo.documents() == documents, "the previous document on each host")
    demo.say("Each host has its previous document, byte for byte.")


CHAPTERS = {
    "Define an email server in a file; a mistake is found before any host has it": _validate,
    "Sign in once per server, in a browser": _sign_in,
    "Plan the change, then push it; each host sends a test email": _push,
    "On maps2, a person enters the verified values into MAPS": _enter,
    "A second push changes nothing and sends no email": _push_again,
    "A wrong client secret is detected, and each host is restored": _restore,
}


def play(*, browser: bool, keep: bool) -> None:
    """Play all chapters in a new folder, which is removed at the end unless `keep`."""
    began = time.monotonic()
    made = nullcontext(mkdtemp(prefix=_PREFIX)) if keep else TemporaryDirectory(prefix=_PREFIX)
    with made as folder, _started(Path(folder), browser=browser) as demo:
        for number, (title, chapter) in enumerate(CHAPTERS.items(), 1):
            demo.console.print(f"\n[bold]{number}. {title}[/bold]", highlight=False)
            chapter(demo)
        demo.say(f"\nDone in {time.monotonic() - began:.0f} s.")
        _print_next_steps(demo, keep=keep)


def _print_next_steps(demo: Demo, *, keep: bool) -> None:
    if not keep:
        tries = "To try commands in this project:  provisioner demo --keep"
        demo.say(tries, "To start a project of your own:   provisioner init")
        return
    program = shutil.which("provisioner") or str(Path(sys.executable).with_name("provisioner"))
    demo.say(
        f"The project is kept in {demo.folder}. To try commands there, in another terminal:",
        f"  cd {demo.folder}",
        f"  export XDG_CONFIG_HOME={demo.environment['XDG_CONFIG_HOME']}   # its vault key",
        *(f"  {program} {name}" for name in ("validate", "status", "plan")),
    )
    if sys.stdin.isatty():  # else they end at once, and these commands do without
        demo.say(f"  {program} test-email Reports", "Its servers run until you press Enter here.")
        sys.stdin.readline()


@contextmanager
def _started(folder: Path, *, browser: bool) -> Iterator[Demo]:
    """The project, written, with its servers running."""
    pem, key = localhost_certificate("maps-provisioner demo")
    certificate, project = folder / "server.pem", folder / "project"
    _write(certificate, (key + pem).decode())
    provider = Provider(MAILBOX, asks=browser)
    mail = MailServer(certificate, MAILBOX, provider.access_tokens)
    values: dict[str, Any] = {"provider": provider, "mail": mail, "certificate": pem.decode()}
    values |= {"folder": project, "python": sys.executable}
    values["import"] = json.dumps([sys.executable, "-c", _IMPORT, f"{project}/imported.json"])
    for name, template in FILES.items():
        _write(project / name, template.format(**values))
    create_repository(project)  # else the key would be in one that the temporary folder is in
    console = Console(soft_wrap=True)
    environment = os.environ | dict.fromkeys(("NO_PROXY", "no_proxy"), "localhost,127.0.0.1")
    environment["XDG_CONFIG_HOME"] = str(folder / "config")  # for a vault key of its own
    if console.color_system:
        environment["FORCE_COLOR"] = "1"
    if not browser:
        environment["BROWSER"] = f"{shlex.join([sys.executable, '-c', _BROWSER])} %s &"
    try:
        for server in (provider, mail):
            Thread(target=server.serve_forever, args=(0.02,)).start()
        yield Demo(project, mail, environment, browser, console)
    finally:
        for server in (provider, mail):
            server.shutdown()
            server.server_close()


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(text)
