"""A project in a folder, and `provisioner` as a user runs it there."""

import os
import subprocess
import sys
from pathlib import Path

import yaml
from msgspec.structs import replace

from provisioner.credentials.store import Credentials, CredentialStore
from provisioner.credentials.vault_key import KeySearch
from provisioner.git import project_identity
from tests.support.commands import run_command
from tests.support.terminal import Terminal

PROVISIONER = Path(sys.executable).with_name("provisioner")
_GIT = ("-c", "user.name=t", "-c", "user.email=t@example.edu", "-c", "commit.gpgsign=false")


def oauth2_server(issuer="https://sso.example.edu", name="Reports", **changes):
    """A server as its file declares it; its client secret is in REPORTS_SECRET.

    `oauth2`: what differs there.
    """
    oauth2 = {
        "access_token_url": f"{issuer}/token",
        "authorization_url": f"{issuer}/authorize",
        "client_id": "maps",
        "client_secret": {"env": "REPORTS_SECRET"},
        "scope_for_authorize": "openid email smtp offline_access",
        **changes.pop("oauth2", {}),
    }
    return {**_server(name, "oauth2", "reports@example.edu"), "oauth2": oauth2, **changes}


def password_server(name="Relay", **changes):
    """The same with a password, which is in RELAY_PASSWORD."""
    password = {"env": "RELAY_PASSWORD"}
    return {**_server(name, "plain", "alerts@example.edu"), "password": password, **changes}


def _server(name, level, user_name):
    """On port 9, where nothing listens."""
    return {
        "server_name": name,
        "host": "localhost",
        "port": 9,
        "smtp_security_level": level,
        "use_tls": True,
        "user_name": user_name,
    }


def as_yaml(content):
    """As people write it: `client_secret: {env: NAME}` is one line."""
    return yaml.safe_dump(content, sort_keys=False, default_flow_style=None)


class ProjectFolder:
    """`output`: all that commands have printed."""

    def __init__(self, folder, **environment):
        self.folder, self.output = folder, ""
        self.environment = {**os.environ, **environment}
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, name, content):
        """A file of this text, or of these values in YAML."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else as_yaml(content))
        return path

    def declare(self, server):
        """The file of a server."""
        return self.write(f"servers/{server['server_name'].lower()}.yml", server)

    # -- what is run

    def run(self, *arguments, **environment):
        """A command without a terminal; nobody can be asked."""
        ended = run_command(
            *map(str, arguments), folder=self.folder, environment=self.environment | environment
        )
        self.output += ended.stdout + ended.stderr
        return ended

    def ends(self, exit_code, *arguments, **environment):
        """Run, and fail with all that it printed unless it ends with that code."""
        ended = self.run(*arguments, **environment)
        assert ended.returncode == exit_code, ended.stdout + ended.stderr
        return ended

    def does(self, *arguments, **environment):
        """What a command prints that goes well."""
        return self.ends(0, *arguments, **environment).stdout

    def start(self, *arguments, **environment):
        """A command that runs; its standard error can be read line by line."""
        return subprocess.Popen(
            [PROVISIONER, *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def at_terminal(self, *arguments, **options):
        """A command in a terminal of its own."""
        command = [PROVISIONER, *arguments]
        return Terminal(command, folder=self.folder, environment=self.environment, **options)

    def git(self, *arguments, fails=False, **environment):
        """What git prints."""
        ended = subprocess.run(
            ["git", *_GIT, *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ended.returncode != 0) == fails, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "-qm", "a change")

    # -- what is kept

    def token_files(self):
        return sorted((self.folder / "tokens").glob("*.yml"))

    @property
    def search(self):
        return KeySearch(
            root=self.folder,
            tokens_path=self.folder / "tokens",
            identity=project_identity(self.folder, self.environment),
            environment=self.environment,
        )

    def store(self):
        key = self.search.find(create=True)
        return CredentialStore(self.folder / "tokens", self.search.identity, lambda: key)

    def tokens(self):
        """Those of Reports; None where nobody has signed in."""
        kept = self.store().read("Reports")
        return kept and kept.tokens

    def keep(self, tokens):
        """Tokens of Reports; what was accepted stays."""
        store = self.store()
        with store.locked("Reports") as entry:
            kept = entry.read() or Credentials(server_name="Reports", project=store.project)
            entry.save(replace(kept, tokens=tokens))
