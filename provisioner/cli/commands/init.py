"""`provisioner init`: a new definition, and what its project folder lacks."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.options import NewProjectFolder
from provisioner.cli.provider_choice import complete_provider
from provisioner.errors import ExitCode
from provisioner.text import command_for, proposed_command

if TYPE_CHECKING:
    from provisioner.cli.new_definition import NewDefinition


Text = str | None
ProviderName = Annotated[
    Text,
    typer.Option(
        "--provider",
        help="Whose mailbox it is, such as microsoft or google; other for one that is not known.",
        autocompletion=complete_provider,
        show_default="asked for",
    ),
]
Mailbox = Annotated[
    Text, typer.Option("--mailbox", help="The mailbox's address.", show_default="asked for")
]
Name = Annotated[
    Text, typer.Option("--name", help="The server_name.", show_default="after the mailbox")
]
Tenant = Annotated[
    Text,
    typer.Option(
        "--tenant", help="Microsoft: the directory's ID or domain.", show_default="asked for"
    ),
]
ClientId = Annotated[
    Text,
    typer.Option("--client-id", help="The app registration's client id.", show_default="asked for"),
]
Host = Annotated[
    Text, typer.Option("--host", help="The mail server.", show_default="the provider's")
]
Port = Annotated[
    int | None,
    typer.Option("--port", min=1, max=65535, help="Its port.", show_default="the provider's"),
]
AuthorizationUrl = Annotated[
    Text,
    typer.Option("--authorization-url", help="The sign-in page.", show_default="the provider's"),
]
AccessTokenUrl = Annotated[
    Text,
    typer.Option("--access-token-url", help="The token endpoint.", show_default="the provider's"),
]
Scope = Annotated[
    Text, typer.Option("--scope", help="The scope_for_authorize.", show_default="the provider's")
]


MergeDriver = Annotated[
    bool,
    typer.Option(
        "--merge-driver", help="Only set up the merge driver of tokens/, in an existing project."
    ),
]


def init(
    provider: ProviderName = None,
    mailbox: Mailbox = None,
    name: Name = None,
    tenant: Tenant = None,
    client_id: ClientId = None,
    host: Host = None,
    port: Port = None,
    authorization_url: AuthorizationUrl = None,
    access_token_url: AccessTokenUrl = None,
    scope: Scope = None,
    merge_driver: MergeDriver = False,
    project: NewProjectFolder = Path(),
) -> int:
    """Begin a project, or add a server to one: a definition that validates, and what to register.

    Prompts for missing options. Writes servers/NAME.yml, and an example inventory, .gitignore and
    tokens/.gitattributes if missing. Never overwrites a file; writes all files or none. In a git
    checkout it also sets up the merge driver of tokens/.

    Examples:

      provisioner init --project maps-mail

      provisioner init --provider google --mailbox reports@example.edu --client-id 12-ab

      provisioner init --merge-driver
    """
    from provisioner.cli.answers import Answers
    from provisioner.cli.commands.merge_credentials import print_merge_driver
    from provisioner.cli.new_project import attributes_file, new_files, write_new
    from provisioner.cli.output import print_text
    from provisioner.cli.provider_choice import chosen_provider
    from provisioner.config.file_text import shown_path

    if merge_driver:
        for path in write_new([attributes_file(project)]):
            print_text(f"Wrote {shown_path(path)}")
        return ExitCode.DONE if print_merge_driver(project) else ExitCode.FAILURE
    answers = Answers(
        {
            "provider": provider,
            "mailbox": mailbox,
            "name": name,
            "tenant": tenant,
            "client_id": client_id,
            "host": host,
            "port": str(port) if port else None,
            "authorization_url": authorization_url,
            "access_token_url": access_token_url,
            "scope": scope,
        }
    )
    choice = chosen_provider(answers)
    draft = choice.draft()
    ask_for_client_id = answers.would_ask("client_id")
    if ask_for_client_id:  # only the registration gives it: show now what to register
        print_text(f"\n{choice.card(draft)}", file=sys.stderr)
    definition = choice.completed(draft)
    text = definition.text(choice.provider, choice.registration)
    for path in write_new(new_files(project, definition.file_name, text)):
        print_text(f"Wrote {shown_path(path)}")
    print_merge_driver(project)
    card = "" if ask_for_client_id else f"\n{choice.card(definition)}"
    print_text(f"{card}\n{_next_steps(definition, project)}", end="")
    return ExitCode.DONE


def _next_steps(definition: NewDefinition, project: Path) -> str:
    where = () if project == Path() else (f"-C {shlex.quote(str(project))}",)
    sign_in = proposed_command("authenticate", definition.server_name, *where)
    return (
        "Then:\n"
        "  # name the hosts that run MAPS in the inventory, and\n"
        # read, not export NAME=...: that would stay in the shell's history
        f"  read -rs {definition.variable}; export {definition.variable}   "
        "# paste the client secret, Enter\n"
        f"  {command_for('validate', (), *where)}\n"
        f"  {sign_in}\n"
    )
