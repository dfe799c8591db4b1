"""The worksheet as a page in a real browser: it copies, runs nothing else, asks for nothing."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from provisioner.worksheet.render import worksheet_as_html
from tests.support.lab.chromium import Chromium
from tests.support.lab.chromium_sign_in import opened_browser
from tests.unit.worksheet.samples import CANARY, HOSTILE, hostile_worksheet

pytestmark = [pytest.mark.long]

_CLIPBOARD = ["clipboard-read", "clipboard-write"]


@pytest.fixture(scope="module")
def browser(chromium: Chromium) -> Iterator[Browser]:
    with opened_browser() as browser:
        yield browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


class Reader:
    """A person with the page open; `wrong` has what a browser complains of, or asks others for."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.wrong: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self.wrong.append(message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", lambda dialog: self.wrong.append(f"a dialog: {dialog.message}"))
        self.page.on("request", lambda asked: self._asked(asked.url, url))
        self.page.goto(url)

    def _asked(self, asked: str, url: str) -> None:
        if asked != url:
            self.wrong.append(f"a request: {asked}")

    def said(self, text: str) -> None:
        self.page.get_by_role("status").get_by_text(text, exact=True).wait_for(timeout=30_000)

    def tick(self, label: str) -> None:
        self.page.get_by_role("checkbox", name=f"{label} is entered", exact=True).first.check()

    def ticked(self) -> list[str]:
        label = "b.getAttribute('aria-label') ?? b.labels[0].textContent.trim()"
        labels = f"boxes => boxes.filter(b => b.checked).map(b => {label})"
        return list(self.page.locator("input[type=checkbox]").evaluate_all(labels))

    def reload_and_find(self, ticked: list[str]) -> None:
        """Loads the page again; exactly these boxes are ticked."""
        self.page.reload()
        assert self.ticked() == ticked

    def clipboard(self) -> str:
        return str(self.page.evaluate("navigator.clipboard.readText()"))


def saved(folder: Path, text: str) -> str:
    """The page in a file, as it comes; its address."""
    file = folder / "worksheet.html"
    file.write_text(text, encoding="utf-8")
    return file.as_uri()


def on_a_wiki(context: BrowserContext, text: str) -> str:
    """The page on a server, without https; its address.

    What is stored is tested here: on a busy machine, Chromium 156 gives a page from a file what it
    stored a load too late or never (7 of 90 loads; a page from a server: none of 255).
    """
    url = "http://wiki.example.edu/maps"
    context.route(url, lambda route: route.fulfill(body=text, content_type="text/html"))
    return url


@pytest.mark.parametrize("value", HOSTILE)
def test_a_button_copies_its_value_as_it_is(
    context: BrowserContext, tmp_path: Path, value: str
) -> None:
    context.grant_permissions(_CLIPBOARD)
    reader = Reader(context, saved(tmp_path, worksheet_as_html(hostile_worksheet(value, CANARY))))
    reader.page.get_by_role("button", name="Copy User Name").first.click()
    reader.said("User Name: copied")
    assert reader.clipboard() == value
    reader.page.get_by_role("button", name="Copy Password").click()
    reader.said("Password: copied")
    assert reader.clipboard() == CANARY
    assert reader.wrong == []


def test_it_is_used_by_keys_alone(context: BrowserContext, tmp_path: Path) -> None:
    context.grant_permissions(_CLIPBOARD)
    reader = Reader(context, saved(tmp_path, worksheet_as_html(hostile_worksheet("x"))))
    for _ in range(3):  # two links to the servers, then the first button
        reader.page.keyboard.press("Tab")
    reader.page.keyboard.press("Enter")
    reader.said("Server Name: copied")
    assert reader.clipboard() == "x"
    reader.page.keyboard.press("Tab")
    reader.page.keyboard.press("Space")
    assert reader.ticked() == ["Server Name is entered"]
    outline = "e => getComputedStyle(e).outlineStyle"
    assert reader.page.locator(":focus").evaluate(outline) == "solid", "one sees where one is"
    assert reader.wrong == []


