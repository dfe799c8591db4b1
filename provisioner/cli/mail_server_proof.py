"""What a server's mail server says to a token: asked from this machine, nothing is sent."""

from __future__ import annotations

from provisioner.credentials.store import TokenSet
from provisioner.model.email_server import EmailServer
from provisioner.model.project import Project
from provisioner.oauth.checks import CheckLogin, LoginResult, login_result
from provisioner.providers.catalogue import provider_for


def mail_server_proof(server: EmailServer, project: Project) -> CheckLogin:
    """How to ask it. Its code is imported once somebody has signed in: until then a person waits
    for the address to open."""
    provider = provider_for(server.host, project.providers)

    def prove(tokens: TokenSet) -> LoginResult:
        from provisioner.smtp.client import SmtpAccount, check_login

        user_name = server.mailbox or tokens.identity
        account = SmtpAccount.of(server, user_name, tokens.access_token, project.ca_file)
        result = check_login(account)
        return login_result(result, server.host, provider.name, server.server_name)

    return prove
