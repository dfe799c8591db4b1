"""`provisioner refresh`: new access tokens, and with them a longer life of the refresh tokens."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.cli.error_lines import print_error
from provisioner.cli.options import AcceptDestination, AllowCommands, ProjectFolder, ServerNames
from provisioner.errors import ExitCode, ProvisionerError, UsageError, gravest

if TYPE_CHECKING:
    from provisioner.cli.vaults import Vaults
    from provisioner.model.email_server import EmailServer


def refresh(
    servers: ServerNames = None,
    project: ProjectFolder = Path(),
    allow_commands: AllowCommands = False,
    accept_destination: AcceptDestination = None,
) -> int:
    """Refresh the access tokens now, so that no refresh token dies of idleness.

    A server that cannot be refreshed keeps its tokens and holds up no other.

    Examples:

      provisioner refresh

      provisioner refresh Reports --project /srv/mail
    """
    from provisioner.cli.vaults import open_vaults
    from provisioner.model.reading import read_project

    declared = read_project(project)
    named = [declared.server(name) for name in servers or ()]
    for server in named:
        if server.oauth2 is None:
            raise UsageError(f"{server.server_name} does not use OAuth2: it has no tokens")
    vaults = open_vaults(
        declared, allow_commands=allow_commands, accept_destinations=accept_destination or ()
    )
    chosen = named or [server for server in declared.servers if server.oauth2]
    return gravest([_refreshed(server, vaults) for server in chosen])


def _refreshed(server: EmailServer, vaults: Vaults) -> ExitCode:
    from provisioner.oauth.refreshing import fresh_tokens

    try:
        secret = vaults.client_secret(server)
        tokens = fresh_tokens(
            vaults.store, server, secret, math.inf, time.time(), ca_file=vaults.project.ca_file
        )
    except ProvisionerError as error:
        print_error(error.message, error.remedy)
        return error.exit_code
    until = time.strftime("%Y-%m-%d %H:%M", time.localtime(tokens.expires_at))
    print(f"{server.server_name}: refreshed; the access token is good until {until}")
    return ExitCode.DONE
