"""What the mail server's answer to a new token means for the sign-in."""

import pytest

from provisioner.oauth.checks import LoginOutcome, login_result
from provisioner.smtp.client import SmtpResult


def test_property_34_an_accepted_token_is_proven():
    result = SmtpResult(outcome="authenticated", stage="auth", code=235)
    assert login_result(result, "smtp.example.edu").outcome is LoginOutcome.ACCEPTED


def test_property_34_a_refused_token_fails_with_stage_code_cause_and_actor():
    result = SmtpResult(
        outcome="wrong", stage="auth", code=535, enhanced="5.7.3", reply="5.7.3 unsuccessful"
    )
    found = login_result(result, "smtp.office365.com", "microsoft")
    assert found.outcome is LoginOutcome.REJECTED
    assert found.detail.startswith(
        "the mail server rejects the token: smtp.office365.com, auth, 535 5.7.3: "
    )
    assert "SMTP.Send" in found.remedy
    assert "Who must act: " in found.remedy


@pytest.mark.parametrize(
    "facts",
    [
        {"outcome": "unreachable", "stage": "connect"},
        {"outcome": "wrong", "stage": "resolve"},
        {"outcome": "wrong", "stage": "tls"},
        {"outcome": "wrong", "stage": "starttls", "code": 454},
        {"outcome": "inconclusive", "stage": "auth", "code": 454, "enhanced": "4.7.0"},
        {"outcome": "inconclusive", "stage": "auth", "code": 432, "enhanced": "4.3.2"},
        {"outcome": "wrong", "stage": "auth", "code": 535, "enhanced": "5.7.139",
         "reply": "SmtpClientAuthentication is disabled for the Tenant"},
        {"outcome": "wrong", "stage": "auth"},
    ],
)  # fmt: skip
def test_property_34_anything_else_leaves_it_unproven(facts):
    found = login_result(SmtpResult(**facts), "smtp.example.edu", "microsoft")
    assert found.outcome is LoginOutcome.UNVERIFIED
    assert found.detail.startswith(f"smtp.example.edu, {facts['stage']}")
