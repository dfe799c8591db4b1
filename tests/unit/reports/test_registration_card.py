"""What a person is told to register, of each provider."""

import pytest

from provisioner.model.email_server import OAuth2Settings
from provisioner.providers.all_providers import PROVIDERS
from provisioner.providers.catalogue import provider_for
from provisioner.providers.registrations import registration_of
from provisioner.reports.registration_card import registration_card
from tests.support.oauth_samples import oauth_server, project_in

MICROSOFT = {
    "authorization_url": "https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/authorize",
    "client_id": "3d1b1f0c-6a0e-4c53-9b5e-0a8f4c7e2d11",
    "scope_for_authorize": "https://outlook.office.com/SMTP.Send offline_access",
}
GOOGLE = {"authorization_url": "https://accounts.google.com/o/oauth2/v2/auth"}


def card(tmp_path, *, port=0, **settings):
    server = oauth_server(**settings)
    assert isinstance(server.oauth2, OAuth2Settings)
    return registration_card(server, project_in(tmp_path, server), port=port)


def test_microsofts(tmp_path):
    text = card(tmp_path, **MICROSOFT)
    assert text.startswith("Registration card: Reports, at Microsoft 365\n====")
    for line in (
        "  Console          https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps\n",
        "  Type             platform Web (not Mobile and desktop, not SPA), with a client secret\n",
        "  Redirect URI     http://localhost\n",
        "  Sent at sign-in  http://localhost:PORT\n",
        "Office 365 Exchange Online > Delegated permissions > SMTP.Send\n",
        "  Admin consent    https://login.microsoftonline.com/contoso.edu/adminconsent?client_id="
        "3d1b1f0c-6a0e-4c53-9b5e-0a8f4c7e2d11\n",
        "  SMTP AUTH        Set-CASMailbox reports@example.edu"
        " -SmtpClientAuthenticationDisabled $false\n",
    ):
        assert line in text


@pytest.mark.parametrize(
    ("mailbox", "argument"),
    [
        ("o'neil@example.edu", "'o''neil@example.edu'"),
        ("x; Remove-Item C:", "'x; Remove-Item C:'"),
        ("$(calc)@example.edu", "'$(calc)@example.edu'"),
        ("x\u2019; calc", "'x\u2019\u2019; calc'"),
        ("-Confirm", "'-Confirm'"),
    ],
)
def test_a_mailbox_is_one_word_of_the_command_to_paste(tmp_path, mailbox, argument):
    text = card(tmp_path, **MICROSOFT, user_name=mailbox)
    assert f"Set-CASMailbox {argument} -SmtpClientAuthenticationDisabled" in text


def test_googles(tmp_path):
    text = card(tmp_path, **GOOGLE)
    assert "  Console          https://console.cloud.google.com/auth/clients\n" in text
    assert "  Type             client of type Desktop app (its client secret is sent)\n" in text
    assert (
        "  Redirect URI     none to register: a Desktop app accepts any port of localhost\n" in text
    )
    assert "Admin consent" not in text


def test_of_an_unknown_provider(tmp_path):
    text = card(tmp_path)
    assert "at sso.example.edu\n" in text
    assert "  Type             a web (confidential) client: a client secret is sent\n" in text
    assert "  Redirect URI     http://localhost\n" in text
    assert "  Scope asked for  openid email offline_access smtp\n" in text


def test_an_https_callback(tmp_path):
    text = card(tmp_path, use_https_on_callback=True)
    assert "  Redirect URI     https://localhost\n" in text
    assert "  Sent at sign-in  https://localhost:PORT\n" in text


def test_a_pinned_port(tmp_path):
    text = card(tmp_path, port=8400)
    assert "  Sent at sign-in  http://localhost:8400\n" in text
    assert "with this --port; no path" in text
    assert "PORT" not in text


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_each_provider_has_its_own_endpoints(provider):
    registration = registration_of(provider)
    urls = (registration.authorization_url, registration.access_token_url)
    found = {provider_for(url.replace("{tenant}", "contoso.edu")).name for url in urls}
    assert found == {provider.name.removesuffix("-high-volume-email")}
    assert registration.scope or registration.doubt
    filled = "".join((*urls, registration.consent_url, *registration.mailbox_commands))
    filled.format(tenant="", client_id="", mailbox="")
