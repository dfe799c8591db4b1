"""Where each secret of a server goes, and how that differs from what a person accepted. Pure.

Whoever can change the declared files must not be able to send a token, a client secret or a
password somewhere new: not in the server's own file, and not by a copied reference in a new one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct

from provisioner.credentials.sources import source_of
from provisioner.errors import InvalidProject
from provisioner.model.email_server import EmailServer, OAuth2Settings
from provisioner.model.project import Project
from provisioner.providers.catalogue import provider_for
from provisioner.providers.endpoints import absolute_url
from provisioner.secret import Secret, keyed_digest

TOKENS = "tokens"

_THE_PROVIDERS = "the provider's"
_ANY_LEVEL = "any, under TLS"
_UNSAID = {
    ("smtp_security_level", _ANY_LEVEL),
    ("ca_file", "none"),
    ("revocation_url", _THE_PROVIDERS),
    ("device_authorization_url", _THE_PROVIDERS),
}


class Destination(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`secret`: the field it is declared in, or `tokens`; `sources`: names it is recognized by.

    `parts`: where it goes, part by part, in words.
    """

    secret: str
    sources: frozenset[str]
    parts: dict[str, str]


class DestinationChange(Struct, frozen=True):
    """Why a secret may not go out before a person agrees. `changed`: something was accepted.

    `note`: of a first destination, the hosts alone, for where nobody has to be asked.
    """

    changed: bool
    text: str
    note: str = ""


def destinations_of(
    server: EmailServer, project: Project, secret: Secret | None, digest_key: bytes
) -> dict[str, Destination]:
    """Each secret of the server that leaves this machine, by its field. None: the tokens alone.

    A certificate authority belongs to a destination: whoever it certifies is believed to be it.
    """
    trust = {"ca_file": _ca_file_digest(project.ca_file)}
    if server.oauth2 is not None:
        trust |= _corrected_endpoints(server.oauth2, project)
    names = {TOKENS: frozenset({f"{TOKENS}:{server.server_name}"})}
    if secret is not None and server.secret is not None:
        both = (value_name(secret, digest_key), source_of(server.secret).name)
        names |= dict.fromkeys(("client_secret", "password"), frozenset(filter(None, both)))
    return {
        field: Destination(secret=field, sources=names[field], parts={**parts, **trust})
        for field, parts in _parts(server)
        if field in names
    }


def changes_of(
    wanted: Mapping[str, Destination],
    accepted: Mapping[str, Destination],
    all_accepted: Callable[[], Mapping[str, Mapping[str, Destination]]],
    shown_source: str,
) -> Iterator[DestinationChange]:
    """What a person would have to accept. `all_accepted`: by server; the usual case needs none."""
    for field, want in wanted.items():
        own = accepted.get(field)
        if own and own.sources & want.sources:  # the same place or value: a rotated one may pass
            yield from (DestinationChange(True, f"{field}: {x}") for x in _differences(own, want))
            continue
        elsewhere = [
            (name, other)
            for name, ways in all_accepted().items()
            for other in ways.values()
            if other.sources & want.sources
        ]
        if any((other.secret, other.parts) == (field, want.parts) for _, other in elsewhere):
            continue  # ten servers, one relay password: accepted once
        if not elsewhere:
            source = "" if field == TOKENS else f" ({shown_source})"
            text = f"{field}{source} would be sent for the first time to {_shown(want)}"
            note = f"first use: {field}{source} will be sent to {_hosts(want)}"
            yield DestinationChange(False, text, note)
            continue
        name, other = elsewhere[0]
        against = f"against it {'; '.join(_differences(other, want))}"
        goes = against if other.secret == field else f"would be sent to {_shown(want)}"
        yield DestinationChange(True, f"its {field} is the {other.secret} of {name}, and {goes}")


def value_name(secret: Secret, digest_key: bytes) -> str:
    """What a secret is recognized by wherever it is read from; tells nothing without the key."""
    return f"value:{keyed_digest(digest_key, secret.reveal().encode())[:32]}"


def _differences(old: Destination, new: Destination) -> Iterable[str]:
    for part in dict.fromkeys((*old.parts, *new.parts)):
        before, after = old.parts.get(part, "nothing"), new.parts.get(part, "nothing")
        # With TLS or without is told by use_tls: no level changed that was declared.
        if before != after and _ANY_LEVEL not in (before, after):
            yield f"{part} changed from {before} to {after}"


def _shown(destination: Destination) -> str:
    """The parts that matter: the refresh endpoint mostly is the token endpoint."""
    parts = destination.parts
    usual = ("the refresh endpoint", parts.get("access_token_url"))
    shown = ((p, v) for p, v in parts.items() if (p, v) != usual and (p, v) not in _UNSAID)
    return ", ".join(f"{part} {value}" for part, value in shown)


def _hosts(destination: Destination) -> str:
    parts = destination.parts
    hosts = [urlsplit(value).netloc for value in parts.values() if "://" in value]
    if "host" in parts:
        hosts.append(f"{parts['host']}:{parts['port']}")
    trusted = " (certified by ca_file)" if parts.get("ca_file", "none") != "none" else ""
    return ", ".join(dict.fromkeys(hosts)) + trusted


def _parts(server: EmailServer) -> Iterator[tuple[str, dict[str, str]]]:
    mail_server = {
        "host": server.host.casefold(),
        "port": str(server.port),
        "use_tls": "true" if server.use_tls else "false",
    }
    if server.oauth2 is not None:
        client = {
            "access_token_url": server.oauth2.access_token_url,
            "the refresh endpoint": server.oauth2.refresh_endpoint,
            "client_id": server.oauth2.client_id,
        }
        page = _without_query(server.oauth2.authorization_url)
        yield "client_secret", {**client, "authorization_url": page}
        yield TOKENS, {**client, **mail_server}
    if server.password is not None:
        # Without TLS the security level decides whether the line carries the password itself.
        level = _ANY_LEVEL if server.use_tls else str(server.smtp_security_level)
        yield "password", {**mail_server, "smtp_security_level": level}


def _corrected_endpoints(settings: OAuth2Settings, project: Project) -> dict[str, str]:
    """Of the facts of a provider these are destinations, and a project may correct them.

    Each of the provider whom `revoke`, and a sign-in, ask for it: a project may give each endpoint
    a provider of its own. Absolute, since a path, or `//host/path`, starts at the token endpoint.
    """
    asked = {
        "revocation_url": settings.refresh_endpoint,
        "device_authorization_url": settings.authorization_url,
    }
    found = {}
    for fact, url in asked.items():
        theirs = getattr(provider_for(url), fact)
        ours = getattr(provider_for(url, project.providers), fact)
        absolute = absolute_url(settings.access_token_url, ours) if ours else "none"
        found[fact] = _THE_PROVIDERS if theirs == ours else absolute
    return found


def _without_query(url: str) -> str:
    """What the provider is asked for is not a destination: access_type=offline, say."""
    return urlunsplit(urlsplit(url)._replace(query="", fragment=""))


def _ca_file_digest(path: Path | None) -> str:
    """What the project's own authorities are known by: their certificates.

    Of nothing else in the file, which may be anybody's: a digest gives a short secret away.
    """
    if path is None:
        return "none"
    from provisioner.ca_file import ca_certificates  # brings OpenSSL along

    try:
        return "SHA-256 " + hashlib.sha256(ca_certificates(path).encode()).hexdigest()
    except InvalidProject:
        return "no certificates"
