"""Replies of mail servers -> cause, remedy and who must act, as data; the first that fits counts.

Vendors' rows are from their own pages and from users' reports; links where there are any.
"""

from __future__ import annotations

from dataclasses import dataclass

_YOU = "you, in the declared file"
_SIGNER = "whoever signs in"
_ADMINISTRATOR = "an administrator at the provider"
_HOST = "the administrator of the MAPS host"
_NOBODY = "nobody: it passes"


# `status` of a 334's JSON: HTTP's codes under XOAUTH2, RFC 6750's words under OAUTHBEARER.
_NO_SCOPE = ("400", "403", "insufficient_scope")
_NO_TOKEN = ("401", "invalid_token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One row. Empty conditions hold always; `text` is lower case and only chooses words."""

    outcomes: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()
    enhanced: tuple[str, ...] = ()
    challenge: tuple[str, ...] = ()
    provider: str = ""
    text: tuple[str, ...] = ()
    cause: str
    remedy: str
    actor: str


# https://aka.ms/smtp_auth_disabled
_SMTP_AUTH_OFF = Meaning(
    stages=("auth",), codes=(535,), enhanced=("5.7.139",), text=("smtpclientauth",),
    cause="SMTP AUTH is switched off for this tenant or this mailbox",
    remedy="Set-CASMailbox MAILBOX -SmtpClientAuthenticationDisabled $false, or for the tenant "
    "Set-TransportConfig -SmtpClientAuthenticationDisabled $false; it takes minutes to hours",
    actor=_ADMINISTRATOR,
)  # fmt: skip

_MICROSOFT = (
    _SMTP_AUTH_OFF,
    Meaning(
        stages=("auth",), codes=(535,), enhanced=("5.7.139",), text=("basic authentication",),
        cause="the provider has ended sign-in by password",
        remedy="set smtp_security_level: oauth2",
        actor=_YOU,
    ),
    Meaning(
        stages=("auth",), codes=(535,), enhanced=("5.7.139",),
        cause="a security policy of the tenant (security defaults, Conditional Access or an "
        "authentication policy) blocks this sign-in, or SMTP AUTH is switched off",
        remedy="exempt the mailbox from the policy, and allow SMTP AUTH for it",
        actor=_ADMINISTRATOR,
    ),
    Meaning(
        codes=(550,), enhanced=("5.7.30",),
        cause="the provider has ended sign-in by password",
        remedy="set smtp_security_level: oauth2",
        actor=_YOU,
    ),
    Meaning(
        stages=("auth",), codes=(535,), enhanced=("5.7.3",),
        cause="the token is not for SMTP (a token for Graph is not), or user_name is not the "
        "mailbox of whoever signed in",
        remedy="use the scope https://outlook.office.com/SMTP.Send, give the app the permission "
        "SMTP.Send, and write the account's own user principal name into user_name; then sign in "
        "again",
        actor=_YOU,
    ),
    Meaning(
        codes=(530,), enhanced=("5.7.57",),
        cause="mail was sent before a sign-in, or through port 25",
        remedy="use port 587 with use_tls: true and smtp_security_level: oauth2",
        actor=_YOU,
    ),
    Meaning(
        codes=(550,), enhanced=("5.7.60",),
        cause="the mailbox that signed in may not send as this sender",
        remedy="send from the mailbox itself (test_email: from), or grant it Send As",
        actor=_ADMINISTRATOR,
    ),
    Meaning(
        codes=(554,), enhanced=("5.2.252",),
        cause="the mailbox that signed in may not send as this sender",
        remedy="send from the mailbox itself (test_email: from), or grant it Send As",
        actor=_ADMINISTRATOR,
    ),
    # https://learn.microsoft.com/exchange/troubleshoot/send-emails/smtp-submission-improvements
    Meaning(
        codes=(432,),
        cause="more connections to this mailbox at once than the provider allows (Microsoft: 3)",
        remedy="push again later; if another program uses the mailbox, leave it some: providers: "
        "max_connections_per_mailbox",
        actor=_NOBODY,
    ),
    Meaning(
        codes=(554,), enhanced=("5.2.0",), text=("sendasdenied",),
        cause="the mailbox that signed in may not send as this sender",
        remedy="send from the mailbox itself (test_email: from), or grant it Send As",
        actor=_ADMINISTRATOR,
    ),
    Meaning(
        codes=(554,), enhanced=("5.2.0",),
        cause="the mailbox cannot send now: its daily limit is reached, or its Sent Items are full",
        remedy="wait a day, or let a retention policy empty the folder",
        actor=_ADMINISTRATOR,
    ),
    Meaning(
        stages=("auth",), codes=(504,),
        cause="the server does not offer {mechanism} here",
        remedy="use port 587 with use_tls: true, and check smtp_security_level",
        actor=_YOU,
    ),
)  # fmt: skip

_GOOGLE = (
    Meaning(
        provider="google", stages=("auth",), challenge=_NO_SCOPE,
        cause="the token lacks the scope {scope}",
        remedy="write {scope} into scope_for_authorize (gmail.send is not enough for SMTP), then "
        "sign in again",
        actor=_YOU,
    ),
    Meaning(
        provider="google", stages=("auth",), codes=(535,), enhanced=("5.7.8",),
        cause="the token is of another account, has expired, or lacks the scope "
        "https://mail.google.com/",
        remedy="compare user_name with the account that signed in, and the scope; then sign in "
        "again",
        actor=_SIGNER,
    ),
    Meaning(
        stages=("auth",), codes=(534,),
        cause="the provider wants a sign-in in the browser, or an app password",
        remedy="set smtp_security_level: oauth2 and sign in, or use an app password",
        actor=_SIGNER,
    ),
    # https://support.google.com/a/answer/3726730
    Meaning(
        stages=("auth",), codes=(454,),
        cause="too many sign-ins in a short time, or a passing fault",
        remedy="wait some minutes, then push again",
        actor=_NOBODY,
    ),
    Meaning(
        codes=(550,), enhanced=("5.4.5",),
        cause="the mailbox has reached its daily limit",
        remedy="push again tomorrow",
        actor=_NOBODY,
    ),
)  # fmt: skip

_SIGN_IN = (
    Meaning(
        stages=("auth",), challenge=_NO_SCOPE,
        cause="the token lacks the scope {scope}",
        remedy="write {scope} into scope_for_authorize, then sign in again",
        actor=_YOU,
    ),
    Meaning(
        stages=("auth",), challenge=_NO_TOKEN,
        cause="the access token has expired or was revoked",
        remedy="sign in again: provisioner authenticate",
        actor=_SIGNER,
    ),
    Meaning(
        stages=("auth",), codes=(535,),
        cause="user name and secret do not belong together, or the sign-in was revoked",
        remedy="compare user_name with the account that signed in (or check the password); under "
        "oauth2: provisioner authenticate",
        actor=_SIGNER,
    ),
    Meaning(
        outcomes=("wrong",), stages=("auth",), codes=(500, 501, 502, 503, 504),
        cause="the server does not understand {mechanism}",
        remedy="check host and port, and smtp_security_level",
        actor=_YOU,
    ),
    Meaning(
        outcomes=("wrong",), stages=("auth",), text=("no mechanism",),
        cause="smtp_security_level does not fit the server",
        remedy="choose a level that the server offers, or the port where it does (587 with TLS)",
        actor=_YOU,
    ),
    Meaning(
        outcomes=("wrong",), stages=("auth",), codes=(530, 538),
        cause="the server wants TLS before a sign-in",
        remedy="set use_tls: true",
        actor=_YOU,
    ),
    Meaning(
        outcomes=("unverifiable",), text=("digest-md5",),
        cause="DIGEST-MD5 is obsolete (RFC 6331), and only MAPS signs in with it",
        remedy="send a test email from MAPS itself (maps_test_command), or choose another level",
        actor=_HOST,
    ),
    Meaning(
        outcomes=("unverifiable",),
        cause="MAPS offers CRAM-SHA1, mail servers and libraries hardly do",
        remedy="send a test email from MAPS itself (maps_test_command), or choose another level",
        actor=_HOST,
    ),
    Meaning(
        outcomes=("wrong",), stages=("auth",),
        cause="the sign-in was refused",
        remedy="read the server's reply; check user_name and the secret",
        actor=_YOU,
    ),
)  # fmt: skip

_CONNECTION = (
    Meaning(
        outcomes=("wrong",), stages=("resolve",),
        cause="there is no host of that name",
        remedy="correct host; from a MAPS host also check its name servers",
        actor=_YOU,
    ),
    Meaning(
        outcomes=("unreachable",), stages=("resolve",),
        cause="the name servers do not answer",
        remedy="check the name servers of the machine that sent",
        actor=_HOST,
    ),
    Meaning(
        outcomes=("unreachable",), stages=("connect", "greeting"),
        cause="nothing answers at that host and port, or a firewall keeps it away",
        remedy="check host and port, and let the machine that sends open connections to them",
        actor=_HOST,
    ),
    Meaning(
        outcomes=("wrong",), stages=("connect",),
        cause="nothing answers at that host and port",
        remedy="correct host and port",
        actor=_YOU,
    ),
    Meaning(
        outcomes=("wrong",), stages=("greeting",), codes=(554,),
        cause="the server does not serve the address that the connection came from",
        remedy="let it accept that address, or use another server",
        actor=_ADMINISTRATOR,
    ),
    Meaning(
        outcomes=("wrong",), stages=("greeting",),
        cause="what answers there is no SMTP server, or not on that port",
        remedy="check host and port (587, or 465 for TLS from the first byte)",
        actor=_YOU,
    ),
    Meaning(
        outcomes=("wrong",), stages=("tls",), text=("hostname", "ip address mismatch"),
        cause="the server's certificate is for another name",
        remedy="write the name that the certificate carries into host",
        actor=_YOU,
    ),
    Meaning(
        outcomes=("wrong",), stages=("tls",), text=("expired",),
        cause="the server's certificate has expired",
        remedy="renew it on the mail server; check the clock of the machine that sends",
        actor=_ADMINISTRATOR,
    ),
    Meaning(
        outcomes=("wrong",), stages=("tls",), text=("ca file",),
        cause="the file with the private CA cannot be used",
        remedy="put a readable PEM file there (maps_ca_file on hosts, ca_file in provisioner.yml)",
        actor=_HOST,
    ),
    Meaning(
        outcomes=("wrong",), stages=("tls",), text=("certificate not accepted",),
        cause="the server's certificate is not from a CA that this machine trusts",
        remedy="name the private CA: host variable maps_ca_file, ca_file in provisioner.yml",
        actor=_HOST,
    ),
    Meaning(
        outcomes=("wrong",), stages=("tls",),
        cause="client and server find no common TLS (1.2 or newer), or the port speaks none",
        remedy="check port: 465 speaks TLS from the first byte, 587 after STARTTLS",
        actor=_YOU,
    ),
    Meaning(
        outcomes=("unreachable",), stages=("tls", "ehlo", "starttls"),
        cause="the connection broke off before the sign-in",
        remedy="try again; if it stays so, look for a firewall that inspects SMTP",
        actor=_HOST,
    ),
    Meaning(
        outcomes=("wrong",), stages=("ehlo",),
        cause="the server does not accept how the machine names itself",
        remedy="set client_name to the machine's full host name",
        actor=_YOU,
    ),
    Meaning(
        outcomes=("wrong",), stages=("starttls",),
        cause="the server offers no TLS on this port, and use_tls is set",
        remedy="use port 587 (or 465), or a server that offers STARTTLS",
        actor=_YOU,
    ),
)  # fmt: skip

_ENVELOPE = (
    Meaning(
        outcomes=("wrong",), stages=("mail", "rcpt", "data"), codes=(530, 538),
        cause="the server wants a sign-in, or TLS, before it takes mail",
        remedy="set smtp_security_level and use_tls",
        actor=_YOU,
    ),
    Meaning(
        enhanced=("5.2.2",), stages=("rcpt", "data"),
        cause="the mailbox is full",
        remedy="make room in it, or let the test email go elsewhere (test_email: to)",
        actor=_ADMINISTRATOR,
    ),
    Meaning(
        outcomes=("wrong",), stages=("mail",),
        cause="the sign-in went well, but the server refuses the sender",
        remedy="send from the mailbox that signed in (test_email: from)",
        actor=_YOU,
    ),
    Meaning(
        outcomes=("wrong",), stages=("rcpt",),
        cause="the sign-in went well, but the server refuses the recipient",
        remedy="correct the address that the test email goes to (test_email: to)",
        actor=_YOU,
    ),
    Meaning(
        outcomes=("wrong",), stages=("data",),
        cause="the sign-in went well, but a policy of the server refuses the mail",
        remedy="read the server's reply; allow the mailbox to send it",
        actor=_ADMINISTRATOR,
    ),
)  # fmt: skip

_PASSING = (
    Meaning(
        codes=(421,),
        cause="the server is busy, or has had too many connections from here",
        remedy="wait some minutes, then push again",
        actor=_NOBODY,
    ),
    Meaning(
        outcomes=("inconclusive",), stages=("auth",), text=("md5",),
        cause="the mechanism could not be spoken to its end",
        remedy="choose another smtp_security_level: MD5 is no longer everywhere",
        actor=_YOU,
    ),
    Meaning(
        outcomes=("inconclusive",), stages=("data",), text=("no answer", "closed", "reset"),
        cause="the server took the mail but did not say so: it may arrive all the same",
        remedy="look for it in the mailbox, then push again",
        actor=_NOBODY,
    ),
    Meaning(
        outcomes=("inconclusive",),
        cause="the server put it off, or stopped answering",
        remedy="push again later; what was delivered stays",
        actor=_NOBODY,
    ),
    Meaning(
        cause="the mail server refused, for a reason of its own",
        remedy="read the server's reply",
        actor=_ADMINISTRATOR,
    ),
)  # fmt: skip

REPLY_MEANINGS: tuple[Meaning, ...] = (
    *_GOOGLE,
    *_MICROSOFT,
    *_SIGN_IN,
    *_CONNECTION,
    *_ENVELOPE,
    *_PASSING,
)
