"""The reports of a push for other programs: every state has its place, hostile text stays text."""

from pathlib import Path

import pytest
from lxml import etree

from provisioner.errors import ExitCode
from provisioner.fleet.host_result import EXIT_CODES, HostResult, HostState
from provisioner.fleet.outcome import Outcome
from provisioner.fleet.preparation import SkippedServer
from provisioner.reports.outcome_junit import outcome_junit
from provisioner.reports.outcome_markdown import outcome_markdown

XSD = etree.XMLSchema(etree.parse(Path(__file__).parent / "schemas" / "junit-10.xsd"))
HOSTILE = "<b>&|`\x00\x1b]]>\n"
SKIPPED = SkippedServer("Alerts", "nobody has signed in", "sign in", ExitCode.PERSON_NEEDED)


def outcome(*states, check=False, message=""):
    hosts = tuple(
        HostResult(host=f"maps{n}", state=state, message=message, seconds=1.5)
        for n, state in enumerate(states)
    )
    return Outcome(run_id="run-1", hosts=hosts, skipped=(SKIPPED,), warnings=(), check=check)


def suite_of(result):
    root = etree.fromstring(outcome_junit(result, {}).encode())
    XSD.assertValid(root)
    return root[0]


def test_junit_has_a_case_for_each_host_and_each_server_left_out():
    suite = suite_of(outcome(*HostState))
    assert (suite.get("tests"), suite.get("time")) == ("15", "21.000")
    kinds = {case.get("name"): case[0].tag for case in suite}
    assert kinds.pop("Alerts") == "failure"
    by_state = dict(zip(HostState, kinds.values(), strict=True))
    assert by_state[HostState.UNREACHABLE] == by_state[HostState.UNKNOWN] == "error"
    assert by_state[HostState.NOT_REACHED] == by_state[HostState.HELD] == "skipped"
    assert by_state[HostState.RESTORED] == by_state[HostState.MOVED] == "failure"
    assert by_state[HostState.APPLIED] == by_state[HostState.UNCHANGED] == "system-out"


@pytest.mark.parametrize("state", HostState)
def test_no_state_that_ends_a_push_badly_passes(state):
    (case, _) = suite_of(outcome(state))
    if EXIT_CODES[state] not in (ExitCode.DONE, ExitCode.CHANGES):
        assert case[0].tag != "system-out"


def test_hostile_text_is_text_in_both():
    suite = suite_of(outcome(HostState.FAILED, message=HOSTILE))
    assert suite[0][0].get("message").startswith("<b>&|`<U+0000><U+001B>]]>")
    rows = outcome_markdown(outcome(HostState.FAILED, message=HOSTILE), {}).splitlines()
    (row,) = [line for line in rows if line.startswith("| maps0")]
    assert row.count("|") == 6
    assert "<b>" not in row


def test_markdown_tells_hosts_and_servers():
    text = outcome_markdown(outcome(HostState.APPLIED, HostState.NOT_REACHED, message="why"), {})
    assert text.startswith("### provisioner push run-1\n\n2 hosts: ")
    assert "| maps1 | not reached |  |  | why |" in text
    assert "| Alerts | nobody has signed in | sign in |" in text
