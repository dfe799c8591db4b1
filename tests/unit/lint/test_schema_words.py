"""Every demand of every schema: both engines see it fail, and its words quote no value."""

import json
import re
from collections import Counter
from functools import cache

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema.validators import extend

from provisioner.config.document import load_text
from provisioner.config.pointer import segments, value_at
from provisioner.lint.result import lint
from provisioner.lint.schema import schema_for, schema_named
from tests.support.loading import documents_at
from tests.support.paths import EXAMPLES
from tests.support.strategies.complete import complete, levels
from tests.support.strategies.effort import generated
from tests.support.strategies.json_values import changed, mutated, pointers, without
from tests.support.strategies.schema_walk import NAMES, demands, resolved, root_of, strict

pytestmark = pytest.mark.long

VALID = EXAMPLES / "valid"
CANARY, NUMBER = "hunter2CANARY", 70417762031
# Too long for an unknown key to be shown.
FREE_KEY = CANARY * 3
WRONG = (
    CANARY,
    f"{CANARY}\n",
    NUMBER,
    [CANARY],
    {FREE_KEY: CANARY},
    {"env": CANARY, "file": CANARY},
    "",
    [],
    {},
)
# By the type of the right value: others it is refused for anyway.
LONG = f"{CANARY} " * 6000
BEYOND = {str: LONG, dict: LONG, list: [CANARY] * 1001, int: -NUMBER}
MANY_KEYS = {f"key{number}": CANARY for number in range(1001)}
MAPPINGS = ("authorize_extra", "scopeless_endpoints", "shared_tenants", "superseded_endpoints")
KEYS = (FREE_KEY, f"client_secret:{CANARY}", f"client_secret={CANARY}", f"{CANARY} ", f"{CANARY}é")
FILES = {"email-server": "server.yml", "project": "provisioner.yml"}


def pattern(_validator, pattern, value, _schema):
    """The end of the text is `$` to JSON Schema; to Python, so is the last line break."""
    if isinstance(value, str) and not re.search(strict(pattern), value):
        yield jsonschema.ValidationError("")


SecondEngine = extend(jsonschema.Draft202012Validator, {"pattern": pattern})


@cache
def whole_documents(name):
    """With every key; and whether most demands are made of it."""
    root = root_of(name)
    return [
        (complete(root, root, **choice), choice.get("level") in (None, "oauth2"))
        for choice in levels(root)
    ]


def failing(name):
    """Documents, and the pointer to what is wrong with each."""
    for document, makes_most in whole_documents(name):
        for pointer in pointers(document):
            if not makes_most and name in FILES and pointer.count("/") > 1:
                continue  # other levels demand no more below
            for value in WRONG if makes_most else (CANARY, [CANARY]):
                yield pointer, changed(document, pointer, value=value)
            beyond = BEYOND.get(type(value_at(document, pointer)))
            if makes_most and beyond:
                yield pointer, changed(document, pointer, value=beyond)
            if pointer:
                yield pointer, without(document, pointer)
        for key in document:  # one key alone: what it asks for is missing
            yield f"/{key}", {"smtp_security_level": document.get("smtp_security_level"), key: "x"}
        yield from (("", document | {key: CANARY}) for key in KEYS)
    yield "", {"providers": MANY_KEYS}
    yield "", {"providers": {"login.example.edu": dict.fromkeys(MAPPINGS, MANY_KEYS)}}


def is_closed(pointer, name):
    """Whether a scalar there is a secret's, an unknown key's, or where settings should be."""
    root = root_of(name)
    node = resolved(root, root)
    for segment in segments(pointer):
        further = node.get("items", node.get("additionalProperties"))
        below = node.get("properties", {}).get(segment, further)
        if node.get("writeOnly") or not isinstance(below, dict):
            return True
        node = resolved(below, root)
    return bool(node.get("writeOnly")) or "properties" in node


def findings(document, name):
    result = lint(load_text(json.dumps(document), FILES[name]))
    assert result.crashed == ()
    return result.findings


def assert_silent(found, pointer, name):
    """Excerpts do show values, but only of known keys that hold no secret."""
    words = [f"{finding.message} {finding.remedy} {finding.pointer}" for finding in found]
    shown = [str(f.excerpt) for f in found] if is_closed(pointer, name) else []
    for text in [*words, *shown]:
        # The names of providers and parameters may be anything, and are shown.
        left = text.replace(FREE_KEY, "") if name == "project" else text
        assert CANARY not in left, text
        assert str(NUMBER) not in left, text


@pytest.mark.parametrize("name", NAMES)
def test_every_demand_fails_and_is_explained_without_a_value(name):
    engine, failed = SecondEngine(root_of(name)), set()
    for pointer, document in failing(name):
        errors = list(engine.iter_errors(document))
        assert schema_named(name).accepts(document) is not bool(errors)
        failed |= {tuple(error.absolute_schema_path) for error in errors}
        if name in FILES:
            found = findings(document, name)
            assert bool(found) >= bool(errors)
            assert_silent(found, pointer, name)
    assert failed == {path for path, _ in demands(root_of(name), root_of(name))}
    assert len(failed) > 60


@pytest.mark.parametrize("name", FILES)
def test_both_engines_accept_the_same_documents(name):
    seen = Counter()
    engine = SecondEngine(root_of(name))
    valid = [d.value for d in documents_at([str(VALID)]) if schema_for(d).name == name]

    @generated(150)
    @given(st.sampled_from(valid).flatmap(mutated))
    def agree(document):
        is_accepted = schema_named(name).accepts(document)
        seen[is_accepted] += 1
        assert engine.is_valid(document) is is_accepted
        if not is_accepted:
            assert findings(document, name)

    agree()
    assert min(seen[True], seen[False]) > 5, seen
