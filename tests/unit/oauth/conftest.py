"""A browser that follows the address by itself, and what the tests of a sign-in share."""

import sys

import pytest

from tests.support.paths import FOLLOWING_BROWSER


@pytest.fixture
def last_page(tmp_path, monkeypatch):
    """BROWSER is a program that follows the address; this file holds the page it ended on."""
    # The module asks the environment once a process.
    monkeypatch.setattr("webbrowser._tryorder", None)
    monkeypatch.setattr("webbrowser._browsers", {})
    for display in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(display, raising=False)
    browser = FOLLOWING_BROWSER
    monkeypatch.setenv("BROWSER", f"{sys.executable} {browser} %s")
    monkeypatch.setenv("LAST_PAGE", str(tmp_path / "last.html"))
    return tmp_path / "last.html"
