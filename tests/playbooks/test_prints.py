"""A plan compares secrets that neither side shows the other."""

from __future__ import annotations

import json
import time

import pytest

from provisioner.mail.conversation import host_code
from tests.playbooks.samples import changed, delivery, oauth2_entry, password_entry

prints = host_code("maps_prints")
Record = host_code("maps_record").Record
KEY = "one key"


def answered(compare, wanted, current, record=None):
    """What a host answers a plan of these entries, and how the controller finishes it."""
    whole = dict(wanted, fingerprint_key=KEY, secrets=["CANARY"])
    sent = prints.without_secrets(whole)
    mine = sent.pop("prints")
    assert "CANARY" not in json.dumps(sent)
    found = compare(sent, current, record or Record(), time.time(), KEY)
    maps = {
        "state": "changed" if found.writes else "unchanged",
        "servers": found.report,
        "mails_needed": found.unproven,
    }
    assert "CANARY" not in json.dumps(maps)
    return prints.finished(maps, mine)


def proven(*entries):
    record = Record().after_delivery(b"", entries, set(), {"generation": 1}, None)
    for entry in entries:
        record = record.with_proof(entry, "sent", "then", "run-1")
    return record


SECRETS = ["password", "oauth2__client_secret"]


@pytest.mark.parametrize("name", SECRETS)
def test_another_secret_is_a_change_that_needs_a_mail(compare, name):
    entry = (password_entry if name == "password" else oauth2_entry)()
    said = answered(
        compare, delivery(changed(entry, **{name: "CANARYnew"})), [entry], proven(entry)
    )
    pointer = "/" + name.replace("__", "/")
    assert said["state"] == "changed"
    assert said["mails_needed"] == [entry["server_name"]]
    server = said["servers"][entry["server_name"]]
    assert (server["state"], server["fields"]) == ("changed", [pointer])
    assert (server["values"], server["verified"]) == ({}, False)
    [before, after] = server["prints"][pointer]
    assert before != after
    assert len(before) == len(after) == 16


def test_equal_secrets_are_no_change(compare):
    entries = [oauth2_entry(), password_entry()]
    said = answered(compare, delivery(*entries), entries, proven(*entries))
    assert (said["state"], said["mails_needed"]) == ("unchanged", [])
    for server in said["servers"].values():
        assert (server["state"], server["prints"], server["verified"]) == ("unchanged", {}, True)


SAMPLES = [
    oauth2_entry(),
    oauth2_entry(token__access_token="CANARYrefreshed", token__expires_at=2**31),
    oauth2_entry(token__grant_id="grant-2", token__access_token="CANARYother"),
    oauth2_entry(oauth2__client_secret="CANARYnew"),
    oauth2_entry(port=465, oauth2__client_secret="CANARYnew"),
    oauth2_entry(token__expires_at=1),
    password_entry("Reports"),
    password_entry("reports", password="CANARYnew"),
    changed(password_entry("Reports"), smtp_security_level="none", password=None),
]


@pytest.mark.parametrize("record", ["proven", "unproven", "edited"])
@pytest.mark.parametrize("there", range(len(SAMPLES)))
@pytest.mark.parametrize("wanted", range(len(SAMPLES)))
def test_a_plan_says_what_a_push_would_do(compare, wanted, there, record):
    current = [SAMPLES[there]]
    known = {
        "proven": proven(*current),
        "unproven": Record(),
        "edited": proven(changed(current[0], client_name="before")),
    }[record]
    asked = delivery(SAMPLES[wanted])
    said = answered(compare, asked, current, known)
    done = compare(asked, current, known, time.time())
    assert {
        name: (server["state"], server["fields"], server["values"], server["verified"])
        for name, server in said["servers"].items()
    } == {
        name: (server["state"], server["fields"], server["values"], server["verified"])
        for name, server in done.report.items()
    }
    assert (said["state"] == "changed", said["mails_needed"]) == (done.writes, done.unproven)


@pytest.fixture(params=["python", "csharp"])
def prints_of(request):
    """Prints of the secrets of an entry, with a key."""
    if request.param == "python":
        return prints.prints_of
    program = request.getfixturevalue("mono_host")
    return lambda entry, key: program.call("store.prints", entry=entry, key=key)


def test_a_print_tells_nothing_without_the_key_and_not_which_secrets_are_equal(prints_of):
    entry = oauth2_entry(oauth2__client_secret="same", token__access_token="same")
    found = prints_of(entry, KEY)
    assert len(set(found.values())) == 3
    assert prints_of(entry, "another key").keys() == found.keys()
    assert not set(prints_of(entry, "another key").values()) & set(found.values())


@pytest.mark.parametrize(
    "secret",
    ["short", "ß\U0001f600", "a\0b", 5, True, 1.5, 10**30, ["b", {"z": 1, "a": None}]],
    ids=repr,
)
def test_every_host_prints_alike(prints_of, secret):
    entry = oauth2_entry("Größe İ", password=secret)
    assert prints_of(entry, "key \N{EURO SIGN}") == prints.prints_of(entry, "key \N{EURO SIGN}")


@pytest.mark.parametrize(
    "maps",
    [
        [],
        {"state": "unchanged"},
        {"state": "unchanged", "mails_needed": [], "servers": []},
        {"state": "unchanged", "mails_needed": [], "servers": {"A": 5}},
        {"state": "unchanged", "mails_needed": [[]], "servers": {}},
        {"state": "unchanged", "mails_needed": [5], "servers": {}},
        {
            "state": "unchanged",
            "mails_needed": [],
            "servers": {"Reports": {"state": "unchanged", "fields": [], "held": 5}},
        },
        {
            "state": "unchanged",
            "mails_needed": [],
            "servers": {"Reports": {"state": "unchanged", "fields": [[]], "held": {}}},
        },
    ],
)
def test_nonsense_of_a_host_is_seen_as_such(maps):
    with pytest.raises(ValueError, match="not what the module says"):
        prints.finished(maps, {"Reports": {"/password": "0" * 16}})
