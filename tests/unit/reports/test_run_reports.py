"""Reports of plan, push and rollback: equal hosts together, changes masked, failures with their
remedy. tests/cli/frozen/test_runs.py has them word for word."""

import pytest
from lxml import html
from markdown_it import MarkdownIt
from msgspec.structs import replace

from provisioner.deploy.record import HostFinished, WarningGiven
from provisioner.host.result import CommandResult, HostState
from provisioner.reports.run_formats import MOST_CHARACTERS, run_markdown
from provisioner.reports.run_text import run_text
from tests.unit.reports.run_samples import SENT, delivered, finished, record, result, started


def push(*hosts, **options):
    return record(*finished(*hosts), of=started(**options))


def text_of(*hosts, **options):
    return run_text(push(*hosts, **options), {})


def test_delivered_is_not_applied_and_a_mail_of_ours_is_not_that_of_maps():
    host = delivered("maps1", HostState.DELIVERED, mails=[SENT])
    assert "Set maps_apply_command" in text_of(host)
    assert "Set maps_test_command to let MAPS send one" in text_of(host)
    tested = replace(host, test=CommandResult(exit=0))
    assert "maps_test_command" not in text_of(tested)


def test_each_host_that_failed_is_named():
    names = [f"maps{number}" for number in range(10, 40)]
    failed = [result(name, HostState.UNREACHABLE, "lost") for name in names]
    assert f"{', '.join(names)} (30 hosts): unreachable\n" in text_of(*failed)
    well = [result(name, HostState.UNCHANGED) for name in names]
    assert "maps10, maps11, maps12, maps13, maps14 +25 more (30 hosts): unch" in text_of(*well)


def test_after_an_interrupted_rollback_it_is_not_to_be_run_again_as_it_was():
    host = result("maps1", HostState.NOT_STARTED, "interrupted")
    text = run_text(record(HostFinished(result=host), of=started("rollback")), {})
    assert "roll back these hosts alone: provisioner rollback maps1\n" in text
    assert "--resume" not in text
    assert "provisioner push --resume" in text_of(host)


HOSTILE = (
    "</pre>",
    "<!--",
    "<script>alert(1)</script>",
    "```",
    "| a | b |",
    "@admins",
    "#1",
    "![x](https://example.edu/x)",
    "[a](javascript:b)",
    "**bold**",
    "&lt;b&gt;",
    "/merge",
    "$x$",
    "\n\n# heading\n\n</pre>\n/merge\n",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_of_a_host_is_text_in_markdown(text):
    """GitHub and GitLab make no link, mention or reference in `pre`."""
    failed = CommandResult(exit=1, output=text)
    hosts = [
        result(text, HostState.FAILED, "eio", about=text),
        delivered(f"{text} 2", HostState.RESTORED, "apply_failed", apply=failed),
    ]
    run = record(*finished(*hosts), WarningGiven(text=text), of=started("plan"))
    report = run_markdown(run, {})
    page = html.fromstring(MarkdownIt("commonmark").render(report))
    assert [element.tag for element in page.iter()] == ["div", "h3", "p", "pre"]
    assert page.find("p").text == "2 hosts: 1 failed; 1 restored"
    shown = text_of(*hosts).partition("2 hosts: ")[0]
    assert page.find("pre").text.strip().startswith(shown.strip())
    assert not [line for line in report.splitlines() if line.startswith("/")]


def test_a_long_report_is_cut_to_a_comment_of_github():
    hosts = [result(f"<maps{n}>", HostState.FAILED, "eio", about=f"{n}&") for n in range(1000)]
    report = run_markdown(push(*hosts), {})
    assert MOST_CHARACTERS - 400 < len(report) < MOST_CHARACTERS
    assert report.startswith("### provisioner push ")
    assert "\n1,000 hosts: 0 changed; 1000 failed\n" in report
    assert report.endswith(" lines omitted: see the output of the command.\n")
    kept = report.partition("<pre>\n")[2].partition("</pre>")[0].count("\n")
    omitted = int(report.rpartition("</pre>\n")[2].split()[0].replace(",", ""))
    complete = run_markdown(push(*hosts), {}, most_characters=10**9)
    assert "omitted" not in complete
    assert complete.partition("<pre>\n")[2].partition("</pre>")[0].count("\n") == kept + omitted


def test_a_report_of_no_hosts_has_no_empty_block():
    assert "pre" not in run_markdown(push(), {})
