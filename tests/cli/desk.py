"""A project with a provider, for the commands that sign in."""

import sys
from dataclasses import replace

import yaml

from tests.support.paths import FOLLOWING_BROWSER as BROWSER
from tests.support.project_folder import ProjectFolder, oauth2_server


class Desk(ProjectFolder):
    """A project with a provider, in whose browser somebody signs in."""

    def __init__(self, folder, provider):
        super().__init__(
            folder,
            REPORTS_SECRET=provider.client_secret.reveal(),
            BROWSER=f"{sys.executable} {BROWSER} %s",
            LAST_PAGE=str(folder.parent / "last.html"),
        )
        self.provider = provider
        client = {"client_id": provider.client_id}
        self.declared = self.declare(oauth2_server(provider.issuer, oauth2=client))

    def behave(self, **changes):
        self.provider.behavior = replace(self.provider.behavior, **changes)

    def change(self, old, new):
        """Edit the server file."""
        self.declared.write_text(self.declared.read_text().replace(old, new))

    def declare_another(self, name, **changes):
        """One more server, like the first."""
        server = yaml.safe_load(self.declared.read_text())
        self.declare({**server, "server_name": name, **changes})

    def use_key(self, password):
        """The vault password: a file of the user's own, outside of the checkout."""
        key = self.folder.parent / "key"
        key.write_text(password)
        key.chmod(0o600)
        self.environment["ANSIBLE_VAULT_PASSWORD_FILE"] = str(key)
