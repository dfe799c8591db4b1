"""A host document's entries, held against host-document.schema.json before they leave.

By `jsonschema`, of which nothing else is used here: a second opinion on a second occasion. Its
words are left behind, since they quote values.
"""

from __future__ import annotations

import json
from functools import cache, lru_cache
from typing import Any

from provisioner.documents.pointer import pointer_to
from provisioner.errors import ProvisionerError
from provisioner.hosts.entry import ServerEntry
from provisioner.resources import schema_path

_REMEDY = (
    "check what is declared there and the secret that it refers to; "
    "`provisioner schema host-document` prints what is promised. If all is right, it is our bug"
)


class ContractBroken(ProvisionerError):
    """What a host would get is not what is promised to it; nothing was sent."""


@lru_cache(maxsize=1024)  # the hosts of a fleet mostly get the same entries
def require_contract(entry: ServerEntry) -> None:
    """ContractBroken unless the entry is as the published schema promises."""
    error = next(_contract().iter_errors([entry.as_json()]), None)
    if error is None:
        return
    origin, path = entry.server.origin, [*error.absolute_path][1:]
    raise ContractBroken(
        f"{origin.file}:{origin.line}: {entry.name}: what hosts would get breaks the contract "
        f"of the host document at {pointer_to(path) or 'the entry'} ({error.validator})",
        remedy=_REMEDY,
    )


@cache
def _contract() -> Any:
    from jsonschema import Draft202012Validator

    schema = json.loads(schema_path("host-document").read_bytes())
    return Draft202012Validator(schema["properties"]["servers"])
