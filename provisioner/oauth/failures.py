"""A provider's refusal -> what is said about it, and what kind of error it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from provisioner.oauth.advice import Advice
from provisioner.oauth.google_errors import GOOGLE_ERRORS, GOOGLE_WORDS
from provisioner.oauth.microsoft_errors import MICROSOFT_ERRORS
from provisioner.oauth.standard_errors import (
    DEVICE_ERRORS,
    INVALID_GRANT_AT_EXCHANGE,
    INVALID_GRANT_AT_REFRESH,
    STANDARD_ERRORS,
    UNKNOWN_ERROR,
)
from provisioner.text import foreign

_VENDOR_ERRORS: Mapping[str, Advice] = {**MICROSOFT_ERRORS, **GOOGLE_ERRORS}
_VENDOR_CODE = re.compile(r"AADSTS\d{3,8}|\b(?:" + "|".join(GOOGLE_ERRORS) + r")\b")
_TRACE = re.compile(r"(Trace ID|Correlation ID|Timestamp): ?([0-9A-Za-z:. -]+?)(?=[\r\n]| \w+ ID:|"
                    r" Timestamp:|$)")  # fmt: skip
_LONGEST_SEARCHED = 4000  # the search takes the square of it
_ONLY_A_PERSON = frozenset(
    {"invalid_grant", "interaction_required", "login_required", "consent_required"}
)
PENDING, SLOW_DOWN = "authorization_pending", "slow_down"  # RFC 8628 section 3.5
_KNOWN_ERRORS = frozenset({*STANDARD_ERRORS, *DEVICE_ERRORS, *_ONLY_A_PERSON, PENDING, SLOW_DOWN})
TRANSIENT_ERRORS = frozenset({"server_error", "temporarily_unavailable"})


class Stage(StrEnum):
    """Where in the flow the provider refused."""

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
        """Cause, remedy, actor; the vendor's code, where known, has the better words."""
        if self.busy_status is not None:
            return STANDARD_ERRORS["temporarily_unavailable"]
        for code in (self.vendor_code, self.error):
            if code and code in _VENDOR_ERRORS:
                return _VENDOR_ERRORS[code]
        for words, advice in GOOGLE_WORDS.items():
            if words in self.description:
                return advice
        if self.stage is Stage.DEVICE and self.error in DEVICE_ERRORS:
            return DEVICE_ERRORS[self.error]
        if self.error == "invalid_grant":
            at_refresh = self.stage is Stage.REFRESH
            return INVALID_GRANT_AT_REFRESH if at_refresh else INVALID_GRANT_AT_EXCHANGE
        return STANDARD_ERRORS.get(self.error, UNKNOWN_ERROR)

    def message(self) -> str:
        """Stage, host, `error`, vendor code, cause and the provider's own words."""
        status = f"HTTP {self.busy_status}" if self.busy_status is not None else None
        codes = ", ".join(filter(None, (status, self.error, self.vendor_code)))
        own_words = f' It says: "{self.description}"' if self.description else ""
        return f"{self.stage} at {self.host}: {codes}: {self.advice.cause}.{own_words}"

    def remedy(self) -> str:
        """What to do, who must, and what the provider's support will ask for."""
        lines = [self.advice.remedy, f"Who must act: {self.advice.actor}."]
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
