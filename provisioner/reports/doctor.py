"""What `provisioner doctor` has checked: a row for each check, as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from provisioner.errors import ExitCode, ProvisionerError
from provisioner.host.result import Examination, HostResult, HostState, Way
from provisioner.reports.host_reasons import why
from provisioner.reports.run_text import clock_text
from provisioner.smtp.client import advice_on
from provisioner.text import about, as_json, counted, foreign, names_shown, printable

SCHEMA_VERSION = 1

_MEGABYTE = 1_000_000
_LITTLE_SPACE = 100 * _MEGABYTE
_MOST_HOSTS = 5  # names in a row of equal hosts, unless they are in trouble


class CheckState(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """`about`: the server or the place that it is about; `host`: of one that a host was asked."""

    state: CheckState
    name: str
    message: str
    remedy: str = ""
    about: str = ""
    exit_code: ExitCode = ExitCode.DONE
    host: str = ""


ok = partial(Check, CheckState.OK)
warning = partial(Check, CheckState.WARNING)  # something to know; it stops nothing now
skipped = partial(Check, CheckState.SKIPPED)  # impossible after an earlier one, or not wanted
_failed = partial(Check, CheckState.FAILED)


def failed(name: str, error: ProvisionerError, about: str = "") -> Check:
    """What an error of a push would say."""
    return _failed(name, error.message, error.remedy, about, error.exit_code)


# -- one host

VARIABLES, CONNECTION = "host variables", "connection"
BECOME, MODULE = "become", "Python/PowerShell"
FOLDER, DISK, CLOCK = "folder", "disk", "clock"
MAIL_SERVER, TOKEN_ENDPOINT = "mail server", "token endpoint"
HOST_CHECKS = (
    *(VARIABLES, CONNECTION, BECOME, MODULE, FOLDER, DISK, CLOCK),
    *(MAIL_SERVER, TOKEN_ENDPOINT),
)

# Which check failed, by the reason of a host's result; of all others, the connection.
_FAILED_AT = {
    **dict.fromkeys(("variables", "invalid_variable"), VARIABLES),
    **dict.fromkeys(("sudo_password", "become"), BECOME),
    **dict.fromkeys(("no_python", "crash"), MODULE),
}
# What its failure proves to be in order.
_PROVEN: dict[str, tuple[str, ...]] = {
    BECOME: (VARIABLES, CONNECTION),
    MODULE: (VARIABLES, CONNECTION),
}
_IN_ORDER = {VARIABLES: "valid", CONNECTION: "reached"}


def host_checks(
    result: HostResult, seen: Examination | None, providers: Mapping[str, str]
) -> Iterator[Check]:
    """The rows of one host. `providers`: server -> its provider's name, for remedies."""
    found = _unexamined(result) if seen is None else _examined(result, seen, providers)
    for check in found:
        yield replace(check, host=result.host)


def _unexamined(result: HostResult) -> Iterator[Check]:
    """Those before the one that failed are in order only where that failure proves it."""
    if result.state is HostState.NOT_STARTED:
        for name in HOST_CHECKS:
            yield skipped(name, "the run was interrupted")
        return
    at = _FAILED_AT.get(result.reason, CONNECTION)
    proven = _PROVEN.get(at, ())
    if at == CONNECTION and result.state is HostState.UNREACHABLE:
        proven = (VARIABLES,)  # they are read first
    said = why(result)
    for name in HOST_CHECKS:
        if name == at:
            code = result.exit_code
            yield _failed(name, said.text or str(result.state), said.remedy, exit_code=code)
        elif name in proven:
            yield ok(name, _IN_ORDER[name])
        else:
            yield skipped(name, f"{at} failed")


def _examined(
    result: HostResult, seen: Examination, providers: Mapping[str, str]
) -> Iterator[Check]:
    for name, words in _IN_ORDER.items():
        yield ok(name, words)
    if seen.account:
        yield ok(BECOME, f"runs as {foreign(seen.account)}")
    else:
        yield skipped(BECOME, "the folder could not be read")
    yield ok(MODULE, f"{'PowerShell' if seen.windows else 'Python'} runs the host module")
    yield from _folder_checks(result, seen)
    for way in seen.ways:
        yield _mail_server(way, providers) if way.smtp else _token_endpoint(way)


def _folder_checks(result: HostResult, seen: Examination) -> Iterator[Check]:
    reason, about = seen.reason or ("logged" if seen.logged else ""), seen.about
    code = ExitCode.HOSTS_BEHIND
    if reason:
        refused = HostResult(
            host=result.host, state=HostState.FAILED, reason=reason, about=foreign(about)
        )
        yield _failed(FOLDER, why(refused).text, why(refused).remedy, exit_code=code)
    elif not seen.writable:
        text = f"{seen.directory}: this account may not write to it"
        remedy = "check its owner and mode, or set ansible_become on the host"
        yield _failed(FOLDER, text, remedy, exit_code=code)
    elif seen.holder:
        yield warning(FOLDER, f"locked at the moment: {foreign(seen.holder)}")
    else:
        yield ok(FOLDER, f"{seen.directory}: writable by its permissions (nothing was written)")
    if seen.reason:
        yield from (skipped(name, f"{FOLDER} failed") for name in (DISK, CLOCK))
        return
    yield _disk(seen)
    clock = clock_text(HostResult(host=result.host, state=result.state, skew=seen.skew))
    yield warning(CLOCK, clock) if clock else _clock(seen)


