"""The schemas as the generators see them: nodes without references, and every demand they make."""

import re

from provisioner.lint.schema import schema_named

NAMES = ("email-server", "project", "host-document")

# Keywords that refuse nothing, or only by the keywords below them.
_SILENT = {
    "$comment", "$defs", "$id", "$ref", "$schema", "default", "description", "examples", "title",
    "defaultSnippets",
    "patternErrorMessage",
    "writeOnly",
}  # fmt: skip


def root_of(name):
    """A published schema."""
    return schema_named(name).content


def resolved(node, root):
    """A node together with what its `$ref` names."""
    if "$ref" not in node:
        return dict(node)
    return {**root["$defs"][node["$ref"].removeprefix("#/$defs/")], **node}


def strict(pattern):
    """A pattern of JSON Schema for Python: there, `$` is before a last line break as well."""
    ends = [at for at, sign in enumerate(pattern) if sign == "$" and pattern[at + 1 :][:1] in "|"]
    assert ends, pattern
    assert re.sub(r"\[(?:\\.|[^\]\\])*\]", "", pattern).count("$") == len(ends), pattern
    return "".join(r"\Z" if at in ends else sign for at, sign in enumerate(pattern))


def demands(node, root, path=()):
    """(path, demand) of all that can fail; paths skip `$ref`, as those of jsonschema's errors do.

    What stands below `if` is asked, not demanded.
    """
    if "$ref" in node:
        target = root["$defs"][node["$ref"].removeprefix("#/$defs/")]
        yield from demands(target, root, path)
    for keyword, below in node.items():
        at = (*path, keyword)
        if keyword in _SILENT or keyword == "if":
            continue
        if keyword == "properties":
            for name, schema in below.items():
                yield from demands(schema, root, (*at, name))
        elif keyword == "allOf":
            for index, schema in enumerate(below):
                yield from demands(schema, root, (*at, index))
        elif keyword in ("items", "then") or (
            keyword == "additionalProperties" and isinstance(below, dict)
        ):
            yield from demands(below, root, at)
        else:
            yield at, below


def patterns():
    """Every pattern of the schemas, once."""
    every = (
        d
        for name in NAMES
        for path, d in demands(root_of(name), root_of(name))
        if path[-1] == "pattern"
    )
    return sorted(set(every))


def lengths():
    """Every length that a text may not fall below or exceed, once."""
    found = {
        demand
        for name in NAMES
        for path, demand in demands(root_of(name), root_of(name))
        if path[-1] in ("minLength", "maxLength")
    }
    return sorted(found)
