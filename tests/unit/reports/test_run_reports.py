"""Reports of plan, push and rollback: equal hosts together, changes masked, failures with their
remedy. tests/cli/frozen/test_runs.py has them word for word."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from provisioner.deploy.record import HostFinished, RunRecord
from provisioner.host.result import CommandResult, HostResult, HostState
from provisioner.reports.run_text import run_text
from tests.unit.reports.run_samples import (
    SENT,
    delivered,
    finished,
    record,
    result,
    started,
)


def push(*hosts: HostResult, **options: Any) -> RunRecord:
    return record(*finished(*hosts), of=started(**options))


def text_of(*hosts: HostResult, **options: Any) -> str:
    return run_text(push(*hosts, **options), {})


def test_delivered_is_not_applied_and_a_mail_of_ours_is_not_that_of_maps() -> None:
    host = delivered("maps1", HostState.DELIVERED, mails=[SENT])
    assert "Set maps_apply_command" in text_of(host)
    assert "Set maps_test_command to let MAPS send one" in text_of(host)
    tested = replace(host, test=CommandResult(exit=0))
    assert "maps_test_command" not in text_of(tested)


def test_after_an_interrupted_rollback_it_is_not_to_be_run_again_as_it_was() -> None:
    host = result("maps1", HostState.NOT_STARTED, "interrupted")
    text = run_text(record(HostFinished(result=host), of=started("rollback")), {})
    assert "roll back these hosts alone: provisioner rollback maps1\n" in text
    assert "--resume" not in text
    assert "provisioner push --resume" in text_of(host)
