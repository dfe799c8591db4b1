"""Test emails from a host: what is sent for which server, and what the answers verify. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from provisioner.ansible.run_input import Mail, MailLimit
from provisioner.config.pointer import value_at
from provisioner.host import protocol
from provisioner.host.host_document import Entry
from provisioner.host.host_state import Outcome
from provisioner.host.protocol import Answer, MailAnswer, Operation, PostAnswer
from provisioner.host.result import MailResult, RefreshResult
from provisioner.secret import Secret
from provisioner.security_level import SecurityLevel
from provisioner.smtp.client import SmtpAccount, SmtpResult, foreseen, judge
from provisioner.smtp.message import TestMessage, test_message
from provisioner.text import json_object

TIMEOUT = 30  # seconds, of each step of a conversation
_MOST_IN_A_ROUND = 20
_CLOCK_OFF = 300.0  # seconds

_PLACE = ("host", "port", "use_tls")
_ACCESS_TOKEN, _REFRESH_TOKEN = "/oauth2/token/access_token", "/oauth2/token/refresh_token"
_NOT_NOW = re.compile(r"expired|not yet valid", re.IGNORECASE)

# RFC 6749 section 5.2 and OpenID Connect Core section 3.1.2.6; anything else
# (temporarily_unavailable, slow_down) passes by itself.
_WRONG = frozenset((
    *("invalid_client", "invalid_grant", "invalid_request", "invalid_scope"),
    *("unauthorized_client", "unsupported_grant_type"),
    *("interaction_required", "login_required", "consent_required"),
))  # fmt: skip
_WRONG_CONNECTIONS = frozenset(
    ("certificate", "unknown_host", "no_host_name", "ca_file", "no_https")
)
_ERROR = re.compile(r"\A[A-Za-z0-9_.:-]{1,60}\Z")
_VENDOR_CODE = re.compile(r"\bAADSTS[0-9]{4,9}\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckContext:
    """What the checks of one host have in common. `document`: generation and fingerprint."""

    host: str
    run_id: str
    document: str
    ca_file: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCheck:
    """How one server is verified: a conversation, and a refresh as a trial where that harms no
    token. `message` None: it only signs in."""

    key: str
    entry: Entry
    account: SmtpAccount
    message: TestMessage | None
    refresh: Operation | None
    limit: MailLimit | None

    @property
    def operations(self) -> list[Operation]:
        """What the host does for it."""
        smtp = self.account.operation(self.message, timeout=TIMEOUT)
        return [smtp, *([self.refresh] if self.refresh else [])]

    @property
    def proof(self) -> Outcome:
        """What is verified if all goes well."""
        return "sent" if self.message else "authenticated"

    def foreseen(self) -> MailResult | None:
        """The result, where it is known before any conversation."""
        known = foreseen(self.account)
        if known is None:
            return None
        proof: Outcome | None = "unverifiable" if known.outcome == "unverifiable" else None
        return MailResult(server=self.entry["server_name"], smtp=known, proof=proof)


def server_check(
    key: str,
    entry: Entry,
    context: CheckContext,
    *,
    mail: Mail | None,
    limit: MailLimit | None,
    refresh_at: str | None = None,
    secret: Secret | None = None,
) -> ServerCheck:
    """The check of an entry as it lies on the host. `mail` None: sign in only; `refresh_at`: the
    token endpoint that may be tried; `secret`: another one than lies there."""
    return ServerCheck(
        key=key,
        entry=entry,
        account=_account(entry, context, secret),
        message=_message(entry, context, mail) if mail else None,
        refresh=_refresh(entry, context, refresh_at),
        limit=limit,
    )


def is_complete(entry: Entry) -> bool:
    """Whether a conversation can be held for an entry: a person may have edited it."""
    try:
        msgspec.convert(entry, _Account)
    except (msgspec.ValidationError, TypeError):
        return False
    return True


class _Account(Struct):
    host: str
    port: Annotated[int, Meta(ge=1, le=65535)]
    use_tls: bool
    smtp_security_level: SecurityLevel
    user_name: str | None = None
    password: str | None = None
    client_name: str | None = None


def _message(entry: Entry, context: CheckContext, mail: Mail) -> TestMessage:
    return test_message(
        entry["server_name"],
        host=entry["host"],
        port=entry["port"],
        client_name=entry.get("client_name"),
        sender=mail.sender,
        recipient=mail.recipient,
        run_id=context.run_id,
        sent_from=context.host,
        document=context.document,
    )


def _account(entry: Entry, context: CheckContext, secret: Secret | None = None) -> SmtpAccount:
    return SmtpAccount(
        host=entry["host"],
        port=entry["port"],
        use_tls=entry["use_tls"],
        smtp_security_level=entry["smtp_security_level"],
        user_name=entry.get("user_name"),
        secret=secret,
        placeholder=value_at(entry, _ACCESS_TOKEN) or entry.get("password"),
        client_name=entry.get("client_name"),
        ca_file=context.ca_file,
    )


def elsewhere(entry: Entry, before: Entry | None, context: CheckContext) -> Operation | None:
    """A conversation without sign-in at the place of the document before, if it is another one."""
    if before is None or all(before.get(name) == entry.get(name) for name in _PLACE):
        return None
    if not is_complete(before):
        return None
    account = replace(_account(before, context), smtp_security_level="none")
    return account.operation(None, timeout=TIMEOUT)


def _refresh(entry: Entry, context: CheckContext, refresh_at: str | None) -> Operation | None:
    """RFC 6749 section 6, with the client as section 2.3.1 has it; None where it may not be."""
    if not refresh_at or refresh_at != _refresh_endpoint(entry):
        return None
    token, oauth2 = entry["oauth2"]["token"], entry["oauth2"]
    fields = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
    if oauth2.get("scope_for_token"):
        fields["scope"] = oauth2["scope_for_token"]
    client, secret = oauth2["client_id"], oauth2.get("client_secret")
    method = token.get("token_endpoint_auth_method")
    basic = (client, secret or "") if method == "client_secret_basic" else None
    if basic is None:
        fields["client_id"] = client
        if secret and method != "none":
            fields["client_secret"] = secret
    return protocol.post(refresh_at, fields, basic=basic, ca_file=context.ca_file, timeout=TIMEOUT)


def _refresh_endpoint(entry: Entry) -> Any:
    if not value_at(entry, _REFRESH_TOKEN):
        return None
    return value_at(entry, "/oauth2/refresh_token_url") or value_at(
        entry, "/oauth2/access_token_url"
    )


def rounds(checks: Iterable[ServerCheck]) -> list[list[ServerCheck]]:
    """Groups that send no more to a mailbox than a minute allows, nor more than a call is to."""
    found: list[list[ServerCheck]] = []
    for check in checks:
        group = next((group for group in found if _has_room(group, check)), None)
        if group is None:
            found.append([check])
        else:
            group.append(check)
    return found


def _has_room(group: Sequence[ServerCheck], check: ServerCheck) -> bool:
    """Servers may share a mailbox and declare less for themselves: the least holds."""
    mailbox = check.limit.mailbox if check.limit else None
    same = [limit for limit in limits(group) if limit.mailbox == mailbox]
    known = [limit.messages_per_minute for limit in (*same, check.limit) if limit]
    most = min(filter(None, known), default=None)
    return len(group) < _MOST_IN_A_ROUND and (most is None or len(same) < most)


def limits(checks: Iterable[ServerCheck]) -> list[MailLimit]:
    """The limits that these checks have to keep."""
    return [check.limit for check in checks if check.limit]


def results(
    checks: Sequence[ServerCheck],
    answers: Sequence[Answer],
    before: Mapping[str, MailResult],
    skew: float | None,
) -> Iterator[tuple[str, MailResult]]:
    """key -> result of those that the answers reached, in order."""
    rest = list(answers)
    for check in checks:
        smtp = rest.pop(0) if rest else None
        if not isinstance(smtp, MailAnswer) or smtp.reason:
            return
        post = rest.pop(0) if rest and check.refresh else None
        judged = judge(smtp, check.account, check.message)
        smtp_result = _with_clock(judged, smtp, skew)
        refresh = (
            _refresh_result(post) if isinstance(post, PostAnswer) and not post.reason else None
        )
        attempts = before[check.key].attempts + 1 if check.key in before else 1
        verified = smtp_result.outcome in ("sent", "authenticated")
        wrong = refresh is not None and refresh.outcome == "wrong"
        yield (
            check.key,
            MailResult(
                server=check.entry["server_name"],
                smtp=smtp_result,
                refresh=refresh,
                proof=check.proof if verified and not wrong else None,
                attempts=attempts,
            ),
        )


def _with_clock(result: SmtpResult, answer: MailAnswer, skew: float | None) -> SmtpResult:
    """A certificate's time is no fault of what was delivered where the host's clock is off."""
    off = skew is not None and abs(skew) > _CLOCK_OFF
    if off and answer.error == "certificate" and _NOT_NOW.search(answer.about or ""):
        return replace(result, outcome="inconclusive", passing=False)
    return result


def _refresh_result(answer: PostAnswer) -> RefreshResult:
    if answer.error is not None:
        outcome = "wrong" if answer.error in _WRONG_CONNECTIONS else "unreachable"
        return RefreshResult(outcome=outcome, error=answer.error)
    content = json_object(answer.body)
    if answer.status == 200 and isinstance(content.get("access_token"), str):
        return RefreshResult(outcome="verified", http_status=answer.status)
    error = content.get("error")
    error = error if isinstance(error, str) and _ERROR.match(error) else None
    vendor = _VENDOR_CODE.search(str(content.get("error_description")))
    passes = answer.status is None or answer.status == 429 or answer.status >= 500
    wrong = error in _WRONG and not passes
    return RefreshResult(
        outcome="wrong" if wrong else "inconclusive",
        error=error,
        code=vendor.group(0) if vendor else None,
        http_status=answer.status,
    )
