"""The dialog has every field that can be declared, in the schema's order, as Evisions spells it."""

from __future__ import annotations

from itertools import groupby

from provisioner.security_level import SecurityLevel
from provisioner.worksheet.sheet import CHOICES, dialog_fields


def test_fields_are_in_the_order_and_spelling_of_the_dialog() -> None:
    tabs = groupby(dialog_fields(), key=lambda field: field.tab)
    assert [(tab, [field.label for field in fields]) for tab, fields in tabs] == [
        ("General", ["Server Name", "Host (IP address)", "Port"]),
        ("Advanced", ["Client Name", "Maximum Emails Per Minute"]),
        (
            "Security",
            [
                "SMTP Security Level",
                "Use TLS",
                "User Name",
                "Password",
                "Access Token URL",
                "Authorization URL",
                "Client Id",
                "Client Secret",
                "Login Hint",
                "Prompt",
                "Refresh Token URL",
                "Scope for Authorize",
                "Scope for Token",
                "Use HTTPS On Callback",
            ],
        ),
        ("Logging", ["Logging", "Log File Name"]),
    ]


def test_fields_are_known_by_their_dotted_names() -> None:
    names = [field.name for field in dialog_fields()]
    assert names[:3] == ["server_name", "host", "port"]
    assert {"oauth2.access_token_url", "oauth2.client_id"} <= {*names}
    assert names[-1] == "logging.file_name"


def test_each_security_level_has_its_choice_in_the_dialogs_order() -> None:
    choices = CHOICES["smtp_security_level"]
    assert list(choices) == list(SecurityLevel)
    assert len(set(choices.values())) == len(choices)
