"""Zoho Mail. Its OAuth scopes serve its own API; none is documented for SMTP."""

from __future__ import annotations

from provisioner.providers.provider import Provider

_REGIONS = ("com", "eu", "in", "com.au", "jp", "com.cn")
_SMTP = ("smtp", "smtppro")


def zoho_region(host: str) -> str:
    """`smtp.zoho.com.au`, `accounts.zoho.com.au` -> `com.au`; empty if it is none of Zoho's.

    https://www.zoho.com/accounts/protocol/oauth/multi-dc.html: each holds its own users only.
    The sign-in page of .com serves all, the token endpoint is that of the account's region.
    """
    region = host.rpartition("zoho.")[2]
    return region if region in _REGIONS else ""


ZOHO = Provider(
    name="zoho",
    title="Zoho",
    # https://www.zoho.com/mail/help/api/using-oauth-2.html: one accounts server a region
    endpoints=tuple(f"accounts.zoho.{region}" for region in _REGIONS),
    # https://www.zoho.com/mail/help/zoho-smtp.html: 465 or 587; smtppro for organisations
    smtp_hosts=tuple(f"{host}.zoho.{region}" for region in _REGIONS for host in _SMTP),
    smtp_ports=(465, 587),
    offline="param",
    authorize_extra={"access_type": "offline"},
    # A refresh answers without a new refresh token, and it does not expire:
    # https://www.zoho.com/developer/oauth/
    refresh_token_rotation="none",
    # On the accounts server of the account's own region.
    revocation_url="/oauth/v2/token/revoke",
    token_endpoint_auth_method="client_secret_post",
    wrong_scopes=("ZohoMail.messages.CREATE", "ZohoMail.messages.ALL"),
    console_url="https://api-console.zoho.com/",
    # Sessions, Connected Apps: https://www.zoho.com/developer/oauth/revoke-oauth-token.html
    consent_page_url="https://accounts.zoho.com/",
)
