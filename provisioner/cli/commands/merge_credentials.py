"""git's merge driver for tokens/: two people's refreshes merge (gitattributes(5)).

`provisioner init` sets it up in a checkout, and git then runs `provisioner merge-credentials`.
"""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.output import print_text
from provisioner.errors import ExitCode, FileUnusable, ProvisionerError

if TYPE_CHECKING:
    from provisioner.credentials.store import Credentials

_NAME = "maps-credentials"
_DRIVER = f"merge.{_NAME}"
_TITLE = "sign-ins of provisioner: the newer one, and all accepted destinations"
ATTRIBUTES = f"""\
# Two people's changes are merged by provisioner. In each clone, once:
#   provisioner init --merge-driver
*.yml merge={_NAME}
"""

Base = Annotated[Path, typer.Argument(help="%O: the common ancestor's version; may be empty.")]
Ours = Annotated[Path, typer.Argument(help="%A: our version, which is replaced.")]
Theirs = Annotated[Path, typer.Argument(help="%B: their version.")]
Name = Annotated[Path, typer.Argument(metavar="PATH", help="%P: the path in the checkout.")]


def merge_credentials(base: Base, ours: Ours, theirs: Theirs, path: Name) -> int:
    """Merge two versions of an encrypted file in tokens/, for git: the merge driver runs it.

    Keeps the newer sign-in and everything that was accepted. Fails if both versions accepted
    other destinations for the same secret.

    Examples:

      provisioner merge-credentials base.yml ours.yml theirs.yml tokens/reports-0a1b2c3d.yml

      provisioner merge-credentials %O %A %B %P
    """
    from provisioner.config.files import project_around
    from provisioner.credentials.store import CredentialStore, merge
    from provisioner.credentials.vault_key import KeySearch
    from provisioner.git import project_identity
    from provisioner.private_file import replace_file

    folder = path.absolute().parent  # git runs its drivers at the top of the work tree
    root = project_around(folder) or folder.parent
    identity = project_identity(root, os.environ)
    search = KeySearch(
        root=root, tokens_path=folder, identity=identity, environment=dict(os.environ)
    )
    key = search.find()
    store = CredentialStore(folder, identity, lambda: key)
    before = None
    with suppress(ProvisionerError):  # empty, or of another key: then less can be told apart
        before = store.read_file(base)
    mine = store.read_file(ours, f"{path} (ours)")
    other = store.read_file(theirs, f"{path} (theirs)")
    merged = merge(before, mine, other) if mine and other else None
    if merged is None:
        raise FileUnusable(
            f"{path}: {_conflict(mine, other)}",
            remedy=f"keep one side: git checkout --ours {path} (or --theirs), git add {path}; "
            "then run: provisioner accept",
        )
    replace_file(ours, store.sealed(merged).encode("ascii"))
    return ExitCode.DONE


def _conflict(ours: Credentials | None, theirs: Credentials | None) -> str:
    if ours is None or theirs is None or ours.server_name != theirs.server_name:
        return "the two sides are not of one server"
    if ours.project != theirs.project:
        return f"one side is of project {ours.project!r}, the other of {theirs.project!r}"
    from provisioner.credentials.store import age

    newer = max(("ours", ours), ("theirs", theirs), key=lambda side: age(side[1].tokens))[0]
    which = f"; the newer sign-in is in {newer}" if ours.tokens and theirs.tokens else ""
    return f"both sides accepted other destinations{which}"


def _driver_command() -> str:
    """The shell's line that git runs. Python by its absolute path, and without the current folder:
    that is the checkout, and its author must not choose what runs.

    Without conflict markers git would keep our side of what failed, and a new token was lost.
    """
    program = shlex.quote(sys.executable).replace("%", "%%")
    merge = f"{program} -P -m provisioner merge-credentials -- %O %A %B %P"
    return f"{merge} || {{ git merge-file -L ours -L base -L theirs %A %O %B; exit 1; }}"


def print_merge_driver(root: Path) -> bool:
    """Set it up in the checkout's own .git/config, which no commit changes, and say so."""
    from provisioner.git import checkout_of, configure

    if checkout_of(root) is None:
        problem = "this is not a git repository; after `git init`, run"
    elif configure(root, {f"{_DRIVER}.name": _TITLE, f"{_DRIVER}.driver": _driver_command()}):
        print_text(f"Set {_DRIVER} in the git configuration of this checkout")
        return True
    else:
        problem = "git could not set it; once that is corrected, run"
    command = "provisioner init --merge-driver"
    print_text(f"No merge driver for tokens/: {problem}: {command}", file=sys.stderr)
    return False
