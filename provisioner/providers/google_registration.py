"""OAuth clients of Google Cloud."""

from __future__ import annotations

from provisioner.providers.registration import Registration

GOOGLE_REGISTRATION = Registration(
    authorization_url="https://accounts.google.com/o/oauth2/v2/auth",
    access_token_url="https://oauth2.googleapis.com/token",
    scope="https://mail.google.com/",
    # https://developers.google.com/identity/protocols/oauth2/resources/loopback-migration
    application_type="client of type Desktop app (its client secret is sent)",
    registers_redirect=False,
    redirect_note="a Desktop app takes any port of localhost",
    permissions=("Data access: the restricted scope https://mail.google.com/",),
    steps=(
        "audience Internal (Workspace); External apps end each sign-in after 7 days until their "
        "status is In production",
        "where an administrator restricts apps: Admin console > Security > API controls > trust "
        "the client id",
    ),
)
