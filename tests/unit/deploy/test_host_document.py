"""The host document, masked: what can be kept, how it is spelled, what tells two apart."""

import json

import jsonschema
import pytest

from provisioner.host.host_document import (
    Damaged,
    HostDocument,
    differing_fields,
    entry_fingerprint,
    fingerprint,
    is_expired,
    known_names,
    looks_like_placeholder,
    parse,
    placeholder,
)
from provisioner.resources import schema_path
from tests.unit.deploy.memory_host import KEY
from tests.unit.deploy.runs import entry, oauth2_entry

PLACEHOLDER = "hmac:" + "0f" * 16


def document(*servers, **changes):
    return json.dumps({"schema_version": 1, "generation": 1, "servers": list(servers), **changes})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "not JSON"),
        ("", "not JSON"),
        ("[]", "missing or wrong"),
        (document(schema_version=0), "missing or wrong"),
        (document(schema_version=2.0), "missing or wrong"),
        (document(schema_version=True), "missing or wrong"),
        (document(generation=-1), "missing or wrong"),
        (document(generation=True), "missing or wrong"),
        (document(generation="1"), "missing or wrong"),
        (document(generation=2**53), "out of bounds"),
        (document(entry(port=-(2**53))), "out of bounds"),
        (document().replace("1,", "1e999,", 1), "out of bounds"),
        (document().replace("1,", "1" * 500 + ",", 1), "out of bounds"),
        (document().replace("1,", "NaN,", 1), "does not know"),
        (document().replace("1,", "-Infinity,", 1), "does not know"),
        (document(servers={}), "servers is not a list"),
        (document(5), "servers is not a list"),
        (document({"server_name": "A"}), "servers is not a list"),
        (document({"server_name": "A", "host": 5}), "servers is not a list"),
        (document(entry("a\nb")), "servers is not a list"),
        (document(entry("a\x9bb")), "servers is not a list"),
        (document(entry("A"), entry("a")), "the same server_name"),
        (document({**entry(), "HOST": "x"}), "the same name twice"),
        ('{"servers": [], "servers": []}', "the same name twice"),
        (document({**entry(), "note": "\ud800"}), "written again"),
        ("[" * 100_000, "written again"),
    ],
)
def test_what_this_version_cannot_keep(text, words):
    with pytest.raises(Damaged) as raised:
        parse(text)
    assert words in str(raised.value)


def test_what_is_unknown_is_kept():
    odd = {**entry("Straße"), "Novelty": {"x": [1.5, None, "\u2028"]}}
    kept = parse(document(odd, entry("B"), generation=2**53 - 1))
    assert list(kept.entries) == ["strasse", "b"]
    assert parse(kept.text()) == kept
    assert kept.entries["strasse"] == odd


def test_it_is_spelled_in_one_way_and_as_the_schema_has_it():
    one = parse(document(entry("B"), oauth2_entry("A")))
    other = parse(json.dumps(json.loads(document(oauth2_entry("A"), entry("B"))), indent=7))
    assert one.text() == other.text()
    assert one.text().endswith("}\n")
    jsonschema.validate(
        json.loads(one.text()), json.loads(schema_path("host-document").read_text())
    )
    assert one.fingerprint(KEY) == other.fingerprint(KEY) != one.fingerprint("77" * 32)
    assert len({fingerprint(text, KEY) for text in ("a", "b", "")}) == 3


def test_secrets_are_filled_in_where_they_belong_and_nowhere_else():
    """A shown value that looks like a placeholder must not tell a secret."""
    of = entry(password=PLACEHOLDER, user_name=PLACEHOLDER, unknown=[PLACEHOLDER])
    text = HostDocument(1, {"reports": of}).text({PLACEHOLDER: '"secret \\u00e9"'})
    [filled] = json.loads(text)["servers"]
    assert (filled["password"], filled["user_name"]) == ("secret é", PLACEHOLDER)
    assert HostDocument(1, {"reports": of}).placeholders() == {PLACEHOLDER}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({}, None),
        ({"password": PLACEHOLDER}, ("password",)),
        ({"host": PLACEHOLDER}, ("host",)),
        ({"client_name": "\ud800"}, ("client_name",)),
        ({"password": PLACEHOLDER + "0"}, None),
        ({"password": PLACEHOLDER[:-1]}, None),
        ({"password": "x" + PLACEHOLDER}, None),
        ({"password": PLACEHOLDER + "\n"}, None),
        ({"password": PLACEHOLDER.upper()}, None),
        ({"oauth2": {"token": {"access_token": PLACEHOLDER}}}, ("oauth2", "token", "access_token")),
    ],
)
def test_what_a_host_would_take_for_a_placeholder(changes, path):
    assert looks_like_placeholder({**entry(), **changes}) == path


def test_a_placeholder_tells_nothing_without_the_key():
    assert placeholder('"a"', KEY) != placeholder('"a"', "77" * 32)
    assert placeholder('"a"', KEY) != placeholder('"b"', KEY)
    assert looks_like_placeholder({"x": placeholder('"a"', KEY)}) == ("x",)


def test_a_refreshed_token_is_no_difference_and_another_grant_is():
    one, other = oauth2_entry(), oauth2_entry(token="2", expires=5)
    assert differing_fields(one, other) == {}
    assert entry_fingerprint(one, KEY) == entry_fingerprint(other, KEY)
    another = oauth2_entry(grant="g2")
    assert differing_fields(one, another) == {"/oauth2/token": (None, None)}
    assert entry_fingerprint(one, KEY) != entry_fingerprint(another, KEY)


def test_differences_show_what_is_public():
    old = {**entry(password=PLACEHOLDER), "novelty": "a", "logging": None}
    new = {**entry(port=25), "novelty": "b", "logging": {"enabled": True, "file_name": "x"}}
    assert differing_fields(old, new) == {
        "/logging/enabled": (None, True),
        "/logging/file_name": (None, "x"),
        "/novelty": (None, None),
        "/password": (None, None),
        "/port": (587, 25),
    }
    assert differing_fields({"host": PLACEHOLDER}, {"host": "x"}) == {"/host": (None, "x")}
    odd = {PLACEHOLDER: {"port": 1}, "prompt": [PLACEHOLDER], "host": "x"}
    assert differing_fields(odd, {"host": "x"}) == {
        "/prompt": (None, None),
        "/unknown/port": (1, None),
    }
    assert differing_fields({"token": "secret"}, {"token": None}) == {"/token": (None, None)}


def test_what_stands_for_an_object_is_hidden():
    """A person may have put the bare token there."""
    assert known_names()[1].isdisjoint({"servers", "oauth2", "token", "logging"})


def test_whether_an_access_token_has_expired():
    assert is_expired(oauth2_entry(expires=100), 100)
    assert not is_expired(oauth2_entry(expires=101), 100)
    assert not is_expired(entry(), 100)
