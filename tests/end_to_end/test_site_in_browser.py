"""The documentation site as a reader has it: search, and pages that fit a telephone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize

from tests.support.lab.chromium import Chromium
from tests.support.lab.chromium_sign_in import opened_browser
from tests.support.paths import ROOT

pytestmark = [pytest.mark.long]

WIDE, NARROW = ViewportSize(width=1400, height=1000), ViewportSize(width=390, height=844)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("site")
    subprocess.run([sys.executable, "-m", "sphinx", "-q", ROOT / "docs", built], check=True)
    return built


@pytest.fixture(scope="module")
def page(chromium: Chromium) -> Iterator[Page]:
    with opened_browser() as browser:
        yield browser.new_page(color_scheme="dark")


def test_the_search_finds_a_page_by_its_words(site: Path, page: Page) -> None:
    page.set_viewport_size(WIDE)
    page.goto(f"{site.as_uri()}/index.html")
    box = page.get_by_role("textbox", name="Search").first
    box.fill("vault key rekey")
    box.press("Enter")
    page.get_by_role("link", name="Replace the vault key").first.wait_for(timeout=30_000)
    box.fill("xyzzyplugh")
    box.press("Enter")
    page.get_by_text("did not match any documents").wait_for(timeout=30_000)


def test_no_page_is_wider_than_a_telephone(site: Path, page: Page) -> None:
    page.set_viewport_size(NARROW)
    wide = []
    for file in sorted(site.glob("*.html")) + sorted(site.glob("*/*.html")):
        if file.parent.name.startswith("_"):
            continue
        page.goto(file.as_uri())
        if page.evaluate("document.documentElement.scrollWidth") > NARROW["width"]:
            wide.append(file.name)
    assert wide == []
