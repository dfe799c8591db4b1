"""A user's clone of a project, and the command line in it."""

import os
import subprocess
import sys
from pathlib import Path

from provisioner.credentials.store import Credentials, CredentialStore
from provisioner.credentials.vault_key import KeySearch
from provisioner.git import project_identity
from tests.support.oauth_samples import CLIENT_SECRET

PROVISIONER = Path(sys.executable).with_name("provisioner")
SECRETS = {
    "RELAY": "a relay password",
    "ALERTS": "another password",
    "CLIENT_SECRET": CLIENT_SECRET.reveal(),
}
NOWHERE = 9  # discard: nothing listens there

_GIT = ("-c", "user.name=t", "-c", "user.email=t@example.edu", "-c", "commit.gpgsign=false")


class Checkout:
    """`umask` is that of git and of each command."""

    def __init__(self, folder, *, umask=-1):
        self.folder, self.umask = folder, umask
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def relay(self, name="Relay", *, port=NOWHERE, password="{env: RELAY}"):
        """A server with a password; `password` is YAML."""
        text = f"server_name: {name}\nhost: localhost\nport: {port}\nuse_tls: true\n"
        text += f"smtp_security_level: plain\nuser_name: a@example.edu\npassword: {password}\n"
        return self.write(f"servers/{name.lower()}.yml", text)

    def oauth2(self, token_url="https://sso.example.edu/token"):
        """A server `Reports` that is signed in to."""
        text = f"server_name: Reports\nhost: localhost\nport: {NOWHERE}\nuse_tls: true\n"
        text += "smtp_security_level: oauth2\nuser_name: reports@example.edu\noauth2:\n"
        text += f"  access_token_url: {token_url}\n"
        text += f"  authorization_url: {token_url.replace('token', 'authorize')}\n"
        text += "  client_id: maps\n  client_secret: {env: CLIENT_SECRET}\n"
        text += "  scope_for_authorize: openid email smtp offline_access\n"
        return self.write("servers/reports.yml", text)

    def run(self, *arguments, **environment):
        return self._ended([PROVISIONER, *arguments], {**SECRETS, **os.environ, **environment})

    def does(self, *arguments, **environment):
        ended = self.run(*arguments, **environment)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def git(self, *arguments, fails=False):
        ended = self._ended(["git", *_GIT, *arguments], os.environ)
        assert (ended.returncode != 0) == fails, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr

    def _ended(self, command, environment):
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            umask=self.umask,
        )

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "-qm", "a change")

    @property
    def search(self):
        return KeySearch(
            root=self.folder,
            tokens_path=self.folder / "tokens",
            identity=project_identity(self.folder, os.environ),
            environment=os.environ,
        )

    def store(self):
        key = self.search.find(create=True)
        return CredentialStore(self.folder / "tokens", self.search.identity, lambda: key)

    def keep(self, tokens):
        """Tokens of Reports, whose destinations nobody has accepted."""
        store = self.store()
        new = Credentials(server_name="Reports", project=store.project, tokens=tokens)
        with store.locked("Reports") as entry:
            entry.save(new)

    def tokens(self):
        kept = self.store().read("Reports")
        return kept.tokens
