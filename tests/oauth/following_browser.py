"""A browser double: follows the address to the end, as a person would who accepts.

BROWSER="PYTHON tests/oauth/following_browser.py %s" opens it; the last page goes to $LAST_PAGE.
"""

from __future__ import annotations

import os
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path


def main() -> None:
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trusting)
    )
    try:
        with opener.open(sys.argv[1], timeout=30) as answer:
            page = answer.read()
    except urllib.error.HTTPError as error:
        with error:
            page = error.read()
    Path(os.environ["LAST_PAGE"]).write_bytes(page)


if __name__ == "__main__":
    main()
