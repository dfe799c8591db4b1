"""The ways back from a real browser: a form that posts itself, the user's own certificate."""

import pytest

from tests.end_to_end.project import succeeded

pytestmark = pytest.mark.long


@pytest.mark.parametrize("https", [False, True])
def test_property_16_form_post_from_chromium(project, user, provider, mail, chromium, https):
    project.declare(
        "Reports",
        provider,
        mail.server("oauth"),
        user=user,
        client=provider.clients["web" if https else "native"],
        oauth2={
            "authorization_url": f"{provider.authorization_url}?response_mode=form_post",
            "use_https_on_callback": https,
        },
    )
    person = chromium.person(user)
    succeeded(project.authenticate("Reports", person))
    page = person.page()
    assert page["outcome"] == "callback"
    assert page["parameters"] == []  # nothing in the address: it came in the body
    assert "Reports: signed in" in page["text"]


def test_property_18_chromium_at_the_users_own_certificate(
    project, user, lab, provider, mail, chromium
):
    project.declare(
        "Reports",
        provider,
        mail.server("oauth"),
        user=user,
        client=provider.clients["web"],
        oauth2={"use_https_on_callback": True},
    )
    person = chromium.person(user)
    options = ("--callback-cert", lab.pki.callback.chain, "--callback-key", lab.pki.callback.key)
    ended = project.run(
        "authenticate", "Reports", "--timeout", "60", *map(str, options), sign_in=person
    )
    succeeded(ended)
    assert "The callback uses your certificate" in ended.stderr
    page = person.page()
    assert page["url"].startswith("https://localhost:")
    assert "Reports: signed in" in page["text"]
