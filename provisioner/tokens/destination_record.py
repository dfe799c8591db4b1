"""Where secrets may travel, as people accepted it: what the record says, and how it is written."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from provisioner.errors import TokenStoreError
from provisioner.secret import Secret
from provisioner.tokens.route import Route

SCHEMA_VERSION = 1

_HEADER = """\
# Where secrets of this project may travel, as people accepted it. Kept by maps-provisioner:
# `--accept-destination SERVER` changes it.
"""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A route that a person agreed to, and the names its secret is recognized by."""

    route: Route
    sources: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationRecord:
    """`store` is this record's own random name; `digest_key` makes names of secrets' values."""

    store: str
    digest_key: Secret
    accepted: tuple[Accepted, ...] = ()

    def routes_of(self, source: str) -> tuple[Route, ...]:
        """Every route that the secret of this name may take, whichever server it is of."""
        return tuple(entry.route for entry in self.accepted if source in entry.sources)

    def with_accepted(self, fresh: Iterable[Accepted]) -> DestinationRecord:
        """The same with these routes in place of the ones that their servers' secrets had."""
        new = tuple(fresh)
        replaced = {_key(entry) for entry in new}
        kept = tuple(entry for entry in self.accepted if _key(entry) not in replaced)
        return replace(self, accepted=tuple(sorted((*kept, *new), key=_key)))


def new_record(store: str | None = None) -> DestinationRecord:
    """A record in which nothing is accepted; of a name of its own unless one is given."""
    return DestinationRecord(
        store=store or secrets.token_hex(16), digest_key=Secret(secrets.token_hex(32))
    )


def _key(entry: Accepted) -> tuple[str, str]:
    return entry.route.server_name, entry.route.secret


def record_text(record: DestinationRecord) -> str:
    """The record as YAML, for encryption: `digest_key` is in it."""
    import yaml

    body: str = yaml.safe_dump(
        {
            "schema_version": SCHEMA_VERSION,
            "store": record.store,
            "digest_key": record.digest_key.reveal(),
            "accepted": [_as_yaml(entry) for entry in record.accepted],
        },
        sort_keys=False,
        allow_unicode=True,
        width=1000,
    )
    return _HEADER + body


def _as_yaml(entry: Accepted) -> dict[str, Any]:
    return {
        "server_name": entry.route.server_name,
        "secret": entry.route.secret,
        "sources": sorted(entry.sources),
        "destination": dict(entry.route.destination),
    }


@lru_cache(maxsize=1)
def record_from(text: Secret, *, origin: str) -> DestinationRecord:
    """The record in this YAML; TokenStoreError where it is none."""
    import yaml

    try:
        values = yaml.safe_load(text.reveal())
        if values["schema_version"] != SCHEMA_VERSION:
            raise ValueError
        bytes.fromhex(values["digest_key"])
        return DestinationRecord(
            store=_text(values["store"]),
            digest_key=Secret(values["digest_key"]),
            accepted=tuple(_accepted(entry) for entry in values["accepted"]),
        )
    except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise TokenStoreError(
            f"{origin} is no record of accepted destinations that this maps-provisioner reads",
            remedy="restore it from git or a backup, or move it away and accept anew",
        ) from None  # a parser's words would quote the text


def _accepted(entry: Any) -> Accepted:
    destination = {_text(k): _text(v) for k, v in entry["destination"].items()}
    route = Route(_text(entry["server_name"]), _text(entry["secret"]), destination)
    return Accepted(route, frozenset(map(_text, entry["sources"])))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
