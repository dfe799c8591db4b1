"""`provisioner accept`: agree to where secrets would go, and send nothing."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.app import code_of
from provisioner.cli.options import ProjectOptions, ServerNames
from provisioner.cli.output import print_text
from provisioner.errors import ExitCode, PersonNeeded, UsageError, gravest
from provisioner.git import checkout_of
from provisioner.text import COMMIT_HINT, counted, proposed_command

if TYPE_CHECKING:
    from provisioner.credentials.project_secrets import OpenProject
    from provisioner.model.email_server import EmailServer

Renamed = Annotated[
    bool,
    typer.Option("--renamed", help="Keep everything accepted under the project's earlier name."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="With --renamed: do not prompt.")]


def accept(
    options: ProjectOptions,
    servers: ServerNames = None,
    renamed: Renamed = False,
    yes: Yes = False,
) -> int:
    """Confirm each changed or new destination of a secret; send nothing.

    Asks the same questions as push, test-email and refresh. Without a terminal it prints the
    changes and exits with 6, except for servers named by `--accept-destination`. A project is
    renamed when its repository, or its folder in the repository, gets another name.

    Examples:

      provisioner accept

      provisioner accept Relay --accept-destination Relay

      provisioner accept --renamed
    """
    if (renamed and servers) or (yes and not renamed):
        raise UsageError("--renamed excludes SERVER, and --yes requires it", remedy="see --help")
    opened = options.open()
    if renamed:
        return _rename(opened, yes=yes)
    declared = opened.project
    chosen = [declared.server(name) for name in servers] if servers else declared.servers
    return gravest(code_of(partial(_accept, server, opened)) for server in chosen)


def _accept(server: EmailServer, opened: OpenProject) -> None:
    kept = opened.store.read(server.server_name)
    if server.oauth2 is not None and (kept is None or kept.tokens is None):
        sign_in = proposed_command("authenticate", server.server_name)
        outcome = f"not signed in; the sign-in accepts its destinations: {sign_in}"
    elif opened.secrets.accept(server):
        outcome = "accepted" + (COMMIT_HINT if checkout_of(opened.project.root) else "")
    else:
        outcome = "nothing to accept"
    print_text(f"{server.server_name}: {outcome}")


def _rename(opened: OpenProject, *, yes: bool) -> ExitCode:
    opened.store.key()  # without one nothing can be read, which would look like nothing to do
    new, confirm = opened.store.project or "a project without a remote", opened.secrets.confirm
    earlier = Counter(k.project for k in opened.store.all() if k.project != opened.store.project)
    for old, count in earlier.items():
        named = old or "a project without a remote"
        line = f"{counted(count, 'server')} accepted in {named}; this is {new}"
        question = "Keep the sign-ins and accepted destinations of that project?"
        if not yes and (confirm is None or not confirm([line], question)):
            raise PersonNeeded(f"{line}; nothing was changed", remedy="to confirm, pass --yes")
        for name in opened.secrets.rename_project(old):
            print_text(f"{name}: kept; accepted in {new}")
    if not earlier:
        print_text("nothing to accept: the project has not been renamed")
    return ExitCode.DONE