def test_what_is_ticked_off_stays_so_when_the_page_is_loaded_again(context: BrowserContext) -> None:
    reader = Reader(context, on_a_wiki(context, worksheet_as_html(hostile_worksheet("x"))))
    for label in ("Host (IP address)", "Use TLS"):
        reader.tick(label)
    assert reader.page.locator("th").nth(1).evaluate(_STRUCK_OUT)
    assert not reader.page.locator("th").first.evaluate(_STRUCK_OUT)
    reader.reload_and_find(["Host (IP address) is entered", "Use TLS is entered"])
    reader.page.get_by_role("checkbox", name="Use TLS is entered").first.uncheck()
    reader.reload_and_find(["Host (IP address) is entered"])
    assert reader.wrong == []


_STRUCK_OUT = "cell => getComputedStyle(cell).textDecorationLine === 'line-through'"


def test_another_value_or_host_is_not_ticked_off(context: BrowserContext) -> None:
    first = hostile_worksheet("x")
    reader = Reader(context, on_a_wiki(context, worksheet_as_html(first)))
    reader.tick("Port")
    reader.reload_and_find(["Port is entered"])
    elsewhere, later = replace(first, hosts=("another",)), replace(first, edition="2")
    for other in (hostile_worksheet("y"), elsewhere, later):
        reader = Reader(context, on_a_wiki(context, worksheet_as_html(other)))
        # The second server of the page is the same on the same host: its boxes are its own.
        assert reader.ticked() == []
    reader = Reader(context, on_a_wiki(context, worksheet_as_html(first)))
    assert reader.ticked() == ["Port is entered"]


def test_no_secret_is_kept_nor_whether_it_was_typed(context: BrowserContext) -> None:
    reader = Reader(context, on_a_wiki(context, worksheet_as_html(hostile_worksheet("x", CANARY))))
    digest = reader.page.locator("section").first.get_attribute("data-digest")
    for label in ("User Name", "Password"):
        reader.tick(label)
    stored = reader.page.evaluate("JSON.stringify(Object.entries(localStorage))")
    assert json.loads(stored) == [[f"maps-provisioner worksheet {digest}", '["User Name"]']]
    reader.reload_and_find(["User Name is entered"])
    other = worksheet_as_html(hostile_worksheet("x", "another secret"))
    assert f'data-digest="{digest}"' in other, "the digest tells nothing of the secret"
    assert reader.wrong == []


def test_on_a_page_of_several_hosts_each_host_is_ticked_off(context: BrowserContext) -> None:
    page = replace(hostile_worksheet("x"), hosts=("maps1", "maps2"))
    reader = Reader(context, on_a_wiki(context, worksheet_as_html(page)))
    boxes = reader.page.get_by_role("checkbox")
    assert boxes.count() == 4, "of two servers, on two hosts each"
    reader.page.get_by_label("maps2").first.check()
    reader.reload_and_find(["maps2"])
    assert [box.is_checked() for box in boxes.all()] == [False, True, False, False]
    assert reader.wrong == []


@pytest.mark.parametrize("stored", ["{", "null", '{"a": 1}', '[["Port"], null, 3, "No such"]'])
def test_a_storage_with_something_else_ticks_nothing(context: BrowserContext, stored: str) -> None:
    reader = Reader(context, on_a_wiki(context, worksheet_as_html(hostile_worksheet("x"))))
    reader.tick("Port")
    reader.page.evaluate("stored => localStorage.setItem(localStorage.key(0), stored)", stored)
    reader.reload_and_find([])
    reader.tick("Port")
    reader.reload_and_find(["Port is entered"])
    assert reader.wrong == []


def test_a_browser_without_storage_says_that_ticks_are_lost(
    context: BrowserContext, tmp_path: Path
) -> None:
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('blocked'); }})"
    )
    reader = Reader(context, saved(tmp_path, worksheet_as_html(hostile_worksheet("x"))))
    reader.tick("Port")
    reader.said("This browser does not keep ticks when the page is loaded again.")
    assert reader.ticked() == ["Port is entered"]
    assert reader.wrong == []