def _disk(seen: Examination) -> Check:
    if seen.free is None:
        return skipped(DISK, "the host does not tell")
    room = f"{seen.free // _MEGABYTE:,} MB free"
    if seen.free >= _LITTLE_SPACE:
        return ok(DISK, "at least 100 MB free")
    return warning(DISK, room, "free some space on the host")


def _clock(seen: Examination) -> Check:
    if seen.skew is None:
        return skipped(CLOCK, "the host does not tell")
    return ok(CLOCK, "within 5 minutes of this machine's")


def _mail_server(way: Way, providers: Mapping[str, str]) -> Check:
    smtp = way.smtp
    assert smtp is not None  # noqa: S101  the caller has seen to it
    if smtp.outcome == "authenticated":
        return ok(MAIL_SERVER, f"answers{f', {smtp.tls}' if smtp.tls else ''}", about=way.place)
    reply = f"{smtp.code or ''} {smtp.reply}".strip()
    advice = advice_on(smtp, providers.get(way.servers[0], ""), way.servers[0])
    code = ExitCode.HOSTS_BEHIND if smtp.outcome == "wrong" else ExitCode.FAILURE
    text = f"{smtp.stage}: {foreign(reply)}"
    return _failed(MAIL_SERVER, text, advice.remedy, way.place, code)


# Errors of a connection to a token endpoint: a sentence, and what to do.
_UNREACHED = {
    "certificate": ("certificate not accepted", "set maps_ca_file to the CA of that certificate"),
    "unknown_host": ("unknown host name", "correct the URL in the server file, or the host's DNS"),
    "ca_file": ("maps_ca_file cannot be used", "correct that host variable"),
    "no_https": ("the URL is not https", "correct the URL in the server file"),
}
_FIREWALL = "allow this connection in the firewall of the host's network; no proxy is used"


def _token_endpoint(way: Way) -> Check:
    """Any answer of HTTP shows that it is reached; an empty form is refused with 400 or 401."""
    if way.status is None:
        text, remedy = _UNREACHED.get(way.error or "", (way.error or "no answer", _FIREWALL))
        about = f": {foreign(way.about)}" if way.about else ""
        wrong = way.error in _UNREACHED
        code = ExitCode.HOSTS_BEHIND if wrong else ExitCode.FAILURE
        return _failed(TOKEN_ENDPOINT, text + about, remedy, way.place, code)
    if way.status in (404, 405) or way.status >= 500:
        remedy = "check the URL in the server file: a token endpoint answers 400 to an empty form"
        return warning(TOKEN_ENDPOINT, f"answers with HTTP {way.status}", remedy, way.place)
    return ok(TOKEN_ENDPOINT, "answers", about=way.place)


# -- renderers


def doctor_json(checks: Sequence[Check], exit_code: ExitCode) -> str:
    """One object: schema_version, exit_code, summary, checks."""
    rows = [
        {
            "check": check.name,
            "about": check.about or None,
            "host": check.host or None,
            "state": check.state,
            "message": check.message,
            "remedy": check.remedy or None,
            "exit_code": check.exit_code,
        }
        for check in checks
    ]
    return (
        as_json(
            {
                "schema_version": SCHEMA_VERSION,
                "exit_code": exit_code,
                "summary": _counts(checks),
                "checks": rows,
            },
            indent=2,
        )
        + "\n"
    )


def doctor_text(checks: Sequence[Check]) -> str:
    """A row for each check, equal hosts in one, and its remedy below it."""
    first = max((len(check.state) for check in checks), default=0) + 2
    second = max((len(check.name) for check in checks), default=0) + 2
    lines = []
    for check, hosts in _grouped(checks):
        message, *more = check.message.splitlines() or [""]
        is_trouble = check.state in (CheckState.FAILED, CheckState.WARNING)
        most = len(hosts) if is_trouble else _MOST_HOSTS
        named = names_shown(hosts, most), about(check.about, message)
        text = ": ".join(filter(None, named))
        lines.append(f"{check.state:{first}}{check.name:{second}}{text}")
        lines += [" " * (first + second) + line for line in more]
        lines += [" " * first + f"-> {line.strip()}" for line in check.remedy.splitlines()]
    counts = ", ".join(f"{count} {state}" for state, count in _counts(checks).items() if count)
    lines += ["", f"{counted(len(checks), 'check')}: {counts}"]
    return "".join(f"{printable(line)}\n" for line in lines)


def _grouped(checks: Iterable[Check]) -> Iterator[tuple[Check, list[str]]]:
    """Each different check with its hosts; those of hosts in the order of HOST_CHECKS, and then, in
    one row for each reason, what was skipped there."""
    found: dict[Check, list[str]] = {}
    for check in checks:
        found.setdefault(replace(check, host=""), []).extend([check.host] if check.host else [])
    of_hosts = [check for check in found if found[check]]
    order = {name: number for number, name in enumerate(HOST_CHECKS)}
    yield from ((check, []) for check in found if not found[check])
    left_out: dict[tuple[str, ...], list[Check]] = {}
    for check in sorted(of_hosts, key=lambda one: order[one.name]):
        if check.state is CheckState.SKIPPED:
            left_out.setdefault((check.message, *found[check]), []).append(check)
        else:
            yield check, found[check]
    for (message, *hosts), rows in left_out.items():
        names = ", ".join(check.name for check in rows)
        yield replace(rows[0], name="", message=f"{message}, so not checked: {names}"), hosts


def _counts(checks: Iterable[Check]) -> dict[str, int]:
    counts = Counter(check.state for check in checks)
    return {str(state): counts[state] for state in CheckState}
