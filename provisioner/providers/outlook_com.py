"""Outlook.com, Hotmail and Live: Microsoft's personal accounts."""

from __future__ import annotations

from provisioner.providers.microsoft import MICROSOFT

OUTLOOK_COM = MICROSOFT._replace(
    name="outlook.com",
    title="Outlook.com",
    # The tenant `consumers`, by name or by its well-known id, on the host of Microsoft 365.
    endpoints=(
        "login.microsoftonline.com/consumers",
        "login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad",
        "login.live.com",
    ),
    # https://support.microsoft.com/office/d088b986-291d-42b8-9564-9c414e2aa040: 587, STARTTLS.
    smtp_hosts=("smtp-mail.outlook.com",),
    smtp_ports=(587,),
    mx_hosts=(".olc.protection.outlook.com",),
    reading_hosts=("imap-mail.outlook.com", "pop-mail.outlook.com"),
    # .default is refused for personal accounts.
    smtp_scopes=(
        "https://outlook.office.com/SMTP.Send",
        "https://outlook.office365.com/SMTP.Send",
    ),
    accounts="personal",
    page_errors=(
        "input parameter 'redirect_uri' is not valid",
        "not enabled for consumers",
        "AADSTS700016",
        "AADSTS50020",
    ),
    # Apps that were registered for Live only have shorter ids.
    client_id_form="unknown",
    # "Modern authentication methods now needed to continue syncing Outlook Email", Microsoft
    # support: ended on 16 September 2024.
    password_login="ended",
    password_login_ends="2024-09-16",
    max_connections_per_mailbox=None,
    messages_per_minute=None,
    consent_page_url="https://account.live.com/consent/Manage",
)
