"""What `doctor` found: a row for each check, with its remedy below; equal hosts are one row."""

from __future__ import annotations

import shutil
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from provisioner.deploy.result import HostResult, HostState, Reached
from provisioner.errors import ExitCode, ProvisionerError
from provisioner.reports.host_reasons import why
from provisioner.reports.run_text import clock_text, open_names
from provisioner.smtp.client import advice_on
from provisioner.text import as_json, counted, printable

State = Literal["ok", "warning", "failed", "skipped"]

_SEE = "check DNS, routing and firewall of the host"
# Words of a connection to a token endpoint -> a sentence. See playbooks/module_utils/maps_smtp.py.
_POST_ERRORS = {
    "certificate": "its certificate is not accepted",
    "unknown_host": "unknown host name",
    "unresolved": "name resolution failed",
    "unreachable": "no connection",
    "timeout": "no answer in time",
    "closed": "the connection was closed",
    "tls": "TLS failed",
    "ca_file": "maps_ca_file of the host cannot be used",
    "no_https": "the URL is not https",
    "no_http": "not a response of a web server",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One row. `hosts`: whose it is, if it was made on hosts."""

    check: str
    state: State
    text: str = ""
    remedy: str = ""
    exit_code: ExitCode = ExitCode.DONE
    hosts: tuple[str, ...] = ()

    @classmethod
    def of(cls, check: str, error: ProvisionerError, name: str = "") -> Check:
        """The row of an error; `name`: of the server that it is about."""
        said = error.message if not name or name in error.message else f"{name}: {error.message}"
        return cls(check, "failed", said, error.remedy, error.exit_code)


def host_checks(results: Iterable[HostResult]) -> Iterator[Check]:
    """The rows of hosts, in the order of their first host."""
    hosts: dict[Check, list[str]] = {}
    for result in results:
        for check in _of_host(result):
            hosts.setdefault(check, []).append(result.host)
    for check, names in hosts.items():
        yield replace(check, hosts=tuple(names))


def _of_host(host: HostResult) -> Iterator[Check]:
    if host.state is not HostState.UNCHANGED:
        reason = why(host)
        text = ": ".join(filter(None, (str(host.state), reason.text)))
        yield Check("host", "failed", text, reason.remedy, host.exit_code)
        return
    yield Check("host", "ok", f"reached{f'; locked now: {host.holder}' if host.holder else ''}")
    yield _folder(host)
    if clock := clock_text(host):
        text, _, remedy = clock.partition(": ")
        yield Check("clock", "warning", text, remedy)
    elif host.skew is not None:
        yield Check("clock", "ok", "as this machine's")
    yield from map(_connection, host.reached)


def _folder(host: HostResult) -> Check:
    if host.writable is False:
        remedy = "check the owner of maps_directory, or set ansible_become on the host"
        code = ExitCode.HOSTS_BEHIND
        return Check("folder", "failed", "no permission to write to maps_directory", remedy, code)
    if host.open:
        text = f"other accounts can read {open_names(host)}"
        return Check("folder", "warning", text, "the next push closes it: provisioner push")
    return Check("folder", "ok", "writable")


def _connection(reached: Reached) -> Check:
    smtp, code = reached.smtp, ExitCode.HOSTS_BEHIND
    if smtp is None and reached.status is not None:
        return Check("token endpoint", "ok", f"{reached.place} answers")
    if smtp is None:
        kind = "token endpoint" if reached.place.startswith("http") else "mail server"
        words = _POST_ERRORS.get(reached.error or "", reached.error or "no answer")
        return Check(kind, "failed", f"{reached.place}: {words}", _SEE, code)
    if reached.done:
        return Check("mail server", "ok", f"{reached.place} answers, {smtp.tls or 'without TLS'}")
    advice = advice_on(smtp)
    text = f"{reached.place}: {smtp.reply or smtp.outcome}"
    return Check("mail server", "failed", text, advice.remedy, code)


# -- formats


def doctor_text(checks: Sequence[Check], columns: int | None = None) -> str:
    """Rows that fit a terminal; a remedy has lines of its own."""
    width = min(max(columns or shutil.get_terminal_size((100, 24)).columns, 40), 120)
    name = max(len(check.check) for check in checks)
    lines = [line for check in checks for line in _lines(check, name, width)]
    counts = Counter(check.state for check in checks)
    parts = (f"{counts[state]} {state}" for state in ("ok", "warning", "failed", "skipped"))
    shown = ", ".join(part for part in parts if not part.startswith("0 "))
    return "".join(
        f"{line}\n" for line in [*lines, "", f"{counted(len(checks), 'check')}: {shown}"]
    )


def _lines(check: Check, name: int, width: int) -> Iterator[str]:
    text = f"{', '.join(check.hosts)}: {check.text}" if check.hosts else check.text
    indent = " " * (len("skipped") + name + 4)
    first, *others = printable(text.replace("\n", "; ")).splitlines() or [""]
    for part in (first, *others):
        head = f"{check.state:7}  {check.check:{name}}  " if part is first else indent
        yield from _wrapped(part, head, indent, width)
    # Not wrapped: commands are to be found and copied.
    yield from (f"{indent}-> {printable(line.strip())}" for line in check.remedy.splitlines())


def _wrapped(text: str, head: str, indent: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=head,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def doctor_json(checks: Sequence[Check]) -> str:
    """`{"schema_version": 1, "checks": [...], "summary": {state: count}}`."""
    rows = [asdict(check) for check in checks]
    summary = Counter(check.state for check in checks)
    return as_json({"schema_version": 1, "checks": rows, "summary": summary}, indent=2) + "\n"


RENDERERS: Mapping[str, Callable[[Sequence[Check]], str]] = {
    "text": doctor_text,
    "json": doctor_json,
}
