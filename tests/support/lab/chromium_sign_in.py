"""A person with a browser: opens the URL it is given, signs in, allows or cancels, reads the end.

BROWSER="PYTHON tests/support/lab/chromium_sign_in.py --user alice %s &" makes Python's webbrowser
module use it; without the `&` webbrowser waits until it has finished. What the last page said is
written to the file that LAB_BROWSER_REPORT names, with a screenshot beside it.
"""

import argparse
import json
import os
import re
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Error, sync_playwright

REPORT = "LAB_BROWSER_REPORT"
_FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    *(("--no-sandbox",) if os.geteuid() == 0 else ()),  # Chromium's sandbox refuses root
)
_LOGIN, _CONSENT, _CANCEL = "form#login", "form#consent", "form#cancel button"
_DEVICE = "form[id='op.deviceConfirmForm'], form[id='op.deviceInputForm']"
_DEVICE_DONE = "Sign-in Success"


def main():
    """Walk the pages; 0 if the end was a page outside the provider, or the end of a device flow."""
    options = _options()
    with opened_browser() as browser:
        # the callback's certificate was made a moment ago: a person would click through
        page = browser.new_context(ignore_https_errors=True).new_page()
        report = _walk(page, options)
        _write(report, page)
    return 0 if report["outcome"] in {"callback", "device"} else 1


@contextmanager
def opened_browser():
    """Debian's Chromium, with no memory of others."""
    with tempfile.TemporaryDirectory(prefix="chromium-") as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("LAB_CHROMIUM", "/usr/bin/chromium"),
            args=list(_FLAGS),
            env={**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home},
        )
        yield browser
        browser.close()


def _options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--user", required=True, help="who signs in")
    parser.add_argument("--cancel", action="store_true", help="cancel instead of allowing")
    parser.add_argument("--untick", action="append", default=[], help="a scope not to allow")
    parser.add_argument("--timeout", type=float, default=60, help="seconds for the whole way")
    parser.add_argument("url")
    return parser.parse_args()


def _walk(page, options):
    """From page to page until one asks for nothing any more."""
    end = time.monotonic() + options.timeout
    steps = []
    outcome = "callback"
    try:
        page.set_default_timeout(options.timeout * 1000)
        page.goto(options.url)
        while _is_of_provider(page, options.url):
            step = _step(page, options)
            if step is None:
                outcome = "device" if page.title() == _DEVICE_DONE else "provider"
                break
            if time.monotonic() > end or len(steps) > 10:
                outcome = "timeout"
                break
            steps.append(step)
    except Error as error:
        outcome = f"failed: {_without_query(error.message)}"
    return {"outcome": outcome, "steps": steps}


def _is_of_provider(page, start):
    return urlsplit(page.url)[:2] == urlsplit(start)[:2]


def _step(page, options):
    """Do what the page asks; None if it asks for nothing."""
    if page.query_selector(_LOGIN):
        page.fill("input[name=login]", options.user)
        page.fill("input[name=password]", "any")
        return _press(page, f"{_LOGIN} button", "signed in")
    if page.query_selector(_CONSENT) and options.cancel:
        return _press(page, _CANCEL, "cancelled")
    if page.query_selector(_CONSENT):
        for scope in options.untick:
            page.uncheck(f"input[value='{scope}']")
        return _press(page, f"{_CONSENT} button", "allowed")
    if page.query_selector(_DEVICE):
        return _press(page, "button[autofocus], [type=submit]", "confirmed the device")
    return None


def _press(page, button, step):
    with page.expect_navigation():
        page.click(button)
    return step


def _write(report, page):
    if not (name := os.environ.get(REPORT)):
        return
    file = Path(name)
    screenshot = file.with_suffix(".png")
    _take(page, screenshot)
    report |= {
        "url": _without_query(page.url),  # a code is a secret: the names of the parameters will do
        "parameters": sorted(parse_qs(urlsplit(page.url).query)),
        "title": page.title(),
        "text": page.inner_text("body"),
        "screenshot": str(screenshot),
    }
    written = file.with_suffix(".new")
    written.write_text(json.dumps(report, indent=2))
    written.replace(file)


def _take(page, screenshot):
    """A busy machine's Chromium now and then says that it is unable to: it is asked again."""
    try:
        page.screenshot(path=screenshot)
    except Error:
        page.wait_for_timeout(1000)
        page.screenshot(path=screenshot)


def _without_query(text):
    return re.sub(r"\?\S*", "", text)


if __name__ == "__main__":
    sys.exit(main())
