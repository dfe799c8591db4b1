"""A user's clone of a project."""

import yaml

from tests.support.oauth_samples import CLIENT_SECRET
from tests.support.project_folder import ProjectFolder, oauth2_server, password_server


class Checkout(ProjectFolder):
    """With a server that has a password, or one that is signed in to."""

    def __init__(self, folder):
        secrets = {"RELAY": "a relay password", "ALERTS": "another password"}
        super().__init__(folder, **secrets, REPORTS_SECRET=CLIENT_SECRET.reveal())

    def relay(self, name="Relay", *, port=9, password="{env: RELAY}"):
        """A server with a password; `password` is YAML."""
        server = password_server(name, port=port)
        del server["password"]
        text = f"{yaml.safe_dump(server, sort_keys=False)}password: {password}\n"
        return self.write(f"servers/{name.lower()}.yml", text)

    def oauth2(self, issuer="https://sso.example.edu"):
        """A server `Reports` that is signed in to."""
        return self.declare(oauth2_server(issuer))
