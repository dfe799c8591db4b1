"""`--select`, `--ignore` and ignore comments: what they hide, and what comes forth then."""

import pytest

from provisioner.errors import UsageError
from provisioner.lint.checks import IGNORABLE, OTHER_ADVICE, selected_rules
from provisioner.lint.result import lint
from provisioner.lint.rule import rule_pages
from tests.support.loading import documents_at

SERVERS = (
    "server_name: Reports\r\nhost: mail.example.edu\r\nsmtp_security_level: login\r\n"
    "use_tls: false\r\nuser_name: reports\r\npassword: secret\r\nprot: 25\r\n---\r\n"
    "server_name: reports\r\nhost: mail.example.edu\r\nsmtp_security_level: none\r\n"
    "# provisioner: ignore[http-endpoint] none here\r\n"
)
ALWAYS = {"duplicate-server-name", "unknown-key"}
ALL = ALWAYS | {"cleartext-login", "line-ends", "plaintext-secret", "unused-ignore"}
LOGIN = (
    "server_name: Reports\nhost: mail.example.edu\nsmtp_security_level: login\n"
    "{line}\nuser_name: reports\npassword: {{env: REPORTS_PASSWORD}}\n"
)
OAUTH2 = (
    "server_name: Reports\nhost: gateway.example.org\nsmtp_security_level: oauth2\nuse_tls: true\n"
    "user_name: reports@example.edu\noauth2:\n  access_token_url: {url}\n"
    "  authorization_url: https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/authorize\n"
    "  client_id: 5f2c8a1e-0b7d-4c57-9a53-2d1f6e0c9b84\n  client_secret: {{env: X}}\n"
    "  scope_for_authorize: https://outlook.office.com/SMTP.Send offline_access\n"
)
LOOKALIKE = "https://login.micros0ftonline.com/contoso.edu/oauth2/v2.0/token"
HTTP_OF_WRONG_FORM = "'http://login.microsoftonline.com/contoso.edu/oauth2/v2.0/token?é'"


def found(folder, text, asked=None):
    (folder / "a.yml").write_text(text, newline="")
    asked = selected_rules() if asked is None else asked
    result = lint(documents_at([str(folder / "a.yml")]), asked=asked)
    return [(finding.rule, finding.line) for finding in result.findings]


def rules(folder, text, asked=None):
    return {rule for rule, _ in found(folder, text, asked)}


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        ([], [], ALL),
        ([], ["line-ends", "plaintext-secret"], ALL - {"line-ends", "plaintext-secret"}),
        (["cleartext-login"], [], {"cleartext-login"} | ALWAYS),
        (["cleartext-login", "plaintext-secret"], ["cleartext-login"],
         {"plaintext-secret"} | ALWAYS),
        (["unused-ignore"], [], ALWAYS),
        (["unused-ignore", "http-endpoint"], [], {"unused-ignore"} | ALWAYS),
    ],
)  # fmt: skip
def test_selected_rules_are_reported(select, ignore, expected, tmp_path):
    assert rules(tmp_path, SERVERS, selected_rules(select, ignore)) == expected


@pytest.mark.parametrize(
    ("select", "ignore", "message", "remedy"),
    [
        (["clear-text-login"], [], "there is no rule 'clear-text-login'", "mean cleartext-login?"),
        ([], ["foo"], "there is no rule 'foo'", "provisioner rules"),
        ([], ["syntax"], "syntax cannot be ignored", "can be ignored: app-password-only, "),
    ],
)
def test_a_rule_that_cannot_be_chosen(select, ignore, message, remedy):
    with pytest.raises(UsageError) as raised:
        selected_rules(select, ignore)
    assert message in raised.value.message
    assert remedy in raised.value.remedy


