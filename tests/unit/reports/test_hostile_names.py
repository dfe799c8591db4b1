"""No name and no word of others steers a terminal or hides, wherever one is printed."""

import json

import pytest
import yaml

from provisioner.cli import view
from provisioner.cli.app import print_error, run
from provisioner.cli.output import print_text
from provisioner.credentials.expiry import Problem, SignInState
from provisioner.deploy import record
from provisioner.errors import ExitCode
from provisioner.host import host_change, result
from provisioner.host.host_state import DeliveryRecord
from provisioner.host.result import MailResult
from provisioner.lint.finding import Excerpt
from provisioner.lint.result import LintResult
from provisioner.reports import history, host_status, run_formats, step_summary
from provisioner.reports.findings.formats import RENDERERS
from provisioner.reports.sign_ins import states_as_json, states_as_text
from provisioner.smtp.client import SmtpResult
from provisioner.text import printable_lines
from tests.support.project_folder import oauth2_server
from tests.unit.reports.finding_samples import finding

NAME = "Re\u202e\u3164\x1b[2J\x7f\U000e0041ports"
NAMED = "Re<U+202E><U+3164><U+001B>[2J<U+007F><U+E0041>ports"
ESCAPED = r"Re\u202e\u3164\u001b[2J\u007f\udb40\udc41ports"
MARKED = "Re&#60;U+202E&#62;&#60;U+3164&#62;"
IN_XML = "Re&lt;U+202E&gt;&lt;U+3164&gt;"
ALL_FORMS = (NAMED, ESCAPED, MARKED, IN_XML)

REPLY = SmtpResult(outcome="wrong", stage="auth", code=535, reply=NAME, transcript=(NAME,))
VERDICT = LintResult(
    (finding(file=NAME, message=NAME, remedy=NAME, excerpt=Excerpt(NAME, 0, 3)),), 1, 1
)
SIGN_INS = [
    SignInState(server_name=NAME, mailbox=NAME, problems=(Problem(NAME, NAME),)),
]

REPLIED = MailResult(server=NAME, smtp=REPLY, worked_before=NAME)
HOST = result.HostResult(
    host=NAME,
    state=result.HostState.RESTORED,
    reason="eio",
    about=NAME,
    servers=[
        host_change.ServerChange(
            name=NAME, state="changed", fields=["/host"], values={"/host": (NAME, NAME)}
        )
    ],
    mails=[REPLIED],
    baseline=[REPLIED],
    unverified=[NAME],
    apply=result.CommandResult(exit=1, output=NAME),
    delivery=DeliveryRecord(run_id=NAME, owner=NAME, commit=NAME, at=NAME, settled=True),
    strangers=[NAME],
)
RECORD = record.RunRecord.of(
    [
        record.RunStarted(
            run_id=NAME,
            command="push",
            owner=NAME,
            version=NAME,
            commit=NAME,
            dirty=True,
            options={"limit": NAME, "servers": [NAME]},
        ),
        record.HostFinished(result=HOST),
        record.ServerSkipped(
            server=NAME, reason=NAME, remedy=NAME, exit_code=ExitCode.PERSON_NEEDED
        ),
        record.WarningGiven(text=NAME),
        record.RunStopped(reason=NAME, hosts=[f"{NAME}2"]),
        record.RunFailed(exit_code=ExitCode.BUG, message=NAME, remedy=NAME),
    ]
)

TEXTS = {
    **{f"findings {n}": lambda n=n: RENDERERS[n](VERDICT) for n in RENDERERS},
    "step summary": lambda: step_summary.render(VERDICT),
    "sign-ins text": lambda: states_as_text(SIGN_INS, now=0),
    "sign-ins json": lambda: states_as_json(SIGN_INS, now=0),
    **{f"run {f}": lambda f=f: run_formats.RENDERERS[f](RECORD, {}) for f in run_formats.RENDERERS},
    **{f"one run {f}": lambda f=f: history.ONES[f](RECORD) for f in history.ONES},
    **{f"list {f}": lambda f=f: history.LISTS[f]([RECORD]) for f in history.LISTS},
    "status text": lambda: host_status.status_text(RECORD),
    "status json": lambda: host_status.status_json(RECORD),
    "event": lambda: view.event_text(record.HostFinished(result=HOST)),
    "event stream": lambda: record.event_line(record.HostFinished(result=HOST)),
}


def values(content):
    """All that a program gets, as it gets it."""
    if isinstance(content, dict):
        content = list(content.values())
    if isinstance(content, list):
        for each in content:
            yield from values(each)
    elif isinstance(content, str):
        yield from (content, *content.split("; "), *content.split("\n"))


@pytest.mark.parametrize("name", TEXTS)
def test_a_report_names_what_does_not_show(name):
    text = TEXTS[name]()
    assert printable_lines(text) == text
    if not name.startswith("list"):  # a list of runs names no host
        assert any(form in text for form in ALL_FORMS)
    if "json" in name or name in ("event stream", "findings sarif", "findings gitlab"):
        assert name.startswith("list") or NAME in values(json.loads(text))


def test_whatever_is_printed_is_named(capsys):
    print_text(NAME)
    print_error(f"{NAME}\n\tmore", f"{NAME}\n{NAME}")
    shown = capsys.readouterr()
    assert shown.out == f"{NAMED}\n"
    assert shown.err == f"Error: {NAMED}\n\tmore\n  {NAMED}\n  {NAMED}\n"


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
        ("worksheet", "--output", f"nowhere/{NAME}"),
    ],
    ids=lambda arguments: " ".join(arguments).replace(NAME, "NAME"),
)
def test_no_command_prints_it_as_it_is(arguments, tmp_path, monkeypatch, capsys):
    declared = oauth2_server(name="Re\u3164ports")  # the schema lets it pass
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers/a.yml").write_text(yaml.safe_dump(declared, allow_unicode=True))
    monkeypatch.chdir(tmp_path)
    names = [a.replace(NAME, "Re\u3164ports") for a in arguments]
    for each in (arguments, names):
        run(list(each))
        shown = capsys.readouterr()
        for text in (shown.out, shown.err):
            assert printable_lines(text) == text
