"""Opens the browser without waiting for it."""

from __future__ import annotations

import threading
from collections.abc import Callable


def open_browser(url: str, failed: Callable[[], None]) -> None:
    """Open the URL as `webbrowser` does, so that BROWSER works; `failed` is called if nothing does.

    In a thread: a browser on a terminal, or a script in BROWSER, comes back only when it has
    shown the page - and that waits for us.
    """
    threading.Thread(target=_open, args=(url, failed), daemon=True).start()


def _open(url: str, failed: Callable[[], None]) -> None:
    import webbrowser

    try:
        opened = webbrowser.open(url)
    except (webbrowser.Error, OSError):
        opened = False
    if not opened:
        failed()
