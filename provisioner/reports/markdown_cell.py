"""Text in a cell of a Markdown table."""

from __future__ import annotations

from provisioner.text import printable_lines

# As references, no sign can end a cell, open a tag or a link, or name a person.
_REFERENCES = {sign: f"&#{ord(sign)};" for sign in "&<>|`*_[]\\~$#@!"}
_CELL = str.maketrans(_REFERENCES | {"\n": " ", "\r": " "})


def cell(text: str) -> str:
    """The text as a reader sees it, whatever is in it."""
    return printable_lines(text).translate(_CELL)
