"""`provisioner validate --format ... --output ...`: where reports go, and in which colours."""

import json
import os
import stat
import subprocess
import sys
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest

from provisioner.cli.commands.validate import exit_code, report
from provisioner.cli.output import is_colored
from provisioner.errors import ExitCode
from provisioner.lint.result import LintResult
from provisioner.reports import step_summary
from provisioner.reports.findings.formats import RENDERERS, FindingFormat
from tests.support.commands import run_command
from tests.support.terminal import Terminal
from tests.unit.reports.finding_samples import WARNING, finding

CLEAN = (
    "server_name: A\nhost: relay.example.edu\nsmtp_security_level: none\n"
    "test_email: {from: relay@example.edu}\n"
)
WRONG = CLEAN + "port: x\n"


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers/a.yml").write_text(WRONG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments, **environment):
    everything = {**os.environ, **environment}
    return run_command("validate", *arguments, folder=Path.cwd(), environment=everything)


def test_the_formats_are_those_that_help_shows():
    assert list(RENDERERS) == [name.value for name in FindingFormat]
    shown = run("--help", COLUMNS="200").stdout
    assert all(name in shown for name in RENDERERS)


@pytest.mark.parametrize("report_format", ["text", "sarif"])
def test_a_file_holds_what_standard_output_would(project, report_format):
    """And only text is ever in colors."""
    printed = run("--format", report_format, FORCE_COLOR="" if report_format == "text" else "1")
    assert "\x1b" not in printed.stdout
    done = run("--format", report_format, "--output", "report", FORCE_COLOR="1")
    assert (done.returncode, done.stderr) == (printed.returncode, printed.stderr) == (1, "")
    assert (project / "report").read_text(encoding="utf-8") == printed.stdout
    assert "\x1b[1mservers/a.yml:5:7:\x1b[0m" in done.stdout
    assert sorted(path.name for path in project.iterdir()) == ["report", "servers"]


def test_a_file_is_replaced_as_a_whole_behind_its_link(project):
    (project / "real.json").write_text("old")
    (project / "link.json").symlink_to("real.json")
    with (project / "real.json").open() as reader:
        assert run("--format", "json", "-o", "link.json").returncode == 1
        assert reader.read() == "old"
    assert (project / "link.json").is_symlink()
    assert json.loads((project / "real.json").read_text())["summary"]["errors"] == 1


def test_a_new_file_of_any_name_has_the_rights_that_the_umask_leaves(project):
    before = os.umask(0o027)
    try:
        run("--output", "n" * 255)
    finally:
        os.umask(before)
    assert stat.S_IMODE((project / ("n" * 255)).stat().st_mode) == 0o640


def test_a_pipe_is_written_to_and_stays_one(project):
    to_a_pipe = [sys.executable, "-m", "provisioner", "validate", "--output", "/dev/stdout"]
    done = subprocess.run([*to_a_pipe, "--format", "gitlab"], capture_output=True, check=False)
    assert done.stdout.startswith(b"[\n")
    with open("both", "wb") as both:  # noqa: PTH123
        subprocess.run([*to_a_pipe, "--format", "gitlab"], stdout=both, check=False)
    assert Path("both").read_bytes() == done.stdout, "the report, and then what is printed"
    os.mkfifo("pipe")
    with subprocess.Popen(["cat", "pipe"], stdout=subprocess.PIPE) as reader:
        assert run("--format", "gitlab", "--output", "pipe").returncode == 1
        assert reader.communicate(timeout=60)[0].startswith(b"[\n")
    assert (project / "pipe").is_fifo()


@pytest.mark.parametrize("report_format", ["text", "junit", "github"])
def test_files_with_hostile_names(project, report_format):
    names = (b"a\nb", b"::error::x", b"'q\"", b"<b>|&", b"\xff\x1b[31m", b"]]>,%25", b"n" * 250)
    for name in names:
        (project / "servers" / os.fsdecode(name + b".yml")).write_text(WRONG)
    done = run("servers", "--format", report_format, GITHUB_STEP_SUMMARY="summary.md")
    assert (done.returncode, done.stderr) == (1, "")
    assert all(sign.isprintable() or sign == "\n" for sign in done.stdout)
    if report_format == "junit":
        assert len(ElementTree.fromstring(done.stdout).findall(".//failure")) == len(names) + 1
    else:
        assert not [line for line in done.stdout.splitlines() if line.startswith("::error::")]


