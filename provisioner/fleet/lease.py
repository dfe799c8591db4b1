"""What a host is told of who works on it, so that another run knows whom to wait for."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

from provisioner.fleet.commit import commit_of


def lease_terms(root: Path, reason: str) -> dict[str, str | None]:
    """Holder, commit and reason of a lease, as module_utils/maps_lease.py takes them.

    The holder is this user's checkout on this machine: its own lock lets one run at a time work,
    so a lease that an earlier one left behind on a host need keep nobody out.
    """
    place = f"{os.geteuid()}@{socket.gethostname()}:{root.resolve()}"
    commit = commit_of(root)
    return {
        "holder": hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:32],
        "commit": str(commit) if commit.id else None,
        "reason": reason,
    }
