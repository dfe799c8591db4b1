"""The dialog has every field that can be declared, in the schema's order, as Evisions spells it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from provisioner.hosts.dialog import CHOICES, TABS, label
from provisioner.model.email_server import SecurityLevel
from provisioner.resources import schema_path

# What is declared for provisioner alone; `oauth2.client_secret_expires` is told in a note.
_OURS = {"$schema", "oauth2.client_secret_expires", "hosts", "test_email.from", "test_email.to"}


def declarable(schema: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """The dotted name of each field, in the schema's order."""
    for name, node in schema["properties"].items():
        if "properties" in node:
            yield from declarable(node, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_each_field_of_the_schema_has_its_place_in_the_schemas_order() -> None:
    schema = json.loads(schema_path("email-server").read_bytes())
    shown = [name for names in TABS.values() for name in names]
    assert shown == [name for name in declarable(schema) if name not in _OURS]


def test_labels_are_spelt_as_evisions_spells_them() -> None:
    assert [(tab, [label(name) for name in names]) for tab, names in TABS.items()] == [
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


def test_each_security_level_has_its_choice_in_the_dialogs_order() -> None:
    assert list(CHOICES) == list(SecurityLevel)
    assert len(set(CHOICES.values())) == len(CHOICES)
