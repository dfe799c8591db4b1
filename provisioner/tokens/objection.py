"""Why a server's secrets may not travel before a person agrees: decided, and put into words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from provisioner.errors import PersonNeeded
from provisioner.model.email_server import EmailServer
from provisioner.secret_sources.reference import SecretReference
from provisioner.secret_sources.reference_text import reference_text
from provisioner.text import accept_destination, proposed_command
from provisioner.tokens.destination_record import Accepted, DestinationRecord
from provisioner.tokens.destinations import changed_parts
from provisioner.tokens.route import THE_PROVIDERS, TOKENS, Route

_UNSAID = {
    ("ca_file", "none"),
    ("revocation_url", THE_PROVIDERS),
    ("device_authorization_url", THE_PROVIDERS),
}


@dataclass(frozen=True, slots=True)
class Objection:
    """`reasons` are lines for a person. `changed`: something was accepted, and this is not it."""

    server: EmailServer
    reasons: tuple[str, ...]
    changed: bool

    def as_error(self, command: str | None = None) -> PersonNeeded:
        """The objection where nobody can be asked. `command`, or else the one that is running,
        takes --accept-destination."""
        name = self.server.server_name
        flag = accept_destination(name)
        flag = proposed_command(command, name, flag) if command else f"this again with {flag}"
        return PersonNeeded(
            f"{self.server.where()}: {'; '.join(self.reasons)}; nothing was sent",
            remedy=f"if that change is meant, run {flag}; if not, find out who made it"
            if self.changed
            else f"if it belongs there, run {flag}",
        )


def secret_reference(server: EmailServer) -> SecretReference | None:
    """Where the server's one secret is read: its client secret, or its password."""
    return server.oauth2.client_secret if server.oauth2 else server.password


def objection_to(
    server: EmailServer,
    wanted: Iterable[Accepted],
    record: DestinationRecord,
    *,
    also: Iterable[str] = (),
) -> Objection | None:
    """None if the record has every wanted route; `also` are changes found elsewhere."""
    changed, first = list(also), []
    for entry in wanted:
        known = [routes for name in sorted(entry.sources) if (routes := record.routes_of(name))]
        if not known:
            first.append(first_use(server, entry.route))
        for routes in known:
            if all(route.destination != entry.route.destination for route in routes):
                changed.append(_change(entry.route, _nearest(entry.route, routes)))
    reasons = tuple(dict.fromkeys([*changed, *first]))
    return Objection(server, reasons, changed=bool(changed)) if reasons else None


def first_use(server: EmailServer, route: Route) -> str:
    """In words: what would travel, and where to."""
    reference = secret_reference(server)
    source = "" if reference is None or route.secret == TOKENS else reference_text(reference)
    read = f", read from {source}," if source else ""
    verb = "go" if route.secret == TOKENS else "goes"
    return f"{route.secret}{read} {verb} for the first time to {_shown(route.destination)}"


def _nearest(wanted: Route, known: Sequence[Route]) -> Route:
    """The server's own route, else the one that differs least."""

    def distance(route: Route) -> tuple[bool, int]:
        foreign = (route.server_name, route.secret) != (wanted.server_name, wanted.secret)
        return foreign, len(list(changed_parts(route.destination, wanted.destination)))

    return min(known, key=distance)


def _change(wanted: Route, known: Route) -> str:
    if known.secret != wanted.secret:
        return (
            f"its {wanted.secret} is the {known.secret} of {known.server_name}, and would go to "
            f"{_shown(wanted.destination)}"
        )
    changes = "; ".join(changed_parts(known.destination, wanted.destination))
    if known.server_name == wanted.server_name:
        return changes
    return f"its {wanted.secret} is that of {known.server_name}, and against it {changes}"


def _shown(destination: Mapping[str, str]) -> str:
    return ", ".join(f"{part} {value}" for part, value in _told(destination))


def _told(destination: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What says something: the refresh endpoint mostly is the token endpoint."""
    for part, value in destination.items():
        usual = part == "the refresh endpoint" and value == destination.get("access_token_url")
        if not usual and (part, value) not in _UNSAID:
            yield part, value
