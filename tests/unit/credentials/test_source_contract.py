"""A secret source is a class, its entry in SOURCES and in the schema."""

import json

import pytest

from provisioner.config.document import Document, Source
from provisioner.credentials.sources import SOURCES, is_reference
from provisioner.lint.checks import RULES
from provisioner.lint.context import LintContext
from provisioner.lint.server import ServerView
from provisioner.resources import schema_path


def schema():
    return json.loads(schema_path("email-server").read_bytes())


def test_the_schema_has_each_source_for_validate_and_for_editors():
    secret = schema()["$defs"]["secret"]
    assert list(secret["properties"]) == list(SOURCES)
    assert [snippet["label"] for snippet in secret["defaultSnippets"]] == list(SOURCES)
    assert all(f"{{{key}: " in secret["description"] for key in SOURCES)
    bodies = [snippet["body"] for snippet in secret["defaultSnippets"]]
    assert all(map(is_reference, bodies))


@pytest.mark.parametrize(
    "value",
    ["", {}, {"env": ""}, {"env": ["A"]}, {"file": 1}, {"vault": "A"}, {"env": "A", "file": "b"},
     {"command": "pass"}, {"command": []}, {"command": ["pass", ""]}, ["A"]],
    ids=str,
)  # fmt: skip
def test_what_is_no_reference_where_no_schema_has_seen_to_it(value):
    assert not is_reference(value)


def test_a_secret_in_the_place_of_each_reference_is_found():
    (rule,) = (rule for rule in RULES if rule.id == "secret-in-reference")
    pasted = "GOCSPX-abcdefghijklmnopqrstuvwxyz12"
    for snippet in schema()["$defs"]["secret"]["defaultSnippets"]:
        [(key, value)] = snippet["body"].items()
        server = {"password": {key: [pasted] if isinstance(value, list) else pasted}}
        declared = ServerView(Document(source=Source("server.json"), value=server), server)
        assert [issue.pointer for issue in rule.check(declared, LintContext())] == [
            f"/password/{key}"
        ]
