"""Made-up servers: whatever one says and when, there are facts, and no secret in them."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from provisioner.smtp.client import SmtpAccount, SmtpAnswer, judge
from tests.hosts.smtp.conversation_cases import FORM, MESSAGE, OPERATION, encoded
from tests.hosts.smtp.talk import answer
from tests.support.scripted_smtp import scripted_server
from tests.support.strategies.effort import generated
from tests.support.strategies.odd_text import odd_texts

pytestmark = pytest.mark.long

SECRET = 'CANARYsecret0x\u00e4"\\/+ and more'
MECHANISMS = ("XOAUTH2", "OAUTHBEARER", "PLAIN", "LOGIN", "CRAM-MD5")
OUTCOMES = {"sent", "authenticated", "wrong", "unreachable", "inconclusive"}
ACCOUNT = SmtpAccount(host="mail", port=587, use_tls=True, smtp_security_level="plain")

codes = st.sampled_from(("235", "250", "250", "334", "354", "421", "454", "535", "999", "2x0", ""))
words = st.sampled_from(
    (
        *("", "5.7.8 no", "5.4.5 limit", "AUTH=CRAM-MD5", "auth xoauth2", "x" * 600, "***"),
        *(SECRET, SECRET[3:], json.dumps(SECRET), encoded(SECRET), encoded('{"a":1e400,"b":NaN}')),
    )
) | odd_texts.map(lambda text: text.encode("utf-8", "ignore").decode())
replies = st.tuples(codes, st.sampled_from(" -"), words).map("".join)
talks = st.lists(replies, max_size=12).map(
    lambda said: [
        *("S 220 hello", "C", "R 250-me\r\n250 AUTH " + " ".join(MECHANISMS) + "\r\n"),
        *(step for reply in said for step in ("C", f"S {reply}")),
    ]
)


@generated(80)
@given(talk=talks, mechanism=st.sampled_from(MECHANISMS), early=st.integers(0, 3))
def test_a_conversation_has_facts_and_no_secret(talk, mechanism, early):
    with scripted_server(talk[early if early != 1 else 0 :]) as server:
        given = {"port": server.port, "mechanisms": [mechanism], "message": MESSAGE}
        operation = {**OPERATION, **given, "secret": SECRET, "timeout": 0.1}
        facts = answer(operation)
    assert "CANARY" not in json.dumps(facts)
    result = judge(msgspec.convert(facts, SmtpAnswer, strict=True), ACCOUNT, None)
    assert result.outcome in OUTCOMES
    event(f"{result.outcome} at {result.stage}")


heads = st.sampled_from(
    (
        *("HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 400 No\nX-Odd: 1\n\n", "HTTP/1.1 1 x\r\n\r\n"),
        *("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "HTTP/1.1 200 OK\r\n: \r\n\r\n", ""),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    )
)
bodies = st.sampled_from(
    (
        *('{"access_token": "CANARY1"}', '{"error": "x' + SECRET[:5], "5\r\n[1,2]\r\n0\r\n\r\n"),
        *(json.dumps({"error": SECRET}), '"error" : CANARY', "zz\r\n", "[]"),
    )
)


@generated(60)
@given(said=st.tuples(heads, bodies | odd_texts).map("".join))
def test_an_answer_to_a_form_has_facts_and_no_secret(said):
    said = said.encode("utf-8", "ignore").decode()
    with scripted_server(["H", f"R {said}"]) as server:
        fields = {**FORM["fields"], "client_secret": SECRET}
        given = {"url": f"http://127.0.0.1:{server.port}/", "fields": fields, "timeout": 0.1}
        facts = answer({**FORM, **given})
    assert "CANARY" not in json.dumps(facts).replace(json.dumps(SECRET[:5])[1:-1], "")
    assert (facts["error"] is None) == (facts["status"] is not None)
