"""No name and no word of others steers a terminal or hides, wherever one is printed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from provisioner.cli.app import print_error, run
from provisioner.cli.output import print_text
from provisioner.credentials.expiry import Problem, SignInState
from provisioner.errors import ExitCode
from provisioner.fleet.host_report import HostReport, ServerOnHost
from provisioner.fleet.host_result import HostResult, HostState, ServerChange
from provisioner.fleet.journal import event_line
from provisioner.fleet.mail_proof import MailProof
from provisioner.fleet.outcome import Outcome
from provisioner.fleet.preparation import SkippedServer
from provisioner.fleet.run_event import BatchStarted, HostFinished, RunPlanned, RunStopped
from provisioner.fleet.run_record import RunRecord
from provisioner.lint.finding import Excerpt
from provisioner.lint.verdict import Verdict
from provisioner.reports import outcome_formats, step_summary
from provisioner.reports.finding_formats import RENDERERS
from provisioner.reports.history_formats import LISTS, ONES
from provisioner.reports.host_reports import host_reports_as_json, host_reports_as_text
from provisioner.reports.sign_in_states import states_as_json, states_as_text
from provisioner.smtp.client import SmtpResult
from provisioner.text import printable_lines
from tests.reports.finding_samples import finding

NAME = "Re\u202e\u3164\x1b[2J\x7f\U000e0041ports"
NAMED = "Re<U+202E><U+3164><U+001B>[2J<U+007F><U+E0041>ports"
ESCAPED = r"Re\u202e\u3164\u001b[2J\u007f\udb40\udc41ports"
MARKED = "Re&#60;U+202E&#62;&#60;U+3164&#62;"
IN_XML = "Re&lt;U+202E&gt;&lt;U+3164&gt;"
PASSING = "Re\u3164ports"  # the schema lets it pass
ALL_FORMS = (NAMED, ESCAPED, MARKED, IN_XML)

REPLY = SmtpResult(outcome="wrong", stage="auth", code=535, reply=NAME, transcript=(NAME,))
HOST = HostResult(
    host=NAME,
    state=HostState.RESTORED,
    servers=(ServerChange(NAME, "changed", ("/host",), {"/host": (NAME, NAME)}, verified=False),),
    mails=(MailProof(NAME, REPLY, None, None),),
    message=NAME,
)
SKIPPED = SkippedServer(NAME, NAME, NAME, ExitCode.PERSON_NEEDED)
OUTCOME = Outcome(run_id="r", hosts=(HOST,), skipped=(SKIPPED,), warnings=(NAME,), check=False)
VERDICT = Verdict(
    (finding(file=NAME, message=NAME, remedy=NAME, excerpt=Excerpt(NAME, 0, 3)),), 1, 1
)
SIGN_INS = [SignInState(server_name=NAME, mailbox=NAME, problems=(Problem(NAME, NAME),))]
ON_HOST = ServerOnHost(
    name=NAME, verified=True, orphaned=True, proof=None, proven_at=None, token_expires_at=None
)
REPORTS = [HostReport(host=NAME, problem=NAME), HostReport(host=NAME, servers=(ON_HOST,))]
EVENTS = (
    RunPlanned(plan={}, hosts=(), batches=((NAME,),)),
    BatchStarted(number=1, count=1, hosts=(NAME,)),
    HostFinished(result=HOST),
    RunStopped(reason=NAME, hosts=(NAME,)),
)
RECORD = RunRecord("r", tuple(json.loads(event_line(event, 0)) for event in EVENTS), whole=True)

TEXTS: dict[str, Callable[[], str]] = {
    **{f"findings {name}": partial(render, VERDICT) for name, render in RENDERERS.items()},
    "step summary": partial(step_summary.render, VERDICT),
    **{
        f"outcome {name}": partial(render, OUTCOME, {})
        for name, render in outcome_formats.RENDERERS.items()
    },
    "sign-ins text": partial(states_as_text, SIGN_INS, now=0),
    "sign-ins json": partial(states_as_json, SIGN_INS, now=0),
    "hosts text": partial(host_reports_as_text, REPORTS),
    "hosts json": partial(host_reports_as_json, REPORTS),
    **{f"history {name}": partial(render, RECORD) for name, render in ONES.items()},
    **{f"runs {name}": partial(render, [RECORD]) for name, render in LISTS.items()},
    "stream": partial(event_line, EVENTS[2], 0),
}


def values(content: object) -> Iterator[object]:
    """All that a program gets, as it gets it."""
    if isinstance(content, dict):
        content = list(content.values())
    if isinstance(content, list):
        for each in content:
            yield from values(each)
    elif isinstance(content, str):
        yield from (content, *content.split("; "), *content.split("\n"))


@pytest.mark.parametrize("name", TEXTS)
def test_a_report_names_what_does_not_show(name: str) -> None:
    text = TEXTS[name]()
    assert printable_lines(text) == text
    if not name.startswith("runs"):  # a list of runs names no host
        assert any(form in text for form in ALL_FORMS)
    if "json" in name or name in ("stream", "findings sarif", "findings gitlab"):
        assert name.startswith("runs") or NAME in values(json.loads(text))


def test_whatever_is_printed_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    print_text(NAME)
    print_error(f"{NAME}\n\tmore", f"{NAME}\n{NAME}")
    shown = capsys.readouterr()
    assert shown.out == f"{NAMED}\n"
    assert shown.err == f"Error: {NAMED}\n\tmore\n  {NAMED}\n  {NAMED}\n"


DECLARED = f"""\
server_name: {PASSING}
host: smtp.example.edu
smtp_security_level: oauth2
use_tls: true
oauth2:
  access_token_url: https://login.example.edu/token
  authorization_url: https://login.example.edu/authorize
  client_id: maps
  client_secret: {{env: SECRET}}
  scope_for_authorize: smtp offline_access
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate",),
        ("status",),
        ("status", NAME),
        ("worksheet",),
        ("worksheet", "--format", "markdown"),
        ("worksheet", "--format", "html"),
        ("authenticate", NAME, "--card"),
        ("refresh", NAME),
        ("revoke", NAME, "--yes"),
        ("test-email", NAME),
        ("history", NAME),
        ("push", "--plan", NAME),
        ("push", "--report", NAME),
        ("push", "--forks", NAME),
        ("status", f"--{NAME}"),
        (NAME,),
        ("worksheet", "--out", f"nowhere/{NAME}"),
    ],
    ids=lambda arguments: " ".join(arguments).replace(NAME, "NAME"),
)
def test_no_command_prints_it_as_it_is(
    arguments: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers/a.yml").write_text(DECLARED)
    monkeypatch.chdir(tmp_path)
    for name in (NAME, PASSING):
        run([argument.replace(NAME, name) for argument in arguments])
        shown = capsys.readouterr()
        for text in (shown.out, shown.err):
            assert printable_lines(text) == text
