"""What a host is told of who works on it, so that another run knows whom to wait for."""

from __future__ import annotations

import hashlib
import math
import os
import socket
from pathlib import Path

from provisioner.git import Commit

# A host waits so long without being asked to: another run's call may just be ending.
_SHORTEST_WAIT = 10
# The task ends after 1200 seconds, of which applying twice may take 600 (playbooks/push.yml).
_LONGEST_WAIT = 540


def lease_terms(root: Path, commit: Commit, reason: str) -> dict[str, str | None]:
    """Holder, commit and reason of a lease, as module_utils/maps_lease.py takes them.

    The holder is this user's checkout on this machine: its own lock lets one run at a time work,
    so a lease that an earlier one left behind on a host need keep nobody out.
    """
    place = f"{os.geteuid()}@{socket.gethostname()}:{root.resolve()}"
    return {
        "holder": hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:32],
        "commit": str(commit) if commit.id else None,
        "reason": reason,
    }


def lease_wait(seconds: float) -> int:
    """How long a call on a host waits for another run there; `seconds` as a person asks for."""
    return math.ceil(min(max(seconds, _SHORTEST_WAIT), _LONGEST_WAIT))
