"""A project folder as a user has it, and the command as a user runs it: by its path, in a shell."""

from __future__ import annotations

import hashlib
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.support.lab.chromium import SignIn
from tests.support.lab.clients import Client
from tests.support.lab.mail import Mail, MailServer
from tests.support.lab.provider import Provider

PROVISIONER = Path(sys.executable).with_name("provisioner")


@dataclass(slots=True)
class Project:
    """`servers/`, `inventory/`, `provisioner.yml` in a folder; secrets come from variables."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    accepted: list[str] = field(default_factory=list)

    @classmethod
    def make(cls, folder: Path, *, ca: Path, settings: dict[str, Any] | None = None) -> Project:
        """An empty project that trusts the lab's CA, with a vault password in a file."""
        for name in ("servers", "inventory"):
            (folder / name).mkdir(parents=True)
        password = folder.parent / "vault-password"
        password.write_text(secrets.token_hex(16) + "\n")
        password.chmod(0o600)
        project = cls(folder, {"ANSIBLE_VAULT_PASSWORD_FILE": str(password)})
        push = {"to_be_entered": "ignore"}  # no test here is about a person at the dialog of MAPS
        project.write("provisioner.yml", {"ca_file": str(ca), "push": push, **(settings or {})})
        return project

    def write(self, name: str, content: dict[str, Any]) -> Path:
        """A YAML file of the project."""
        path = self.folder / name
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        return path

    def declare(
        self,
        name: str,
        provider: Provider,
        mail: MailServer,
        *,
        user: str,
        client: Client | None = None,
        **changes: Any,
    ) -> Path:
        """An OAuth2 server; its client secret is in the environment variable NAME_SECRET."""
        client = client or provider.clients["native"]
        variable = f"{name.upper()}_SECRET"
        self.environment[variable] = client.secret or ""
        oauth2 = {
            "access_token_url": provider.token_url,
            "authorization_url": provider.authorization_url,
            "client_id": client.client_id,
            "client_secret": {"env": variable},
            "scope_for_authorize": "openid email smtp offline_access",
            "prompt": "consent",  # else oidc-provider gives no refresh token
            **changes.pop("oauth2", {}),
        }
        server = {
            "server_name": name,
            "host": mail.host,
            "port": mail.starttls_port,
            "smtp_security_level": "oauth2",
            "use_tls": True,
            "user_name": f"{user}@lab.test",
            "oauth2": oauth2,
            **changes,
        }
        return self.write(f"servers/{name.lower()}.yml", server)

    def declare_relay(self, mail: Mail, *, user: str, password: str | None = None) -> None:
        """A server with a password, `mail`'s own unless another is given; from RELAY_PASSWORD.

        Commands that would send it are told that it may go there.
        """
        self.environment["RELAY_PASSWORD"] = password or mail.password
        server = {
            "server_name": "Relay",
            "host": mail.server("plain").host,
            "port": 465,
            "smtp_security_level": "plain",
            "use_tls": True,
            "user_name": f"{user}@lab.test",
            "password": {"env": "RELAY_PASSWORD"},
        }
        self.write("servers/relay.yml", server)
        self.accepted.append("Relay")

    def change(self, name: str, **changes: Any) -> None:
        """Change top-level fields of a declared server."""
        path = self.folder / "servers" / f"{name.lower()}.yml"
        path.write_text(
            yaml.safe_dump({**yaml.safe_load(path.read_text()), **changes}, sort_keys=False)
        )

    def run(
        self,
        *arguments: str,
        sign_in: SignIn | None = None,
        environment: dict[str, str] | None = None,
        timeout: float = 180,
    ) -> subprocess.CompletedProcess[str]:
        """Run the command in the project folder, from no activated virtual environment."""
        return subprocess.run(
            self._command(arguments),
            cwd=self.folder,
            env=self._environment(sign_in, environment),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, *arguments: str, sign_in: SignIn | None = None) -> subprocess.Popen[str]:
        """Start the command and come back at once."""
        return subprocess.Popen(
            self._command(arguments),
            cwd=self.folder,
            env=self._environment(sign_in, None),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def authenticate(self, name: str, sign_in: SignIn) -> subprocess.CompletedProcess[str]:
        """Sign in with a browser; the caller judges how it went."""
        return self.run("authenticate", name, "--timeout", "60", sign_in=sign_in)

    def snapshot(self) -> dict[str, str]:
        """Hash of every file below the folder: equal means that nothing was written."""
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        sends = arguments[0] in ("plan", "push", "test-email")
        flags = [f"--accept-destination={name}" for name in self.accepted if sends]
        return [str(PROVISIONER), *arguments, *flags]

    def _environment(
        self, sign_in: SignIn | None, environment: dict[str, str] | None
    ) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("VIRTUAL_ENV")}
        here = str(Path(sys.executable).parent)
        clean["PATH"] = os.pathsep.join(
            p for p in os.environ["PATH"].split(os.pathsep) if p != here
        )
        browser = sign_in.environment if sign_in else {"BROWSER": "/bin/false"}
        return {**clean, **browser, **self.environment, **(environment or {})}


def succeeded(ended: subprocess.CompletedProcess[str]) -> str:
    """Its standard output; fails with all that it printed unless it ended with 0."""
    assert ended.returncode == 0, f"exit {ended.returncode}\n{ended.stderr}\n{ended.stdout}"
    return ended.stdout