def test_where_the_clipboard_is_forbidden_the_value_is_selected(
    context: BrowserContext,
) -> None:
    value = "\u202e two  blanks "
    # No browser gives a page without https the clipboard.
    reader = Reader(context, on_a_wiki(context, worksheet_as_html(hostile_worksheet(value))))
    assert reader.page.evaluate("navigator.clipboard === undefined")
    reader.page.get_by_role("button", name="Copy User Name").first.click()
    reader.said("User Name: selected; copy it with Ctrl+C")
    box = reader.page.get_by_role("textbox", name="User Name")
    assert box.evaluate("b => b.value.slice(b.selectionStart, b.selectionEnd)") == value
    assert box.evaluate("b => b === document.activeElement && b.readOnly")
    reader.page.get_by_role("button", name="Copy Port").first.click()
    reader.said("Port: selected; copy it with Ctrl+C")
    assert reader.page.get_by_role("textbox").count() == 1, "the one before has gone"
    assert reader.wrong == []


def test_its_policy_stops_what_is_not_its_own(context: BrowserContext, tmp_path: Path) -> None:
    text = worksheet_as_html(hostile_worksheet("x"))
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        image = f"http://127.0.0.1:{elsewhere.getsockname()[1]}/x.png"
        intruder = f'<img src="{image}" onerror="alert(1)"><script>alert(2)</script>'
        reader = Reader(context, saved(tmp_path, text.replace("<main>", f"<main>{intruder}")))
        elsewhere.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody has come
            elsewhere.accept()
    stopped = [one for one in reader.wrong if "Content Security Policy" in one]
    assert len(stopped) == 3, "image, handler, script"
    assert not [one for one in reader.wrong if one.startswith("a dialog")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_readable_in_light_and_dark(browser: Browser, tmp_path: Path, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
    reader = Reader(context, saved(tmp_path, worksheet_as_html(hostile_worksheet("x", "secret"))))
    for selector in ("h1", "th", "code", ".note", "nav a", "button", ".warning"):
        assert reader.page.locator(selector).first.evaluate(_CONTRAST) >= 4.5, selector
    context.close()


# https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio; colours are drawn, so that all forms are read.
_CONTRAST = """element => {
  const drawn = colours => {
    const canvas = document.createElement("canvas").getContext("2d");
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = rgb => rgb.map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = [];
  for (let one = element; one; one = one.parentElement)
    behind.unshift(getComputedStyle(one).backgroundColor);
  const probe = document.createElement("i");
  document.body.append(probe);
  const system = name => { probe.style.color = name; return getComputedStyle(probe).color; };
  const back = drawn([system("Canvas"), ...behind]);
  const fore = drawn([`rgb(${back})`, getComputedStyle(element).color]);
  const [high, low] = [luminance(back), luminance(fore)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}"""


def test_on_paper_there_are_values_and_no_buttons(context: BrowserContext, tmp_path: Path) -> None:
    reader = Reader(context, saved(tmp_path, worksheet_as_html(hostile_worksheet("x"))))
    reader.page.emulate_media(media="print")
    assert reader.page.locator("code").first.is_visible()
    for selector in ("button", "nav", "#said"):
        assert not reader.page.locator(selector).first.is_visible()
    box = reader.page.get_by_role("checkbox").first
    assert box.is_visible(), "to be ticked off with a pen"
    assert (
        reader.page.locator("section")
        .nth(1)
        .evaluate("section => getComputedStyle(section).breakBefore === 'page'")
    )
    assert reader.page.pdf().startswith(b"%PDF")
    assert reader.wrong == []


def test_without_scripts_there_are_no_buttons_that_do_nothing(
    browser: Browser, tmp_path: Path
) -> None:
    context = browser.new_context(java_script_enabled=False)
    reader = Reader(context, saved(tmp_path, worksheet_as_html(hostile_worksheet("x"))))
    assert reader.page.locator("code").first.is_visible()
    assert not reader.page.locator("button").first.is_visible()
    context.close()
