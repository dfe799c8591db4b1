"""What is read of a provider's refusal, and said about it."""

import time
from dataclasses import replace

import pytest

from provisioner.advice.refusal import Stage, refusal_from
from provisioner.secret import Secret
from tests.support.oauth_samples import oauth_server

_ENTRA = (
    "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent is the value."
    "{0}Trace ID: 0000aaaa-11bb-cccc-dd22-eeeeee333333"
    "{0}Correlation ID: aaaa0000-bb11-2222-33cc-444444dddddd{0}Timestamp: 2026-05-10 10:43:33Z"
)


def _refusal(stage=Stage.EXCHANGE, **answer):
    return refusal_from(answer, stage=stage, host="sso.example.edu")


@pytest.mark.parametrize("line_break", ["\r\n", " "])
def test_entras_refusal_in_full(line_break):
    refusal = _refusal(error="invalid_client", error_description=_ENTRA.format(line_break))
    assert refusal.message() == (
        "the code exchange at sso.example.edu: invalid_client, AADSTS7000215: the client secret "
        'is wrong; often its ID was copied instead of its Value. It says: "AADSTS7000215: '
        'Invalid client secret provided. Ensure the secret being sent is the value."'
    )
    assert refusal.remedy() == (
        "put the secret's Value into client_secret\n"
        "  Who must act: you, in the server file.\n"
        "  For the provider's support: trace id 0000aaaa-11bb-cccc-dd22-eeeeee333333, "
        "correlation id aaaa0000-bb11-2222-33cc-444444dddddd, timestamp 2026-05-10 10:43:33Z."
    )


@pytest.mark.parametrize("code", ["AADSTS90094", "AADSTS90095", "AADSTS65001"])
def test_the_address_for_an_administrators_consent_is_that_of_this_client(code):
    url = "https://login.microsoftonline.us/contoso.edu/oauth2/v2.0/authorize"
    server = oauth_server(authorization_url=url, client_id="5f2c")
    refusal = _refusal(Stage.CALLBACK, error="access_denied", error_description=f"{code}: x")
    wanted = "https://login.microsoftonline.us/contoso.edu/adminconsent?client_id=5f2c"
    assert wanted in refusal.remedy(server)
    assert "https://login.microsoftonline.com/TENANT/adminconsent?" in refusal.remedy()


def test_the_command_of_a_remedy_can_be_pasted():
    refusal = _refusal(Stage.REFRESH, error="invalid_grant")
    server = replace(oauth_server(), server_name="It's")
    assert """provisioner authenticate 'It'"'"'s'\n""" in refusal.remedy(server)
    assert "provisioner authenticate NAME\n" in refusal.remedy()


def test_the_redirect_address_to_register_has_the_scheme_of_this_client():
    refusal = _refusal(error="invalid_request", error_description="AADSTS50011: x")
    for is_https, wanted in ((True, "exactly https://localhost"), (False, "http://localhost")):
        server = oauth_server(use_https_on_callback=is_https)
        assert wanted in refusal.remedy(server)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"error": "invalid_grant", "error_subtype": "invalid_rapt"}, "session control"),
        ({}, "unknown_error: the provider refused"),
        ({"error": ["x"]}, "unknown_error"),
        ({"error": "INVALID_CLIENT_SECRET"}, "INVALID_CLIENT_SECRET: the client is unknown, or"),
        ({"error": "invalid_grant", "error_description": "AADSTS999999: new"}, "AADSTS999999"),
    ],
)
def test_odd_answers(answer, words):
    assert words in _refusal(**answer).message()


def test_a_busy_provider_says_nothing_of_the_token():
    busy = refusal_from({"error": "invalid_grant"}, stage=Stage.REFRESH, host="h", busy_status=503)
    assert busy.message().startswith("the refresh at h: HTTP 503, invalid_grant: the provider is")


def test_a_description_made_to_be_slow_is_read_at_once():
    started = time.process_time()
    refusal = _refusal(error="invalid_grant", error_description="Trace ID:" * 25_000 + "~")
    assert len(refusal.message()) < 1000
    assert time.process_time() - started < 20  # unbounded it takes minutes


def test_only_the_standards_error_decides_who_is_needed():
    assert _refusal(error="invalid_grant", error_description="AADSTS90033: busy").needs_person
    assert not _refusal(error="invalid_client", error_description="AADSTS50173").needs_person


def test_property_33_a_secret_that_looks_like_a_code_changes_no_decision():
    for known in ("invalid_grant-and-more", "slow_down"):
        Secret(known)
    for error in ("invalid_grant", "slow_down", "invalid_token"):
        answer = {"error": error, "error_description": "invalid_grant-and-more"}
        refusal = refusal_from(answer, stage=Stage.REFRESH, host="h")
        assert (refusal.error, refusal.description) == (error, "***")
    odd = {"error": "slow_down invalid_grant-and-more"}
    assert refusal_from(odd, stage=Stage.REFRESH, host="h").error == "*** ***"


def test_property_33_words_of_the_provider_are_one_bounded_line_without_our_secrets():
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
