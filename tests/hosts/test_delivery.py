"""What a host is to receive: entries, envelopes, and every secret named for masking."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from provisioner.credentials.store import TokenSet
from provisioner.hosts.delivery import Delivery, delivery_file
from provisioner.hosts.entry import ServerEntry
from provisioner.hosts.envelope import Envelope, NoMailbox, envelope
from provisioner.model.email_server import (
    EmailServer,
    OAuth2Settings,
    Origin,
    SecretReference,
    SecurityLevel,
    TestEmail,
)
from provisioner.resources import schema_path
from provisioner.secret import Secret

ORIGIN = Origin("servers/reports.yml", 3)
TOKENS = TokenSet(
    grant_id="grant-1",
    access_token=Secret("access-canary"),
    refresh_token=Secret("refresh-canary"),
    expires_at=1_800_000_000,
    scope="smtp",
    identity="signed-in@example.edu",
    issuer=None,
    token_endpoint_auth_method="client_secret_post",
    obtained_at=1_790_000_000,
    refreshed_at=1_790_000_000,
)


def oauth2_server(**changes):
    settings = OAuth2Settings(
        access_token_url="https://login.example.edu/token",
        authorization_url="https://login.example.edu/authorize",
        client_id="client-1",
        client_secret=SecretReference({"env": "SECRET"}, Path()),
        scope_for_authorize="smtp",
    )
    fields = {
        "server_name": "Reports",
        "host": "smtp.example.edu",
        "port": 587,
        "smtp_security_level": SecurityLevel.OAUTH2,
        "use_tls": True,
        "oauth2": settings,
        "origin": ORIGIN,
    }
    return EmailServer(**{**fields, **changes})


def entry(server=None, **changes):
    given = {"client_secret": Secret("client-canary"), "token_set": TOKENS, **changes}
    return ServerEntry(server=server or oauth2_server(), **given)


def delivery(*entries):
    return Delivery(
        host="maps1",
        entries=entries,
        envelopes={e.name: Envelope("a@example.edu", "b@example.edu") for e in entries},
        declared=tuple(e.name for e in entries),
    )


def as_json(of):
    return of.as_json(fingerprint_key="00", run_id="run-1", owner="me", post_check={})


def test_an_entry_is_a_server_of_the_host_documents_schema():
    schema = json.loads(schema_path("host-document").read_text(encoding="utf-8"))
    document = {"schema_version": 1, "generation": 1, "servers": [entry().as_json()]}
    jsonschema.validate(document, schema)


def test_the_identity_that_signed_in_is_the_mailbox_where_none_is_declared():
    assert entry().as_json()["user_name"] == "signed-in@example.edu"
    declared = entry(oauth2_server(user_name="reports@example.edu"))
    assert declared.as_json()["user_name"] == "reports@example.edu"


def test_every_secret_of_every_entry_is_named_for_masking():
    assert as_json(delivery(entry()))["secrets"] == [
        "access-canary",
        "client-canary",
        "refresh-canary",
    ]


def test_a_delivery_shows_no_secret_before_it_is_written():
    assert "canary" not in repr(delivery(entry()))


def test_the_file_name_is_a_digest_whatever_the_host_is_called():
    odd = delivery_file("../x/y")
    assert "/" not in odd
    assert odd.endswith(".json")


def test_the_envelope_is_the_servers_own_then_the_projects_then_the_mailbox():
    project = TestEmail(recipient="ops@example.edu")
    own = oauth2_server(test_email=TestEmail("from@example.edu", "to@example.edu"))
    assert envelope(entry(own), project) == Envelope("from@example.edu", "to@example.edu")
    assert envelope(entry(), project) == Envelope("signed-in@example.edu", "ops@example.edu")
    assert envelope(entry(), TestEmail()) == Envelope(
        "signed-in@example.edu", "signed-in@example.edu"
    )


def test_a_server_without_a_mailbox_says_which_line_wants_a_sender():
    relay = EmailServer(
        server_name="Relay",
        host="relay.example.edu",
        smtp_security_level=SecurityLevel.NONE,
        origin=ORIGIN,
    )
    with pytest.raises(NoMailbox) as error:
        envelope(ServerEntry(server=relay), TestEmail())
    assert error.value.message.startswith(
        "servers/reports.yml:3: Relay: user_name: there is no mailbox"
    )
    assert "test_email" in error.value.remedy


def test_a_plan_holds_no_secret_and_each_host_has_a_key_of_its_own():
    one, other = (replace(delivery(entry()), host=host) for host in ("maps1", "maps2"))
    names = {"run_id": "run-1", "owner": "me", "fingerprint_key": "0f" * 32}
    planned = one.for_plan(**names)
    assert "canary" not in json.dumps(planned)
    assert "0f" * 32 not in json.dumps(planned)
    assert set(planned["prints"]["Reports"]) == {
        "/oauth2/client_secret",
        "/oauth2/token/access_token",
        "/oauth2/token/refresh_token",
    }
    assert planned["prints"] != other.for_plan(**names)["prints"]
    assert planned["fingerprint_key"] == one.as_json(**names)["fingerprint_key"]
    assert planned["fingerprint_key"] != other.as_json(**names)["fingerprint_key"]
