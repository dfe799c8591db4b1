"""Every character of a text can be seen."""

from __future__ import annotations

import pytest

from provisioner.text import countable


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("https://example.edu/a b", "https://example.edu/a b"),
        ("Übersicht und 報告 🎓", "Übersicht und 報告 🎓"),
        ("", ""),
        (" a", "<U+0020>a"),
        ("a ", "a<U+0020>"),
        ("a  b", "a <U+0020>b"),
        ("   ", "<U+0020><U+0020><U+0020>"),
        ("a\tb\n", "a<U+0009>b<U+000A>"),
        ("\u202eab\u200b", "<U+202E>ab<U+200B>"),
        ("a\u3164b\u034fc\xa0d\xad", "a<U+3164>b<U+034F>c<U+00A0>d<U+00AD>"),
        ("\U000e0041\ud800", "<U+E0041><U+D800>"),
    ],
)
def test_what_does_not_show_is_named(text: str, seen: str) -> None:
    assert countable(text) == seen
    assert countable(seen) == seen
