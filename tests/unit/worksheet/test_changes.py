"""What is to be changed in MAPS: what differs, old and new, and nothing else."""

from provisioner.host.to_enter import FieldToEnter, ServerToEnter
from provisioner.secret import Secret
from provisioner.worksheet.changes import changed_sheet
from provisioner.worksheet.render import worksheet_as_html, worksheet_as_markdown, worksheet_as_text
from provisioner.worksheet.sheet import Kind, Worksheet, dialog_fields
from tests.support.oauth_samples import oauth_server
from tests.unit.worksheet.test_sheet import LOGIN, RELAY


def field(pointer, old=None, new=None):
    return FieldToEnter(pointer=pointer, old=old, new=new)


def hidden(pointer):
    return FieldToEnter(pointer=pointer, is_hidden=True)


def sheet(server, *fields, change="changed", **more):
    name = server.server_name if server else "Gone"
    due = ServerToEnter(name=name, change=change, fields=fields)
    return changed_sheet(due, more.pop("hosts", ("maps1",)), server, **more)


def rows(found):
    return [(t.name, f.label, f.value, f.note) for t in found.tabs for f in t.fields]


def test_a_changed_server_has_the_fields_that_differ_tab_by_tab():
    found = sheet(
        RELAY,
        field("/port", 25, 587),
        field("/client_name", "old  name", None),
        field("/maximum_emails_per_minute", None, 30),
        field("/use_tls", False, True),
        field("/logging/enabled", None, True),
        field("/logging/file_name", "a.log", "b.log"),
    )
    assert found.task == "Changed: only these fields differ from what was entered last."
    assert rows(found) == [
        ("General", "Port", "587", "was 25"),
        ("Advanced", "Client Name", None, "was old  name"),
        ("Advanced", "Maximum Emails Per Minute", "30", "was empty"),
        ("Security", "Use TLS", "checked", "was not checked"),
        ("Logging", "Logging", "checked", "was not checked"),
        ("Logging", "Log File Name", "b.log", "was a.log"),
    ]
    assert found.tabs[1].fields[0].kind is Kind.CLEARED
    assert [step.command for step in found.steps] == ["provisioner entered maps1 --server Relay"]


def test_a_changed_sign_in_is_authenticated_again():
    found = sheet(oauth_server(), field("/oauth2/client_id", "one", "two"))
    assert rows(found) == [("Security", "Client Id", "two", "was one")]
    assert "Click Authenticate in MAPS" in found.steps[0].text
    assert found.steps[-1].command == "provisioner entered maps1 --server Reports"
    assert len(sheet(oauth_server(), field("/port", 25, 587)).steps) == 1


def test_a_changed_secret_is_said_and_shown_only_when_asked_for():
    (row,) = sheet(LOGIN, hidden("/password")).tabs[0].fields
    assert (row.kind, row.value) == (Kind.SECRET, None)
    assert row.note == "read from {file: /run/relay.txt}; changed"
    secret = Secret("CANARY")
    found = sheet(LOGIN, field("/port", 25, 587), hidden("/password"), secret=secret)
    assert Worksheet((found,)).secrets == (secret,)
    assert "CANARY" not in worksheet_as_text(Worksheet((sheet(LOGIN, hidden("/password")),)))
    # Nothing else shows it: not the label, not a field that has no secret of this server.
    moved = sheet(
        oauth_server(), hidden("/password"), hidden("/oauth2/client_secret"), secret=secret
    )
    assert [f.kind for f in moved.tabs[0].fields] == [Kind.CLEARED, Kind.SECRET]
    assert Worksheet((moved,)).secrets == (secret,)


def test_a_server_that_leaves_oauth2_has_none_of_its_fields():
    found = sheet(
        LOGIN,
        field("/smtp_security_level", "oauth2", "cram_md5"),
        hidden("/password"),
        field("/oauth2/client_id", "one", None),
        hidden("/oauth2/client_secret"),
    )
    assert rows(found) == [
        ("Security", "SMTP Security Level", "CRAM-MD5", "was OAuth 2"),
        ("Security", "Password", None, "read from {file: /run/relay.txt}; changed"),
    ]
    assert found.tabs[0].note == "The OAuth2 fields are there only with OAuth 2."
    assert len(found.steps) == 1


def test_a_new_server_has_all_fields_of_the_dialog():
    found = sheet(
        oauth_server(user_name=None, login_hint=None),
        field("/server_name", None, "Reports"),
        field("/smtp_security_level", None, "oauth2"),
        field("/user_name", None, "who@example.edu"),
        hidden("/oauth2/client_secret"),
        change="new",
    )
    assert found.task == "New: add this server, with all its fields."
    assert [(tab, label) for tab, label, _, _ in rows(found)] == [
        (f.tab, f.label) for f in dialog_fields()
    ]
    shown = {label: (value, note) for _, label, value, note in rows(found)}
    assert shown["User Name"] == ("who@example.edu", ""), "the mailbox that has signed in"
    assert shown["Client Name"] == (None, "MAPS gives the name of its host")
    assert shown["Client Secret"] == (None, "read from the server file")
    assert shown["Use HTTPS On Callback"] == ("false", "")
    assert found.steps[0].command == "provisioner authenticate Reports --card"
    relay = sheet(RELAY, field("/smtp_security_level", None, "none"), change="new")
    assert "Client Id" not in {label for _, label, _, _ in rows(relay)}


def test_a_removed_server_is_a_task_and_a_record():
    found = sheet(None, change="removed", hosts=("maps1", "maps 2"))
    assert (found.tabs, found.declared_at) == ((), "")
    worksheet = Worksheet((found,), ("maps1", "maps 2"))
    assert worksheet_as_text(worksheet) == (
        "MAPS email servers of maps1, maps 2\n"
        "In MAPS: Email > Servers > Add Server; if the server already exists, open its\n"
        "properties.\n\n"
        "Gone\n====\nRemoved: delete this server in MAPS.\nThen\n"
        "  1. Record that it is done:\n"
        "        provisioner entered maps1 'maps 2' --server Gone\n"
    )
    assert "## Gone\n\nRemoved: delete this server in MAPS.\n" in worksheet_as_markdown(worksheet)


def test_on_a_page_of_several_hosts_hosts_are_ticked_off_instead_of_fields():
    found = sheet(RELAY, field("/port", 25, 587))
    one, two = Worksheet((found,), ("maps1",)), Worksheet((found,), ("maps2", "maps3"))
    page = worksheet_as_html(one, two)
    assert page.count("<h1>") == 2
    assert page.count('data-field="') == 3
    assert page.count('data-field="Port"') == 1
    assert 'data-field="on maps3"> maps3</label>' in page
    assert '<span class="note">was 25</span>' in page


def test_what_a_host_answers_is_text():
    found = sheet(None, field("/client_name", "<b>\x1b[31m", "x"), hosts=("maps1",))
    page = worksheet_as_html(Worksheet((found,), ("maps1",)))
    assert "was &lt;b&gt;&lt;U+001B&gt;[31m" in page
    assert "was <b><U+001B>[31m" in worksheet_as_text(Worksheet((found,), ("maps1",)))
