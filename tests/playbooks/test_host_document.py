from __future__ import annotations

import json
import time

import pytest

from provisioner.mail.conversation import host_code
from tests.playbooks.samples import changed, delivery, oauth2_entry, password_entry

Record = host_code("maps_record").Record
Refusal = host_code("maps_refusal").Refusal


@pytest.fixture
def compared(compare):
    """How a delivery differs from these entries now."""

    def found(wanted, current, record=None):
        return compare(wanted, current, record or Record(), time.time())

    return found


def delivered(*entries):
    """The record of a host that got these entries, each proven."""
    record = Record().after_delivery(b"", entries, set(), {"generation": 1}, None)
    for entry in entries:
        record = record.with_proof(entry, "sent", "then", "run-1")
    return record


def test_a_document_s_bytes(documents):
    data = documents.serialised(7, [password_entry("relay"), password_entry("Alpha")])
    assert data.endswith(b"\n")
    content = json.loads(data)
    assert (content["schema_version"], content["generation"]) == (1, 7)
    assert [entry["server_name"] for entry in content["servers"]] == ["Alpha", "relay"]
    umlaut = documents.serialised(1, [password_entry("Zürich")])
    assert "Zürich".encode() in umlaut
    assert documents.parsed(umlaut, "x") == (1, [password_entry("Zürich")])


def test_a_document_fits_the_published_schema(documents):
    import jsonschema_rs

    from provisioner.resources import schema_path

    schema = json.loads(schema_path("host-document").read_text())
    validator = jsonschema_rs.validator_for(schema)
    data = documents.serialised(1, [oauth2_entry(), password_entry()])
    assert list(validator.iter_errors(json.loads(data))) == []
    wrong = documents.serialised(1, [password_entry(port="25")])
    assert not validator.is_valid(json.loads(wrong))


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        (b"{", "unreadable", "it is not JSON"),
        (b"\xff\xfe", "unreadable", "it is not JSON"),
        (b"[]", "unreadable", "it is not an object"),
        (b"{}", "unreadable", "schema_version or generation is missing"),
        (b'{"schema_version": true, "generation": 1}', "unreadable", "schema_version"),
        (b'{"schema_version": 1, "generation": 1, "servers": {}}', "unreadable", "servers is not"),
        (
            b'{"schema_version": 1, "generation": 1, "servers": [{"server_name": 5}]}',
            "unreadable",
            "servers is not a list of entries",
        ),
        (
            b'{"schema_version": 1, "generation": 1, "servers": '
            b'[{"server_name": "A", "host": "h"}, {"server_name": "a", "host": "h"}]}',
            "unreadable",
            "two entries have the same server_name",
        ),
        (
            b'{"schema_version": 1, "generation": 1, "servers": '
            b'[{"server_name": "A\\u001b[2J", "host": "h"}]}',
            "unreadable",
            "a server_name has control characters",
        ),
        (b'{"schema_version": 2, "generation": 1}', "newer", "by a newer version (schema 2)"),
    ],
)
def test_documents_that_are_refused(documents, content, reason, words):
    with pytest.raises(Refusal) as caught:
        documents.parsed(content, "/etc/maps/email-servers.json")
    assert caught.value.reason == reason
    assert words in caught.value.message
    assert "/etc/maps/email-servers.json" in caught.value.message


def test_all_new(compared):
    found = compared(delivery(oauth2_entry()), [])
    assert found.report["Reports"]["state"] == "added"
    assert found.writes
    assert found.unproven == ["Reports"]
    assert found.entries == [oauth2_entry()]


def test_equal_and_proven(compared):
    entry = oauth2_entry()
    found = compared(delivery(entry), [entry], delivered(entry))
    assert found.report["Reports"] == {
        "state": "unchanged",
        "fields": [],
        "values": {},
        "verified": True,
    }
    assert not found.writes
    assert found.unproven == []


def test_equal_but_never_proven(compared):
    entry = oauth2_entry()
    found = compared(delivery(entry), [entry])
    assert not found.writes
    assert (found.report["Reports"]["verified"], found.unproven) == (False, ["Reports"])


def test_a_refreshed_token_is_no_change_and_the_host_keeps_its_own(compared):
    there = oauth2_entry()
    refreshed = changed(
        there, token__access_token="CANARYnew", token__refresh_token="CANARYnew2",
        token__expires_at=1, token__scope="other", token__identity=None,
    )  # fmt: skip
    found = compared(delivery(refreshed), [there], delivered(there))
    assert not found.writes
    assert found.entries == [there]


def test_another_grant_is_a_change(compared):
    there = oauth2_entry()
    signed_in_again = changed(there, token__grant_id="grant-2")
    found = compared(delivery(signed_in_again), [there], delivered(there))
    assert found.report["Reports"]["fields"] == ["/oauth2/token"]
    assert found.report["Reports"]["values"] == {}
    assert found.entries == [signed_in_again]


