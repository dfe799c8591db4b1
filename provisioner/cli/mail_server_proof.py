"""What a server's mail server says to a token: asked from this machine, nothing is sent."""

from __future__ import annotations

from provisioner.credentials.store import TokenSet
from provisioner.deploy.entry import ServerEntry
from provisioner.model.email_server import EmailServer
from provisioner.model.project import Project
from provisioner.oauth.checks import CheckLogin, LoginResult, login_result
from provisioner.providers.catalogue import provider_for
from provisioner.smtp.client import check_login


def mail_server_proof(server: EmailServer, project: Project) -> CheckLogin:
    """How to ask it."""
    provider = provider_for(server.host, project.providers)

    def prove(tokens: TokenSet) -> LoginResult:
        entry = ServerEntry(server=server, token_set=tokens)
        result = check_login(entry.account(project.ca_file))
        return login_result(result, server.host, provider.name, server.server_name)

    return prove
