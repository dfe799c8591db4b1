"""What hosts decide is the same in both languages, whatever somebody typed into their files."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.mail.conversation import host_code
from tests.playbooks.csharp_store import csharp_compare
from tests.playbooks.samples import oauth2_entry, password_entry
from tests.strategies.effort import generated

pytestmark = pytest.mark.long

compare = host_code("maps_comparison").compare
rollback = host_code("maps_rollback")
Record = host_code("maps_record").Record
Refusal = host_code("maps_refusal").Refusal
NOW = 1_800_000_000

NAMES = ["Reports", "REPORTS", "reports ", "Straße", "STRASSE", "İ", "i\u0307", "ΣΑΣ", "σας",
         "\U0001f600", "\uffff", "a/b~c", "\u202eabc", ""]  # fmt: skip
ODD = [None, True, False, 0, 1, 1.0, -0.0, 587, 587.0, 2**53, -(2**53), 2**63, 10**30, 1e30, 1e400,
       "", "587", "grant-1", "a\u2028b\u202e", "x" * 2001, "\U0001f600" * 1999, [], {},
       [1, {"a": 1.0}], {"": None}, {"/~": {"b": [True]}}]  # fmt: skip
FIELDS = ["host", "port", "use_tls", "user_name", "password", "oauth2", "oauth2/client_id",
          "oauth2/refresh_token_url", "oauth2/access_token_url", "oauth2/token",
          "oauth2/token/grant_id", "oauth2/token/access_token", "oauth2/token/expires_at",
          "oauth2/token/refresh_token", "logging", "typed/by~hand"]  # fmt: skip

odd = st.sampled_from(ODD).map(copy.deepcopy)


@st.composite
def entries(draw) -> dict:
    """An entry that somebody may have edited."""
    make = draw(st.sampled_from([oauth2_entry, password_entry]))
    entry = make(draw(st.sampled_from(NAMES)))
    if entry["oauth2"]:
        entry["oauth2"]["token"]["expires_at"] = NOW + draw(st.sampled_from([-1, 0, 1]))
        entry["oauth2"]["token"]["grant_id"] = draw(st.sampled_from(["grant-1", "grant-2"]))
    return draw(edited(entry))


@st.composite
def edited(draw, entry: dict) -> dict:
    """A copy with some fields changed, or put there."""
    entry = copy.deepcopy(entry)
    for field in draw(st.lists(st.sampled_from(FIELDS), max_size=2)):
        *way, last = field.split("/") if field.startswith("oauth2/") else [field]
        target = entry
        for step in way:
            target = target.get(step) if isinstance(target, dict) else None
        if isinstance(target, dict):
            target[last] = draw(odd)
    if not isinstance(entry["host"], str):
        entry["host"] = "localhost"
    return entry


def documents():
    """Entries as one document may have them."""
    return st.lists(entries(), max_size=4, unique_by=lambda entry: entry["server_name"].casefold())


names = st.lists(st.sampled_from(NAMES), max_size=3)


@st.composite
def deliveries(draw, there: list) -> dict:
    """A delivery to a host that has `there`."""
    own = st.sampled_from(there).flatmap(edited) if there else entries()
    return {
        "entries": draw(st.lists(own | entries(), max_size=4)),
        "remove": draw(names),
        "declared": draw(st.none() | names),
        "mails": draw(names),
        "prune": draw(st.booleans()),
        "whole": draw(st.booleans()),
        "accepted": draw(st.sampled_from([None, [], ["sent"], ["authenticated", "sent"]])),
    }


@st.composite
def records(draw, there: list):
    """What a host may know of its entries, and of others."""
    record = Record().after_delivery(
        b"", draw(st.lists(entries())) + there, set(), {"generation": 1}, None
    )
    for entry in there:
        outcome = draw(st.sampled_from([None, "sent", "authenticated", "unprovable"]))
        if outcome:
            record = record.with_proof(entry, outcome, "then", "run-1")
    forgotten = {key for key in record["servers"] if draw(st.integers(0, 3)) == 0}
    return record.but(servers={k: v for k, v in record["servers"].items() if k not in forgotten})


def spelled(value: object) -> str:
    """A value as JSON: Python's own equality does not tell true from 1."""
    return json.dumps(value, sort_keys=True)


@generated(100)
@given(data=st.data(), print_key=st.sampled_from([None, "key ß"]))
def test_what_is_to_be_done(mono_host, data, print_key):
    there = data.draw(documents())
    delivery, record = data.draw(deliveries(there)), data.draw(records(there))
    ours = compare(delivery, there, record, NOW, print_key)
    theirs = csharp_compare(mono_host, delivery, there, record, NOW, print_key)
    for part in ("report", "entries", "writes", "unproven"):
        assert spelled(getattr(theirs, part)) == spelled(getattr(ours, part)), part


@generated(100)
@given(data=st.data())
def test_what_an_old_document_brings_back(mono_host, data):
    archived = data.draw(documents())
    current = [data.draw(edited(entry)) for entry in archived if data.draw(st.integers(0, 4))]
    own = st.sampled_from([entry["server_name"] for entry in archived] or NAMES)
    tokens = data.draw(st.dictionaries(own, odd | TOKENS, max_size=2))
    rotating = data.draw(st.lists(own, max_size=3))
    given_ = {"archived": archived, "current": current, "rotating": rotating}
    kept = list(rollback.kept_alive(archived, current, rotating))
    assert spelled(mono_host.call("store.kept_alive", **given_)) == spelled(kept)
    delivery = {"tokens": tokens, "rotating": rotating}
    ours = outcome(lambda: rollback.rolled_back_entries(archived, current, delivery))
    theirs = outcome(lambda: mono_host.call("store.revived", tokens=tokens, **given_))
    assert theirs == ours


TOKENS = st.fixed_dictionaries(
    {"grant_id": st.sampled_from(["grant-1", "grant-2", None]), "access_token": st.just("CANARY")}
)


def outcome(call) -> str:
    """What it gives, or why it refuses."""
    try:
        return spelled(call())
    except Refusal as refusal:
        return f"{refusal.reason}: {refusal.message}"


@generated(100)
@given(data=st.data())
def test_what_a_host_remembers(mono_host, data):
    there = data.draw(documents())
    content = copy.deepcopy(data.draw(records(there)).content)
    content["delivery"] = {"run_id": "r", "owner": "o", "settled": False, "commit": None}
    content["predecessor"] = {"digest": "d", "applied": None, "servers": content["servers"]}
    after = {"from": None, "to": "d", "after": copy.deepcopy(content)}
    content["transaction"] = data.draw(st.sampled_from([None, after]))
    for _ in range(data.draw(st.integers(0, 2))):
        target = data.draw(st.just(content) | st.sampled_from(list(tables(content))))
        if target:
            name = data.draw(st.sampled_from(sorted(target)))
            target[name] = data.draw(odd)
    text = json.dumps(content)
    ours = Record.parsed(text.encode())
    theirs = mono_host.call("store.record", text=text)
    assert theirs == (ours.serialised().decode() if ours else None)


def tables(value: object):
    """Each object in a value, itself included."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from tables(inner)
