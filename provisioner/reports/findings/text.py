"""Findings for people: one a paragraph, as `file:line:column:` that editors jump to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from provisioner.config.document import SHOWN_STDIN
from provisioner.config.issue import Severity
from provisioner.lint.finding import Excerpt, Finding
from provisioner.lint.result import LintResult
from provisioner.text import command_for, counted, in_columns, printable, printable_lines

if TYPE_CHECKING:
    from provisioner.lint.fixes import FixedFile

# "Select Graphic Rendition" of ECMA-48, the only control sequences used.
_BOLD, _RED, _YELLOW, _CYAN = "1", "1;31", "1;33", "36"

_Paint = Callable[[str, str], str]


def render(result: LintResult) -> str:
    """All findings, and a last line that counts them."""
    return _rendered(result, _plain)


def render_colored(result: LintResult) -> str:
    """The same for a terminal with colors."""
    return _rendered(result, _painted)


def _rendered(result: LintResult, paint: _Paint) -> str:
    blocks = [*(paragraph(finding, paint) for finding in result.findings), summary(result)]
    fixable = [f.file for f in result.findings if f.fix is not None and f.file != SHOWN_STDIN]
    if fixable:
        command = printable(command_for("validate", dict.fromkeys(fixable), "--fix"))
        blocks.append(f"{len(fixable)} of them can be fixed by `{command}`")
    return "\n".join(blocks) + "\n"


def summary(result: LintResult) -> str:
    """`2 files, 1 email server: 3 errors, 1 warning`."""
    checked = f"{counted(result.files, 'file')}, {counted(result.servers, 'email server')}"
    return f"{checked}: {found(result.errors, result.warnings) or 'no problems found'}"


def found(errors: int, warnings: int) -> str:
    """`3 errors, 1 warning`; what there is none of is not named."""
    counts = ((errors, "error"), (warnings, "warning"))
    return ", ".join(counted(number, noun) for number, noun in counts if number)


def _plain(text: str, _style: str) -> str:
    return text


def _painted(text: str, style: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m"


def paragraph(finding: Finding, paint: _Paint = _plain) -> str:
    """A finding with its excerpt and its remedy, ended by a line break."""
    style = _RED if finding.severity is Severity.ERROR else _YELLOW
    place = paint(f"{printable(_file(finding))}:{finding.line}:{finding.column}:", _BOLD)
    what = f"{paint(finding.severity, style)}[{paint(finding.rule, _CYAN)}]"
    excerpt = _excerpt(finding.excerpt, paint, style) if finding.excerpt else ()
    message, remedy = printable_lines(finding.message), printable_lines(finding.remedy)
    return "\n".join((f"{place} {what} {message}", *excerpt, f"    {remedy}", ""))


def _file(finding: Finding) -> str:
    """A CI takes a line that begins with `::` for a command, and a name can begin so."""
    return f"./{finding.file}" if finding.file.lstrip().startswith("::") else finding.file


def _excerpt(excerpt: Excerpt, paint: _Paint, style: str) -> Iterator[str]:
    yield f"      {in_columns(excerpt.text)}"
    yield f"      {' ' * excerpt.mark_start}{paint('^' * excerpt.mark_length, style)}"


def difference(fixed: FixedFile) -> str:
    """What `validate --fix` changes in a file, in the form of `diff -U0`: a line of context may be
    a secret, and what is hidden in a report is hidden here.
    """
    name = printable(fixed.shown)
    lines = [f"--- {name}", f"+++ {name}"]
    for line, before, after in fixed.changes:
        lines += [f"@@ line {line} @@", f"-{before}", f"+{after}"]
    return "\n".join(lines)
