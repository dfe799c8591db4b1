"""What git knows of a project: its commit, and the name that tells it from other projects.

git is told where its repository is and never asked to find one, and runs nothing that a folder
configures: no filter, hook, monitor or transport, and nothing of a submodule.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

PROJECT_VARIABLE = "PROVISIONER_PROJECT"

_TIMEOUT_SECONDS = 20.0
_SHORT = 12

# Whatever a configuration says: no program is run, and new files are shown.
_SETTINGS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "status.showUntrackedFiles": "normal",
}
# No lock is taken; a commit's content is its own, whatever refs/replace says; and objects that a
# partial clone lacks are not fetched, which would run what its remote names.
_VARIABLES = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
}


@dataclass(frozen=True, slots=True)
class Commit:
    """`dirty`: the project's files differ from it. Both None where there is no repository."""

    id: str | None
    dirty: bool | None

    def __str__(self) -> str:
        if self.id is None:
            return "no commit"
        return self.id[:_SHORT] + (" and changes" if self.dirty else "")


def checkout_of(root: Path) -> Path | None:
    """The nearest folder, from `root` upwards, that has a `.git`; git commits none below it."""
    resolved = root.resolve()
    found = (folder for folder in (resolved, *resolved.parents) if (folder / ".git").exists())
    return next(found, None)


def create_repository(folder: Path) -> None:
    """An empty one, if there is git."""
    _git(folder, "init", "--quiet", "--template=")


def commit_of(root: Path, declared: Iterable[Path]) -> Commit:
    """The commit that is checked out at `root`, and whether the `declared` files differ from it."""
    top = checkout_of(root)
    found = _git(top, "rev-parse", "--verify", "HEAD") if top else None
    if top is None or not found:
        return Commit(None, None)
    real = (Path(os.path.realpath(path)) for path in declared)  # links in a circle raise nothing
    paths = [str(path) for path in real if path.is_relative_to(top)]
    status = ("status", "--porcelain", "--ignore-submodules=all", "--", *paths)
    changes = _git(top, *status, settings=_without_filters(top))
    return Commit(found.strip(), changes != "")  # what git cannot tell is not clean


def project_identity(root: Path, environment: Mapping[str, str]) -> str:
    """`mail-config/prod`: the repository's name at remote origin and the folder in it.

    It is the same for each URL and clone, and no commit changes it. Empty without a remote.
    """
    named = environment.get(PROJECT_VARIABLE, "").strip()
    top = checkout_of(root)
    if named or top is None:
        return named
    url = (_git(top, "config", "--get", "remote.origin.url") or "").strip().casefold()
    path = re.sub(r"[/\\]+(\.git)?[/\\]*$", "", url).removesuffix(".git")
    repository = re.split(r"[/\\:]", path)[-1]
    folder = root.resolve().relative_to(top).as_posix()
    return f"{repository}/{folder}".removesuffix("/.") if repository else ""


def configure(root: Path, settings: Mapping[str, str]) -> bool:
    """Write settings of the checkout's own .git/config; False if that fails."""
    top = checkout_of(root)
    if top is None:
        return False
    written = [_git(top, "config", "--local", key, value) for key, value in settings.items()]
    return None not in written


def _without_filters(top: Path) -> dict[str, str]:
    """Settings that switch off each filter that some configuration names."""
    keys = _git(top, "config", "--name-only", "-z", "--get-regexp", r"^filter\.") or ""
    drivers = {key.rpartition(".")[0] for key in keys.split("\0") if key}
    off = {"clean": "", "process": "", "required": "false"}
    return {f"{driver}.{key}": value for driver in drivers for key, value in off.items()}


def _git(top: Path, *arguments: str, settings: Mapping[str, str] | None = None) -> str | None:
    """What git prints; None if it fails."""
    where = (f"--git-dir={top / '.git'}", f"--work-tree={top}", "--literal-pathspecs")
    try:
        ended = subprocess.run(
            ["git", *where, *arguments],
            cwd=top,
            env=_environment({**_SETTINGS, **(settings or {})}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout if ended.returncode == 0 else None


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Ours by name: none of it a secret, and no program of the current folder is in its PATH."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    path = os.pathsep.join(folder for folder in folders if Path(folder).is_absolute())
    home = {"HOME": os.environ["HOME"]} if "HOME" in os.environ else {}
    environment = {"PATH": path, **home, **_VARIABLES, "GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):  # -c ends a name at its first `=`
        environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return environment
