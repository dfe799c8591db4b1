"""Texts of lines that are plain, or nearly so."""

from __future__ import annotations

from hypothesis import strategies as st

_KEYS = st.sampled_from(
    ("a", "b", "c", "host", "d", "e", "f", "a.b-c", "$schema", "null", "_x", "é")
)
_COLONS = st.sampled_from((*[": "] * 8, ":  ", ":", " : "))
_WORDS = (
    "x", "587", "0x1F", "0o7", "1.5", "-1", "+1", ".5", "1e999", ".inf", "~", "null", "true", "no",
    "a b", "a  b", "a:b", "a: b", "a#b", "a #b", "#b", "a:#b", "é😀", "a\xa0b", "\u3000a", "\\",
    "'x'", "''", "'it''s'", "'a # b'", "'a: b'", "'", "'x' y", '"x"', '""', '"\\n"', '"a\'b"', '"',
    "{env: X}", "{ env:  X }", "{env: /a.b-c_1}", "{env:X}", "{env: 1}", "{env: null}", "{}", "[x]",
    "&x a", "*x", "!t a", "|", ">-", "%a", "@a", "`a", "?", "-", "- a", ", a", "] a",
    "} a", "=", "<",
)  # fmt: skip
_ENDS = st.sampled_from((*[""] * 8, " ", "  # c", " # c", " #", "#c", "\t", " \xa0"))
_INDENTS = st.sampled_from((*[""] * 12, *["  "] * 6, "    ", " ", "\t"))
_entries = st.tuples(_INDENTS, _KEYS, _COLONS, st.sampled_from(("", "", *_WORDS)), _ENDS).map(
    "".join
)
_others = st.sampled_from(
    ("", "  ", "# c", "# c", "  # c: d", "---", "...", "%YAML 1.2", "- a", "\t")
)
_lines = st.one_of(_entries, _entries, _entries, _entries, _others)


def plain_lines() -> st.SearchStrategy[str]:
    """One to six such lines."""
    return st.lists(_lines, min_size=1, max_size=6).map("\n".join)
