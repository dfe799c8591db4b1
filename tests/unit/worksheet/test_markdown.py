"""A worksheet as Markdown, read back by a Markdown parser."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from provisioner.text import countable
from provisioner.worksheet.render import worksheet_as_markdown
from provisioner.worksheet.sheet import Worksheet, build_sheet
from tests.support.oauth_samples import oauth_server
from tests.unit.worksheet.samples import CANARY, HOSTILE, hostile_worksheet

_PLAIN = {"text", "code_inline", "strong_open", "strong_close"}


def inline(markdown: str) -> list[Token]:
    """What a renderer of CommonMark, with tables and strikethrough, makes of the lines."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    blocks = parser.parse(markdown)
    kinds = {block.type.removesuffix("_open").removesuffix("_close") for block in blocks}
    assert kinds <= {"heading", "paragraph", "inline", "bullet_list", "ordered_list", "list_item"}
    return [token for block in blocks for token in block.children or ()]


def test_a_server_tab_by_tab() -> None:
    text = worksheet_as_markdown(Worksheet((build_sheet(oauth_server()),)))
    assert text.startswith(
        "# MAPS email server\n\n"
        "In MAPS: Email &#62; Servers &#62; Add Server; "
        "if the server already exists, open its properties.\n\n"
        "## Reports\n\nDeclared at `servers/reports.yml:1`.\n\n"
        "### General\n\n- **Server Name:** `Reports`\n"
    )
    assert "- **Client Name:** (leave empty) (MAPS gives the name of its host)\n" in text
    assert "- **Client Secret:** &#42;&#42;&#42; (read from the server file)\n" in text
    assert "run `provisioner authenticate Reports --card`\n2. Click Authenticate" in text


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_is_text_and_nothing_else(value: str) -> None:
    text = worksheet_as_markdown(hostile_worksheet(value))
    tokens = inline(text)
    assert {token.type for token in tokens} <= _PLAIN
    values = [token.content for token in tokens if token.type == "code_inline"]
    seen = countable(value)
    assert values.count(seen) == 5, "name, host, client name, user name, log file"
    assert countable(f"servers/{value}.yml:3") in values
    read = "".join(token.content for token in tokens if token.type == "text")
    assert f"MAPS email servers of {seen}" in read
    assert countable(f"read from {{env: {value}}}") in read


def test_a_secret_is_shown_only_when_asked_for() -> None:
    assert "CANARY" not in worksheet_as_markdown(hostile_worksheet("x"))
    shown = worksheet_as_markdown(hostile_worksheet("x", CANARY))
    values = [token.content for token in inline(shown) if token.type == "code_inline"]
    assert countable(CANARY) in values
    assert (
        "\n**This worksheet contains secrets in plain text: delete it when you are done.**\n"
        in shown
    )
