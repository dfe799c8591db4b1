"""Every row of the table of replies is the first that fits some real reply, and says what to do."""

from __future__ import annotations

import pytest

from provisioner.mail.explanation import explain, explain_refresh, meaning_of
from provisioner.mail.reply_meanings import REPLY_MEANINGS
from provisioner.smtp.client import SmtpResult

GOOGLE_CHALLENGE = {"status": "400", "schemes": "Bearer", "scope": "https://mail.google.com/"}

# (provider, result, words of the cause, words of the remedy, actor)
SAMPLES = [
    # Google
    ("Google", {"stage": "auth", "code": 535, "enhanced": "5.7.8", "challenge": GOOGLE_CHALLENGE},
     "lacks the scope https://mail.google.com/", "write https://mail.google.com/ into", "you"),
    ("Google", {"stage": "auth", "code": 535, "enhanced": "5.7.8",
                "reply": "5.7.8 Username and Password not accepted."},
     "of another account, has expired, or lacks", "compare user_name", "whoever signs in"),
    ("", {"stage": "auth", "code": 534, "enhanced": "5.7.9"},
     "sign-in in the browser, or an app password", "smtp_security_level: oauth2", "whoever"),
    ("Google", {"outcome": "inconclusive", "stage": "auth", "code": 454, "enhanced": "4.7.0"},
     "too many sign-ins", "wait some minutes", "nobody"),
    ("Google", {"outcome": "inconclusive", "stage": "data", "code": 550, "enhanced": "5.4.5"},
     "daily limit", "tomorrow", "nobody"),
    # Microsoft
    ("Microsoft 365", {"stage": "auth", "code": 535, "enhanced": "5.7.139", "reply":
     "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."},
     "SMTP AUTH is switched off", "Set-CASMailbox MAILBOX", "an administrator"),
    ("Microsoft 365", {"stage": "auth", "code": 535, "enhanced": "5.7.139", "reply":
     "5.7.139 Authentication unsuccessful, basic authentication is disabled."},
     "ended sign-in by password", "smtp_security_level: oauth2", "you"),
    ("Microsoft 365", {"stage": "auth", "code": 535, "enhanced": "5.7.139", "reply":
     "5.7.139 Authentication unsuccessful, user is locked by your organization's security "
     "defaults policy."},
     "a security policy of the tenant", "exempt the mailbox", "an administrator"),
    ("Microsoft 365", {"stage": "auth", "code": 550, "enhanced": "5.7.30"},
     "ended sign-in by password", "smtp_security_level: oauth2", "you"),
    ("Microsoft 365", {"stage": "auth", "code": 535, "enhanced": "5.7.3",
                       "reply": "5.7.3 Authentication unsuccessful"},
     "not for SMTP", "https://outlook.office.com/SMTP.Send", "you"),
    ("Microsoft 365", {"stage": "mail", "code": 530, "enhanced": "5.7.57"},
     "before a sign-in, or through port 25", "port 587", "you"),
    ("Microsoft 365", {"stage": "mail", "code": 550, "enhanced": "5.7.60"},
     "may not send as this sender", "Send As", "an administrator"),
    ("Microsoft 365", {"stage": "data", "code": 554, "enhanced": "5.2.252",
                       "reply": "5.2.252 SendAsDenied"},
     "may not send as this sender", "Send As", "an administrator"),
    ("Microsoft 365", {"outcome": "inconclusive", "stage": "mail", "code": 432,
                       "enhanced": "4.3.2"},
     "more connections to this mailbox", "max_connections_per_mailbox", "nobody"),
    ("Microsoft 365", {"stage": "data", "code": 554, "enhanced": "5.2.0",
                       "reply": "5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException"},
     "may not send as this sender", "Send As", "an administrator"),
    ("Microsoft 365", {"stage": "data", "code": 554, "enhanced": "5.2.0",
                       "reply": "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceeded"},
     "daily limit", "wait a day", "an administrator"),
    ("Microsoft 365", {"stage": "auth", "code": 504, "enhanced": "5.7.4",
                       "mechanism": "XOAUTH2"},
     "does not offer XOAUTH2", "port 587", "you"),
    # signing in, anywhere
    ("", {"stage": "auth", "code": 535, "challenge": {"status": "403", "scope": "smtp"}},
     "lacks the scope smtp", "write smtp into scope_for_authorize", "you"),
    ("", {"stage": "auth", "code": 535, "challenge": {"status": "401"}},
     "has expired or was revoked", "provisioner authenticate", "whoever signs in"),
    ("", {"stage": "auth", "code": 535, "enhanced": "5.7.8"},
     "do not belong together", "compare user_name", "whoever signs in"),
    ("", {"stage": "auth", "code": 500, "enhanced": "5.5.2", "mechanism": "LOGIN"},
     "does not understand LOGIN", "smtp_security_level", "you"),
    ("", {"stage": "auth",
          "reply": "the server offers no mechanism that fits oauth2; it offers PLAIN"},
     "smtp_security_level does not fit", "choose a level", "you"),
    ("", {"stage": "auth", "code": 530, "enhanced": "5.7.0"},
     "wants TLS before a sign-in", "use_tls: true", "you"),
    ("", {"outcome": "unverifiable", "stage": "auth",
          "reply": "DIGEST-MD5 cannot be verified from here: only MAPS speaks it"},
     "DIGEST-MD5 is obsolete", "maps_test_command", "the administrator of the MAPS host"),
    ("", {"outcome": "unverifiable", "stage": "auth",
          "reply": "CRAM-SHA1 cannot be verified from here: only MAPS speaks it"},
     "MAPS offers CRAM-SHA1", "maps_test_command", "the administrator of the MAPS host"),
    ("", {"stage": "auth", "code": 550}, "the sign-in was refused", "read the server's", "you"),
    # getting there
    ("", {"stage": "resolve"}, "no host of that name", "correct host", "you"),
    ("", {"outcome": "unreachable", "stage": "resolve"}, "name servers do not answer",
     "check the name servers", "the administrator of the MAPS host"),
    ("", {"outcome": "unreachable", "stage": "connect", "reply": "Connection refused"},
     "nothing answers", "check host and port", "the administrator of the MAPS host"),
    ("", {"stage": "connect", "reply": "Connection refused"}, "nothing answers",
     "correct host and port", "you"),
    ("", {"stage": "greeting", "code": 554}, "does not serve the address", "accept that address",
     "an administrator"),
    ("", {"stage": "greeting", "reply": "not a reply of an SMTP server: HTTP/1.1"},
     "no SMTP server", "check host and port", "you"),
    ("", {"stage": "tls", "reply": "certificate not accepted: Hostname mismatch, certificate is "
          "not valid for 'mail'."}, "for another name", "write the name", "you"),
    ("", {"stage": "tls", "reply": "certificate not accepted: certificate has expired"},
     "has expired", "renew it", "an administrator"),
    ("", {"stage": "tls", "reply": "the CA file /x cannot be used: No such file or directory"},
     "private CA cannot be used", "PEM file", "the administrator of the MAPS host"),
    ("", {"stage": "tls", "reply": "certificate not accepted: self-signed certificate"},
     "not from a CA", "maps_ca_file", "the administrator of the MAPS host"),
    ("", {"stage": "tls", "reply": "TLS failed: WRONG_VERSION_NUMBER"},
     "no common TLS", "465 speaks TLS", "you"),
    ("", {"outcome": "unreachable", "stage": "starttls"}, "broke off before", "firewall",
     "the administrator of the MAPS host"),
    ("", {"stage": "ehlo", "code": 550}, "how the machine names itself", "client_name", "you"),
    ("", {"stage": "starttls"}, "offers no TLS on this port", "port 587", "you"),
    # the mail
    ("", {"stage": "mail", "code": 530}, "wants a sign-in, or TLS", "smtp_security_level", "you"),
    ("", {"outcome": "inconclusive", "stage": "data", "code": 552, "enhanced": "5.2.2"},
     "mailbox is full", "make room", "an administrator"),
    ("", {"stage": "mail", "code": 550}, "refuses the sender", "test_email: from", "you"),
    ("", {"stage": "rcpt", "code": 550}, "refuses the recipient", "test_email: to", "you"),
    ("", {"stage": "data", "code": 554}, "a policy of the server", "read the server's reply",
     "an administrator"),
    # what passes
    ("", {"outcome": "inconclusive", "stage": "greeting", "code": 421}, "is busy",
     "wait some minutes", "nobody"),
    ("", {"outcome": "inconclusive", "stage": "auth", "reply": "this host forbids MD5"},
     "could not be spoken", "another smtp_security_level", "you"),
    ("", {"outcome": "inconclusive", "stage": "data", "reply": "no answer within 30 s"},
     "it may arrive all the same", "look for it", "nobody"),
    ("", {"outcome": "inconclusive", "stage": "rcpt", "code": 450}, "put it off",
     "push again later", "nobody"),
    ("", {"outcome": "unreachable", "stage": "rcpt"}, "for a reason of its own",
     "read the server's reply", "an administrator"),
]  # fmt: skip


