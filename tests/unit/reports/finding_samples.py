"""Verdicts for the tests of the formats: a small one, a hostile one, a large one."""

import json

from provisioner.config.issue import Severity
from provisioner.lint.finding import Excerpt, Finding
from provisioner.lint.result import LintResult
from tests.support.paths import FORMAT_SCHEMAS


def schema(name):
    return json.loads((FORMAT_SCHEMAS / name).read_text(encoding="utf-8"))


def finding(**changes):
    fields = {
        "rule": "wrong-type",
        "severity": Severity.ERROR,
        "file": "servers/a.yml",
        "line": 4,
        "column": 7,
        "end_line": 4,
        "end_column": 8,
        "pointer": "/port",
        "message": "`port` must be a whole number",
        "remedy": "write it without quotes",
        "excerpt": Excerpt("port: x", 6, 1),
    }
    return Finding(**(fields | changes))


WARNING = finding(
    rule="cleartext-login",
    severity=Severity.WARNING,
    file="servers/b & c.yml",
    line=2,
    column=1,
    end_line=4,
    end_column=1,
    pointer="",
    message="the password travels in the clear",
    remedy="set use_tls: true",
    excerpt=None,
)
SMALL = LintResult(findings=(finding(), WARNING), files=4, servers=3)
CLEAN = LintResult(findings=(), files=1, servers=1)
CRASHED = LintResult(findings=(finding(rule="schema"),), files=1, servers=1, crashed=("schema",))

HOSTILE_NAMES = (
    "a\nb.yml",
    "::error file=x::y.yml",
    "##[add-mask]x.yml",
    "100%25,a:b=c.yml",
    "\"quoted\" 'single'.yml",
    "<b>|`bold`|</b> [x](y) @everyone.yml",
    "]]>&amp;.yml",
    "\x1b[31mred\x07\x00\x0b.yml",
    "not-utf-8-\udcff.yml",
    "C:\\windows.yml",
    "http://example.edu/x.yml",
    "emoji-\U0001f600-\uffff.yml",
    "l" * 4_000 + ".yml",
)
HOSTILE = LintResult(
    findings=tuple(
        finding(file=name, message=f"about {name}", remedy=name, pointer=f"/{name}")
        for name in HOSTILE_NAMES
    ),
    files=len(HOSTILE_NAMES),
    servers=0,
)


def large(count):
    """Five findings a file; every third a warning; all at the same pointer."""
    findings = tuple(
        finding(
            file=f"servers/{number // 5}.yml",
            line=number % 5 + 1,
            end_line=number % 5 + 1,
            severity=Severity.WARNING if number % 3 == 0 else Severity.ERROR,
        )
        for number in range(count)
    )
    return LintResult(findings=findings, files=count, servers=count)
