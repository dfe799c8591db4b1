"""What a host sends to verify an entry, and what the answers say of it."""

import json

import pytest
from msgspec.structs import replace

from provisioner.host.post_check import (
    CheckContext,
    elsewhere,
    is_complete,
    limits,
    results,
    rounds,
    server_check,
)
from provisioner.host.protocol import MailAnswer, PostAnswer
from tests.unit.deploy.runs import entry, limit, mail, oauth2_entry

URL = "https://login.example.edu/token"
CONTEXT = CheckContext(host="maps1", run_id="run-1", document="generation 7, 0a1b", ca_file="/ca")


def check(of=None, **given):
    of = of or oauth2_entry()
    given = {"mail": mail("reports@example.edu"), "limit": None, "refresh_at": URL, **given}
    return server_check(of["server_name"].casefold(), of, CONTEXT, **given)


SENT = MailAnswer(done=True, stage="data", code=250)


def post(status=200, body=None, **facts):
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    return PostAnswer(done=status == 200, status=status, body=text, **facts)


def heard(*answers, of=None, **given):
    """What the answers say of the one check."""
    given = {"before": {}, "skew": None, **given}
    return dict(results([of or check()], answers, **given)).get("reports")


# -- what is sent


def test_the_message_says_which_run_and_which_document():
    smtp, form = check().operations
    assert "generation 7, 0a1b" in smtp["message"]
    assert "X-Maps-Provisioner-Run: run-1" in smtp["message"]
    assert (smtp["sender"], smtp["recipient"]) == ("reports@example.edu", "postmaster@example.edu")
    assert smtp["secret"] == "access token 1"
    assert (smtp["ca_file"], form["ca_file"]) == ("/ca", "/ca")


def test_to_sign_in_is_less():
    [smtp] = check(mail=None, refresh_at=None).operations
    assert smtp["message"] is None
    assert (check(mail=None).proof, check().proof) == ("authenticated", "sent")


@pytest.mark.parametrize(
    ("method", "fields", "basic"),
    [
        ("client_secret_post", {"client_id": "client", "client_secret": "client secret"}, None),
        (None, {"client_id": "client", "client_secret": "client secret"}, None),
        ("client_secret_basic", {}, ["client", "client secret"]),
        ("none", {"client_id": "client"}, None),
    ],
)
def test_the_form_of_a_refresh(method, fields, basic):
    of = oauth2_entry()
    of["oauth2"]["token"]["token_endpoint_auth_method"] = method
    form = check(of).operations[1]
    given = {"grant_type": "refresh_token", "refresh_token": "refresh token 1"}
    assert (form["url"], form["fields"], form["basic"]) == (URL, given | fields, basic)
    of["oauth2"]["scope_for_token"] = "smtp"
    assert check(of).operations[1]["fields"]["scope"] == "smtp"


@pytest.mark.parametrize(
    ("changes", "tried"),
    [
        ({}, True),
        ({"access_token_url": "https://elsewhere.example.edu/token"}, False),
        ({"access_token_url": "https://x.example.edu/token", "refresh_token_url": URL}, True),
        ({"refresh_token_url": "https://elsewhere.example.edu/token"}, False),
        ({"token": None}, False),
    ],
)
def test_a_refresh_is_tried_at_the_place_that_the_controller_knows(changes, tried):
    of = oauth2_entry()
    of["oauth2"].update(changes)
    assert (check(of).refresh is not None) is tried
    assert check(of, refresh_at=None).refresh is None
    assert check(entry()).refresh is None


@pytest.mark.parametrize(
    "changes",
    [
        {"port": "twenty-five"},
        {"port": 0},
        {"port": 65536},
        {"host": None},
        {"use_tls": 1},
        {"smtp_security_level": "strong"},
        {"user_name": ["x"]},
        {"password": 5},
        {"client_name": {}},
    ],
)
def test_an_entry_that_a_person_spoilt_is_not_tried(changes):
    assert is_complete(entry())
    assert is_complete(oauth2_entry())
    assert not is_complete({**entry(), **changes})
    bare = {"host": "x", "port": 25, "use_tls": False, "smtp_security_level": "none"}
    assert is_complete(bare)
    assert not is_complete({k: v for k, v in bare.items() if k != "port"})


def test_whether_another_place_answers():
    there = elsewhere(entry(port=25), entry(port=26), CONTEXT)
    assert (there["port"], there["mechanisms"], there["secret"], there["message"]) == (
        *(26, [], None, None),
    )
    assert elsewhere(entry(), entry(use_tls=False), CONTEXT) is not None
    assert elsewhere(entry(), entry(host="x"), CONTEXT) is not None
    assert elsewhere(entry(), entry(password="another"), CONTEXT) is None
    assert elsewhere(entry(port=25), {**entry(), "port": "x"}, CONTEXT) is None
    assert elsewhere(entry(), None, CONTEXT) is None


def test_a_level_that_only_maps_speaks_is_known_before():
    known = check(entry(smtp_security_level="cram_sha1")).foreseen()
    assert (known.proof, known.wrong) == ("unverifiable", False)
    nobody = check(entry(user_name=None)).foreseen()
    assert nobody is None or nobody.proof is None
    assert check().foreseen() is None


def test_rounds_keep_to_what_a_minute_allows():
    def names(*checks):
        return ["".join(one.key for one in group) for group in rounds(checks)]

    some = [check(entry(name), limit=limit(2)) for name in "abc"]
    other = check(entry("d"), limit=replace(limit(1), mailbox="other"))
    free = check(entry("e"))
    assert names(*some, other, free) == ["abde", "c"]
    less = [check(entry("f"), limit=limit(1)), check(entry("g"), limit=limit(5))]
    assert names(*less) == ["f", "g"]
    assert names(*[check(entry("x"), limit=limit(connections=1))] * 21) == ["x" * 20, "x"]
    assert limits([free, other]) == [other.limit]


