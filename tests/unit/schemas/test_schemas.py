"""The published schemas themselves."""

import itertools
import json
import re
from dataclasses import fields

import jsonschema
import jsonschema_rs
import pytest

from provisioner.cli.commands.schema import SchemaName, schema_text
from provisioner.deploy.entry import ServerEntry
from provisioner.deploy.plan import Plan, PlannedHost
from provisioner.deploy.scope import Scope
from provisioner.lint.schema import schema_named
from provisioner.model.email_server import EmailServer, OAuth2Settings, Origin
from provisioner.providers.provider import Provider
from provisioner.resources import schema_path
from provisioner.security_level import PASSWORD_LEVELS, SecurityLevel
from tests.support.oauth_samples import CLIENT_SECRET, oauth_server, token_set
from tests.support.paths import ROOT

NAMES = ("email-server", "project", "host-document")


def content(name):
    return dict(json.loads(schema_path(name).read_text(encoding="utf-8")))


def nodes(node):
    """All subschemas; examples and the like are none."""
    if isinstance(node, list):
        for below in node:
            yield from nodes(below)
    elif isinstance(node, dict):
        yield node
        for keyword, below in node.items():
            if keyword in ("properties", "$defs"):
                for schema in below.values():
                    yield from nodes(schema)
            elif keyword in ("allOf", "if", "then", "items", "additionalProperties"):
                yield from nodes(below)


