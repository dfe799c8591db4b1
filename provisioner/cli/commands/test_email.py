"""`provisioner test-email`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.completion import complete_server_name
from provisioner.cli.options import ProjectOptions

if TYPE_CHECKING:
    from provisioner.deploy.entry import ServerEntry
    from provisioner.model.project import Project
    from provisioner.smtp.client import SmtpResult


def test_email(
    options: ProjectOptions,
    server: Annotated[
        str,
        typer.Argument(
            help="The server_name.", show_default=False, autocompletion=complete_server_name
        ),
    ],
    to: Annotated[
        str | None, typer.Option("--to", help="The recipient.", show_default="as declared")
    ] = None,
) -> int:
    """Send a test email from this machine with a server's declared settings and its tokens.

    Examples:

      provisioner test-email Reports

      provisioner test-email Reports --to you@example.edu
    """
    import math
    import time
    from dataclasses import replace
    from textwrap import dedent

    from provisioner.cli.output import print_text
    from provisioner.deploy.record import new_run_id
    from provisioner.deploy.targets import server_entry
    from provisioner.errors import PersonNeeded, ProvisionerError
    from provisioner.oauth.checks import says_expired
    from provisioner.oauth.refreshing import FRESH_SECONDS, fresh_tokens
    from provisioner.providers.catalogue import provider_for
    from provisioner.reports.mail_text import mail_lines
    from provisioner.smtp.client import send_test_email

    opened = options.open()
    declared, secrets = opened.project, opened.secrets
    entry = server_entry(declared.server(server), secrets)
    if entry.token_set:
        tokens = fresh_tokens(secrets, entry.server, FRESH_SECONDS, time.time())
        entry = replace(entry, token_set=tokens)
    mail = entry.mail(declared.test_email)
    recipient = to or mail.recipient

    def sent(entry: ServerEntry) -> SmtpResult:
        account, run_id = entry.account(declared.ca_file), new_run_id()
        return send_test_email(account, mail.sender, recipient, run_id, server_name=entry.name)

    result = sent(entry)
    if entry.token_set and says_expired(result):  # whatever its own time says; once
        tokens = fresh_tokens(secrets, entry.server, math.inf, time.time())
        entry = replace(entry, token_set=tokens)
        result = sent(entry)
    provider = provider_for(entry.server.host, declared.providers)
    lines = mail_lines(entry.name, result, provider.name)
    refused = _noted(entry, result, declared, provider.name) if entry.token_set else False
    if refused:
        raise PersonNeeded(lines[0], remedy=dedent("\n".join(lines[1:])))
    if result.outcome != "sent":
        raise ProvisionerError(lines[0], remedy=dedent("\n".join(lines[1:])))
    print_text(f"{lines[0]}, to {recipient}, from this machine")
    return 0


def _noted(entry: ServerEntry, result: SmtpResult, project: Project, provider_name: str) -> bool:
    """Note for `status` what the mail server said of the token; whether it refused it."""
    import time

    from provisioner.cli.output import print_note
    from provisioner.credentials.proofs import note_mail
    from provisioner.errors import ProvisionerError
    from provisioner.oauth.checks import last_proof, login_result

    assert entry.token_set is not None  # noqa: S101  the caller has seen to it
    said = login_result(result, entry.server.host, provider_name, entry.name)
    proof = last_proof(said, entry.token_set, at=time.time())
    if proof is None:
        return False
    try:
        note_mail(project.root, {entry.name: proof})
    except ProvisionerError as error:  # what the mail server said is true all the same
        print_note(f"warning: `status` will not show this: {error.message}")
    return proof.mail is not None
