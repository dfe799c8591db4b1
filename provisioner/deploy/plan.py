"""A plan in a file: what a push is to do, without secrets. Nothing in it is of a machine, so the
same commit, vault key and values push it from anywhere."""

from __future__ import annotations

import hmac
import json
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from provisioner.deploy.record import RunStarted
from provisioner.deploy.scope import Scope
from provisioner.deploy.targets import Targets, key_id
from provisioner.errors import FleetError
from provisioner.git import Commit
from provisioner.host.host_state import Fingerprint
from provisioner.host.result import HostResult
from provisioner.private_file import read_regular
from provisioner.secret import keyed_digest

_MOST_BYTES = 64 * 1024 * 1024
_STDIN = Path("-")
LEFT_OUT = "skipped"  # what is to be done with a server that cannot go to a host
_ANOTHER = "make a new plan: provisioner plan --out FILE"


class PlanRefused(FleetError):
    """A saved plan cannot be applied any more."""


class PlannedHost(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`fingerprint`: of the document that lies there; None: there is none. `actions`: server ->
    added, changed, removed, verified (a test email is due), skipped (deploy/handover.py)."""

    fingerprint: Fingerprint | None
    actions: dict[str, str]

    @property
    def due(self) -> set[str]:
        return {n for n, action in self.actions.items() if action not in ("removed", "orphaned")}

    @property
    def removed(self) -> list[str]:
        """The servers that go there."""
        return [name for name, action in self.actions.items() if action == "removed"]


class Plan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`servers`: name -> keyed fingerprint of the entry, with its grant in place of its token, and
    of its hosts; `key_id` tells which vault key; `seal`: HMAC of all the rest."""

    schema_version: Literal[1] = 1
    run_id: str
    by: str
    version: str
    commit: str | None
    dirty: bool | None
    options: Scope
    key_id: str
    servers: dict[str, Fingerprint]
    hosts: dict[str, PlannedHost]
    seal: Annotated[str, Meta(max_length=64)] = ""

    def text(self) -> str:
        return msgspec.json.format(msgspec.json.encode(self), indent=2).decode() + "\n"

    def changed(self, servers: Mapping[str, str]) -> list[str]:
        """Names of servers that are different in these fingerprints, made with the same key."""
        names = sorted({*self.servers, *servers})
        return [name for name in names if self.servers.get(name) != servers.get(name)]

    def require_current(self, targets: Targets, key: str, commit: Commit) -> None:
        """PlanRefused, saying what changed, unless it still says what a push is to do here."""
        if self.commit != commit.id:
            raise PlanRefused(
                f"the plan is for commit {Commit(self.commit, self.dirty)}, and here is {commit}",
                remedy="check that commit out, or make a new plan",
            )
        if self.key_id != key_id(key):
            raise PlanRefused(
                "the plan was made with another vault key, so nothing in it can be compared",
                remedy="use the vault password that it was made with "
                "(ANSIBLE_VAULT_PASSWORD_FILE, vault_password in config.yml, or a copy of the "
                "generated vault-key), or make a new plan here",
            )
        if not hmac.compare_digest(self.seal, _seal(self, key)):
            raise PlanRefused("the plan was edited since it was made", remedy=_ANOTHER)
        if changed := self.changed(_servers(targets, key)):
            raise PlanRefused(
                "changed since the plan was made (server file, sign-in or hosts): "
                f"{', '.join(changed)}",
                remedy=_ANOTHER,
            )


def make_plan(
    hosts: Iterable[HostResult],
    targets: Targets,
    *,
    started: RunStarted,
    key: str,
    options: Scope,
    left_out: Collection[tuple[str, str]] = (),
) -> Plan:
    """The plan of what hosts said; `left_out`: (host, server) where it cannot be done."""
    plan = Plan(
        run_id=started.run_id,
        by=started.owner,
        version=started.version,
        commit=started.commit,
        dirty=started.dirty,
        options=options,
        key_id=key_id(key),
        servers=_servers(targets, key),
        hosts={host.host: _planned(host, left_out) for host in hosts if host.needs_push},
    )
    return msgspec.structs.replace(plan, seal=_seal(plan, key))


def read_plan(path: Path) -> Plan:
    """A plan file, or `-` for standard input; PlanRefused if it is none."""
    if path == _STDIN:
        return _parsed(sys.stdin.buffer.read(_MOST_BYTES + 1), "standard input")
    try:
        data = read_regular(path, _MOST_BYTES + 1)
    except OSError as error:
        raise PlanRefused(
            f"{path} cannot be read: {error.strerror}",
            remedy="name the file that `plan --out FILE` wrote, or - for standard input",
        ) from None
    return _parsed(data, str(path))


def _parsed(data: bytes, where: str) -> Plan:
    try:
        return msgspec.json.decode(data, type=Plan)
    except msgspec.ValidationError:
        raise PlanRefused(f"{where} is not a plan of this version", remedy=_ANOTHER) from None
    except (msgspec.DecodeError, RecursionError):
        raise PlanRefused(f"{where} is not a plan: it is not JSON", remedy=_ANOTHER) from None


def _planned(host: HostResult, left_out: Collection[tuple[str, str]]) -> PlannedHost:
    actions = {s.name: str(s.state) for s in host.servers if s.state != "unchanged"}
    actions |= {name: "verified" for name in host.unverified if name not in actions}
    actions |= {name: LEFT_OUT for name in actions if (host.host, name) in left_out}
    return PlannedHost(fingerprint=host.before, actions=actions)


def _servers(targets: Targets, key: str) -> dict[str, str]:
    found = {}
    for name, entry in targets.entries.items():
        content: dict[str, Any] = entry.as_json()
        if entry.token_set is not None:
            content["oauth2"] = {**content["oauth2"], "token": entry.token_set.grant_id}
        found[name] = _keyed({"entry": content, "hosts": list(targets.hosts[name])}, key)[:32]
    return found


def _seal(plan: Plan, key: str) -> str:
    return _keyed(msgspec.to_builtins(msgspec.structs.replace(plan, seal="")), key)


def _keyed(content: Any, key: str) -> str:
    return keyed_digest(key.encode(), json.dumps(content, sort_keys=True).encode())
