"""The demo's browser: follows the sign-in to the end, as a person would who clicks Accept.

Run by `BROWSER="PYTHON -m provisioner.demo.browser %s"`, so that the demo's sign-in takes the
same way through `webbrowser` as everyone's.
"""

from __future__ import annotations

import sys
import urllib.request


def main() -> None:
    """Open the URL given, follow its redirects to the callback, read that page."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # all of it is loopback
    with direct.open(sys.argv[1], timeout=20) as page:
        page.read()


if __name__ == "__main__":
    main()
