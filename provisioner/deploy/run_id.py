"""The name of one run: in its mails' headers, on the hosts, and of its journal."""

from __future__ import annotations

import secrets
import time


def new_run_id() -> str:
    """Sortable, unique, and short enough for a mail header: 20261124T131500-1f2e3d4c."""
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime()) + "-" + secrets.token_hex(4)
