"""The formats in which plan, push and rollback report. To add one: its function, one line below."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree

from provisioner.deploy.record import RunRecord, ServerSkipped, whole
from provisioner.errors import ExitCode
from provisioner.host.result import HostResult, MailResult
from provisioner.reports.host_reasons import why
from provisioner.reports.junit_xml import add_case, add_element, as_text, new_suite, xml_text
from provisioner.reports.run_text import (
    Providers,
    host_text,
    run_blocks,
    run_notes,
    run_text,
    summary,
)
from provisioner.text import as_json, as_many_as_fit, counted, markdown_cell, printable

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

# GitHub accepts so many characters of a comment. GitLab accepts more.
MOST_CHARACTERS = 65_536
_FOR_THE_LAST_LINE = 300


def run_markdown(
    record: RunRecord, providers: Providers, most_characters: int = MOST_CHARACTERS
) -> str:
    """The text report, for a comment or a summary page of CI, as far as there is room.

    In `pre` no text is markup, or a mention of a person. A line with / first may be a command of
    GitLab.
    """
    title = markdown_cell(f"provisioner {record.command} {record.run_id}")
    head = f"### {title}\n\n{summary(record)}\n"
    report = "\n".join((*run_notes(record), "", *run_blocks(record, providers))).strip("\n")
    lines = re.sub("(?m)^/", "&#47;", html.escape(report, quote=False)).splitlines()
    room = most_characters - len(head) - _FOR_THE_LAST_LINE
    kept = list(as_many_as_fit(room, lines, lambda line: len(line) + 1))
    left = len(lines) - len(kept)
    cut = f"{counted(left, 'line')} omitted: see the output of the command.\n" if left else ""
    return "\n".join([head, "<pre>", *kept, "</pre>", cut]) if lines else head


def mail_words(mail: MailResult) -> str:
    """`Reports sent`, `Reports wrong 535`."""
    code = f" {mail.smtp.code}" if mail.smtp.code and mail.proof is None else ""
    return f"{mail.server} {mail.smtp.outcome}{code}"


def cells(*texts: str) -> str:
    return "| " + " | ".join(markdown_cell(text) for text in texts) + " |"


# Each text ends with a line break.
RENDERERS: Mapping[str, Callable[[RunRecord, Providers], str]] = {
    "text": run_text,
    "json": run_json,
    "junit": run_junit,
    "markdown": run_markdown,
}

FILE_FORMATS = tuple(name for name in RENDERERS if name != "text")
