"""Replies of mail servers, word for word where they are a vendor's, and what is said of them."""

import pytest

from provisioner.smtp.client import SmtpAccount, SmtpAnswer, SmtpResult, advice_on, judge

SCOPE = "https://mail.google.com/"
ACCOUNT = SmtpAccount(host="h", port=587, use_tls=True, smtp_security_level="oauth2")


def cause_of(result, provider):
    advice = advice_on(result, provider)
    assert "{" not in advice.cause + advice.remedy
    return advice.cause


@pytest.mark.parametrize(
    ("provider", "stage", "reply", "cause"),
    [
        ("google", "auth", "535 5.7.8 Username and Password not accepted.", "of another account"),
        ("", "auth", "535 5.7.8 Error: authentication failed", "do not belong together"),
        ("google", "auth", "534 5.7.14 Please log in with your web browser", "app password"),
        ("google", "auth", "454 4.7.0 Too many login attempts", "too many sign-ins"),
        ("google", "greeting", "421 4.7.0 Try again later", "is busy"),
        ("google", "data", "550 5.4.5 Daily user sending limit exceeded.", "daily limit"),
        ("microsoft", "auth", "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication "
         "is disabled for the Tenant.", "SMTP AUTH is switched off for"),
        ("microsoft", "auth", "535 5.7.139 Authentication unsuccessful, basic authentication is "
         "disabled.", "ended sign-in by password"),
        ("microsoft", "auth", "535 5.7.139 Authentication unsuccessful, user is locked by your "
         "organization's security defaults policy.", "a security policy"),
        ("microsoft", "auth", "535 5.7.139 Authentication unsuccessful, the user credentials were "
         "incorrect.", "do not belong together, or a policy"),
        ("yahoo", "auth", "535 5.7.0 (#AUTH005) Too many bad auth attempts.", "refused too many"),
        ("microsoft", "auth", "550 5.7.30 Basic authentication is not supported", "by password"),
        ("microsoft", "auth", "535 5.7.3 Authentication unsuccessful", "not for SMTP"),
        ("microsoft", "mail", "530 5.7.57 Client not authenticated to send mail", "port 25"),
        ("microsoft", "mail", "550 5.7.60 SMTP; Client does not have permissions", "this sender"),
        ("microsoft", "data", "554 5.2.252 SendAsDenied", "may not send as this sender"),
        ("microsoft", "data", "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException",
         "may not send as this sender"),
        ("microsoft", "data", "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceeded",
         "daily limit"),
        ("microsoft", "data", "550 5.1.90 Your message can't be sent", "limit of recipients"),
        ("microsoft", "mail", "432 4.3.2 Concurrent connections limit exceeded.", "at once"),
        ("microsoft", "auth", "504 5.7.4 Unrecognized authentication type", "not offer XOAUTH2"),
        ("", "auth", "530 5.7.0 Must issue a STARTTLS command first", "wants TLS"),
        ("", "data", "552 5.2.2 Mailbox full", "the mailbox is full"),
        ("microsoft", "rcpt", "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
         "does not relay mail"),
        ("", "rcpt", "554 5.7.1 <a@example.com>: Relay access denied", "does not relay mail"),
        ("", "rcpt", "550 5.1.1 User unknown", "the server refuses the recipient"),
        ("", "rcpt", "450 4.2.0 Greylisted", "deferred the message"),
    ],
)  # fmt: skip
def test_replies(provider, stage, reply, cause):
    code, _, rest = reply.partition(" ")
    answer = SmtpAnswer(done=False, stage=stage, code=int(code), reply=rest, mechanism="XOAUTH2")
    assert cause in cause_of(judge(answer, ACCOUNT, None), provider)


@pytest.mark.parametrize(
    ("stage", "error", "about", "cause"),
    [
        ("connect", "unreachable", "refused", "nothing answers"),
        ("greeting", "no_smtp", "HTTP/1.1 400", "not an SMTP server"),
        ("tls", "certificate", "Hostname mismatch, certificate is not valid for 'h'.", "another n"),
        ("tls", "certificate", "certificate has expired", "has expired"),
        ("tls", "certificate", "certificate is not yet valid", "the clock of the machine"),
        ("tls", "certificate", "self-signed certificate", "not from a CA"),
        ("tls", "ca_file", "not a regular file", "private CA cannot be used"),
        ("tls", "tls", "TLSV1_ALERT_PROTOCOL_VERSION", "no TLS version in common"),
        ("starttls", "no_starttls", None, "offers no TLS on this port"),
        ("auth", "no_mechanism", "PLAIN", "smtp_security_level does not fit"),
        ("auth", "no_md5", None, "could not be completed"),
        ("data", "timeout", "30 s", "it may still arrive"),
    ],
)
def test_what_is_no_reply(stage, error, about, cause):
    answer = SmtpAnswer(done=False, stage=stage, error=error, about=about)
    assert cause in cause_of(judge(answer, ACCOUNT, None), "")


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_where_nobody_signs_in_no_sign_in_went_well(stage):
    result = SmtpResult(outcome="wrong", stage=stage, code=550, reply="no")
    assert "the sign-in went well" not in advice_on(result).cause


@pytest.mark.parametrize(
    ("status", "provider", "cause", "remedy"),
    [
        ("400", "google", f"lacks the scope {SCOPE}", "gmail.send is not enough"),
        ("403", "", f"lacks the scope {SCOPE}", f"write {SCOPE} into"),
        ("insufficient_scope", "", "lacks the scope", "scope_for_authorize"),
        ("401", "google", "has expired or was revoked", "provisioner refresh"),
        ("invalid_token", "", "has expired or was revoked", "provisioner refresh"),
        ("inconclusive", "", "do not belong together", "compare user_name"),
    ],
)
def test_what_a_provider_says_in_its_334(status, provider, cause, remedy):
    challenge = {"status": status, "scope": SCOPE}
    result = SmtpResult(outcome="wrong", stage="auth", code=535, challenge=challenge)
    advice = advice_on(result, provider)
    assert cause in advice.cause
    assert remedy in advice.remedy
    assert advice.field == ("oauth2.scope_for_authorize" if "scope" in cause else "")
