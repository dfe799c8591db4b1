"""Patterns and lengths of the schemas mean the same to Rust, Python and ECMAScript (editors)."""

import json
import re
import subprocess
from collections import Counter
from functools import cache

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.strategies.effort import generated
from tests.support.strategies.odd_text import characters, edited, odd_texts
from tests.support.strategies.schema_walk import patterns, strict

pytestmark = pytest.mark.long

# One process for all: https://tc39.es/ecma262/#sec-regexp-pattern-flags, `u` as JSON Schema has it
# (https://json-schema.org/draft/2020-12/json-schema-core#section-6.4).
NODE = """
const asked = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const answers = asked.map(([pattern, texts]) => {
  const form = new RegExp(pattern, 'u');
  return texts.map((text) => [form.test(text), [...text].length]);
});
process.stdout.write(JSON.stringify(answers));
"""


@cache
def texts_around(pattern):
    """Texts from and around a pattern -> whether Python finds it there, `$` being the very end."""
    form, seen = re.compile(strict(pattern)), {}
    right = st.from_regex(form, alphabet=characters)
    wrong = st.one_of(right.flatmap(edited), right.flatmap(edited).flatmap(edited), odd_texts)

    @generated(50)
    @given(st.one_of(right, wrong, wrong, right.map("{}\n".format), right.map("\n{}".format)))
    def collect(text):
        seen[text] = form.search(text) is not None

    collect()
    return seen


@pytest.mark.parametrize("pattern", patterns())
def test_rust_and_python_agree(pattern):
    engine = jsonschema_rs.Draft202012Validator({"pattern": pattern})
    seen = Counter()
    for text, is_match in texts_around(pattern).items():
        seen[is_match] += 1
        assert engine.is_valid(text) is is_match, text
    assert min(seen[True], seen[False]) > 2


@pytest.mark.long
@pytest.mark.lab  # which installs Node.js
def test_ecmascript_agrees():
    asked = [(pattern, list(texts_around(pattern))) for pattern in patterns()]
    run = subprocess.run(
        ["node", "-e", NODE], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    for (pattern, texts), answers in zip(asked, json.loads(run.stdout), strict=True):
        expected = [[texts_around(pattern)[text], len(text)] for text in texts]
        assert answers == expected, pattern


def test_the_patterns_are_all_there():
    assert len(patterns()) > 10
    assert sum(len(texts_around(pattern)) for pattern in patterns()) > 300
