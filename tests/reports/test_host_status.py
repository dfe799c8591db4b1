"""`status --hosts`: a row for each host."""

from __future__ import annotations

import json

from provisioner.deploy.result import HostState
from provisioner.reports.host_status import RENDERERS
from tests.reports.run_samples import finished, record, result, sample_status


def test_a_row_for_each_host_and_a_summary() -> None:
    head, *rows, _, summary = RENDERERS["text"](sample_status()).splitlines()
    assert head.split() == ["HOST", "STATE", "GENERATION", "SERVERS", "DELIVERED", "DETAILS"]
    assert [row.split()[0] for row in rows] == [host.host for host in sample_status().hosts]
    assert summary == (
        "9 hosts: 1 as delivered, 1 edited by hand, 1 foreign document, 1 no document, "
        "1 not applied, 1 not verified, 1 unreachable, 2 would change"
    )


def test_without_hosts_there_is_no_table() -> None:
    assert RENDERERS["text"](record()) == "0 hosts\n"


def test_for_programs() -> None:
    report = json.loads(RENDERERS["json"](sample_status()))
    assert report["summary"]["would change"] == 2
    assert {host["message"] for host in report["hosts"]} == {"", "port 22: refused"}


def test_what_a_host_says_steers_no_terminal_and_makes_no_row() -> None:
    strange = result("a\nb", HostState.FAILED, "eio", about="\x1b[2J\nmaps9  as declared")
    lines = RENDERERS["text"](record(*finished(strange))).splitlines()
    assert len(lines) == 4
    assert lines[1].startswith("a<U+000A>b")
    assert "\x1b" not in lines[1]