def test_only_advice_can_be_ignored():
    rest = {entry.rule for entry in rule_pages()} - IGNORABLE - OTHER_ADVICE
    assert {"providers-differ", "endpoint-hosts-differ", "refresh-host-differs"} <= rest
    assert {"duplicate-server-name", "host-is-url", "syntax", "missing-key"} <= rest
    for rule in rest:
        with pytest.raises(UsageError):
            selected_rules(ignore=[rule])


@pytest.mark.parametrize(
    ("line", "is_hidden"),
    [
        ("use_tls: false  # provisioner: ignore[cleartext-login] same rack", True),
        ("# provisioner: ignore[cleartext-login] same rack\nuse_tls: false", True),
        ("use_tls: false  # provisioner:ignore[ cleartext-login ] same rack", True),
        ("use_tls: false  # provisioner: ignore[cleartext-login]", False),
        ("use_tls: false  # provisioner: ignore[plaintext-secret] same rack", False),
        ("use_tls: false  # ignore[cleartext-login] same rack", False),
        ("# provisioner: ignore[cleartext-login] same rack\n\nuse_tls: false", False),
        ("use_tls: false\n# provisioner: ignore[cleartext-login] same rack", False),
        ("port: 587  # provisioner: ignore[cleartext-login] same rack\nuse_tls: false", False),
    ],
)
def test_a_comment_with_a_reason_at_its_place_hides(line, is_hidden, tmp_path):
    left = rules(tmp_path, LOGIN.format(line=line))
    assert left - {"unused-ignore"} == (set() if is_hidden else {"cleartext-login"})


def test_an_unusable_server_cannot_be_hidden(tmp_path):
    comment = "  # provisioner: ignore[wrong-type, duplicate-server-name, host-is-url] no\n"
    text = "server_name: x\nhost: smtp://relay.example.edu\nsmtp_security_level: none\n"
    text = text.replace("\n", comment)
    left = found(tmp_path, f"{text}---\n{text}port: x{comment}")
    assert [(rule, line) for rule, line in left if rule != "unused-ignore"] == [
        ("host-is-url", 2),
        ("duplicate-server-name", 5),
        ("host-is-url", 6),
        ("wrong-type", 8),
    ]


def test_a_comment_about_two_servers_is_used_where_one_is_read(tmp_path):
    """`lookalike-name` compares: it says nothing where the other server is not among the files."""
    line = "server_name: My{}reports  # provisioner: ignore[lookalike-name] two campuses\n"
    rest = "host: relay.example.edu\nsmtp_security_level: none\n"
    one, other = (line.format(sign) + rest for sign in " -")
    for text in (one, other, f"{one}---\n{other}"):
        assert found(tmp_path, text) == []


@pytest.mark.parametrize(
    ("url", "shown", "hidden"),
    [
        (LOOKALIKE, "lookalike-endpoint", "endpoint-hosts-differ"),
        (HTTP_OF_WRONG_FORM, "http-endpoint", "wrong-form"),
    ],
)
def test_a_finding_covers_another_only_where_it_is_shown(url, shown, hidden, tmp_path):
    """As docs/how-to/validating.md says; what comes forth are errors that cannot be ignored."""
    text = OAUTH2.format(url=url)
    assert rules(tmp_path, text) == {shown}
    assert rules(tmp_path, text, selected_rules(ignore=[shown])) == {hidden}
    assert rules(tmp_path, text, selected_rules(select=["cleartext-login"])) == {hidden}
    comment = f"{url}  # provisioner: ignore[{shown}] ours"
    assert rules(tmp_path, OAUTH2.format(url=comment)) == {hidden}
    both = f"{url}  # provisioner: ignore[{shown}, {hidden}] ours"
    assert rules(tmp_path, OAUTH2.format(url=both)) == {hidden, "unused-ignore"}


def test_a_warning_covers_no_error(tmp_path):
    text = OAUTH2.format(url="'https://accounts.google.com/o/oauth2/token?é'")
    assert {"superseded-endpoint", "wrong-form"} <= rules(tmp_path, text)
