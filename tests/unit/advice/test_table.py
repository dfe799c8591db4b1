"""The table of errors: each row wins for examples made out of it, and each known code has a row."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest

from provisioner.advice import explain as module
from provisioner.advice.explain import ACTORS, UNKNOWN_FACTS, Advice, explain, first_row, rows
from provisioner.advice.refusal import Stage, refusal_from
from provisioner.model.email_server import OAuth2Settings

PAGE = Path(module.__file__).with_name("catalogue.md").read_text(encoding="utf-8")
AT_PROVIDERS = [*(stage.name.lower() for stage in Stage), "host", "https", "page"]
IN_SMTP = ("resolve", "connect", "greeting", "tls", "ehlo", "starttls", "auth", "mail", "rcpt",
           "data")  # fmt: skip
OUTCOMES = ("wrong", "unreachable", "inconclusive", "unverifiable")
LAST = rows()[-1]
[LAST_AT_PROVIDERS] = [row for row in rows() if not row.code and not row.text and row.where]


class Example(NamedTuple):
    """An error that a row is for."""

    stage: str
    said: frozenset[str]
    text: str
    provider: str


def examples(row):
    """One of each combination of alternatives."""
    parts = [words or ((),) for words in (row.where, row.code, row.text, row.provider)]
    for where, code, text, provider in product(*parts):
        yield Example("".join(where), frozenset(code), " ".join(text), "".join(provider))


def name(row):
    return "-".join("+".join(words[0]) for words in (row.where, row.code, row.text) if words)


each_row = pytest.mark.parametrize("row", rows(), ids=name)


@each_row
def test_each_alternative_of_a_row_is_won_by_it(row):
    for stage, *error in examples(row):
        stages = [stage] if stage else [*AT_PROVIDERS, *IN_SMTP]
        assert any(first_row(stage, *error) == row for stage in stages), (stage, *error)


@each_row
def test_a_row_is_well_formed(row):
    """What would never fit, or never be filled in, or point nowhere."""
    assert {word for (word,) in row.where} <= {*AT_PROVIDERS, *IN_SMTP}
    assert not any(word != word.casefold() for words in row.text for word in words)
    for code in (word for words in row.code for word in words):
        assert code in OUTCOMES or re.fullmatch(
            r"AADSTS\d{5,7}|[a-z]+(_[a-z]+)+|[2-5]\d\d|[45]\.\d+\.\d+|334:\w+|certificate|tls", code
        )
    advice = row.advice
    assert advice.cause
    assert advice.remedy
    assert "{" not in f"{advice.with_facts()}"
    assert "{" not in advice.cause or row.where == (("auth",),), "refusals show it as it is"
    declared = {f"oauth2.{field.name}" for field in fields(OAuth2Settings)}
    assert advice.field in {"", *declared}


def test_every_line_of_the_page_is_read():
    columns = Counter(line.count("|") - 1 for line in PAGE.splitlines() if line.startswith("|"))
    assert columns.keys() == {2, 8}
    assert columns[8] == len(set(rows())) + 2 * PAGE.count("| where | code |")
    assert {f"`{who}`" for who in ACTORS} <= set(re.findall("`[a-z]+`", PAGE))
    assert set(re.findall(r"{(\w+)}", PAGE)) == set(UNKNOWN_FACTS)


# What providers and mail servers are known to say, and where.
KNOWN_CODES = {
    "callback": "access_denied invalid_request unauthorized_client unsupported_response_type "
    "unsupported_response_mode invalid_scope server_error temporarily_unavailable invalid_target "
    "admin_policy_enforced org_internal",
    "page": "redirect_uri_mismatch access_denied invalid_request admin_policy_enforced "
    "org_internal disallowed_useragent invalid_client deleted_client",
    "exchange": "invalid_client invalid_grant invalid_scope unsupported_grant_type server_error",
    "refresh": "interaction_required login_required consent_required invalid_grant invalid_rapt "
    "invalid_client unauthorized_client deleted_client",
    "device": "authorization_pending slow_down expired_token access_denied invalid_grant",
    "host": "invalid_client invalid_grant invalid_request invalid_scope unauthorized_client "
    "unsupported_grant_type interaction_required login_required consent_required "
    "insecure_token_url no_https certificate tls ca_file unknown_host no_host_name unreachable "
    "inconclusive",
}
AADSTS = """
50011 900971 90102 70004 65001 65004 90094 90095 650056 650057 65005 650053 65002 650052 500011
28000 700022 28002 28003 70011 700023 1002012 700016 700011 7000112 70001 7000215 70002 7000222
7000218 700025 9002325 501481 50147 501491 54005 70000 70008 700082 700084 70043 50173 50133 50132
50076 50079 50074 50072 50078 53003 530032 53000 53001 530035 50105 50020 500208 16000 50194
9002332 9001023 90124 90130 90002 50059 90038 900382 900432 700005 90014 900144 9002313 900561
90056 50034 50057 50053 50055 50126 50196 90055 90033 90006 90024 50033 70016 70018 70019 90120
70005 70007
"""


@pytest.mark.parametrize("stage", KNOWN_CODES)
def test_each_known_code_has_a_row(stage):
    for code in KNOWN_CODES[stage].split():
        assert first_row(stage, {code}) not in (LAST, LAST_AT_PROVIDERS), code


@pytest.mark.parametrize("stage", ["callback", "page", "exchange", "refresh", "host", "device"])
def test_each_code_of_microsoft_has_a_row_whatever_the_error_beside_it(stage):
    for code in (f"AADSTS{number}" for number in AADSTS.split()):
        row = first_row(stage, {code, "invalid_grant"}, f"{code}: words")
        assert any(code in words for words in row.code), code


@pytest.mark.parametrize(
    ("stage", "said", "text", "cause"),
    [
        # Told with another error's words before.
        ("exchange", "invalid_grant AADSTS70008", "", "the code is not valid"),
        ("exchange", "invalid_grant AADSTS70000", "", "the code is not valid"),
        ("refresh", "invalid_grant AADSTS70008", "", "unused for 90 days"),
        ("host", "invalid_grant AADSTS70000", "", "refresh token is not valid"),
        ("host", "tls unreachable", "", "no TLS version in common"),
        ("host", "slow_down inconclusive", "", "gave no conclusive response"),
        ("callback", "unsupported_response_mode", "", "response_mode"),
        ("page", "", "This app is blocked", "Google blocks the app"),
        ("page", "invalid_request", "Access blocked: This app's request is invalid", "parameter"),
        ("page", "", "The loopback flow has been blocked to", "Android, iOS, Chrome app"),
        ("callback", "invalid_request", "The loopback flow has been blocked to", "Android, iOS"),
        # Google has no codes for these.
        ("refresh", "invalid_grant", "Token has been expired or revoked.", "7 days old"),
        ("exchange", "invalid_grant", "Bad Request", "clock"),
        ("device", "invalid_scope", "Invalid device flow scope: x", "not give the scope of mail"),
        # Yahoo, Zoho and Microsoft have names of their own for errors of the standard.
        ("refresh", "invalid_refresh_token", "", "refresh token is no longer valid"),
        ("refresh", "invalid_code", "", "refresh token is no longer valid"),
        ("exchange", "invalid_code", "", "the code was used twice"),
        ("refresh", "invalid_client_secret", "", "does not accept the client secret"),
        ("exchange", "invalid_redirect_uri", "", "redirect address is not the one"),
        ("refresh", "Access Denied", "You have made too many requests continuously.", "too many"),
        ("device", "authorization_declined", "", "refused on the page"),
        ("device", "bad_verification_code", "", "the code was used before"),
        # At a revocation endpoint nobody signs in and no code is exchanged.
        ("revocation", "unsupported_token_type", "", "revokes no refresh tokens"),
        ("revocation", "invalid_request", "", "the revocation endpoint"),
        ("revocation", "unauthorized_client", "", "the revocation endpoint"),
        ("revocation", "access_denied", "", "the revocation endpoint"),
        ("exchange", "never_heard_of", "", "the provider refused"),
        ("host", "vendor_special wrong", "", "the provider refused"),
    ],
)
def test_what_providers_say(stage, said, text, cause):
    assert cause in explain(stage, set(said.split()), text).cause


def test_a_client_secret_is_refused_in_the_same_words_here_and_on_a_host():
    here, there = (explain(stage, {"invalid_client"}) for stage in ("refresh", "host"))
    assert here == there
    assert here.actor == ACTORS["you"]


def test_text_of_strangers_is_read_to_a_bound_and_matches_nothing_by_itself():
    far = "x" * 10_000 + "loopback flow blocked"
    assert explain("callback", {"invalid_request"}, far) == explain("callback", {"invalid_request"})
    for odd in ("{tenant}", "(.*)+$", "|", "+", "", "\0"):
        assert first_row("exchange", {odd}, odd, odd) == LAST_AT_PROVIDERS
        assert first_row(odd, {odd}, odd, odd) == LAST
        filled = Advice("cause", "{scope}", "").with_facts(scope=odd)
        assert filled.remedy == (odd or "the one for SMTP")


def test_the_table_is_read_when_an_error_is_told_and_not_before():
    rows.cache_clear()
    refusal = refusal_from({"error": "slow_down"}, stage=Stage.DEVICE, host="h")
    assert rows.cache_info().currsize == 0
    assert "the code is not entered yet" in refusal.message()
    assert rows.cache_info().currsize == 1
