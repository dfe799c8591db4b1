"""What a push has come to as JUnit XML: a test case a host, and one for each server left out.

failure: the host has its old document, or the new one unproven. error: nobody can tell what it
has, or it could not be reached. skipped: nothing was tried there.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree

from provisioner.errors import ExitCode
from provisioner.fleet.host_result import HostResult, HostState
from provisioner.fleet.outcome import Outcome
from provisioner.fleet.preparation import SkippedServer
from provisioner.reports.junit_xml import add_case, add_element, as_text, new_suite, xml_text
from provisioner.reports.outcome_text import host_text

_TAGS = {
    HostState.UNPROVEN: "failure",
    HostState.RESTORED: "failure",
    HostState.LOCKED: "failure",
    HostState.FAILED: "failure",
    HostState.MOVED: "failure",
    HostState.UNREACHABLE: "error",
    HostState.UNKNOWN: "error",
    HostState.NOT_REACHED: "skipped",
    HostState.HELD: "skipped",
}


def outcome_junit(outcome: Outcome, providers: Mapping[str, str]) -> str:
    """`testsuites` with one `testsuite`."""
    command = "plan" if outcome.check else "push"
    suite = new_suite(f"provisioner {command}")
    suite.set("time", _seconds(sum(host.seconds for host in outcome.hosts)))
    for host in outcome.hosts:
        _add_host(suite, host, providers, f"provisioner.{command}.hosts")
    for server in outcome.skipped:
        _add_server(suite, server, f"provisioner.{command}.servers")
    return as_text(suite)


def _add_host(
    suite: ElementTree.Element, host: HostResult, providers: Mapping[str, str], class_name: str
) -> None:
    case = add_case(suite, host.host, class_name)
    case.set("time", _seconds(host.seconds))
    text = "\n" + host_text(host, providers) + "\n"
    tag = _TAGS.get(host.state)
    if tag is None:
        add_element(case, "system-out", text)
        return
    element = add_element(case, tag, text)
    element.set("type", str(host.state))
    element.set("message", xml_text(host.message or str(host.state)))


def _add_server(suite: ElementTree.Element, server: SkippedServer, class_name: str) -> None:
    case = add_case(suite, server.name, class_name)
    case.set("time", _seconds(0))
    tag = "skipped" if server.exit_code is ExitCode.DONE else "failure"
    element = add_element(case, tag, f"\n{server.reason}\n{server.remedy}\n")
    element.set("type", "skipped server")
    element.set("message", xml_text(server.reason))


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
