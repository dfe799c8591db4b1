"""What a server does, what is asked of it, and the facts that come out: plain data.

Hosts of both kinds answer the same facts, so each runner (Python here, PowerShell for Windows
hosts) takes this table as it is. `script` is that of scripted_server.py.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

MAILBOX, ELSEWHERE = "reports@example.edu", "postmaster@example.edu"
TOKEN = "CANARYaccess0token" * 3
LONG_TOKEN = "CANARYlong0access0token." * 60  # 1,440 characters: like Microsoft's
MESSAGE = "Subject: Does it work?\r\n\r\nIt does.\r\n.\r\n..\r\n.hidden\r\n"
SHORT = 0.5  # seconds, where a server stops answering

OPERATION = {
    "op": "smtp",
    "host": "localhost",
    "tls": "none",
    "ca_file": None,
    "client_name": "me",
    "mechanisms": [],
    "user": MAILBOX,
    "secret": TOKEN,
    "sender": MAILBOX,
    "recipient": ELSEWHERE,
    "message": None,
    "timeout": 10,
}


@dataclass
class Case:
    """`given` changes OPERATION, whose port is the server's; `facts` are some of the answer's.

    `heard`: all lines that the server got, if it matters; `outcome`, `passing`: the judgement.
    """

    name: str
    script: list[str]
    given: dict[str, Any]
    facts: dict[str, Any]
    outcome: str
    passing: bool = False
    heard: list[str] | None = None


def encoded(text: str) -> str:
    """In base64."""
    return base64.b64encode(text.encode()).decode()


def hello(*keywords: str) -> list[str]:
    """Greeting and EHLO."""
    lines = ["me", *keywords, "8BITMIME"]
    return ["S 220 hello", "C", *(f"S 250-{line}" for line in lines[:-1]), f"S 250 {lines[-1]}"]


def refused(stage: str, code: int, reply: str, **more: Any) -> dict[str, Any]:
    """A reply ended it."""
    return {"done": False, "stage": stage, "code": code, "reply": reply, "error": None, **more}


def failed(stage: str, error: str, **more: Any) -> dict[str, Any]:
    """Something else did."""
    return {"done": False, "stage": stage, "code": None, "reply": "", "error": error, **more}


MAIL = {"message": MESSAGE}
XOAUTH2 = {"mechanisms": ["XOAUTH2", "OAUTHBEARER"]}
SIGNED_IN = [*hello("AUTH XOAUTH2"), "C", "S 235 2.7.0 welcome"]
SECURED = [*hello("STARTTLS"), "C", "S 220 go", "TLS"]
TAKEN = ["C", "S 250 ok", "C", "S 250 ok", "C", "S 354 go", "M"]


def mechanism(name: str, user: str, secret: str, *exchange: str) -> Case:
    """An exchange as its specification has it: what is said after AUTH, and what is answered."""
    script = [*hello(f"AUTH {name} OTHER"), "C"]
    heard = ["EHLO me", f"AUTH {name}{' ' + encoded(exchange[0]) if exchange[0] else ''}"]
    for challenge, response in zip(exchange[1::2], exchange[2::2], strict=True):
        script += [f"S 334 {challenge}".rstrip(), "C"]
        heard.append(encoded(response))
    given = {"mechanisms": ["NONE", name], "user": user, "secret": secret}
    facts = {"done": True, "stage": "auth", "code": 235, "mechanism": name}
    script.append("S 235 2.7.0 welcome")
    return Case(f"signs in with {name}", script, given, facts, "authenticated", heard=heard)


SIGN_INS = [
    # https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
    mechanism(
        "XOAUTH2",
        "someuser@example.com",
        "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg",
        "user=someuser@example.com\1auth=Bearer "
        "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\1\1",
    ),
    mechanism("PLAIN", "tim", "tanstaaftanstaaf", "\0tim\0tanstaaftanstaaf"),  # RFC 4616
    mechanism(
        *("LOGIN", "tim", "pässwörd", ""),
        *(encoded("User Name\0"), "tim", encoded("Password\0"), "pässwörd"),
    ),
    mechanism(  # RFC 2195
        *("CRAM-MD5", "tim", "tanstaaftanstaaf", ""),
        encoded("<1896.697170952@postoffice.reston.mci.net>"),
        "tim b913a602c7eda7a495b4e6e7334d3890",
    ),
    Case(
        "takes the first that is offered, however that is written",
        [*hello("auth=oauthbearer", "AUTH PLAIN xoauth2"), "C", "S 235 welcome"],
        {"mechanisms": ["CRAM-MD5", "XOAUTH2", "OAUTHBEARER", "PLAIN"]},
        {"done": True, "mechanism": "XOAUTH2", "tls": None},
        "authenticated",
    ),
    Case(
        "sends a long token after the 334",
        [*hello("AUTH XOAUTH2"), "C", "S 334", "C", "S 235 welcome"],
        {**XOAUTH2, "secret": LONG_TOKEN},
        {"done": True, "code": 235},
        "authenticated",
        heard=[
            *("EHLO me", "AUTH XOAUTH2"),
            encoded(f"user={MAILBOX}\1auth=Bearer {LONG_TOKEN}\1\1"),
        ],
    ),
    Case(
        "sends no long token where none is asked for",
        [*hello("AUTH XOAUTH2"), "C", "S 504 5.7.4 Unrecognized"],
        {**XOAUTH2, "secret": LONG_TOKEN},
        refused("auth", 504, "5.7.4 Unrecognized"),
        "wrong",
    ),
    Case(
        "without a sign-in it ends at EHLO",
        hello(),
        {"user": None, "secret": None},
        {"done": True, "stage": "ehlo", "code": 250, "mechanism": None, "challenge": None},
        "authenticated",
    ),
    Case(
        "finds no mechanism in common",
        hello("AUTH PLAIN DIGEST-MD5"),
        XOAUTH2,
        failed("auth", "no_mechanism", about="PLAIN DIGEST-MD5", mechanism=None),
        "wrong",
    ),
    Case(
        "finds no mechanism at all", hello(), XOAUTH2,
        failed("auth", "no_mechanism", about=None), "wrong",
    ),
    Case(
        "gives up on a server that asks for ever",
        [*hello("AUTH XOAUTH2"), *["C", "S 334 " + encoded("{}")] * 11],
        XOAUTH2,
        refused("auth", 334, encoded("{}"), challenge="{}"),
        "wrong",
        heard=[
            *("EHLO me", "AUTH XOAUTH2 " + encoded(f"user={MAILBOX}\1auth=Bearer {TOKEN}\1\1")),
            *("", *["*"] * 9),
        ],
    ),
    Case(
        "gives up on a server that asks once more",
        [*hello("AUTH PLAIN"), "C", "S 334 more", "C", "S 501 5.0.0 cancelled"],
        {"mechanisms": ["PLAIN"]},
        refused("auth", 501, "5.0.0 cancelled", challenge=None),
        "wrong",
    ),
    *[
        Case(
            f"reads the challenge {shown}",
            [*hello("AUTH XOAUTH2"), "C", f"S 334 {said}", "C", "S 535-5.7.8 No", "S 535 not"],
            XOAUTH2,
            refused("auth", 535, "5.7.8 No\nnot", challenge=shown),
            "wrong",
        )
        for said, shown in [
            (encoded('{"status":"401",\n "scope":"smtp"}'), '{"status":"401", "scope":"smtp"}'),
            (encoded(f'{{"status":"400","token":"{TOKEN}"}}'), '{"status":"400","token":"***"}'),
            (encoded("[" * 5000), "[" * 3997 + "..."),
            (encoded("no JSON"), "no JSON"),
            ("/w==", None),  # no UTF-8
            ("no base64!", None),
            ("", None),
        ]
    ],
]  # fmt: skip

MAILS = [
    Case(
        "sends a mail",
        [*SIGNED_IN, *TAKEN, "S 250 2.0.0 queued", "C"],
        {**XOAUTH2, **MAIL},
        {
            **{"done": True, "stage": "data", "code": 250, "reply": "2.0.0 queued"},
            "transcript": [
                *("< 220 hello", "> EHLO me", "< 250 me", "< 250 AUTH XOAUTH2", "< 250 8BITMIME"),
                *("> AUTH XOAUTH2 ***", "< 235 2.7.0 welcome"),
                *(f"> MAIL FROM:<{MAILBOX}>", "< 250 ok", f"> RCPT TO:<{ELSEWHERE}>", "< 250 ok"),
                *("> DATA", "< 354 go", f"> (the message, {len(MESSAGE)} bytes)"),
                *("< 250 2.0.0 queued", "> QUIT"),
            ],
        },
        "sent",
    ),
    Case(
        "sends a mail over TLS, with a recipient elsewhere, and greets twice",
        [
            *(*SECURED, "C", "S 250 me", "C", "S 250 ok", "C", "S 251 elsewhere"),
            *("C", "S 354 go", "M", "S 250 ok", "C"),
        ],
        {"tls": "starttls", **MAIL},
        {"done": True, "stage": "data", "mechanism": None},
        "sent",
        heard=[
            *("EHLO me", "STARTTLS", "EHLO me", f"MAIL FROM:<{MAILBOX}>"),
            *(f"RCPT TO:<{ELSEWHERE}>", "DATA", "QUIT"),
        ],
    ),
    Case(
        "speaks TLS from the first byte",
        ["TLS", *hello()],
        {"tls": "implicit"},
        {"done": True, "stage": "ehlo"},
        "authenticated",
    ),
    Case(
        "speaks to an old server without words",
        ["S 220", "C", "S 502", "C", "S 250", *TAKEN, "S 250"],
        MAIL,
        {"done": True, "stage": "data", "code": 250, "reply": ""},
        "sent",
    ),
    Case(
        "breaks off where DATA is not answered by 354",
        [*hello(), "C", "S 250 ok", "C", "S 250 ok", "C", "S 250 what?"],
        MAIL,
        refused("data", 250, "what?"),
        "wrong",
    ),
    Case(
        "shows twenty lines of 500 characters",
        [*("S 554-5.7.1 " + "x" * 600, *["S 554-5.7.1 no"] * 30, "S 554 5.7.1 end")],
        {},
        refused("greeting", 554, "\n".join(["5.7.1 " + "x" * 491 + "...", *["5.7.1 no"] * 19])),
        "wrong",
    ),
    Case(
        "shows no control character",
        ["S 554 5.7.1 a\x1b[31m\u202eb\0 \x85c \xa0d "],
        {},
        refused("greeting", 554, "5.7.1 a [31m b c \xa0d"),
        "wrong",
    ),
]  # fmt: skip

# Stage of the script -> what comes before it, what is given, the stage of the answer.
_STAGES: dict[str, tuple[list[str], dict[str, Any], str]] = {
    "greeting": ([], {}, "greeting"),
    "ehlo": (["S 220 hello", "C"], {}, "ehlo"),
    "starttls": ([*hello("STARTTLS"), "C"], {"tls": "starttls"}, "starttls"),
    "tls": ([*hello("STARTTLS"), "C", "S 220 go"], {"tls": "starttls"}, "tls"),
    "auth": ([*hello("AUTH XOAUTH2"), "C"], XOAUTH2, "auth"),
    "response": ([*hello("AUTH XOAUTH2"), "C", "S 334 e30=", "C"], XOAUTH2, "auth"),
    "mail": ([*hello(), "C"], MAIL, "mail"),
    "rcpt": ([*hello(), *TAKEN[:2], "C"], MAIL, "rcpt"),
    "data": ([*hello(), *TAKEN[:4], "C"], MAIL, "data"),
    "message": ([*hello(), *TAKEN], MAIL, "data"),
}
_LOGGED_IN = ("auth", "response", "mail", "rcpt", "data", "message")


def replied(at: str, reply: str, outcome: str) -> Case:
    """The server says that at a stage."""
    script, given, stage = _STAGES[at]
    code, _, text = reply.partition(" ")
    facts = refused(stage, int(code), text)
    passing = code[0] == "4"
    return Case(f"{at}: {reply}", [*script, f"S {reply}"], given, facts, outcome, passing)


def broken_off(at: str, step: str, error: str) -> Case:
    """The server does that at a stage."""
    script, given, stage = _STAGES[at]
    facts = failed(stage, error, about=None if error == "closed" else f"{SHORT} s")
    given = given if error == "closed" else {**given, "timeout": SHORT}
    outcome = "inconclusive" if at in _LOGGED_IN else "unreachable"
    passing = at in _LOGGED_IN and stage != "data"
    return Case(f"{at}: {step} {error}", [*script, step], given, facts, outcome, passing)


REPLIES = [
    replied("greeting", "421 4.7.0 Try again later", "inconclusive"),
    replied("greeting", "554 5.7.1 Not you", "wrong"),
    replied("ehlo", "550 5.5.0 Bad name", "wrong"),
    replied("starttls", "454 4.7.0 Not now", "inconclusive"),
    replied("auth", "454 4.7.0 Too many login attempts", "inconclusive"),
    replied("auth", "535 5.7.139 SmtpClientAuthentication", "wrong"),
    replied("response", "535 5.7.3 Unsuccessful", "wrong"),
    replied("mail", "432 4.3.2 Concurrent connections", "inconclusive"),
    replied("mail", "550 5.7.60 SendAsDenied", "wrong"),
    replied("rcpt", "550 5.1.1 No such user", "wrong"),
    replied("rcpt", "452 4.2.2 Over quota", "inconclusive"),
    replied("data", "554 5.7.0 Policy", "wrong"),
    replied("message", "554 5.2.252 SendAsDenied", "wrong"),
    replied("message", "550 5.4.5 Daily limit", "inconclusive"),
    replied("message", "552 5.2.2 Mailbox full", "inconclusive"),
    replied("message", "550 5.1.90 Your daily limit for recipients is reached", "inconclusive"),
    replied(
        "message",
        "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
        "inconclusive",
    ),
    replied("message", "550 5.2.0 No such mailbox", "wrong"),
    replied("message", "550 No more words", "wrong"),
    *[broken_off(at, "R ", "closed") for at in _STAGES],
    *[broken_off(at, "WAIT", "timeout") for at in ("greeting", "tls", "auth", "mail", "message")],
    broken_off("greeting", "DRIP", "timeout"),
    broken_off("ehlo", "DRIP", "timeout"),
]

ODD_SERVERS = [
    Case(
        "sends nothing in the clear without STARTTLS",
        [*hello("AUTH XOAUTH2"), "C"],
        {"tls": "starttls", **XOAUTH2},
        failed("starttls", "no_starttls", about=None),
        "wrong",
        heard=["EHLO me", "QUIT"],
    ),
    Case(
        "does not trust words before the handshake",
        [*hello("STARTTLS"), "C", "R 220 go\r\n235 2.7.0 welcome\r\n", "WAIT"],
        {"tls": "starttls", **XOAUTH2},
        failed("starttls", "early_bytes", about=None, tls=None),
        "wrong",
    ),
    *[
        Case(
            f"expects TLS where {words!r} is said",
            [*before, f"R {words}"],
            {"tls": tls},
            failed("tls", "tls", tls=None),
            "wrong",
        )
        for tls, before, words in [
            ("implicit", ["B"], "220 hello\r\n"),
            ("implicit", ["B"], "no"),
            ("starttls", [*hello("STARTTLS"), "C", "S 220 go", "B"], "no"),
            ("starttls", [*hello("STARTTLS"), "C", "S 220 go", "B"], "\x15\x03\x03"),
        ]
    ],
    Case(
        "is told by an alert that TLS is too old",
        [*hello("STARTTLS"), "C", "S 220 go", "B", "R \x15\x03\x03\0\2\2F"],
        {"tls": "starttls"},
        failed("tls", "tls", tls=None),
        "wrong",
    ),
    *[
        Case(name, script, {}, failed("greeting", error, about=about), "wrong")
        for name, script, error, about in [
            ("meets a web server", ["S HTTP/1.1 400 Bad"], "no_smtp", "HTTP/1.1 400 Bad"),
            ("meets a code of its own", ["S 220-a", "S 999 b"], "no_smtp", "999 b"),
            ("meets a long line", ["S 220 " + "x" * 9000], "too_long", "line"),
            ("meets a line without end", ["R 220 " + "x" * 9000, "WAIT"], "too_long", "line"),
            ("meets a long reply", ["R " + "220-more\r\n" * 8000], "too_long", "reply"),
        ]
    ],
    Case(
        "meets no SMTP after the sign-in",
        [*SIGNED_IN, "C", "S what?"],
        {**XOAUTH2, **MAIL},
        failed("mail", "no_smtp", about="what?"),
        "inconclusive",
    ),
    Case(
        "shows nothing of what is repeated to it",
        [*hello("AUTH XOAUTH2"), "C", f"E 535 5.7.8 {TOKEN} {TOKEN[5:20]} CANARYacc "],
        XOAUTH2,
        refused("auth", 535, "5.7.8 *** *** CANARYacc AUTH XOAUTH2 ***"),
        "wrong",
    ),
]

# Nothing is sent: there is no server.
UNSENDABLE = [
    Case(f"{about}: {given}", [], given, failed(stage, "unsendable", about=about), "wrong")
    for stage, about, given in [
        ("resolve", "host", {"host": "localhost\r\nQUIT"}),
        ("resolve", "host", {"host": ""}),
        ("resolve", "host", {"host": "."}),
        ("resolve", "port", {"port": 0}),
        ("resolve", "port", {"port": 65536}),
        ("ehlo", "client_name", {"client_name": "me\r\nMAIL FROM:<x@y>"}),
        ("ehlo", "client_name", {"client_name": "two words"}),
        ("ehlo", "client_name", {"client_name": "a-line-feed\n"}),
        ("auth", "user", {**XOAUTH2, "user": "me\1auth=Bearer x"}),
        ("auth", "user", {**XOAUTH2, "user": None}),
        ("auth", "secret", {**XOAUTH2, "secret": "CANARY\1host=evil"}),
        ("auth", "secret", {"mechanisms": ["PLAIN"], "secret": "CANARY\0x"}),
        ("auth", "secret", {**XOAUTH2, "secret": ""}),
        ("mail", "sender", {**MAIL, "sender": "a@example.edu>\r\nRCPT TO:<b@example.edu"}),
        ("mail", "sender", {**MAIL, "sender": "a@example.edu> SIZE=1"}),
        ("mail", "sender", {**MAIL, "sender": "nobody"}),
        ("mail", "sender", {**MAIL, "sender": "a@example.edu\n"}),
        ("rcpt", "recipient", {**MAIL, "recipient": "a@example.edu\r\nDATA"}),
        ("rcpt", "recipient", {**MAIL, "recipient": "jürgen@example.edu"}),
        ("data", "message", {"message": "a\r\n.\nMAIL FROM:<b@example.edu>\r\n"}),
        ("data", "message", {"message": "a\r.\r\n"}),
        ("data", "message", {"message": "ü\r\n"}),
        ("data", "message", {"message": "\0\r\n"}),
    ]
]  # fmt: skip

CASES = [*SIGN_INS, *MAILS, *REPLIES, *ODD_SERVERS]


# -- forms

FORM = {
    "op": "post",
    "fields": {"grant_type": "refresh_token", "client_id": "maps", "refresh_token": "CANARYold/+1"},
    "basic": None,
    "ca_file": None,
    "timeout": 10,
    "keys": ["error", "error_description", "access_token", "expires_in"],
    "shown": ["error", "error_description", "expires_in"],
}
ANSWER = '{"access_token": "CANARYnew", "expires_in": 3600, "CANARYname": "CANARY"}'
SHOWN = '{"access_token": "***", "expires_in": 3600, "***": "***"}'
LENGTH = f"Content-Length: {len(ANSWER)}"


@dataclass
class PostCase:
    """`answer`: what is said after the request, over TLS unless `script` is another."""

    name: str
    answer: str
    facts: dict[str, Any]
    given: dict[str, Any] = field(default_factory=dict)
    script: list[str] = field(default_factory=lambda: ["TLS", "H"])


def _ok(body: str | None = SHOWN, status: int = 200) -> dict[str, Any]:
    done = status == 200
    return {"done": done, "status": status, "body": body, "error": None, "about": None}


def _no(error: str, **more: Any) -> dict[str, Any]:
    return {"done": False, "status": None, "body": None, "error": error, **more}


POSTS = [
    PostCase("a length", f"HTTP/1.1 200 OK\r\n{LENGTH}\r\n\r\n{ANSWER}", _ok()),
    PostCase("no length", f"HTTP/1.0 200 OK\r\n\r\n{ANSWER}", _ok()),
    PostCase("cut off", f"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{ANSWER}", _ok()),
    PostCase(
        "chunks",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        f"{len(ANSWER):x};a=b\r\n{ANSWER}\r\n0\r\n\r\n",
        _ok(),
    ),
    PostCase(
        "another first",
        f"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n{LENGTH}\r\n\r\n{ANSWER}",
        _ok(),
    ),
    PostCase(
        "refused, with an echo",
        'HTTP/1.1 400 No\r\n\r\n{"error": "invalid_grant", "error_description": "not CANARYold\\/'
        '\\u002B1 or CANARYold%2f%2b1", "error": null, "x": 5}',
        _ok(
            '{"error": "invalid_grant", "error_description": "not *** or ***", "error": null, '
            '"***": "***"}',
            400,
        ),
    ),
    PostCase(
        "refused, with an echo of its client",
        f'HTTP/1.1 401 No\r\n\r\n{{"error": "not {encoded("maps:CANARY%3Asecret")}"}}',
        _ok('{"error": "not ***"}', 401),
        {"basic": ["maps", "CANARY:secret"]},
    ),
    PostCase("no JSON", "HTTP/1.1 503 Busy\r\n\r\n<html>CANARY</html>", _ok(None, 503)),
    PostCase("nothing", "HTTP/1.1 204 Empty\r\n\r\n", _ok("", 204)),
    PostCase("a redirect", "HTTP/1.1 307 There\r\nLocation: https://e/\r\n\r\n{}", _ok("{}", 307)),
    PostCase(
        "large", "HTTP/1.1 200 OK\r\n\r\n" + "[" * 70000, _ok("[" * 3997 + "..."),
    ),
    PostCase("no HTTP", "220 hello\r\n\r\n", _no("no_http")),
    PostCase(
        "no chunk",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        _no("no_http"),
    ),
    PostCase("closed at once", "", _no("closed")),
    PostCase("not trusted", "", _no("certificate"), {"ca_file": None}),
    PostCase("no CA file", "", _no("ca_file"), {"ca_file": "/nowhere/ca.pem"}),
    PostCase("no TLS", "no", _no("tls"), script=["C"]),
    PostCase("no answer", "", _no("timeout", about="0.5 s"), {"timeout": SHORT}, ["TLS", "WAIT"]),
    PostCase("a drip", "", _no("timeout", about="0.5 s"), {"timeout": SHORT}, ["TLS", "H", "DRIP"]),
    PostCase("in the clear", "", _no("no_https"), {"url": "http://login.example.edu/token"}),
    PostCase("another scheme", "", _no("no_https"), {"url": "file:///etc/passwd"}),
    PostCase("a line break", "", _no("unsendable", about="url"), {"url": "https://a/b c"}),
    PostCase("no port", "", _no("unsendable", about="url"), {"url": "https://a:b/"}),
]  # fmt: skip
