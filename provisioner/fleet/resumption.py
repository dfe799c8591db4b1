"""Going on with a push that was interrupted, stopped or killed: only what it has not done. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from provisioner.errors import FleetError
from provisioner.fleet.run_record import RunRecord
from provisioner.fleet.saved_plan import PlanRefused, SavedPlan

_ANEW = "run: provisioner push"


def run_to_resume(
    runs: Iterable[RunRecord], options: Mapping[str, Any], saved: SavedPlan | None
) -> RunRecord:
    """The last push, if hosts are left of it that `options` and the saved plan are about, too.

    One that ended before it had a plan has begun nothing, and is passed over.
    """
    pushes = (run for run in runs if run.started.get("command") == "push")
    last = next((run for run in pushes if run.planned is not None), None)
    if last is None:
        raise FleetError("there is no push to go on with: the journal knows none", remedy=_ANEW)
    if not last.undone:
        raise FleetError(f"nothing is left of the push {last.run_id}", remedy=_ANEW)
    _require_same_options(last, options)
    if saved is not None and not _belongs_to(last, saved):
        raise PlanRefused(
            f"the push {last.run_id} did not carry out this plan",
            remedy="go on with it without --plan, or push the plan without --resume",
        )
    return last


def _belongs_to(run: RunRecord, saved: SavedPlan) -> bool:
    return bool(run.started["options"].get("plan") == saved.id)


def _require_same_options(run: RunRecord, options: Mapping[str, Any]) -> None:
    for name in ("servers", "limit", "prune"):
        then, now = run.started["options"].get(name), options.get(name)
        if then != now:
            raise PlanRefused(
                f"the push {run.run_id} was for other {_NAMES[name]}: {_shown(then)} then, "
                f"{_shown(now)} now",
                remedy="go on with it with the same options, or push anew without --resume",
            )


_NAMES = {"servers": "servers", "limit": "hosts (--limit)", "prune": "removals (--prune)"}


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "all"
    return {None: "all", True: "yes", False: "no"}.get(value, str(value))