def result(facts) -> SmtpResult:
    return SmtpResult(**{"outcome": "wrong", **facts})


@pytest.mark.parametrize(("provider", "facts", "cause", "remedy", "actor"), SAMPLES)
def test_explained(provider, facts, cause, remedy, actor):
    found = explain(result(facts), provider)
    assert cause in found.cause
    assert remedy in found.remedy
    assert found.actor.startswith(actor)
    assert "{" not in found.cause + found.remedy


def test_no_row_is_in_vain():
    """Each row is the first that fits a sample above: none is hidden behind an earlier one."""
    assert [meaning_of(result(s[1]), s[0]) for s in SAMPLES] == list(REPLY_MEANINGS)


def test_a_vendor_s_text_changes_words_only():
    """Without the text that chooses words, the codes alone still lead to a fitting row."""
    for code, enhanced in ((535, "5.7.139"), (554, "5.2.0")):
        stage = "auth" if code == 535 else "data"
        facts = {"stage": stage, "code": code, "enhanced": enhanced, "reply": "new words"}
        assert "for a reason of its own" not in explain(result(facts)).cause


@pytest.mark.parametrize(
    ("facts", "cause", "actor"),
    [
        ({"outcome": "wrong", "error": "invalid_client"}, "client secret", "you"),
        ({"outcome": "wrong", "error": "invalid_grant"}, "refresh token is not valid", "whoever"),
        ({"outcome": "wrong", "error": "unauthorized_client"}, "may not use refresh", "an admin"),
        ({"outcome": "wrong", "error": "invalid_scope"}, "scope_for_token", "you"),
        ({"outcome": "wrong", "error": "unsupported_grant_type"}, "no token endpoint", "you"),
        ({"outcome": "wrong", "error": "invalid_request"}, "token endpoint misses", "you"),
        ({"outcome": "wrong", "error": "interaction_required"}, "see a person", "whoever"),
        ({"outcome": "wrong", "error": "login_required"}, "see a person", "whoever"),
        ({"outcome": "wrong", "error": "consent_required"}, "consent again", "whoever"),
        ({"outcome": "wrong", "error": "insecure_token_url"}, "not https", "you"),
        ({"outcome": "wrong", "error": "certificate"}, "not trusted by that host", "the admin"),
        ({"outcome": "wrong", "error": "ca_file"}, "maps_ca_file", "the admin"),
        ({"outcome": "wrong", "error": "unknown_host"}, "by name", "the admin"),
        ({"outcome": "unreachable", "error": None}, "cannot reach the token", "the admin"),
        ({"outcome": "inconclusive", "error": None}, "did not answer the question", "nobody"),
        ({"outcome": "inconclusive", "error": "slow_down"}, "did not answer the question", "nob"),
        ({"outcome": "wrong", "error": "vendor_special"}, "a reason of its own", "an admin"),
    ],
)
def test_refreshes_are_explained(facts, cause, actor):
    found = explain_refresh(facts)
    assert cause in found.cause
    assert found.actor.startswith(actor)
    assert found.remedy


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        ("401", "has expired or was revoked"),
        ("invalid_token", "has expired or was revoked"),
        ("400", "lacks the scope"),
        ("403", "lacks the scope"),
        ("insufficient_scope", "lacks the scope"),
    ],
)
def test_what_a_provider_says_in_its_334(status, cause):
    facts = {"stage": "auth", "code": 535, "challenge": {"status": status}}
    assert cause in explain(result(facts)).cause
