"""A project with tokens in git, and clones of it in which jobs of a scheduler or of CI run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from provisioner.credentials.project_secrets import open_project
from provisioner.credentials.store import TokenSet
from provisioner.model.reading import read_project
from tests.cli.fleet.test_tokens import SignedInFleet, signed_in_fleet
from tests.cli.fleet.without_ansible import PROGRAM
from tests.support.oauth_samples import kept

EXAMPLES = Path(__file__).parents[3] / "examples"
SECRET_NAME = "MAIL_PASSWORD"


class JobProject:
    """`origin` is its repository, `key` the content of the vault key file, `bin` what is installed
    beside the system's programs: a `provisioner` that asks hosts without Ansible. Its provider
    rotates refresh tokens.
    """

    def __init__(self, folder: Path, fleet: SignedInFleet) -> None:
        self.folder, self.fleet, self.provider = folder, fleet, fleet.provider
        self.secret = fleet.secret
        self.origin = folder / "mail-config.git"
        self.bin = folder / "bin"
        self.bin.mkdir()
        self._program = self.bin / "provisioner"
        self._program.write_text(f"#!{sys.executable}\n{PROGRAM}")
        self._program.chmod(0o755)
        self.key_file = Path(os.environ["XDG_CONFIG_HOME"]) / "maps-provisioner" / "vault-key"
        self.key = self.key_file.read_text()
        self._publish()

    def with_ansible(self) -> None:
        """Have it installed as a user has it."""
        self._program.unlink()
        self._program.symlink_to(Path(sys.executable).with_name("provisioner"))

    def _publish(self) -> None:
        """As the person did who set it up: accept, commit, push."""
        (self.fleet.folder / "ci").mkdir()
        for name in ("keep-tokens", "provisioner-daily"):
            script = self.fleet.folder / "ci" / name
            script.write_bytes((EXAMPLES / name).read_bytes())
            script.chmod(0o755)
        git(self.folder, "init", "--quiet", "--bare", "-b", "main", str(self.origin))
        git(self.fleet.folder, "init", "--quiet", "-b", "main")
        git(self.fleet.folder, "remote", "add", "origin", str(self.origin))
        assert self.fleet.run("init", "--merge-driver").returncode == 0
        accept = ("accept", "--renamed", "--yes", "--accept-destination=Reports")
        done = self.fleet.run(*accept, password=self.secret)
        assert done.returncode == 0, done.stderr
        self.commit("Declare the servers")

    def commit(self, message: str) -> None:
        """Commit and push the folder of the person."""
        git(self.fleet.folder, "add", "--all")
        git(self.fleet.folder, "commit", "--quiet", "--message", message)
        git(self.fleet.folder, "push", "--quiet", "--set-upstream", "origin", "main")

    def clone(self, name: str) -> Path:
        """Another checkout, of one commit as in CI, with the name of an author for its commits."""
        folder = self.folder / name
        git(self.folder, "clone", "--quiet", "--depth=1", f"file://{self.origin}", str(folder))
        git(folder, "config", "user.name", "job")
        git(folder, "config", "user.email", "job@example.edu")
        return folder

    def environment(self, **more: str) -> dict[str, str]:
        """That of a scheduler, with the secrets of the project."""
        return {
            "HOME": str(self.folder),
            "PATH": f"{self.bin}:/usr/bin:/bin",
            "ANSIBLE_VAULT_PASSWORD_FILE": str(self.key_file),
            SECRET_NAME: self.secret,
            **more,
        }

    def published(self) -> TokenSet:
        """The tokens of the newest commit of the repository."""
        folder = self.folder / "published"
        if not folder.exists():
            self.clone("published")
        git(folder, "pull", "--quiet")
        tokens = kept(open_project(read_project(folder)).secrets)
        assert tokens is not None
        return tokens

    def refresh_token(self) -> str:
        return self.published().refresh_token.reveal()

    def subjects(self) -> list[str]:
        """First lines of the commits, the newest first."""
        return git(self.origin, "log", "--format=%s", "main").splitlines()


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.edu")
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def job_project(folder: Path) -> Iterator[JobProject]:
    with signed_in_fleet(folder) as fleet:
        fleet.provider.behavior = replace(fleet.provider.behavior, rotate_refresh_tokens=True)
        yield JobProject(folder, fleet)
