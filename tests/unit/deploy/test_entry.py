"""No entry leaves for a host unless it is as the published schema promises, secrets apart."""

import traceback
from dataclasses import replace

import pytest
from msgspec import structs

from provisioner.deploy.entry import ContractBroken, NoMailbox, ServerEntry
from provisioner.lint.schema import schema_named
from provisioner.model.email_server import Origin, TestEmail
from provisioner.secret import Secret
from provisioner.security_level import SecurityLevel
from tests.support.oauth_samples import CLIENT_SECRET, oauth_server, token_set
from tests.unit.deploy.pushes import login_server

CANARY = Secret("hunter2CANARY")
PLACEHOLDER = Secret("hmac:" + "0f" * 16)
RELAY = login_server("Relay", user_name=None, smtp_security_level=SecurityLevel.NONE)
LOGIN = login_server("Alerts")
TOKENS = token_set()


def oauth_entry(server=None, **tokens):
    return ServerEntry(
        server=server or oauth_server(),
        client_secret=CLIENT_SECRET,
        token_set=structs.replace(TOKENS, **tokens),
    )


KEPT = [
    (ServerEntry(server=RELAY), {}),
    (ServerEntry(server=LOGIN, password=Secret('a "b" é')), {"/password": '"a \\"b\\" é"'}),
    (
        oauth_entry(),
        {
            "/oauth2/client_secret": '"CANARY-client-secret~with/odd+chars%:é"',
            "/oauth2/token/access_token": '"CANARY-access"',
            "/oauth2/token/refresh_token": '"CANARY-refresh"',
        },
    ),
]


@pytest.mark.parametrize(("entry", "hidden"), KEPT, ids=["none", "login", "oauth2"])
def test_what_leaves_has_its_secrets_apart(entry, hidden):
    content, found = entry.public()
    assert found == hidden
    assert not any(secret.reveal() in str(content) for secret in entry.secrets())
    assert not any(secret.reveal() in repr(entry) for secret in entry.secrets())
    assert len(entry.secrets()) == len(hidden)
    whole = entry.as_json()
    document = {"schema_version": 1, "generation": 1, "servers": [whole]}
    assert schema_named("host-document").accepts(document)  # and so says the other engine
    for pointer in hidden:
        *path, last = pointer.strip("/").split("/")
        inner = whole
        for step in path:
            inner = inner[step]
        inner[last] = None
    assert content == whole


BROKEN = [
    (ServerEntry(server=RELAY, password=CANARY), "/password"),
    (ServerEntry(server=LOGIN), "/password (type)"),
    (ServerEntry(server=LOGIN, password=PLACEHOLDER), "/password (it looks like a placeholder"),
    (replace(KEPT[1][0], password=Secret("half \ud800 of a pair")), "/password"),
    (replace(oauth_entry(), client_secret=Secret("")), "/oauth2/client_secret (minLength)"),
    (oauth_entry(refresh_token=Secret("")), "/oauth2/token/refresh_token (minLength)"),
    (oauth_entry(access_token=PLACEHOLDER), "/oauth2/token/access_token (it looks like"),
    (replace(KEPT[1][0], server=login_server(client_name=PLACEHOLDER.reveal())), "/client_name"),
    (oauth_entry(grant_id=PLACEHOLDER.reveal()), "/oauth2/token/grant_id (it looks like"),
]


@pytest.mark.parametrize(("entry", "place"), BROKEN, ids=range(len(BROKEN)))
def test_what_breaks_the_contract_does_not_leave(entry, place):
    with pytest.raises(ContractBroken) as raised:
        entry.public()
    begin = f"servers/reports.yml:1: {entry.name}: its entry breaks the contract"
    assert raised.value.message.startswith(begin)
    assert place in raised.value.message
    assert "provisioner schema host-document" in raised.value.remedy
    text = "".join(traceback.format_exception(raised.value))
    assert not any(s.reveal() and s.reveal() in text for s in entry.secrets())


def test_a_rollback_takes_what_there_is():
    """It sends no more than a token of it."""
    content, hidden = ServerEntry(server=oauth_server()).public(check=False)
    assert content["oauth2"]["token"] is None
    assert hidden == {}


def test_the_identity_that_signed_in_is_the_mailbox_where_none_is_declared():
    server = oauth_server(user_name=None)
    assert oauth_entry(server, identity="me@example.edu").as_json()["user_name"] == "me@example.edu"
    assert oauth_entry(identity="me@example.edu").user_name == "reports@example.edu"


def test_an_account_signs_in_with_a_token_or_a_password():
    assert oauth_entry().account(None).secret == TOKENS.access_token
    assert KEPT[1][0].account(None).secret == KEPT[1][0].password


@pytest.mark.parametrize(
    ("own", "project", "mail"),
    [
        (TestEmail("f@x.edu", "t@x.edu"), TestEmail("p@x.edu", "q@x.edu"), ("f@x.edu", "t@x.edu")),
        (TestEmail(), TestEmail("p@x.edu", "q@x.edu"), ("reports@example.edu", "q@x.edu")),
        (TestEmail(), TestEmail(), ("reports@example.edu", "reports@example.edu")),
    ],
)
def test_from_whom_to_whom_a_test_email_goes(own, project, mail):
    found = oauth_entry(replace(oauth_server(), test_email=own)).mail(project)
    assert (found.sender, found.recipient) == mail


def test_without_a_mailbox_the_project_s_sender_serves():
    relay = ServerEntry(server=RELAY)
    assert relay.mail(TestEmail("p@x.edu")).recipient == "p@x.edu"
    with pytest.raises(NoMailbox) as raised:
        relay.mail(TestEmail())
    assert raised.value.message.startswith("servers/reports.yml:1: Relay: user_name: there is no")
    assert "test_email" in raised.value.remedy


def test_where_it_is_declared_is_named():
    entry = ServerEntry(server=replace(LOGIN, origin=Origin("servers/relay.yml", 7)))
    with pytest.raises(ContractBroken, match=r"servers/relay\.yml:7: Alerts"):
        entry.public()
