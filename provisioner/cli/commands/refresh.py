"""`provisioner refresh`: new access tokens, and with them a longer life of the refresh tokens."""

from __future__ import annotations

import math
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.app import code_of, print_error
from provisioner.cli.options import ProjectOptions, ServerNames
from provisioner.cli.output import print_text
from provisioner.errors import PersonNeeded, ProvisionerError, UsageError, gravest
from provisioner.text import local_time

if TYPE_CHECKING:
    from provisioner.credentials.project_secrets import OpenProject
    from provisioner.credentials.store import TokenSet
    from provisioner.model.email_server import EmailServer

All = Annotated[bool, typer.Option("--all", help="All servers (the default).")]
Due = Annotated[
    bool,
    typer.Option(
        "--due", help="Only tokens that are about to expire; prints nothing if there are none."
    ),
]


def refresh(
    options: ProjectOptions,
    servers: ServerNames = None,
    every: All = False,
    due: Due = False,
) -> int:
    """Refresh access tokens, so that refresh tokens do not expire unused.

    `--due` is for a daily job: it refreshes tokens after half of their idle time (a week if that is
    unknown). It exits with 6 if a person must act: a client secret or a token expires within two
    weeks (or half of its lifetime), or a refresh or a sign-in at the mail server was rejected. A
    failed refresh keeps the tokens and does not stop other servers. Tokens handed over to a host
    are skipped: MAPS refreshes them there.

    Examples:

      provisioner refresh Reports

      provisioner refresh --due --project /srv/mail
    """
    if every and servers:
        raise UsageError("--all and names of servers exclude each other", remedy="give one of them")
    opened = options.open()
    work = _refreshed if servers else _refreshed_if_ours
    work = _refreshed_if_due if due else work
    chosen = opened.project.oauth2_servers(servers)
    return gravest(code_of(partial(work, server, opened)) for server in chosen)


def _refreshed(server: EmailServer, opened: OpenProject) -> None:
    from provisioner.cli.progress import progress
    from provisioner.oauth.refreshing import fresh_tokens

    with progress(quiet=not sys.stderr.isatty()) as tell:
        tell(f"refreshing the tokens of {server.server_name}")
        tokens = fresh_tokens(
            opened.secrets, server, math.inf, time.time(), save=True, announce=tell
        )
    until = local_time(tokens.expires_at)
    print_text(f"{server.server_name}: refreshed; the access token is good until {until}")


def _refreshed_if_ours(server: EmailServer, opened: OpenProject) -> None:
    """Of all servers, those that a host renews are none of ours; by its name, one is refused."""
    tokens = _stored(server, opened)
    if tokens is None or tokens.handed_over_to is None:
        return _refreshed(server, opened)
    words = f"skipped: its refresh token was handed over to {tokens.handed_over_to}"
    print_text(f"{server.server_name}: {words}, which refreshes it")
    return None


def _refreshed_if_due(server: EmailServer, opened: OpenProject) -> None:
    """A server that nobody has signed in to has no token that could end: `status` tells of it.

    A refresh that fails, such as for want of a network, hides nothing that a person has to do.
    """
    from provisioner.credentials.expiry import near_ends, proof_of, refresh_is_due, refusals
    from provisioner.credentials.proofs import read_proofs

    provider, now = opened.secrets.provider(server), time.time()
    name, root = server.server_name, opened.project.root
    tokens = _stored(server, opened)
    handed_over = tokens is not None and tokens.handed_over_to is not None
    failed: ProvisionerError | None = None
    if tokens is not None and not handed_over:  # a host renews its own
        was_refused = proof_of(tokens, read_proofs(root).get(name)).refresh is not None
        if was_refused or refresh_is_due(tokens, provider, now=now):
            try:
                _refreshed(server, opened)
            except PersonNeeded:
                raise
            except ProvisionerError as error:
                failed = error
            tokens = _stored(server, opened)
    problems = list(near_ends(server, tokens, provider, now=now))
    if tokens is not None and not handed_over:
        problems[:0] = refusals(proof_of(tokens, read_proofs(root).get(name)))
    if failed and not problems:
        raise failed
    if failed:
        print_error(failed.message, failed.remedy)
    if problems:
        raise PersonNeeded(
            "\n".join(f"{name}: {problem.message}" for problem in problems),
            remedy="\n".join(dict.fromkeys(problem.remedy for problem in problems)),
        )


def _stored(server: EmailServer, opened: OpenProject) -> TokenSet | None:
    found = opened.store.read(server.server_name)
    return found.tokens if found else None
