"""What a push needs of a host, looked at without changing it: `provisioner doctor`.

Its folder is read without the lock; the ways to mail servers and token endpoints are tried by
conversations that have no secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from provisioner.ansible.run_input import HostInput
from provisioner.host import protocol
from provisioner.host.host_change import Unusable, current, found_in
from provisioner.host.host_settings import HostSettings
from provisioner.host.protocol import Answer, Call, MailAnswer, PostAnswer, ReadAnswer
from provisioner.host.result import Examination, Way
from provisioner.smtp.client import SmtpAccount, judge

_TIMEOUT = 10  # seconds, of each step of a conversation


def examine(
    call: Call,
    settings: HostSettings,
    given: HostInput,
    entries: Iterable[Mapping[str, Any]],
    *,
    phase: Callable[[str], None],
    clock: Callable[[], float],
) -> Examination:
    """Ask one host; CallFailed if it does not answer. A call each: one that fails ends a list."""
    phase("read")
    looked = call([protocol.read()])[0]
    found = _folder(looked, settings, given, clock)
    entries = list(entries)
    phase("network")
    ways = [*_mail_servers(call, entries, settings), *_token_endpoints(call, entries, settings)]
    return Examination(**found, ways=ways)


def _folder(
    answer: Answer, settings: HostSettings, given: HostInput, clock: Callable[[], float]
) -> dict[str, Any]:
    facts: dict[str, Any] = {"windows": settings.is_windows, "directory": settings.directory}
    if not isinstance(answer, ReadAnswer) or not answer.done:
        reason = getattr(answer, "reason", None) or "invalid_response"
        return {**facts, "reason": reason, "about": getattr(answer, "about", None) or ""}
    found = found_in(answer, clock())
    same = ("account", "writable", "logged", "holder", "free")
    facts |= {**{name: getattr(answer, name) for name in same}, "skew": found.skew}
    try:
        current(found, given)
    except Unusable as error:
        facts |= {"reason": error.reason, "about": error.told(settings)}
    return facts


def _mail_servers(
    call: Call, entries: Iterable[Mapping[str, Any]], settings: HostSettings
) -> Iterator[Way]:
    accounts: dict[SmtpAccount, list[str]] = {}
    for entry in entries:
        account = SmtpAccount(
            host=entry["host"],
            port=entry["port"],
            use_tls=entry["use_tls"],
            smtp_security_level="none",  # as far as EHLO, and no sign-in
            client_name=entry["client_name"],
            ca_file=settings.ca_file,
        )
        accounts.setdefault(account, []).append(entry["server_name"])
    for account, servers in accounts.items():
        asked = protocol.without_folder(account.operation(None, timeout=_TIMEOUT))
        answer, smtp = call([asked])[0], None
        if isinstance(answer, MailAnswer):
            smtp = replace(judge(answer, account, None), transcript=())
        yield Way(place=f"{account.host}:{account.port}", servers=servers, smtp=smtp)


def _token_endpoints(
    call: Call, entries: Iterable[Mapping[str, Any]], settings: HostSettings
) -> Iterator[Way]:
    """Those that MAPS itself uses from there, to refresh."""
    urls: dict[str, list[str]] = {}
    for entry in entries:
        if oauth2 := entry["oauth2"]:
            url = oauth2["refresh_token_url"] or oauth2["access_token_url"]
            urls.setdefault(url, []).append(entry["server_name"])
    for url, servers in urls.items():
        form = protocol.post(url, {}, basic=None, ca_file=settings.ca_file, timeout=_TIMEOUT)
        answer, facts = call([protocol.without_folder(form)])[0], dict[str, Any]()
        if isinstance(answer, PostAnswer):
            facts = {"status": answer.status, "error": answer.error, "about": answer.about or ""}
        yield Way(place=url, servers=servers, **facts)
