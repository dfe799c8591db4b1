"""The formats in which plan, push and rollback report. To add one: its function, one line below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

from provisioner.deploy.record import RunRecord, ServerSkipped, whole
from provisioner.errors import ExitCode
from provisioner.host.result import HostResult, MailResult
from provisioner.reports.entered_text import to_enter_words
from provisioner.reports.host_reasons import why
from provisioner.reports.junit_xml import add_case, add_element, as_text, new_suite, xml_text
from provisioner.reports.run_text import Providers, host_text, run_text, summary
from provisioner.text import as_json, markdown_cell, printable

# -- JSON


def run_json(record: RunRecord, _providers: Providers) -> str:
    """One object: run_id, command, hosts, skipped, warnings, summary, exit_code."""
    content = {
        "run_id": record.run_id,
        "command": record.command,
        "interrupted": record.interrupted or None,
        "hosts": [host_facts(host) for host in record.hosts],
        "skipped": [
            {"server": server.server, "reason": server.reason, "remedy": server.remedy}
            for server in record.skipped
        ],
        "warnings": record.warnings,
        "summary": dict(Counter(str(host.state) for host in record.hosts)),
        "exit_code": int(record.exit_code),
    }
    return as_json(content, indent=2) + "\n"


def host_facts(host: HostResult) -> dict[str, Any]:
    """A host's result, with the sentence for its reason as `message`, the remedy, and what MAPS
    has of its document."""
    facts: dict[str, Any] = whole(host)
    sentence, remedy = why(host)
    return {**facts, "message": sentence, "remedy": remedy, "in_maps": host.in_maps}


# -- JUnit XML


def run_junit(record: RunRecord, providers: Providers) -> str:
    """A test case for each host, and one for each skipped server.

    failure: the host has its old document, or the new one, not verified. error: what it has is
    unknown, or it could not be reached. skipped: nothing was tried there, or a person has to enter
    what it has into MAPS.
    """
    suite = new_suite(f"provisioner {record.command}")
    suite.set("time", _seconds(sum(host.seconds for host in record.hosts)))
    for host in record.hosts:
        _add_host(suite, host, providers, f"provisioner.{record.command}.hosts")
    for server in record.skipped:
        _add_server(suite, server, f"provisioner.{record.command}.servers")
    return as_text(suite)


def _add_host(
    suite: ElementTree.Element, host: HostResult, providers: Providers, class_name: str
) -> None:
    case = add_case(suite, host.host, class_name)
    case.set("time", _seconds(host.seconds))
    text = "\n" + host_text(host, providers) + "\n"
    element = add_element(case, host.junit or "system-out", text)
    if host.junit:
        element.set("type", host.outcome)
        element.set("message", xml_text(printable(why(host).text or host.outcome)))


def _add_server(suite: ElementTree.Element, server: ServerSkipped, class_name: str) -> None:
    case = add_case(suite, server.server, class_name)
    case.set("time", _seconds(0))
    tag = "skipped" if server.exit_code is ExitCode.DONE else "failure"
    element = add_element(case, tag, f"\n{server.reason}\n{server.remedy}\n")
    element.set("type", "skipped server")
    element.set("message", xml_text(server.reason))


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"


# -- Markdown


def run_markdown(record: RunRecord, _providers: Providers) -> str:
    """A heading, the counts, a table of the hosts, one of the skipped servers."""
    lines = [
        f"### provisioner {record.command} {markdown_cell(record.run_id)}",
        "",
        summary(record),
        "",
    ]
    if record.hosts:
        lines += ["| host | state | changes | test emails | |", "|---|---|---|---|---|"]
        lines += [_row(host) for host in record.hosts] + [""]
    if record.skipped:
        lines += ["| skipped server | why | what to do |", "|---|---|---|"]
        lines += [cells(s.server, s.reason, s.remedy) for s in record.skipped] + [""]
    lines += [f"- warning: {markdown_cell(text)}" for text in record.warnings]
    return "\n".join(lines).rstrip() + "\n"


def _row(host: HostResult) -> str:
    changes = (f"{s.name} {s.state}" for s in host.servers if s.state != "unchanged")
    sentence, remedy = why(host)
    words = "; ".join(filter(None, (sentence, remedy, to_enter_words(host))))
    return cells(host.host, host.outcome, ", ".join(changes), ", ".join(_mails(host)), words)


def _mails(host: HostResult) -> Iterator[str]:
    if not host.mails:
        yield from (f"{name} due" for name in host.unverified)
    yield from map(mail_words, host.mails)


def mail_words(mail: MailResult) -> str:
    """`Reports sent`, `Reports wrong 535`."""
    code = f" {mail.smtp.code}" if mail.smtp.code and mail.proof is None else ""
    return f"{mail.server} {mail.smtp.outcome}{code}"


def cells(*texts: str) -> str:
    """A row of a table."""
    return "| " + " | ".join(markdown_cell(text) for text in texts) + " |"


# Each text ends with a line break.
RENDERERS: Mapping[str, Callable[[RunRecord, Providers], str]] = {
    "text": run_text,
    "json": run_json,
    "junit": run_junit,
    "markdown": run_markdown,
}

FILE_FORMATS = tuple(name for name in RENDERERS if name != "text")