def properties(node):
    """Named properties, conditions left out."""
    for name, below in node.get("properties", {}).items():
        yield name, below
        yield from properties(below)
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield from properties(node[key])
    for below in node.get("$defs", {}).values():
        yield from properties(below)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_one_and_explains_every_key(name):
    schema = content(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"].endswith(f"/v1/{name}.schema.json")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema_rs.Draft202012Validator(schema)
    for key, node in properties(schema):
        assert node.get("title"), key
        assert node.get("description", "").endswith("."), key
        engine = jsonschema_rs.Draft202012Validator({**node, "$defs": schema.get("$defs", {})})
        values = [*node.get("examples", []), *([node["default"]] if "default" in node else [])]
        assert all(engine.is_valid(value) for value in values), key


@pytest.mark.parametrize("name", NAMES)
def test_objects_are_closed_and_patterns_mean_the_same_to_every_engine(name):
    """No classes that depend on the engine's idea of Unicode; anchored at both ends."""
    for node in nodes(content(name)):
        assert "format" not in node
        if "properties" in node and "type" in node:
            assert "additionalProperties" in node
        if "not" in node:
            assert node["not"] == {}
            assert not {"type", "properties", "items"} & set(node)
        if "pattern" in node:
            pattern = node["pattern"]
            assert re.search(r"\\[dDwWsSbBpP]|\(\?", pattern) is None
            assert pattern.startswith("^")
            assert all(part.endswith("$") for part in pattern.split("|^"))


@pytest.mark.parametrize("name", ["email-server", "project"])
def test_an_editor_inserts_right_values_and_shows_words(name):
    """yaml-language-server knows `patternErrorMessage`; an example that is a mapping it offers
    as `[object Object]`, so such ones are `defaultSnippets`."""
    schema = content(name)
    snippets = [(node, one) for node in nodes(schema) for one in node.get("defaultSnippets", [])]
    assert snippets
    for node, snippet in snippets:
        engine = jsonschema_rs.Draft202012Validator({**node, "$defs": schema["$defs"]})
        inserted = re.sub(r"\$\{\d:(.*?)\}", r"\1", json.dumps(snippet["body"]))
        assert engine.is_valid(json.loads(inserted)), snippet["label"]
    for node in nodes(schema):
        if "pattern" in node:
            assert node["patternErrorMessage"] == node["description"]
        assert not any(isinstance(example, dict) for example in node.get("examples", []))


def test_what_two_schemas_share_is_the_same():
    mail, project = content("email-server")["$defs"], content("project")["$defs"]
    shared = set(mail) & set(project)
    assert {"line", "mail_address"} <= shared
    assert all(mail[name] == project[name] for name in shared)


def test_the_schema_and_the_model_have_the_same_fields():
    schema = content("email-server")["properties"]
    ours = {"origin"}
    assert set(schema) - {"$schema"} == {f.name for f in fields(EmailServer)} - ours
    assert set(schema["oauth2"]["properties"]) == {f.name for f in fields(OAuth2Settings)}


def test_both_schemas_know_each_security_level_and_those_with_a_password():
    entry = content("host-document")["properties"]["servers"]["items"]
    for schema in (content("email-server"), entry):
        assert schema["properties"]["smtp_security_level"]["enum"] == [*SecurityLevel]
        levels = [one["if"]["properties"]["smtp_security_level"] for one in schema["allOf"]]
        [with_password] = [one["enum"] for one in levels if "enum" in one]
        assert {*with_password} == PASSWORD_LEVELS


def test_a_host_document_has_each_key():
    entry = content("host-document")["properties"]["servers"]["items"]
    for schema in (entry, entry["properties"]["oauth2"], entry["properties"]["logging"]):
        assert schema["required"] == list(schema["properties"])


def test_the_settings_know_all_facts_of_a_provider():
    facts = content("project")["properties"]["providers"]["additionalProperties"]["properties"]
    assert set(facts) == set(Provider._fields) - {"name"}


OAUTH2 = {
    "access_token_url": "https://login.example.edu/token",
    "authorization_url": "https://login.example.edu/authorize",
    "client_id": "x",
    "client_secret": {"env": "X"},
    "scope_for_authorize": "mail",
}
FIELDS = {"user_name": "reports", "password": {"env": "X"}, "oauth2": OAUTH2}


@pytest.mark.parametrize("level", SecurityLevel)
@pytest.mark.parametrize(
    "present", [c for n in range(4) for c in itertools.combinations(FIELDS, n)]
)
def test_what_goes_with_a_security_level(level, present):
    given = set(present)
    allowed = {
        "none": given == set(),
        "auto_detect": given in (set(), {"user_name", "password"}),
        "oauth2": given in ({"oauth2"}, {"oauth2", "user_name"}),
    }.get(level, given == {"user_name", "password"})
    document = {"server_name": "x", "host": "y", "smtp_security_level": level}
    document |= {name: FIELDS[name] for name in present}
    assert schema_named("email-server").accepts(document) is allowed


def test_the_required_oauth2_fields_and_the_forms_of_a_host():
    """What has no words of its own here: the name of a host, and a name that turns a line."""
    accepts = schema_named("email-server").accepts
    relay = {"server_name": "x", "host": "y", "smtp_security_level": "none"}
    signing_in = {**relay, "smtp_security_level": "oauth2", "oauth2": OAUTH2}
    assert accepts(signing_in)
    for name in OAUTH2:
        less = {key: value for key, value in OAUTH2.items() if key != name}
        assert not accepts({**signing_in, "oauth2": less})
    for host in ("smtp.office365.com", "localhost", "192.0.2.1", "2001:db8::25", "::1"):
        assert accepts({**relay, "host": host})
    for host in ("mail_1.example.edu.", "ab:587", "smtp://x", "a b", "-a", "münchen.example"):
        assert not accepts({**relay, "host": host})
    for sign in "\u2028\u202e\u2066\u2069\n":
        assert not accepts({**relay, "server_name": f"Re{sign}ports"})
        assert not accepts({**relay, "server_name": f"Reports{sign}"})


def host_document(*entries):
    servers = [entry.as_json() for entry in entries]
    return {"schema_version": 1, "generation": 3, "servers": servers}


def oauth2_entry():
    return ServerEntry(server=oauth_server(), client_secret=CLIENT_SECRET, token_set=token_set())


def test_a_host_document_as_it_is_built_is_accepted_and_with_less_is_not():
    accepts, origin = schema_named("host-document").accepts, Origin("a.yml", 1)
    relay = EmailServer(
        server_name="A", host="x", smtp_security_level=SecurityLevel.NONE, origin=origin
    )
    assert accepts(host_document(ServerEntry(server=relay), oauth2_entry()))
    for key in ("password", "oauth2", "logging", "port", "user_name"):
        document = host_document(oauth2_entry())
        del document["servers"][0][key]
        assert not accepts(document)
    document = host_document(oauth2_entry())
    document["servers"][0]["oauth2"]["token"] = None
    assert not accepts(document)


@pytest.mark.parametrize("name", [SchemaName.PLAN, SchemaName.RUN_EVENTS])
def test_a_schema_of_what_is_written_is_one(name):
    schema = json.loads(schema_text(name))
    jsonschema_rs.Draft202012Validator(schema)  # its engine reads patterns as ECMA-262 does
    assert schema["$id"].endswith(f"/v1/{name}.schema.json")
    assert "\\\\A" not in json.dumps(schema)


def test_a_plan_as_it_is_written_follows_its_schema():
    plan = Plan(
        run_id="r",
        by="ann",
        version="1",
        commit=None,
        dirty=None,
        options=Scope(),
        key_id="k",
        servers={"Reports": "0" * 32},
        hosts={"maps1": PlannedHost(fingerprint=None, actions={"Reports": "changed"})},
    )
    engine = jsonschema_rs.Draft202012Validator(json.loads(schema_text(SchemaName.PLAN)))
    assert engine.is_valid(json.loads(plan.text()))
    assert not engine.is_valid({**json.loads(plan.text()), "token": "x"})


def test_the_schemas_lie_where_the_package_looks():
    assert [schema_path(name).is_file() for name in NAMES] == [True] * len(NAMES)
    assert schema_path("project").parent == ROOT / "schemas"
