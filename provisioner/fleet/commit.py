"""Which commit of the project's repository is at work: for locks, plans and the journal."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_TIMEOUT_SECONDS = 20.0
_SHORT = 12


@dataclass(frozen=True, slots=True)
class Commit:
    """`dirty`: the project's files differ from it. Both None where there is no repository."""

    id: str | None
    dirty: bool | None

    def __str__(self) -> str:
        if self.id is None:
            return "no commit"
        return self.id[:_SHORT] + (" and changes" if self.dirty else "")


def commit_of(root: Path) -> Commit:
    """The commit that is checked out at `root`; asks git, if it is there."""
    found = _git(root, "rev-parse", "--verify", "HEAD")
    if not found:
        return Commit(None, None)
    return Commit(found.strip(), bool(_git(root, "status", "--porcelain", "--", ".")))


def _git(root: Path, *arguments: str) -> str:
    """What git prints; empty if it fails. Its environment is ours by name: none of it a secret."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    try:
        ended = subprocess.run(
            # fsmonitor names a program: a repository's own settings are not to run one here
            ["git", "-c", "core.fsmonitor=false", *arguments],
            cwd=root,
            env={**kept, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout if ended.returncode == 0 else ""
