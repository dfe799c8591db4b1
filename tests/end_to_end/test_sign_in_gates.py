"""Sign-ins at the real provider that must not end with tokens, and one that looks odd and may."""

import pytest

from tests.end_to_end.project import succeeded

pytestmark = pytest.mark.long


@pytest.fixture
def declared(project, user, provider, mail):
    project.declare("Reports", provider, mail.server("oauth"), user=user)
    return project


@pytest.fixture
def signed_in(declared, user, chromium):
    """There are tokens, which every failed sign-in leaves as they are."""
    succeeded(declared.authenticate("Reports", chromium.person(user)))
    return declared


def refused(project, person, code=6):
    """What the terminal says; the earlier tokens stay, and the browser says it, too."""
    before = tokens(project)
    ended = project.authenticate("Reports", person)
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert tokens(project) == before
    assert "Reports: not signed in" in person.page()["text"]
    assert "Nothing was saved" in person.page()["text"]
    return ended.stderr


def tokens(project):
    return {p.name: p.read_bytes() for p in (project.folder / "tokens").glob("*.yml")}


# What a person does at the provider: (as whom, how, exit code, what the terminal says)
REFUSED = [
    # property 30
    (
        *("", {"untick": ["smtp"]}, 1),
        "Reports: oauth2.scope_for_authorize: requested but not granted: smtp",
        "keep every box checked",
    ),
    # property 29
    (
        *("", {"untick": ["offline_access"]}, 1),
        "Reports: oauth2.prompt: localhost issued no refresh token",
    ),
    # property 31
    (
        *("-other", {}, 6),
        "Reports: user_name: the mail server rejects the token: ",
        "provisioner authenticate Reports --select-account",
    ),
    # property 11
    ("", {"cancel": True}, 6, "the sign-in page at localhost: access_denied"),
]


def test_refused_sign_ins_leave_the_tokens_as_they_are(signed_in, user, chromium):
    for suffix, does, code, *words in REFUSED:
        said = refused(signed_in, chromium.person(f"{user}{suffix}", **does), code)
        assert [word for word in words if word not in said] == [], said

    kept = tokens(signed_in)
    signed_in.environment["REPORTS_SECRET"] = "not-the-one"
    said = refused(signed_in, chromium.person(user))
    assert "Reports: oauth2.client_secret: the code exchange at localhost: invalid_client" in said
    ended = signed_in.run("refresh", "Reports")
    assert ended.returncode == 6, ended.stderr
    assert "Reports: oauth2.client_secret: the refresh at localhost: invalid_client" in ended.stderr
    assert tokens(signed_in) == kept


def test_a_client_that_may_not_have_refresh_tokens(project, user, provider, mail, chromium):
    client = provider.clients["without_refresh"]
    project.declare("Reports", provider, mail.server("oauth"), user=user, client=client)
    assert "issued no refresh token" in refused(project, chromium.person(user), code=1)


def test_property_31_the_account_page_is_asked_for(declared, user, provider, chromium):
    ended = declared.run(
        "authenticate", "Reports", "--select-account", sign_in=chromium.person(user)
    )
    assert "signed in" in succeeded(ended)
    assert "prompt=consent+select_account" in ended.stderr


@pytest.mark.parametrize("client", ["native", "post"])
def test_the_client_proves_itself_as_it_is_registered(
    project, user, provider, mail, chromium, client
):
    project.declare(
        "Reports", provider, mail.server("oauth"), user=user, client=provider.clients[client]
    )
    succeeded(project.authenticate("Reports", chromium.person(user)))
    succeeded(project.run("refresh", "Reports"))


def test_property_04_the_provider_takes_no_request_without_a_challenge(signed_in, provider):
    """So the sign-in that has just succeeded had one, and its verifier was right."""
    request = {
        "client_id": provider.clients["native"].client_id,
        "redirect_uri": "http://localhost:49152",
        "response_type": "code",
        "scope": "openid",
    }
    with provider.session() as session:
        answer = session.get(
            provider.authorization_url, params=request, allow_redirects=False, timeout=10
        )
    assert "error=invalid_request" in answer.headers["location"]
    assert "requires+PKCE" in answer.headers["location"]


def test_property_28_an_old_token_file_brought_back_needs_a_person(
    project, user, rotating_provider, mail, chromium
):
    """As by a checkout of an older commit: the provider has seen that refresh token before."""
    server = mail.trusting(rotating_provider)
    project.declare("Reports", rotating_provider, server, user=user)
    succeeded(project.authenticate("Reports", chromium.person(user)))
    older = tokens(project)
    succeeded(project.run("refresh", "Reports"))
    assert tokens(project) != older
    for name, content in older.items():
        (project.folder / "tokens" / name).write_bytes(content)
    ended = project.run("refresh", "Reports")
    assert ended.returncode == 6, ended.stderr
    assert "Reports: the refresh at localhost: invalid_grant: " in ended.stderr
    assert "Who must act: the person who signs in." in ended.stderr
    assert tokens(project) == older
    succeeded(project.authenticate("Reports", chromium.person(user)))
    succeeded(project.run("refresh", "Reports"))
