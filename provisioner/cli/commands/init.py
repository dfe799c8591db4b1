"""`provisioner init`: a new server file, and the files that its project lacks."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated, Any

import typer

from provisioner.cli.commands.merge_credentials import print_merge_driver
from provisioner.cli.new_server.answers import ANSWERS, OPEN_CLIENT_ID, Answers
from provisioner.cli.new_server.new_project import NewProject, write_files
from provisioner.cli.new_server.provider_names import complete_provider
from provisioner.cli.new_server.server_file import variable_for
from provisioner.cli.options import NewProjectFolder
from provisioner.cli.output import print_note, print_text
from provisioner.config.file_text import shown_path
from provisioner.errors import ExitCode, Interrupted
from provisioner.model.reading import require_servers
from provisioner.text import command_for, proposed_command


def _option(key: str) -> Any:
    answer = ANSWERS[key]
    return typer.Option(
        f"--{key.replace('_', '-')}",
        help=answer.help,
        show_default=answer.default,
        autocompletion=complete_provider if key == "provider" else None,
    )


Text = str | None
MergeDriver = Annotated[
    bool,
    typer.Option(
        "--merge-driver", help="Only set up the merge driver of tokens/, in an existing project."
    ),
]


def init(
    provider: Annotated[Text, _option("provider")] = None,
    mailbox: Annotated[Text, _option("mailbox")] = None,
    name: Annotated[Text, _option("name")] = None,
    host: Annotated[Text, _option("host")] = None,
    port: Annotated[Text, _option("port")] = None,
    tenant: Annotated[Text, _option("tenant")] = None,
    issuer: Annotated[Text, _option("issuer")] = None,
    authorization_url: Annotated[Text, _option("authorization_url")] = None,
    access_token_url: Annotated[Text, _option("access_token_url")] = None,
    scope: Annotated[Text, _option("scope")] = None,
    client_id: Annotated[Text, _option("client_id")] = None,
    auth: Annotated[Text, _option("auth")] = None,
    tls: Annotated[Text, _option("tls")] = None,
    password_from: Annotated[Text, _option("password_from")] = None,
    merge_driver: MergeDriver = False,
    project: NewProjectFolder = Path(),
) -> int:
    """Start a project, or add a server to one: a server file that validates, and what to register.

    Prompts for missing options. Writes servers/NAME.yml, and an example inventory, .gitignore and
    tokens/.gitattributes if missing. Never overwrites a file; writes all files or none. In a git
    checkout it also sets up the merge driver of tokens/.

    Examples:

      provisioner init --project maps-mail

      provisioner init --provider gmail --mailbox reports@example.edu --client-id 12-ab

      provisioner init --provider other --issuer https://sso.example.edu

      provisioner init --merge-driver
    """
    given = {key: value for key, value in locals().items() if key in ANSWERS}
    found = NewProject(project)
    if merge_driver:
        require_servers(project, found.settings)
        write_files([found.attributes_file()])
        return ExitCode.DONE if print_merge_driver(project) else ExitCode.FAILURE
    found.require_usable()
    answers = _collected(Answers(found, given))
    write_files(answers.new_files())
    print_merge_driver(project)
    card = "" if answers.card_shown or not answers.is_oauth2 else f"\n{answers.card()}"
    print_text(f"{card}\n{_next_steps(answers)}", end="")
    if block := answers.settings_to_add():
        print_text(f"\nAdd to provisioner.yml:\n{textwrap.indent(block, '  ')}", end="")
    return ExitCode.DONE


def _collected(answers: Answers) -> Answers:
    """All of them; whoever is interrupted loses none."""
    from provisioner.cli.new_server.questions import collect

    try:
        collect(answers)
    except (KeyboardInterrupt, Interrupted):
        print_note("")
        remedy = f"to continue, run: {answers.command()}"
        raise Interrupted("nothing was written", remedy=remedy) from None
    answers.require_complete()
    return answers


def _next_steps(answers: Answers) -> str:
    name = answers.known["name"]
    reference = answers.known.get("password_from", "")
    variable = reference.removeprefix("env:") if reference.startswith("env:") else ""
    if answers.is_oauth2:
        variable = variable_for(name, "CLIENT_SECRET")
    steps = ["# add your hosts to inventory/hosts.ini"]
    if answers.known.get("client_id") == OPEN_CLIENT_ID:
        file = shown_path(answers.project.server_path(name))
        steps.append(f"# replace {OPEN_CLIENT_ID} in {file}")
    if variable:  # read, not export NAME=...: that would stay in the shell's history
        steps.append("# the next line reads the secret: paste it, press Enter")
        steps.append(f"read -rs {variable}; export {variable}")
    elif reference.startswith("file:"):
        steps.append(f"# write the password into {reference.removeprefix('file:')}, mode 0600")
    steps.append(command_for("validate", ()))
    if answers.is_oauth2:
        steps.append(proposed_command("authenticate", name))
    else:
        steps.append(command_for("doctor", ()))
    return "Then:\n" + "".join(f"  {step}\n" for step in steps)
