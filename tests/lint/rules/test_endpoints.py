"""The URLs: tenants, providers, versions, hosts and what stands behind a question mark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from provisioner.lint.selection import asked_for
from provisioner.lint.verdict import reach_verdict
from tests.lint.oauth2_servers import GOOGLE, MICROSOFT, UNKNOWN, found
from tests.loading import load

SIGN_IN, TOKEN, REFRESH = (
    f"/oauth2/{name}_url" for name in ("authorization", "access_token", "refresh_token")
)
ID, OTHER_ID = "2a4f61c7-90d3-4be5-8f12-7c6d0e35ab98", "7b0c5d2e-1f43-49a6-8e70-5d9132c4fa6b"
CONSUMERS_ID = "9188040d-6c67-4c5b-b112-36a304b66dad"
HOST = "https://login.microsoftonline.com"


def urls(sign_in: str, token: str, refresh: str | None = None) -> dict[str, Any]:
    return {
        "authorization_url": f"{HOST}/{sign_in}/oauth2/v2.0/authorize",
        "access_token_url": f"{HOST}/{token}/oauth2/v2.0/token",
        "refresh_token_url": f"{HOST}/{refresh}/oauth2/v2.0/token" if refresh else None,
    }


@pytest.mark.parametrize(
    ("tenants", "pointer"),
    [
        ((ID, OTHER_ID), TOKEN),
        (("common", ID), SIGN_IN),
        (("common", "organizations"), SIGN_IN),
        (("contoso.edu", "common"), TOKEN),
        ((ID, ID, OTHER_ID), REFRESH),
        ((ID, ID, "consumers"), REFRESH),
        ((ID, ID.upper(), ID), None),
        (("contoso.edu", ID, "contoso.onmicrosoft.com"), None),
        (("contoso.edu", "example.edu"), None),
    ],
)
def test_tenants(tenants: tuple[str, ...], pointer: str | None) -> None:
    expected = set() if pointer is None else {("tenants-differ", pointer)}
    assert found(MICROSOFT, **urls(*tenants)) == expected


def test_the_tenant_of_persons_has_two_names() -> None:
    mailbox = {"host": "smtp-mail.outlook.com", "user_name": "reports@outlook.com"}
    assert found(MICROSOFT, **urls("consumers", CONSUMERS_ID, "consumers"), **mailbox) == set()


@pytest.mark.parametrize(
    ("tenant", "host", "mailbox", "is_warned"),
    [
        ("common", "smtp.office365.com", "reports@example.edu", True),
        ("organizations", "smtp.office365.com", "reports@example.edu", True),
        ("common", "smtp.office365.com", None, True),
        ("common", "relay.example.edu", "reports", False),
        ("common", "smtp-mail.outlook.com", "reports@hotmail.com", False),
        ("common", "smtp-mail.outlook.com", None, False),
        ("common", "smtp.office365.com", "reports@outlook.fr", False),
        ("organizations", "smtp-mail.outlook.com", "reports@hotmail.com", True),
        ("consumers", "smtp.office365.com", "reports@example.edu", True),
        ("consumers", "smtp.office365.com", None, True),
        ("consumers", "smtp.office365.com", "reports@live.com", False),
        ("consumers", "smtp-mail.outlook.com", "reports@hotmail.co.uk", False),
        ("consumers", "smtp-mail.outlook.com", "reports@example.org", False),
        (ID, "smtp-mail.outlook.com", "reports@outlook.com", True),
        (ID, "smtp.office365.com", "reports@live.example.edu", False),
        ("contoso.edu", "smtp.office365.com", None, False),
    ],
)
def test_a_tenant_and_a_mailbox(
    tenant: str, host: str, mailbox: str | None, is_warned: bool
) -> None:
    expected = {("wrong-tenant", SIGN_IN)} if is_warned else set()
    if mailbox is None:
        expected |= {("unknown-mailbox", "/smtp_security_level")}
    assert found(MICROSOFT, **urls(tenant, tenant), host=host, user_name=mailbox) == expected


def test_the_delegate_of_a_shared_mailbox_is_who_signs_in() -> None:
    same = urls("consumers", "consumers")
    assert found(MICROSOFT, **same, login_hint="jane@outlook.com") == set()


@pytest.mark.parametrize(
    ("sign_in", "token", "pointers"),
    [
        ("oauth2/authorize", "oauth2/token", {SIGN_IN, TOKEN}),
        ("oauth2/v2.0/authorize", "oauth2/token/", {TOKEN}),
        ("oauth2/authorize?resource=https://outlook.office.com", "oauth2/token", set()),
        ("oauth2/v2.0/authorize?p=policy", "oauth2/v2.0/token?p=policy", set()),
    ],
)
def test_version_1(sign_in: str, token: str, pointers: set[str]) -> None:
    changed = {
        "authorization_url": f"{HOST}/contoso.edu/{sign_in}",
        "access_token_url": f"{HOST}/contoso.edu/{token}",
    }
    assert found(MICROSOFT, **changed) == {("outdated-endpoint", pointer) for pointer in pointers}


@pytest.mark.parametrize(
    ("url", "is_warned"),
    [
        ("https://oauth2.googleapis.com/token", False),
        ("https://accounts.google.com/o/oauth2/token", True),
        ("https://www.googleapis.com/oauth2/v3/token", True),
        ("https://www.googleapis.com/oauth2/v4/token", True),
    ],
)
def test_token_endpoints_of_google(url: str, is_warned: bool) -> None:
    expected = {("superseded-endpoint", TOKEN)} if is_warned else set()
    assert found(GOOGLE, access_token_url=url) == expected
    older = "https://accounts.google.com/o/oauth2/auth"
    assert found(GOOGLE, access_token_url=url, authorization_url=older) == expected


@pytest.mark.parametrize("path", ["oauth2/token", "o/oauth2/token", "oauth2/v4/token"])
def test_such_a_path_elsewhere_means_nothing(path: str) -> None:
    assert found(UNKNOWN, access_token_url=f"https://sso.example.edu/{path}") == set()


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("https://oauth2.googleapis.com/token", "providers-differ"),
        ("https://login.microsoftonline.us/contoso.edu/oauth2/v2.0/token", "providers-differ"),
        ("https://sso.example.edu/token", "refresh-host-differs"),
        ("https://login.windows.net/contoso.edu/oauth2/v2.0/token", None),
        ("https://login.microsoftonline.com:443/contoso.edu/oauth2/v2.0/token", None),
    ],
)
def test_a_refresh_token_url_elsewhere(url: str, rule: str | None) -> None:
    assert found(MICROSOFT, refresh_token_url=url) == ({(rule, REFRESH)} if rule else set())


def test_a_token_url_of_another_provider_is_said_once() -> None:
    token = GOOGLE["oauth2"]["access_token_url"]
    assert found(MICROSOFT, access_token_url=token) == {("providers-differ", TOKEN)}


@pytest.mark.parametrize(
    ("field", "url", "expected"),
    [
        ("access_token_url", "https://tokens.example.edu/token", set()),
        (
            "access_token_url",
            "https://tokens.example.net/token",
            {("endpoint-hosts-differ", TOKEN)},
        ),
        ("access_token_url", "https://a b/token", {("url-form", TOKEN)}),
        ("refresh_token_url", "https://tokens.example.edu/token", set()),
        (
            "refresh_token_url",
            "https://tokens.example.net/token",
            {("refresh-host-differs", REFRESH)},
        ),
        ("authorization_url", "https://localhost/a", {("endpoint-hosts-differ", TOKEN)}),
    ],
)
def test_strangers_are_of_one_domain(field: str, url: str, expected: set[tuple[str, str]]) -> None:
    assert found(UNKNOWN, **{field: url}) == expected


def test_a_stranger_beside_a_known_provider() -> None:
    expected = {("endpoint-hosts-differ", TOKEN)}
    assert found(GOOGLE, access_token_url="https://proxy.example.edu/token") == expected


def test_a_project_says_which_hosts_belong_together() -> None:
    refresh = "https://tokens.example.net/token"
    facts = {"sso.example.edu": {"endpoints": ["sso.example.edu", "tokens.example.net"]}}
    assert found(UNKNOWN, refresh_token_url=refresh, facts=facts) == set()
    facts = {"sso.example.edu": {"endpoints": ["tokens.example.net"]}}
    assert found(UNKNOWN, refresh_token_url=refresh, facts=facts)


LOOKALIKE = "https://login.micros0ftonline.com/contoso.edu/oauth2/v2.0/token"


@pytest.mark.parametrize(
    ("comment", "ignore", "expected"),
    [
        ("", (), {"lookalike-endpoint"}),
        ("  # provisioner: ignore[lookalike-endpoint] ours", (), {"endpoint-hosts-differ"}),
        ("", ("lookalike-endpoint",), {"endpoint-hosts-differ"}),
        (
            "  # provisioner: ignore[lookalike-endpoint, endpoint-hosts-differ] ours",
            (),
            {"endpoint-hosts-differ", "unused-ignore"},
        ),
    ],
)
def test_an_ignored_lookalike_still_does_not_belong_to_the_others(
    comment: str, ignore: tuple[str, ...], expected: set[str], tmp_path: Path
) -> None:
    path = tmp_path / "server.yml"
    server = {**MICROSOFT, "oauth2": {**MICROSOFT["oauth2"], "access_token_url": LOOKALIKE}}
    path.write_text(yaml.safe_dump(server, width=1000).replace(LOOKALIKE, LOOKALIKE + comment))
    verdict = reach_verdict(load(path), asked=asked_for(ignore=ignore))
    assert {finding.rule for finding in verdict.findings} == expected


@pytest.mark.parametrize(
    "settings",
    ["[]", "providers: x", "providers: {a: [x], b: {endpoints: {c: d}, issuer: 5}}", "providers:"],
)
def test_settings_of_a_wrong_shape_are_the_schemas(settings: str, tmp_path: Path) -> None:
    path = tmp_path / "provisioner.yml"
    path.write_text(settings)
    verdict = reach_verdict(load(path))
    assert verdict.crashed == ()
    assert "lookalike-endpoint" not in {finding.rule for finding in verdict.findings}


@pytest.mark.parametrize(
    ("query", "is_wrong"),
    [
        ("access_type=offline&prompt=consent&hd=example.edu&login_hint=a@example.edu", False),
        ("include_granted_scopes=true&response_mode=query", False),
        ("client_id=x", True),
        ("state=", True),
        ("redirect_uri=http://localhost&hd=example.edu", True),
        ("code_challenge=x&code_challenge_method=S256", True),
        ("scope=https://mail.google.com/", True),
    ],
)
def test_what_the_sign_in_sets_itself(query: str, is_wrong: bool) -> None:
    url = f"{GOOGLE['oauth2']['authorization_url']}?{query}"
    expected = {("misplaced-parameter", SIGN_IN)} if is_wrong else set()
    assert found(GOOGLE, authorization_url=url) == expected


def test_a_field_and_the_query_say_the_same_thing_twice() -> None:
    url = f"{GOOGLE['oauth2']['authorization_url']}?prompt=consent"
    expected = {("misplaced-parameter", SIGN_IN)}
    assert found(GOOGLE, authorization_url=url, prompt="consent") == expected


@pytest.mark.parametrize("field", ["access_token_url", "refresh_token_url"])
@pytest.mark.parametrize(
    ("query", "is_wrong"),
    [("p=policy", False), ("tenant=a", False), ("access_type=offline", True), ("scope=a", True)],
)
def test_what_travels_in_the_body(field: str, query: str, is_wrong: bool) -> None:
    url = f"{UNKNOWN['oauth2']['access_token_url']}?{query}"
    expected = {("misplaced-parameter", f"/oauth2/{field}")} if is_wrong else set()
    assert found(UNKNOWN, **{field: url}) == expected


def test_a_secret_in_a_query() -> None:
    url = f"{UNKNOWN['oauth2']['access_token_url']}?client_secret=hunter2"
    assert found(UNKNOWN, access_token_url=url) == {("misplaced-parameter", TOKEN)}


@pytest.mark.parametrize(
    ("field", "value", "is_wrong"),
    [
        ("scope_for_authorize", "smtp access_type=offline", True),
        ("scope_for_token", "scope=smtp", True),
        ("scope_for_authorize", "campus=north smtp", False),
        ("prompt", "access_type=offline", True),
    ],
)
def test_a_parameter_in_a_field(field: str, value: str, is_wrong: bool) -> None:
    expected = {("misplaced-parameter", f"/oauth2/{field}")} if is_wrong else set()
    assert found(UNKNOWN, **{field: value}) == expected
