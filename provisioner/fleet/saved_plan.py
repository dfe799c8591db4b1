"""A plan in a file: what a push is to do, without secrets, bound to what was found on hosts."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.errors import FleetError
from provisioner.fleet.declaration import (
    declared_prints,
    differing,
    host_prints,
    key_print,
    keyed_print,
)
from provisioner.fleet.host_result import HostResult, HostState
from provisioner.fleet.preparation import Preparation
from provisioner.git import Commit
from provisioner.resources import schema_path

SCHEMA_VERSION = 1
ANOTHER = "make a new plan: provisioner plan --out FILE"


class PlanRefused(FleetError):
    """A saved plan, or the one of an unfinished push, cannot be carried out any more."""


@dataclass(frozen=True, slots=True)
class PlannedHost:
    """What a host had, and what was to be done there: server -> state of its change."""

    fingerprint: str | None
    changes: Mapping[str, str]
    mails: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """The content of a plan file, schemas/plan.schema.json."""

    content: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The keyed print of all of it."""
        return str(self.content.get("seal", "unknown"))

    def as_text(self) -> str:
        """The file's content."""
        return json.dumps(self.content, ensure_ascii=False, indent=2) + "\n"

    @property
    def hosts(self) -> dict[str, PlannedHost]:
        """The hosts to push to."""
        return {h["host"]: _planned_host(h) for h in self.content["hosts"]}

    @property
    def options(self) -> Mapping[str, Any]:
        """Of the command line that made it: servers, limit, prune."""
        options: Mapping[str, Any] = self.content["options"]
        return options


def saved_plan(
    hosts: Iterable[HostResult],
    preparation: Preparation,
    *,
    key: str,
    commit: Commit,
    options: Mapping[str, Any],
    made: Mapping[str, Any],
) -> SavedPlan:
    """The plan of a check run. `made`: run_id, at, by, version."""
    content = {
        "schema_version": SCHEMA_VERSION,
        "made": dict(made),
        "commit": commit.id,
        "dirty": commit.dirty,
        "options": dict(options),
        "key": key_print(key),
        "servers": declared_prints(preparation, key),
        "server_hosts": host_prints(preparation),
        "hosts": [_host(host) for host in hosts if host.needs_push],
    }
    return SavedPlan({**content, "seal": keyed_print(content, key)})


def parsed_plan(data: bytes, where: str) -> SavedPlan:
    """The plan in a file's bytes; PlanRefused if it is none. `where` they are from."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        raise PlanRefused(f"{where} is not a plan: it is not JSON", remedy=ANOTHER) from None
    return require_plan(SavedPlan(content), where, remedy=ANOTHER)


def require_plan(plan: SavedPlan, where: str, *, remedy: str) -> SavedPlan:
    """The same plan; PlanRefused unless it has all that one of this version has."""
    import jsonschema_rs

    schema = json.loads(schema_path("plan").read_text(encoding="utf-8"))
    if not jsonschema_rs.Draft202012Validator(schema).is_valid(plan.content):
        raise PlanRefused(f"{where} is not a plan of this version", remedy=remedy)
    return plan


def require_commit(plan: SavedPlan, commit: Commit) -> None:
    """PlanRefused unless that commit is checked out which the plan was made for."""
    if plan.content["commit"] != commit.id:
        planned = Commit(plan.content["commit"], plan.content["dirty"])
        raise PlanRefused(
            f"the plan is for commit {planned}, and here is {commit}",
            remedy="check that commit out, or make a new plan",
        )


def require_same(plan: SavedPlan, preparation: Preparation, *, key: str, remedy: str) -> None:
    """PlanRefused, saying what changed, unless it still says what a push is to do here."""
    if plan.content["key"] != key_print(key):
        raise PlanRefused(
            "the plan was made with another vault key, so nothing in it can be compared",
            remedy="use the vault password that it was made with (ANSIBLE_VAULT_PASSWORD_FILE, "
            "vault_password in config.yml, or a copy of the generated vault-key), or make a new "
            "plan here",
        )
    unsealed = {name: value for name, value in plan.content.items() if name != "seal"}
    if not hmac.compare_digest(plan.id, keyed_print(unsealed, key)):
        raise PlanRefused("the plan was edited since it was made", remedy=remedy)
    if changed := differing(plan.content["servers"], declared_prints(preparation, key)):
        words = f"declared, or signed in, otherwise since the plan was made: {', '.join(changed)}"
        raise PlanRefused(words, remedy=remedy)
    if changed := differing(plan.content["server_hosts"], host_prints(preparation)):
        words = "the inventory gives other hosts than when the plan was made to"
        raise PlanRefused(f"{words}: {', '.join(changed)}", remedy=remedy)


def held_against(
    plan: SavedPlan, hosts: Iterable[HostResult], excused: Iterable[str] = ()
) -> tuple[HostResult, ...]:
    """Each host as it is now; those that are not as planned any more are MOVED.

    `excused`: an unfinished push has been there, so the old and the new document are both right;
    or it could not ask there, so it has no plan for the host.
    """
    planned, free = plan.hosts, set(excused)
    return tuple(
        host if host.host in free else _held_against(planned[host.host], host)
        for host in hosts
        if host.host in planned or host.host in free
    )


def _held_against(planned: PlannedHost, host: HostResult) -> HostResult:
    if host.state not in (HostState.CHANGES, HostState.UNCHANGED):
        return host
    if host.fingerprint != planned.fingerprint:
        return _moved(host, "its document is not the one that it had when the plan was made")
    if _planned_host(_host(host)) != planned:
        return _moved(host, "a push would do something else there than the plan says")
    return host


def _moved(host: HostResult, why: str) -> HostResult:
    return HostResult(
        host=host.host,
        state=HostState.MOVED,
        fingerprint=host.fingerprint,
        message=f"{why}; it was left as it is",
    )


def _host(host: HostResult) -> dict[str, Any]:
    return {
        "host": host.host,
        "fingerprint": host.fingerprint,
        "changes": {s.name: s.state for s in host.servers if s.state in _CHANGES},
        "mails": list(host.mails_needed),
    }


_CHANGES = ("added", "changed", "removed")


def _planned_host(content: Mapping[str, Any]) -> PlannedHost:
    return PlannedHost(content["fingerprint"], content["changes"], tuple(content["mails"]))