@pytest.mark.parametrize("output", ["nowhere/report", "servers"])
def test_a_file_that_cannot_be_written(project, output):
    (project / "servers/a.yml").write_text(CLEAN)
    done = run("--output", output)
    assert (done.returncode, done.stdout) == (1, "1 file, 1 email server: no problems found\n")
    assert f"Error: cannot write {output}: " in done.stderr
    assert "--output needs a file in a folder that exists" in done.stderr
    assert list((project / "servers").iterdir()) == [project / "servers/a.yml"]


@pytest.mark.parametrize("asked", [(), ("servers/a.yml",), ("-C", ".")])
def test_a_file_to_check_is_not_overwritten(project, asked):
    done = run(*asked, "--output", "./servers/../servers/a.yml")
    assert done.returncode == 64
    assert "the report would replace one of the files that it is about" in done.stderr
    assert (project / "servers/a.yml").read_text() == WRONG


def test_a_terminal_that_knows_ascii_only_changes_no_report(project):
    (project / "servers/Büro.yml").write_text(WRONG, encoding="utf-8")
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for report_format in ("json", "junit"):
        there = run("--format", report_format, PYTHONIOENCODING="ascii", **ascii_only)
        assert there.stdout == run("--format", report_format).stdout
        assert there.stderr == ""


@pytest.mark.parametrize(
    ("findings", "crashed", "code", "strict_code"),
    [
        ((), (), 0, 0),
        ((WARNING,), (), 0, 1),
        ((finding(),), (), 1, 1),
        ((finding(), WARNING), (), 1, 1),
        ((finding(),), ("x",), ExitCode.BUG, ExitCode.BUG),
    ],
)
def test_errors_fail_warnings_only_if_strict_and_a_crash_is_our_bug(
    findings, crashed, code, strict_code
):
    result = LintResult(findings=findings, files=1, servers=1, crashed=crashed)
    assert exit_code(result) == code
    assert exit_code(result._replace(strict=True)) == strict_code


@pytest.mark.parametrize("strict", [False, True])
def test_strict_makes_the_test_of_a_warning_fail(strict, capsys):
    report(LintResult((WARNING,), 1, 1, strict=strict), FindingFormat.JUNIT, None)
    assert f'failures="{int(strict)}"' in capsys.readouterr().out


def test_the_steps_summary_is_appended_to(project):
    (project / "summary.md").write_text("before\n")
    done = run("--format", "github", GITHUB_STEP_SUMMARY="summary.md")
    assert done.returncode == 1
    assert done.stdout.startswith("::error file=servers/a.yml,line=5,endLine=5,col=7,")
    summary = (project / "summary.md").read_text()
    assert summary.startswith("before\n### provisioner validate\n")
    assert "<code>servers/a.yml:5:7</code>" in summary
    assert run("--format", "json", GITHUB_STEP_SUMMARY="summary.md").returncode == 1
    assert (project / "summary.md").read_text() == summary


def test_what_is_in_the_summary_counts_for_its_limit(project):
    (project / "summary.md").write_text("x" * (step_summary.MOST_BYTES - 400))
    run("--format", "github", GITHUB_STEP_SUMMARY="summary.md")
    assert (project / "summary.md").stat().st_size <= step_summary.MOST_BYTES
    assert "1 more are left out here" in (project / "summary.md").read_text()


def test_a_summary_that_cannot_be_written():
    done = run("--format", "github", GITHUB_STEP_SUMMARY="/nowhere/summary.md")
    assert done.returncode == 1
    assert "cannot write /nowhere/summary.md: No such file or directory" in done.stderr
    assert "::error" in done.stdout


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({}, True),
        ({"TERM": "dumb"}, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colours_on_a_terminal(environment, coloured):
    with Terminal(
        [sys.executable, "-m", "provisioner", "validate"],
        folder=Path.cwd(),
        environment={**os.environ, "TERM": "xterm", **environment},
        colored=True,
    ) as terminal:
        assert terminal.ends() == 1
        assert ("\x1b[1;31merror\x1b[0m" in terminal.output) is coloured


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ({"FORCE_COLOR": "0"}, False),
        ({"CLICOLOR_FORCE": "1"}, True),
        ({"CLICOLOR_FORCE": "0"}, False),
        ({"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
    ],
)
def test_colours_in_a_pipe(environment, coloured):
    assert is_colored(StringIO(), environment) is coloured


def test_text_imports_nothing_of_the_other_formats():
    program = (
        "import sys; from provisioner.cli.app import run; run(['validate']);"
        "print(*(name for name in sys.modules if name.startswith(('xml', 'rich', 'lxml'))"
        " or name.startswith('provisioner.reports.findings')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1].split() == [
        "provisioner.reports.findings",
        "provisioner.reports.findings.formats",
        "provisioner.reports.findings.text",
    ]
