"""Opens the browser without waiting for it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping


def open_browser(url: str, failed: Callable[[str], None]) -> None:
    """Open the URL as `webbrowser` does, so that BROWSER works; `failed` is told why none opened.

    In a thread: a browser on a terminal, or a script in BROWSER, comes back only when it has
    shown the page - and that waits for us.
    """
    threading.Thread(target=_open, args=(url, failed), daemon=True).start()


def _open(url: str, failed: Callable[[str], None]) -> None:
    import webbrowser

    if not has_window(os.environ, sys.platform):
        failed("since there is no desktop here and BROWSER is not set")
        return
    try:
        opened = webbrowser.open(url)
    except (webbrowser.Error, OSError):
        opened = False
    if not opened:
        named = os.environ.get("BROWSER")
        failed("since what BROWSER names failed" if named else "since none was found")


def has_window(environment: Mapping[str, str], platform: str) -> bool:
    """Whether a browser can show itself.

    Without a display `webbrowser` takes a browser of the terminal, which would fight us for the
    terminal, and in which no provider's page works.
    """
    named = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    return platform in ("darwin", "win32", "cygwin") or any(environment.get(n) for n in named)
