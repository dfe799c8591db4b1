"""Prints of what is declared, by which a saved plan or an unfinished push knows it again. Pure."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from provisioner.fleet.preparation import Preparation
from provisioner.hosts.entry import ServerEntry

_LENGTH = 32


def declared_prints(preparation: Preparation, key: str) -> dict[str, str]:
    """server -> keyed print of its entry: secrets count; of tokens, which sign-in it was."""
    return {
        name: keyed_print(_comparable(entry), key) for name, entry in preparation.entries.items()
    }


def host_prints(preparation: Preparation) -> dict[str, str]:
    """server -> print of the hosts that the inventory gives it."""
    return {
        name: hashlib.sha256(_bytes(list(hosts))).hexdigest()[:_LENGTH]
        for name, hosts in preparation.hosts.items()
        if name in preparation.entries
    }


def key_print(key: str) -> str:
    """Tells two fingerprint keys apart and says nothing of either."""
    return keyed_print("maps-provisioner fingerprint key", key)


def keyed_print(content: Any, key: str) -> str:
    """HMAC-SHA-256 of JSON: without the key it tells nothing."""
    return hmac.new(key.encode(), _bytes(content), hashlib.sha256).hexdigest()[:_LENGTH]


def differing(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The names whose prints are not the same."""
    names = {*before, *now}
    return sorted(name for name in names if before.get(name) != now.get(name))


def _comparable(entry: ServerEntry) -> dict[str, Any]:
    content = entry.as_json()
    if entry.token_set is not None:
        content["oauth2"] = {**content["oauth2"], "token": entry.token_set.grant_id}
    return content


def _bytes(content: Any) -> bytes:
    return json.dumps(content, sort_keys=True).encode()
