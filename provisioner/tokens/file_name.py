"""The name of a server's token file: safe on every file system, whatever the server is called."""

from __future__ import annotations

import hashlib
import re

_LONGEST_SLUG = 40


def token_file_name(server_name: str) -> str:
    """`Reports` -> `reports-<8 hex of its SHA-256>.yml`.

    The hash tells apart what the slug cannot: Reports and reports, or two names of emoji only.
    With it no name is a device of Windows (CON), is empty, or climbs out of the folder.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", server_name.lower()).strip("-")[:_LONGEST_SLUG].strip("-")
    # A lone surrogate can come out of JSON's \ud800; it is no reason to fail here.
    digest = hashlib.sha256(server_name.encode(errors="surrogatepass")).hexdigest()
    return f"{slug or 'server'}-{digest[:8]}.yml"