def test_a_token_edited_on_the_host_is_delivered_again(compared):
    sent = oauth2_entry()
    edited = changed(sent, token__access_token="CANARYtyped")
    found = compared(delivery(sent), [edited], delivered(sent))
    assert found.report["Reports"]["fields"] == ["/oauth2/token"]
    assert found.entries == [sent]


def test_an_expired_token_that_was_never_proven_is_delivered_again(compared):
    expired = oauth2_entry(token__expires_at=int(time.time()) - 1)
    fresh = changed(expired, token__access_token="CANARYfresh")
    assert compared(delivery(fresh), [expired]).entries == [fresh]
    # Proven, it is MAPS' own business to refresh it.
    assert not compared(delivery(fresh), [expired], delivered(expired)).writes


def test_changed_fields_show_values_but_never_secrets(compared):
    there = oauth2_entry(unknown="CANARYunknown")
    wanted = oauth2_entry(
        port=465, user_name="other@example.edu", oauth2__client_secret="CANARYnew",
        oauth2__prompt="consent", logging={"enabled": True, "file_name": None},
    )  # fmt: skip
    said = compared(delivery(wanted), [there], delivered(there)).report["Reports"]
    assert said["fields"] == [
        "/logging/enabled",
        "/oauth2/client_secret",
        "/oauth2/prompt",
        "/port",
        "/unknown",
        "/user_name",
    ]
    assert said["values"] == {
        "/logging/enabled": [None, True],
        "/oauth2/prompt": [None, "consent"],
        "/port": [587, 465],
        "/user_name": ["reports@example.edu", "other@example.edu"],
    }
    assert "CANARY" not in json.dumps(said)


def test_from_a_password_to_oauth2(compared):
    said = compared(delivery(oauth2_entry("Relay")), [password_entry()]).report["Relay"]
    assert {"/password", "/smtp_security_level", "/oauth2/client_id"} <= set(said["fields"])
    assert "CANARY" not in json.dumps(said)


def test_names_are_the_same_whatever_their_case(compared):
    there = password_entry("RELAY")
    found = compared(delivery(password_entry("Relay")), [there], delivered(there))
    assert found.report["Relay"]["fields"] == ["/server_name"]
    assert [entry["server_name"] for entry in found.entries] == ["Relay"]


def test_other_servers_stay_as_they_are(compared):
    other = password_entry("Other", extra={"typed": "by hand"})
    found = compared(delivery(oauth2_entry(), declared=["Reports", "other"]), [other])
    assert other in found.entries
    assert "Other" not in found.report


def test_a_server_that_nobody_declares_is_reported_and_stays(compared):
    other = password_entry("Other")
    entry = oauth2_entry()
    found = compared(delivery(entry), [other, entry], delivered(entry))
    assert found.report["Other"]["state"] == "orphaned"
    assert not found.writes
    assert found.unproven == []


def test_without_a_declaration_nothing_is_orphaned(compared):
    wanted = {**delivery(oauth2_entry()), "declared": None}
    assert set(compared(wanted, [password_entry("Other")]).report) == {"Reports"}


def test_removed_is_only_what_this_tool_put_there(compared):
    ours, theirs, entry = password_entry("Ours"), password_entry("Theirs"), oauth2_entry()
    wanted = delivery(entry, remove=["OURS", "Theirs"])
    found = compared(wanted, [ours, theirs, entry], delivered(ours, entry))
    states = {name: said["state"] for name, said in found.report.items()}
    assert states == {"Ours": "removed", "Theirs": "orphaned", "Reports": "unchanged"}
    assert found.entries == [theirs, entry]


def test_what_is_delivered_is_not_removed(compared):
    entry = oauth2_entry()
    found = compared(delivery(entry, remove=["Reports"]), [entry], delivered(entry))
    assert found.entries == [entry]


def test_beyond_proof_is_settled_but_not_verified(compared):
    entry = password_entry(smtp_security_level="cram_sha1")
    record = delivered(entry).with_proof(entry, "unprovable", "then", "run-1")
    found = compared(delivery(entry), [entry], record)
    assert (found.unproven, found.report["Relay"]["verified"]) == ([], False)


def test_an_account_for_the_conversation(documents):
    assert documents.account(oauth2_entry(port=465), "/ca.pem") == {
        "host": "localhost",
        "port": 465,
        "use_tls": True,
        "smtp_security_level": "oauth2",
        "user_name": "reports@example.edu",
        "client_name": None,
        "secret": oauth2_entry()["oauth2"]["token"]["access_token"],
        "ca_file": "/ca.pem",
    }
    assert documents.account(password_entry(), None)["secret"] == password_entry()["password"]


def test_fingerprints_depend_on_their_key(documents):
    one, other = (documents.fingerprint(b"document", key) for key in ("a", "b"))
    assert one != other
    assert len(one) == 16
    assert documents.fingerprint(b"document", "a") == one
