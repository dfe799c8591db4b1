"""EmailServer -> Sheet: nothing is left out, and no secret gets in unasked."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from provisioner.model.email_server import EmailServer, LogFile, Origin, SecretReference
from provisioner.secret import Secret
from provisioner.security_level import SecurityLevel
from provisioner.worksheet.sheet import Field, Kind, Worksheet, build_sheet, dialog_fields
from tests.support.oauth_samples import oauth_server

RELAY = EmailServer(
    server_name="Relay",
    host="relay.example.edu",
    smtp_security_level=SecurityLevel.NONE,
    origin=Origin("servers/relay.yml", 7),
)
LOGIN = replace(
    RELAY,
    smtp_security_level=SecurityLevel.CRAM_MD5,
    user_name="reports@example.edu",
    password=SecretReference({"file": "/run/relay.txt"}, Path()),
)


def fields(sheet, tab):
    (found,) = (one for one in sheet.tabs if one.name == tab)
    return {field.label: field for field in found.fields}


def test_a_server_with_nothing_but_what_it_must_have_shows_all_fields():
    sheet = build_sheet(RELAY)
    assert (sheet.server_name, sheet.declared_at) == ("Relay", "servers/relay.yml:7")
    assert fields(sheet, "General")["Port"] == Field(
        label="Port", kind=Kind.TYPED, value="25", note="the dialog's default"
    )
    assert {field.kind for field in fields(sheet, "Advanced").values()} == {Kind.EMPTY}
    security = fields(sheet, "Security")
    assert [(label, f.value) for label, f in security.items()] == [
        ("SMTP Security Level", "none"),
        ("Use TLS", "not checked"),
        ("User Name", None),
        ("Password", None),
    ]
    assert security["Use TLS"].note == "the dialog's default"
    assert security["Password"].kind is Kind.EMPTY
    logging = fields(sheet, "Logging")
    assert (logging["Logging"].value, logging["Logging"].note) == ("not checked", "not declared")
    assert logging["Log File Name"].kind is Kind.EMPTY
    assert sheet.tabs[2].note == "The OAuth2 fields are there only with OAuth 2."
    assert sheet.steps == ()


def test_an_oauth2_server_shows_each_field_of_the_dialog():
    sheet = build_sheet(oauth_server())
    assert [(tab.name, field.label) for tab in sheet.tabs for field in tab.fields] == [
        (field.tab, field.label) for field in dialog_fields()
    ]
    assert [tab.note for tab in sheet.tabs] == [""] * 4


def test_what_is_declared_is_shown():
    server = replace(
        oauth_server(prompt="consent", scope_for_token="smtp", use_https_on_callback=True),
        client_name="maps.example.edu",
        maximum_emails_per_minute=30,
        logging=LogFile(enabled=True, file_name="C:\\email.log"),
    )
    sheet = build_sheet(server)
    advanced = fields(sheet, "Advanced")
    assert advanced["Client Name"].value == "maps.example.edu"
    assert advanced["Maximum Emails Per Minute"].value == "30"
    security = fields(sheet, "Security")
    assert security["Prompt"].value == "consent"
    assert security["Scope for Token"].value == "smtp"
    assert security["Use HTTPS On Callback"].value == "true"
    assert security["Use TLS"].value == "checked"
    assert [f.value for f in fields(sheet, "Logging").values()] == ["checked", "C:\\email.log"]
    assert "redirect URI https://localhost:PORT" in sheet.steps[0].text


def test_logging_that_is_declared_to_be_off_is_not_called_undeclared():
    sheet = build_sheet(replace(RELAY, logging=LogFile(enabled=False)))
    assert fields(sheet, "Logging")["Logging"].note == ""


@pytest.mark.parametrize(
    ("user_name", "login_hint", "value", "note"),
    [
        ("a@example.edu", "b@example.edu", "a@example.edu", ""),
        (None, "b@example.edu", "b@example.edu", "not declared: the Login Hint"),
        (None, None, None, "or the mailbox that will sign in"),
    ],
)
def test_the_user_name_is_what_a_push_would_deliver(user_name, login_hint, value, note):
    sheet = build_sheet(oauth_server(user_name=user_name, login_hint=login_hint))
    field = fields(sheet, "Security")["User Name"]
    assert (field.value, field.note) == (value, note)
    assert f"sign in as {value or 'the mailbox'} in" in sheet.steps[1].text


def test_a_secret_is_told_by_where_it_is_read():
    settings = {
        "client_secret": SecretReference({"env": "REPORTS_SECRET"}, Path()),
        "client_secret_expires": date(2028, 6, 30),
    }
    sheet = build_sheet(oauth_server(**settings))
    assert fields(sheet, "Security")["Client Secret"] == Field(
        label="Client Secret",
        kind=Kind.SECRET,
        note="read from {env: REPORTS_SECRET}; expires on 2028-06-30",
    )
    assert Worksheet((sheet,)).secrets == ()
    field = fields(build_sheet(LOGIN), "Security")["Password"]
    assert (field.value, field.note) == (None, "read from {file: /run/relay.txt}")


def test_a_secret_that_is_to_be_shown_stands_in_its_own_field_alone():
    secret = Secret("CANARY")
    for server, label in ((oauth_server(), "Client Secret"), (LOGIN, "Password")):
        sheet = build_sheet(server, secret)
        shown = {f.label for tab in sheet.tabs for f in tab.fields if f.value == secret}
        assert shown == {label}
        assert Worksheet((sheet,)).secrets == (secret,)
        assert "CANARY" not in repr(sheet)


def test_the_steps_name_the_server_as_a_shell_takes_it():
    sheet = build_sheet(oauth_server("Bob's Reports"))
    assert sheet.steps[0].command == """provisioner authenticate 'Bob'"'"'s Reports' --card"""
    assert "Click Authenticate in MAPS and sign in as reports@example.edu" in sheet.steps[1].text
    assert "a token of MAPS' own" in sheet.steps[2].text


def test_the_title_says_whose_servers_they_are():
    sheet = build_sheet(RELAY)
    assert Worksheet((sheet,)).title == "MAPS email server"
    assert Worksheet((sheet, sheet)).title == "MAPS email servers"
    assert Worksheet((sheet,), ("maps1",)).title == "MAPS email servers of maps1"
