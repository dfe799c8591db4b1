"""Replies of mail servers, word for word where they are a vendor's, and what is said of them."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.advice.explain import ACTORS
from provisioner.smtp.client import SmtpAccount, SmtpAnswer, SmtpResult, advice_on, judge

SCOPE = "https://mail.google.com/"
ACCOUNT = SmtpAccount(host="h", port=587, use_tls=True, smtp_security_level="oauth2")


@pytest.mark.parametrize(
    ("stage", "reply", "provider", "outcome", "cause", "who"),
    [
        ("auth", "535 5.7.8 Username and Password not accepted.", "google", "wrong",
         "of another account, has expired, or lacks", "signer"),
        ("auth", "535 5.7.8 Error: authentication failed", "", "wrong", "belong together",
         "signer"),
        ("auth", "534 5.7.9 Please log in with your web browser", "", "wrong", "app password",
         "signer"),
        ("auth", "454 4.7.0 Too many login attempts", "google", "inconclusive", "too many sign-ins",
         "none"),
        ("greeting", "421 4.7.0 Try again later", "google", "inconclusive", "is busy", "none"),
        ("data", "550 5.4.5 Daily user sending limit exceeded.", "google", "inconclusive",
         "daily limit", "none"),
        ("auth", "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled "
         "for the Tenant.", "microsoft", "wrong", "SMTP AUTH is switched off", "admin"),
        ("auth", "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
         "microsoft", "wrong", "ended sign-in by password", "you"),
        ("auth", "535 5.7.139 Authentication unsuccessful, user is locked by your organization's "
         "security defaults policy.", "microsoft", "wrong", "a security policy", "admin"),
        ("auth", "550 5.7.30 Basic authentication is not supported", "microsoft", "wrong",
         "ended sign-in by password", "you"),
        ("auth", "535 5.7.3 Authentication unsuccessful", "microsoft", "wrong", "not for SMTP",
         "you"),
        ("mail", "530 5.7.57 Client not authenticated to send mail", "microsoft", "wrong",
         "before a sign-in, or through port 25", "you"),
        ("mail", "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
         "microsoft", "wrong", "may not send as this sender", "admin"),
        ("data", "554 5.2.252 SendAsDenied", "microsoft", "wrong", "may not send as", "admin"),
        ("data", "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException", "microsoft",
         "inconclusive", "may not send as this sender", "admin"),
        ("data", "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
         "microsoft", "inconclusive", "daily limit", "admin"),
        ("data", "550 5.1.90 Your message can't be sent because you've reached your daily limit",
         "microsoft", "inconclusive", "daily limit of recipients", "none"),
        ("mail", "432 4.3.2 Concurrent connections limit exceeded.", "microsoft", "inconclusive",
         "more connections to this mailbox", "none"),
        ("auth", "504 5.7.4 Unrecognized authentication type", "microsoft", "wrong",
         "does not offer XOAUTH2", "you"),
        ("auth", "530 5.7.0 Must issue a STARTTLS command first", "", "wrong", "wants TLS", "you"),
        ("data", "552 5.2.2 Mailbox full", "", "inconclusive", "the mailbox is full", "admin"),
        ("rcpt", "450 4.2.0 Greylisted", "", "inconclusive", "put it off", "none"),
    ],
)  # fmt: skip
def test_replies(stage: str, reply: str, provider: str, outcome: str, cause: str, who: str) -> None:
    code, _, rest = reply.partition(" ")
    answer = SmtpAnswer(done=False, stage=stage, code=int(code), reply=rest, mechanism="XOAUTH2")
    said(judge(answer, ACCOUNT, None), provider, outcome, cause, who)


def said(result: SmtpResult, provider: str, outcome: str, cause: str, who: str) -> None:
    advice = advice_on(result, provider)
    assert result.outcome == outcome
    assert cause in advice.cause
    assert advice.actor == ACTORS[who]
    assert "{" not in advice.cause + advice.remedy


@pytest.mark.parametrize(
    ("stage", "error", "about", "outcome", "cause", "who"),
    [
        ("connect", "unreachable", "refused", "unreachable", "nothing answers", "host"),
        ("greeting", "no_smtp", "HTTP/1.1 400", "wrong", "not an SMTP server", "you"),
        ("tls", "certificate", "Hostname mismatch, certificate is not valid for 'h'.", "wrong",
         "for another name", "you"),
        ("tls", "certificate", "certificate has expired", "wrong", "has expired", "admin"),
        ("tls", "certificate", "certificate is not yet valid", "wrong", "the clock", "host"),
        ("tls", "certificate", "self-signed certificate", "wrong", "not from a CA", "host"),
        ("tls", "ca_file", "No such file", "wrong", "private CA cannot be used", "host"),
        ("tls", "tls", "TLSV1_ALERT_PROTOCOL_VERSION", "wrong", "no TLS version in comm", "you"),
        ("starttls", "no_starttls", None, "wrong", "offers no TLS on this port", "you"),
        ("auth", "no_mechanism", "PLAIN", "wrong", "smtp_security_level does not fit", "you"),
        ("auth", "no_md5", None, "inconclusive", "could not be spoken", "you"),
        ("data", "timeout", "30 s", "inconclusive", "it may still arrive", "none"),
    ],
)  # fmt: skip
def test_what_is_no_reply(
    stage: str, error: str, about: str | None, outcome: str, cause: str, who: str
) -> None:
    answer = SmtpAnswer(done=False, stage=stage, error=error, about=about)
    said(judge(answer, ACCOUNT, None), "", outcome, cause, who)


@pytest.mark.parametrize(
    ("status", "provider", "cause", "remedy"),
    [
        ("400", "google", f"lacks the scope {SCOPE}", "gmail.send is not enough"),
        ("400", "", f"lacks the scope {SCOPE}", f"write {SCOPE} into"),
        ("403", "", "lacks the scope", "scope_for_authorize"),
        ("insufficient_scope", "", "lacks the scope", "scope_for_authorize"),
        ("401", "google", "has expired or was revoked", "provisioner refresh"),
        ("401", "", "has expired or was revoked", "provisioner refresh"),
        ("invalid_token", "", "has expired or was revoked", "provisioner refresh"),
        ("535", "", "do not belong together", "compare user_name"),
        ("inconclusive", "", "do not belong together", "compare user_name"),
    ],
)
def test_what_a_provider_says_in_its_334(
    status: str, provider: str, cause: str, remedy: str
) -> None:
    facts: dict[str, Any] = {"outcome": "wrong", "stage": "auth", "code": 535, "enhanced": "5.7.8"}
    advice = advice_on(SmtpResult(**facts, challenge={"status": status, "scope": SCOPE}), provider)
    assert cause in advice.cause
    assert remedy in advice.remedy
    assert advice.field == ("oauth2.scope_for_authorize" if "scope" in cause else "")
