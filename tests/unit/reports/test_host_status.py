"""`status --hosts`: a row for each host. tests/cli/frozen/test_runs.py has it word for word."""

from provisioner.host.result import HostState
from provisioner.reports.host_status import RENDERERS
from tests.unit.reports.run_samples import finished, record, result


def test_without_hosts_there_is_no_table():
    assert RENDERERS["text"](record()) == "0 hosts\n"


def test_what_a_host_says_steers_no_terminal_and_makes_no_row():
    strange = result("a\nb", HostState.FAILED, "eio", about="\x1b[2J\nmaps9  as declared")
    lines = RENDERERS["text"](record(*finished(strange))).splitlines()
    assert len(lines) == 4
    assert lines[1].startswith("a<U+000A>b")
    assert "\x1b" not in lines[1]
