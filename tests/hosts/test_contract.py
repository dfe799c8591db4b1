"""No entry leaves for a host unless it is as the published schema promises."""

from __future__ import annotations

import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from provisioner.credentials.store import TokenSet
from provisioner.hosts.contract import ContractBroken, require_contract
from provisioner.hosts.delivery import Delivery
from provisioner.hosts.entry import ServerEntry
from provisioner.lint.schema import schema_named
from provisioner.model.email_server import (
    EmailServer,
    OAuth2Settings,
    Origin,
    SecretReference,
    SecurityLevel,
)
from provisioner.secret import Secret

CANARY = "hunter2CANARY"
RELAY = EmailServer(
    server_name="Relay",
    host="relay.example.edu",
    smtp_security_level=SecurityLevel.NONE,
    origin=Origin("servers/relay.yml", 7),
)
LOGIN = replace(RELAY, smtp_security_level=SecurityLevel.LOGIN, user_name="reports@example.edu")
OAUTH2 = replace(
    RELAY,
    server_name="Reports",
    smtp_security_level=SecurityLevel.OAUTH2,
    oauth2=OAuth2Settings(
        access_token_url="https://login.example.edu/token",
        authorization_url="https://login.example.edu/authorize",
        client_id="client-1",
        client_secret=SecretReference({"env": "SECRET"}, Path()),
        scope_for_authorize="smtp",
    ),
)
TOKENS = TokenSet(
    grant_id="grant-1",
    access_token=Secret(CANARY),
    refresh_token=Secret(CANARY),
    expires_at=1_800_000_000,
    scope="smtp",
    identity="reports@example.edu",
    issuer=None,
    token_endpoint_auth_method="client_secret_post",
    obtained_at=1_790_000_000,
    refreshed_at=1_790_000_000,
)
KEPT = (
    ServerEntry(server=RELAY),
    ServerEntry(server=LOGIN, password=Secret(CANARY)),
    ServerEntry(server=OAUTH2, client_secret=Secret(CANARY), token_set=TOKENS),
)
SILENT_TOKENS = structs.replace(TOKENS, refresh_token=Secret(""))
BROKEN = (
    (ServerEntry(server=RELAY, password=Secret(CANARY)), "servers/relay.yml:7: Relay", "/password"),
    (ServerEntry(server=LOGIN), "servers/relay.yml:7: Relay", "/password (type)"),
    (
        ServerEntry(server=OAUTH2, client_secret=Secret(""), token_set=TOKENS),
        "servers/relay.yml:7: Reports",
        "/oauth2/client_secret (minLength)",
    ),
    (
        ServerEntry(server=OAUTH2, client_secret=Secret(CANARY), token_set=SILENT_TOKENS),
        "servers/relay.yml:7: Reports",
        "/oauth2/token/refresh_token (minLength)",
    ),
)


def delivery(entry: ServerEntry) -> Any:
    made = Delivery(host="maps1", entries=(entry,), envelopes={}, declared=(entry.name,))
    return made.as_json(fingerprint_key="00", run_id="run-1", owner="me")


@pytest.mark.parametrize("entry", KEPT, ids=lambda entry: str(entry.server.smtp_security_level))
def test_what_is_promised_leaves(entry: ServerEntry) -> None:
    require_contract(entry)
    assert delivery(entry)["entries"] == [entry.as_json()]
    document = {"schema_version": 1, "generation": 1, "servers": [entry.as_json()]}
    assert schema_named("host-document").accepts(document)  # and so says the first engine


@pytest.mark.parametrize(("entry", "begin", "place"), BROKEN, ids=range(len(BROKEN)))
def test_what_breaks_the_contract_does_not_leave(
    entry: ServerEntry, begin: str, place: str
) -> None:
    with pytest.raises(ContractBroken) as raised:
        delivery(entry)
    assert raised.value.message.startswith(f"{begin}: what hosts would get breaks the contract")
    assert place in raised.value.message
    assert "provisioner schema host-document" in raised.value.remedy
    assert CANARY not in "".join(traceback.format_exception(raised.value))
    document = {"schema_version": 1, "generation": 1, "servers": [entry.as_json()]}
    assert not schema_named("host-document").accepts(document)


def test_an_entry_that_was_held_against_it_is_not_again(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = replace(KEPT[2], client_secret=Secret("another"))
    require_contract(entry)
    monkeypatch.setattr(Path, "read_bytes", None)
    monkeypatch.setattr(ServerEntry, "as_json", None)
    require_contract(replace(entry))