# -- what a refresh says

GOOD = {"access_token": "***", "expires_in": 3600}
AADSTS = "AADSTS7000222: The provided client secret keys are expired."


@pytest.mark.parametrize(
    ("answer", "outcome", "error", "code"),
    [
        (post(body=GOOD), "verified", None, None),
        (post(400, {"error": "invalid_grant"}), "wrong", "invalid_grant", None),
        (post(401, {"error": "invalid_client"}), "wrong", "invalid_client", None),
        (
            post(401, {"error": "invalid_client", "error_description": AADSTS}),
            *("wrong", "invalid_client", "AADSTS7000222"),
        ),
        (post(400, {"error": "interaction_required"}), "wrong", "interaction_required", None),
        (post(200, {"error": "invalid_grant"}), "wrong", "invalid_grant", None),
        # what passes by itself, and what is no answer of a token endpoint
        (post(500, {"error": "invalid_grant"}), "inconclusive", "invalid_grant", None),
        (post(400, {"error": "slow_down"}), "inconclusive", "slow_down", None),
        (post(503, None), "inconclusive", None, None),
        (post(429, ""), "inconclusive", None, None),
        (post(429, {"error": "invalid_grant"}), "inconclusive", "invalid_grant", None),
        (post(302, None), "inconclusive", None, None),
        (post(200, {}), "inconclusive", None, None),
        (post(200, []), "inconclusive", None, None),
        (post(200, {"access_token": 5}), "inconclusive", None, None),
        (post(400, GOOD), "inconclusive", None, None),
        (post(200, "[" * 4000), "inconclusive", None, None),
        (post(400, {"error": "two words"}), "inconclusive", None, None),
        (post(400, {"error": "x" * 61}), "inconclusive", None, None),
        (post(400, {"error": ["invalid_grant"]}), "inconclusive", None, None),
        (post(400, {"error_description": 5}), "inconclusive", None, None),
        # no answer
        *(
            (post(None, error=error), outcome, error, None)
            for error, outcome in {
                "certificate": "wrong",
                "unknown_host": "wrong",
                "no_host_name": "wrong",
                "ca_file": "wrong",
                "no_https": "wrong",
                "unreachable": "unreachable",
                "unresolved": "unreachable",
                "timeout": "unreachable",
                "tls": "unreachable",
                "no_http": "unreachable",
            }.items()
        ),
    ],
)  # fmt: skip
def test_a_refresh_as_a_trial(answer, outcome, error, code):
    result = heard(SENT, answer)
    said = result.refresh
    assert (said.outcome, said.error, said.code) == (outcome, error, code)
    assert said.http_status == answer.status
    assert result.wrong is (outcome == "wrong")
    assert result.proof == (None if outcome == "wrong" else "sent")


# -- what is heard


@pytest.mark.parametrize(
    ("code", "reply", "outcome"),
    [
        (550, "5.1.90 Your message can't be sent: the daily limit is reached", "inconclusive"),
        (554, "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceeded", "inconclusive"),
        (554, "5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException", "wrong"),
        (554, "5.2.252 SendAsDenied", "wrong"),
    ],
)
def test_a_daily_limit_is_not_the_fault_of_the_document(code, reply, outcome):
    result = heard(MailAnswer(done=False, stage="data", code=code, reply=reply))
    assert result.smtp.outcome == outcome


def test_answers_that_a_list_has_not_reached_say_nothing():
    assert heard() is None
    assert heard(replace(SENT, done=False, reason="locked")) is None
    first = heard(SENT)
    assert (first.refresh, first.proof, first.attempts) == (None, "sent", 1)
    locked = heard(SENT, PostAnswer(done=False, reason="locked"))
    assert locked.refresh is None


def test_a_refused_email_is_no_proof_and_a_second_attempt_is_counted():
    refused = MailAnswer(done=False, stage="auth", code=535, reply="5.7.8 no")
    result = heard(refused)
    assert (result.wrong, result.proof, result.attempts) == (True, None, 1)
    again = heard(SENT, before={"reports": result})
    assert (again.proof, again.attempts) == ("sent", 2)


def test_each_answer_is_of_its_server():
    """Behind a refused email nothing is done, so no form was sent for it."""
    checks = [check(entry("a")), check(oauth2_entry("b")), check(entry("c"))]
    answers = [SENT, SENT, post(400, {"error": "temporarily_unavailable"})]
    found = dict(results(checks, answers, {}, None))
    assert list(found) == ["a", "b"]
    assert found["b"].refresh is not None
    assert found["a"].refresh is None
    assert dict(results(checks, [SENT, SENT, post(body=GOOD), SENT], {}, None))["c"].proof == "sent"


@pytest.mark.parametrize(
    ("error", "about", "skew", "outcome"),
    [
        ("certificate", "certificate has expired", 301.0, "inconclusive"),
        ("certificate", "certificate is not yet valid", -301.0, "inconclusive"),
        ("certificate", "certificate has expired", 300.0, "wrong"),
        ("certificate", "certificate has expired", None, "wrong"),
        ("certificate", "hostname mismatch", 301.0, "wrong"),
        ("tls", "the session has expired", 301.0, "wrong"),
    ],
)
def test_a_certificate_s_time_on_a_host_whose_clock_is_off(error, about, skew, outcome):
    answer = MailAnswer(done=False, stage="tls", error=error, about=about)
    result = heard(answer, skew=skew)
    assert (result.smtp.outcome, result.smtp.passing) == (outcome, False)
