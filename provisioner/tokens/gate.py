"""The one gate that every secret passes before it travels: to accepted destinations only.

Whoever can change the declared files must not be able to send a token, a client secret or a
password somewhere new: not in the server's own file, and not by a copied reference in a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from provisioner.model.email_server import EmailServer
from provisioner.model.project import Project
from provisioner.secret import Secret
from provisioner.secret_sources.vault import VaultKey
from provisioner.tokens.destination_record import Accepted
from provisioner.tokens.destination_store import DestinationStore
from provisioner.tokens.destinations import changed_destinations, rebound
from provisioner.tokens.objection import Objection, first_use, objection_to, secret_reference
from provisioner.tokens.route import TOKENS, Route, routes_of
from provisioner.tokens.source_names import source_names
from provisioner.tokens.store import TokenStore

Ask = Callable[[Objection], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """`accepted`: names of servers whose destinations the user accepts in this run.

    `ask` puts an objection to a person; None where there is nobody to ask. `users_key`: the vault
    key that the user has, whatever the project names.
    In all methods `secret` is what the server's client_secret or password was resolved to.
    """

    project: Project
    tokens: TokenStore
    destinations: DestinationStore
    accepted: frozenset[str] = frozenset()
    ask: Ask | None = None
    users_key: Callable[[], VaultKey | None] = lambda: None

    def check(self, server: EmailServer, secret: Secret) -> None:
        """PersonNeeded, and nothing may be sent, unless all routes of the server are accepted."""
        objection = self.objection(server, secret)
        if self._agreed(server, objection):
            self.accept(server, secret)
            self._rebind(server)
        elif objection:
            raise objection.as_error()

    def check_tokens(self, server: EmailServer) -> None:
        """As `check`, for what sends the tokens alone, needs no secret and accepts nothing."""
        objection = self.objection(server, None)
        if objection:
            raise objection.as_error("refresh")

    def check_sign_in(
        self, server: EmailServer, secret: Secret, tell: Callable[[str], None]
    ) -> None:
        """As `check`, before a sign-in: a person is there, so what is new is told and passes.

        The caller accepts it once the sign-in has succeeded. Stored tokens stay as they are.
        """
        objection = self.objection(server, secret)
        if self.is_vault_password(secret):
            objection = Objection(server, ("client_secret is the vault password",), changed=True)
        if objection and not objection.changed and server.server_name not in self.accepted:
            for reason in objection.reasons:
                tell(f"Note: {server.server_name}: {reason}")
        elif self._agreed(server, objection):
            self.accept(server, secret)
        elif objection:
            raise objection.as_error()

    def is_vault_password(self, secret: Secret) -> bool:
        """The project's, or the user's own: it may open more than this project."""
        keys = (self.tokens.key(), self.users_key())
        return secret in [key.password for key in keys if key is not None]

    def accept(self, server: EmailServer, secret: Secret) -> None:
        """Record where the server's secrets go: a person agreed."""
        self.destinations.accept(lambda digest_key: self._wanted(server, secret, digest_key))

    def objection(self, server: EmailServer, secret: Secret | None) -> Objection | None:
        """What a person would have to agree to; None if everything is accepted.

        Without a secret only the tokens are meant.
        """
        record = self.destinations.load()
        distrust = self.destinations.distrust(record)
        stale = tuple(self._stale(server))
        if record is None or distrust:
            doubts = (distrust, *stale) if distrust else stale
            first = tuple(first_use(server, route) for route in self._routes(server, secret))
            return Objection(server, (*doubts, *first), changed=bool(doubts))
        wanted = self._wanted(server, secret, record.digest_key)
        return objection_to(server, wanted, record, also=stale)

    def _agreed(self, server: EmailServer, objection: Objection | None) -> bool:
        if server.server_name in self.accepted:
            return True
        return objection is not None and self.ask is not None and self.ask(objection)

    def _routes(self, server: EmailServer, secret: Secret | None) -> tuple[Route, ...]:
        routes = routes_of(server, self.project)
        return tuple(route for route in routes if secret or route.secret == TOKENS)

    def _wanted(
        self, server: EmailServer, secret: Secret | None, digest_key: Secret
    ) -> Iterator[Accepted]:
        reference = secret_reference(server)
        for route in self._routes(server, secret):
            if route.secret == TOKENS:
                yield Accepted(route, frozenset({f"{TOKENS}:{server.server_name}"}))
            elif reference is not None and secret is not None:
                names = source_names(
                    reference, secret, digest_key=digest_key, root=self.project.root
                )
                yield Accepted(route, names)

    def _stale(self, server: EmailServer) -> Iterator[str]:
        """Stored tokens are bound to their destinations by themselves, too."""
        stored = self.tokens.load(server.server_name) if server.oauth2 else None
        if stored is not None:
            yield from changed_destinations(stored, server)

    def _rebind(self, server: EmailServer) -> None:
        if not any(self._stale(server)):
            return
        with self.tokens.locked(server.server_name) as entry:
            stored = entry.load()
            if stored is not None:
                entry.save(rebound(stored, server))
