"""A worksheet as a page, read back by an HTML parser. A browser reads it in tests/end_to_end."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from provisioner.text import countable
from provisioner.worksheet.render import worksheet_as_html
from provisioner.worksheet.sheet import Worksheet, build_sheet
from tests.support.oauth_samples import oauth_server
from tests.unit.worksheet.samples import CANARY, HOSTILE, hostile_worksheet

_LOADING = {"img", "iframe", "object", "embed", "link", "base", "form", "audio", "video", "svg"}


class Page(HTMLParser):
    """The elements of a page, and the text of each."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.texts = []
        self._open = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._open = tag

    def handle_data(self, data):
        self.texts.append((self._open, data))

    def values(self):
        """What the buttons copy."""
        for tag, attributes in self.elements:
            if tag == "button":
                yield json.loads(attributes["data-value"])


def page_of(server_name="Reports"):
    return worksheet_as_html(Worksheet((build_sheet(oauth_server(server_name)),)))


def test_its_policy_knows_its_script_and_its_style_by_their_digests():
    text = page_of()
    content = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    directives = dict(part.split(" ", 1) for part in content[1].split("; "))
    assert directives["default-src"] == directives["base-uri"] == "'none'"
    assert directives["form-action"] == "'none'"
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert directives[directive] == f"'sha256-{digest}'"
    assert text.index("Content-Security-Policy") < text.index("<style>")


def test_it_asks_for_nothing_from_elsewhere_and_has_no_inline_handlers():
    for tag, attributes in Page(page_of()).elements:
        assert tag not in _LOADING
        assert not {"src", "style", "action", "srcset"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]
        assert attributes.get("href", "#").startswith("#")


def test_buttons_copy_what_is_typed_and_nothing_else():
    labels = [a["data-label"] for tag, a in Page(page_of()).elements if tag == "button"]
    assert labels == [
        "Server Name",
        "Host (IP address)",
        "Port",
        "User Name",
        "Access Token URL",
        "Authorization URL",
        "Client Id",
        "Scope for Authorize",
    ]


def test_several_servers_have_a_list_of_links():
    sheets = tuple(build_sheet(oauth_server(name)) for name in ("Reports", "Alerts"))
    page = Page(worksheet_as_html(Worksheet(sheets)))
    links = [a["href"] for tag, a in page.elements if tag == "a"]
    sections = [f"#{a['id']}" for tag, a in page.elements if tag == "section"]
    assert links == sections == ["#server-1", "#server-2"]
    assert "nav" not in {tag for tag, _ in Page(page_of()).elements}


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_is_text_and_its_button_copies_it_as_it_is(value):
    text = worksheet_as_html(hostile_worksheet(value))
    harmless = Page(worksheet_as_html(hostile_worksheet("x")))
    page = Page(text)
    # One note more for each value that does not show as it is; else the same page.
    spans = ("span",) if countable(value) != value else ()
    without = [tag for tag, _ in page.elements if tag not in spans]
    assert without == [tag for tag, _ in harmless.elements if tag not in spans]
    assert list(page.values()).count(value) == 5
    assert page.texts.count(("code", countable(value))) == 5
    assert all(sign.isprintable() or sign == "\n" for sign in text)


def test_a_secret_is_in_the_page_only_when_asked_for():
    hidden = worksheet_as_html(hostile_worksheet("x"))
    assert "CANARY" not in hidden
    assert "contains secrets" not in hidden
    assert '<th scope="row">Password</th><td>***<' in hidden
    page = Page(worksheet_as_html(hostile_worksheet("x", CANARY)))
    assert CANARY in list(page.values())
    assert ("code", countable(CANARY)) in page.texts
    assert ("p", "This worksheet contains secrets in plain text: delete it when you are done.") in (
        page.texts
    )
