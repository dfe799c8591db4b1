"""Servers, projects and token sets for the tests of tokens, sign-in and refresh."""

import os
from dataclasses import fields
from pathlib import Path

from msgspec.structs import replace

from provisioner.credentials.project_secrets import ProjectSecrets
from provisioner.credentials.sources import ReadContext
from provisioner.credentials.store import CredentialStore, TokenSet
from provisioner.credentials.vault import VaultKey
from provisioner.model.email_server import EmailServer, OAuth2Settings, Origin, SecretReference
from provisioner.model.project import Project
from provisioner.oauth.sign_in import SignInContext
from provisioner.providers.catalogue import provider_for
from provisioner.secret import Secret
from provisioner.security_level import SecurityLevel

KEY = VaultKey(Secret("a-vault-password-for-tests"))
CLIENT_SECRET = Secret("CANARY-client-secret~with/odd+chars%:é")

# The lines on which `oauth_server` is declared.
_FIELDS = "server_name host port smtp_security_level use_tls user_name oauth2"
LINES = {name: line for line, name in enumerate(_FIELDS.split(), 1)} | {
    f"oauth2.{field.name}": line for line, field in enumerate(fields(OAuth2Settings), 8)
}


def oauth_server(name="Reports", *, host="localhost", **settings):
    """A server of security level OAuth2; `settings` are its OAuth2 fields."""
    user_name = settings.pop("user_name", "reports@example.edu")
    defaults = {
        "access_token_url": "https://sso.example.edu/token",
        "authorization_url": "https://sso.example.edu/authorize",
        "client_id": "maps",
        "client_secret": SecretReference(CLIENT_SECRET.reveal(), Path()),
        "scope_for_authorize": "openid email offline_access smtp",
    }
    return EmailServer(
        server_name=name,
        host=host,
        port=587,
        smtp_security_level=SecurityLevel.OAUTH2,
        use_tls=True,
        user_name=user_name,
        oauth2=OAuth2Settings(**defaults | settings),
        origin=Origin(
            "servers/reports.yml", 1, lambda pointer: LINES[pointer[1:].replace("/", ".")]
        ),
    )


def token_set(**changes):
    """Tokens of `oauth_server()`."""
    return replace(
        TokenSet(
            grant_id="0b1d6a3e",
            access_token=Secret("CANARY-access"),
            refresh_token=Secret("CANARY-refresh"),
            expires_at=2_000_000_000,
            scope="smtp",
            identity="reports@example.edu",
            issuer="https://sso.example.edu",
            token_endpoint_auth_method="client_secret_basic",
            obtained_at=1_900_000_000,
            refreshed_at=1_900_000_000,
        ),
        **changes,
    )


def project_secrets(project, **settings):
    """The door of a project, with a key of its own; nobody is there to be asked."""
    context = ReadContext(environment=os.environ, vault_key=lambda: KEY, allow_commands=False)
    store = CredentialStore(project.tokens_path, "", lambda: KEY)
    return ProjectSecrets(
        project=project, store=store, context=context, making_key=lambda: KEY, **settings
    )


def secrets_in(root):
    """The door of a project that declares nothing; its tokens are in `root`/tokens."""
    return project_secrets(project_in(root))


def sign_in_context(server, secrets, *, facts=None, **changes):
    """What a sign-in to this server needs. `facts`: those of the project, of its provider."""
    needs = {
        "server": server,
        "provider": provider_for(server.oauth2.authorization_url, facts),
        "client_secret": CLIENT_SECRET,
        "secrets": secrets,
        "check_login": None,
        "announce": print,
    }
    return SignInContext(**needs | changes)


def keep(secrets, server, tokens):
    """Store tokens as a sign-in does."""
    secrets.save(server, CLIENT_SECRET, tokens)


def kept(secrets, name="Reports"):
    """The tokens that are stored."""
    found = secrets.store.read(name)
    return found.tokens if found else None


def project_in(root, *servers, **settings):
    """A project folder with these servers."""
    return Project(
        root=root,
        servers_path=root / "servers",
        inventory_path=root / "inventory",
        tokens_path=root / "tokens",
        servers=servers,
        **settings,
    )
