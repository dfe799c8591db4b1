"""A fleet whose server signs in by OAuth2 at the demo provider, and whose tokens are there."""

from __future__ import annotations

import time
from contextlib import contextmanager

from provisioner.credentials.project_secrets import open_project
from provisioner.demo.certificates import make_certificate
from provisioner.demo.mail_server import MailBehaviour, MailServer
from provisioner.demo.mail_sign_in import Introspection
from provisioner.demo.provider import DemoProvider
from provisioner.demo.provider_grants import Grant
from provisioner.model.reading import read_project
from provisioner.secret import Secret
from tests.fleet.local_fleet import USER, LocalFleet
from tests.oauth_samples import kept, token_set


class SignedInFleet(LocalFleet):
    """`Reports` signs in by OAuth2, and its tokens are there, good for an hour.

    Its provider ends a refresh token with its first use.
    """

    def sign_in(self, provider):
        oauth2 = {
            "access_token_url": provider.token_url,
            "authorization_url": provider.authorization_url,
            "client_id": provider.client_id,
            "client_secret": {"env": "MAIL_PASSWORD"},
            "scope_for_authorize": "smtp offline_access",
        }
        self.oauth2 = oauth2
        self.limit_to(None)
        self.settings(providers={"localhost": {"refresh_token_rotation": "strict"}})
        grant = Grant(provider.client_id, USER, "smtp")
        tokens = token_set(
            access_token=Secret(provider.grants.access_token(grant, seconds=3600)),
            refresh_token=Secret(provider.grants.refresh_token(grant)),
            expires_at=int(time.time()) + 3600,
            identity=USER,
        )
        secrets = self.secrets
        secrets.save(secrets.project.servers[0], provider.client_secret, tokens)

    def limit_to(self, maximum_emails_per_minute):
        """Declare it, with a limit of MAPS' own."""
        self.declare(
            "Reports",
            smtp_security_level="oauth2",
            password=None,
            oauth2=self.oauth2,
            maximum_emails_per_minute=maximum_emails_per_minute,
        )

    @property
    def secrets(self):
        return open_project(read_project(self.folder)).secrets

    @property
    def owner(self):
        return kept(self.secrets).handed_over_to


@contextmanager
def signed_in_fleet(folder):
    """Its mail server asks the provider whether a token is good; `secret` is the client's."""
    (folder / "tls").mkdir()
    certificate = make_certificate(folder / "tls")
    with DemoProvider() as provider:
        check = Introspection(
            provider.introspection_url, provider.client_id, provider.client_secret
        )
        with MailServer(certificate, MailBehaviour(check_token=check)) as mail:
            fleet = SignedInFleet(folder / "project", mail, certificate.ca_file)
            fleet.secret = provider.client_secret.reveal()
            fleet.sign_in(provider)
            yield fleet
