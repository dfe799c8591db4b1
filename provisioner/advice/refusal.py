"""What a provider said no with: an error answer of RFC 6749 section 5.2, and vendors' additions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from provisioner.advice.explain import Advice, client_facts, commands, explain
from provisioner.text import foreign

if TYPE_CHECKING:
    from provisioner.model.email_server import EmailServer

PENDING, SLOW_DOWN = "authorization_pending", "slow_down"  # RFC 8628 section 3.5
TRANSIENT_ERRORS = frozenset({"server_error", "temporarily_unavailable"})
_ONLY_A_PERSON = frozenset(
    {"invalid_grant", "interaction_required", "login_required", "consent_required"}
)
# The errors that decisions are made on.
_KNOWN_ERRORS = frozenset((
    *TRANSIENT_ERRORS, *_ONLY_A_PERSON,
    *("invalid_client", "invalid_request", "invalid_scope", "invalid_target", "invalid_token"),
    *("access_denied", "expired_token", PENDING, SLOW_DOWN),
    *("unauthorized_client", "unsupported_grant_type", "unsupported_response_type"),
))  # fmt: skip
# Codes that vendors put beside an `error` of the standard.
_VENDOR_CODE = re.compile(
    r"AADSTS\d{3,8}|\b(?:admin_policy_enforced|deleted_client|disallowed_useragent|invalid_rapt"
    r"|org_internal|redirect_uri_mismatch)\b",
    re.ASCII,
)
_TRACE = re.compile(r"(Trace ID|Correlation ID|Timestamp): ?([0-9A-Za-z:. -]+?)(?=[\r\n]| \w+ ID:|"
                    r" Timestamp:|$)")  # fmt: skip
_LONGEST_SEARCHED = 4000  # the search takes the square of it


class Stage(StrEnum):
    """Where in the flow the provider refused; the table has the names in lower case."""

    CALLBACK = "the sign-in page"
    EXCHANGE = "the code exchange"
    DEVICE = "the device sign-in"
    REFRESH = "the refresh"
    REVOCATION = "the revocation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What the provider said, redacted. Branch on `error`, never on the rest.

    `busy_status`: it came with an HTTP status that passes, so that its `error` decides nothing.
    """

    stage: Stage
    host: str
    error: str
    description: str = ""
    vendor_code: str | None = None
    trace: str = ""
    busy_status: int | None = None

    @property
    def needs_person(self) -> bool:
        """Whether nothing but a new sign-in helps."""
        return self.error in _ONLY_A_PERSON

    @property
    def advice(self) -> Advice:
        """The table's; a busy provider's codes say nothing."""
        if self.busy_status is not None:
            return explain(self.stage.name.lower(), {"temporarily_unavailable"})
        # Yahoo's own names are in capitals.
        said = {self.error.lower(), self.vendor_code or self.error}
        return explain(self.stage.name.lower(), said, self.description)

    def message(self) -> str:
        """Stage, host, `error`, vendor code, cause and the provider's own words."""
        status = f"HTTP {self.busy_status}" if self.busy_status is not None else None
        codes = ", ".join(filter(None, (status, self.error, self.vendor_code)))
        own_words = f' It says: "{self.description}"' if self.description else ""
        return f"{self.stage} at {self.host}: {codes}: {self.advice.cause}.{own_words}"

    def remedy(self, server: EmailServer | None = None) -> str:
        """What to do, who must, and what the provider's support will ask for."""
        facts = commands(server.server_name if server else "")
        if server and server.oauth2:
            facts |= client_facts(server.oauth2)
        advice = self.advice.with_facts(**facts)
        lines = [advice.remedy, f"Who must act: {advice.actor}."]
        if self.trace:
            lines.append(f"For the provider's support: {self.trace}.")
        return "\n  ".join(lines)


def refusal_from(
    answer: Mapping[str, object],
    *,
    stage: Stage,
    host: str,
    busy_status: int | None = None,
) -> Refusal:
    """The refusal in an error answer or callback: `error`, `error_description` and vendors' own."""
    error = _error(answer.get("error"))
    raw = answer.get("error_description")
    description = foreign(raw)
    said = f"{error} {description} {foreign(answer.get('error_subtype'), longest=80)}"
    vendor = _VENDOR_CODE.search(said)
    code = vendor.group() if vendor and vendor.group() != error else None
    return Refusal(
        stage=stage,
        host=host,
        error=error,
        description=_TRACE.sub("", description).strip(),
        vendor_code=code,
        trace=_trace(answer, raw),
        busy_status=busy_status,
    )


def _error(found: object) -> str:
    """A known code decides what happens next: no secret that looks like it may change it."""
    if isinstance(found, str) and found in _KNOWN_ERRORS:
        return found
    return foreign(found, longest=80) or "unknown_error"


def _trace(answer: Mapping[str, object], raw: object) -> str:
    found = {
        "trace id": answer.get("trace_id"),
        "correlation id": answer.get("correlation_id"),
        "timestamp": answer.get("timestamp"),
    }
    if isinstance(raw, str):
        for name, value in _TRACE.findall(raw[:_LONGEST_SEARCHED]):
            found[name.lower()] = found.get(name.lower()) or value.strip()
    parts = [(name, foreign(value, longest=60)) for name, value in found.items()]
    return ", ".join(f"{name} {value}" for name, value in parts if value)
