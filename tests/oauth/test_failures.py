"""What is said about a provider's refusal."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from provisioner.oauth.failures import Refusal, Stage, refusal_from
from provisioner.oauth.microsoft_errors import MICROSOFT_ERRORS
from provisioner.oauth.standard_errors import STANDARD_ERRORS
from provisioner.secret import Secret

_ENTRA = (
    "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent is the value."
    "{0}Trace ID: 0000aaaa-11bb-cccc-dd22-eeeeee333333"
    "{0}Correlation ID: aaaa0000-bb11-2222-33cc-444444dddddd{0}Timestamp: 2026-05-10 10:43:33Z"
)


def _refusal(stage: Stage = Stage.EXCHANGE, **answer: Any) -> Refusal:
    return refusal_from(answer, stage=stage, host="sso.example.edu")


@pytest.mark.parametrize("line_break", ["\r\n", " "])
def test_entras_refusal_in_full(line_break: str) -> None:
    refusal = _refusal(error="invalid_client", error_description=_ENTRA.format(line_break))
    assert refusal.message() == (
        "the code exchange at sso.example.edu: invalid_client, AADSTS7000215: the client secret "
        'is wrong; often its ID was copied instead of its Value. It says: "AADSTS7000215: '
        'Invalid client secret provided. Ensure the secret being sent is the value."'
    )
    assert refusal.remedy() == (
        "put the secret's Value into client_secret\n"
        "  Who must act: you, in the declared file.\n"
        "  For the provider's support: trace id 0000aaaa-11bb-cccc-dd22-eeeeee333333, "
        "correlation id aaaa0000-bb11-2222-33cc-444444dddddd, timestamp 2026-05-10 10:43:33Z."
    )


@pytest.mark.parametrize("error", sorted(STANDARD_ERRORS))
def test_every_standard_error_has_words(error: str) -> None:
    refusal = _refusal(error=error)
    assert f"{error}: {STANDARD_ERRORS[error].cause}." in refusal.message()
    assert STANDARD_ERRORS[error].remedy in refusal.remedy()
    assert "Who must act: " in refusal.remedy()


def test_invalid_grant_means_another_thing_at_each_stage() -> None:
    assert "the code was used twice" in _refusal(error="invalid_grant").message()
    at_refresh = _refusal(Stage.REFRESH, error="invalid_grant")
    assert "the refresh token is no longer good" in at_refresh.message()
    assert "provisioner authenticate" in at_refresh.remedy()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"error": "admin_policy_enforced"}, "blocks this scope or app"),
        ({"error": "invalid_grant", "error_subtype": "invalid_rapt"}, "session control"),
        ({"error": "access_denied"}, "cancelled or refused"),
        ({"error": "never_heard_of"}, "never_heard_of: the provider refused"),
        ({}, "unknown_error: the provider refused"),
        ({"error": ["x"]}, "unknown_error"),
        ({"error": "invalid_grant", "error_description": "AADSTS999999: new"}, "AADSTS999999"),
    ],
)
def test_words_for_vendors_and_the_unknown(answer: dict[str, Any], words: str) -> None:
    assert words in _refusal(**answer).message()


def test_a_description_made_to_be_slow_is_read_at_once() -> None:
    started = time.monotonic()
    refusal = _refusal(error="invalid_grant", error_description="Trace ID:" * 25_000 + "~")
    assert len(refusal.message()) < 1000
    assert time.monotonic() - started < 20  # unbounded it takes minutes


def test_only_the_standards_error_decides_who_is_needed() -> None:
    assert _refusal(error="invalid_grant", error_description="AADSTS90033: busy").needs_person
    assert not _refusal(error="invalid_client", error_description="AADSTS50173").needs_person


def test_vendor_codes_are_written_once_and_rightly() -> None:
    assert all(re.fullmatch(r"AADSTS\d{5,7}", code) for code in MICROSOFT_ERRORS)


def test_property_33_a_secret_that_looks_like_a_code_changes_no_decision() -> None:
    for known in ("invalid_grant-and-more", "slow_down"):
        Secret(known)
    for error in ("invalid_grant", "slow_down"):
        answer = {"error": error, "error_description": "invalid_grant-and-more"}
        refusal = refusal_from(answer, stage=Stage.REFRESH, host="h")
        assert (refusal.error, refusal.description) == (error, "***")
    odd = {"error": "slow_down invalid_grant-and-more"}
    assert refusal_from(odd, stage=Stage.REFRESH, host="h").error == "*** ***"


def test_property_33_words_of_the_provider_are_one_bounded_line_without_our_secrets() -> None:
    answer = {
        "error": "invalid_grant",
        "error_description": "a/b c=sek%2Fx \x1b[31m\nred " + "x" * 999,
    }
    answer["trace_id"] = "id\x07 sek/x"
    for known in ("sek/x", ""):
        Secret(known)
    refusal = refusal_from(answer, stage=Stage.REFRESH, host="h")
    assert refusal.description.startswith("a/b c=*** [31m red xxx")
    assert len(refusal.description) == 400
    assert refusal.trace == "trace id id ***"
