"""A worksheet in a terminal."""

import pytest

from provisioner.text import countable
from provisioner.worksheet.render import worksheet_as_text
from provisioner.worksheet.sheet import Worksheet, build_sheet
from tests.support.oauth_samples import oauth_server
from tests.unit.worksheet.samples import CANARY, HOSTILE, hostile_worksheet


def test_a_server_tab_by_tab():
    text = worksheet_as_text(Worksheet((build_sheet(oauth_server()),)))
    assert text.startswith(
        "MAPS email server\n"
        "In MAPS: Email > Servers > Add Server; if the server already exists, open its\n"
        "properties.\n\n"
        "Reports  (servers/reports.yml:1)\n"
        "================================\n"
        "General\n"
        "  Server Name                Reports\n"
        "  Host (IP address)          localhost\n"
        "  Port                       587\n"
        "Advanced\n"
        "  Client Name                (leave empty)\n"
        "                             (MAPS gives the name of its host)\n"
        "  Maximum Emails Per Minute  (leave empty)\n"
        "Security\n"
        "  SMTP Security Level        OAuth 2\n"
        "  Use TLS                    checked\n"
        "  User Name                  reports@example.edu\n"
        "  Password                   (leave empty)\n"
        "  Access Token URL           https://sso.example.edu/token\n"
        "  Authorization URL          https://sso.example.edu/authorize\n"
        "  Client Id                  maps\n"
        "  Client Secret              ***\n"
        "                             (read from the server file)\n"
    )
    assert "\n        provisioner authenticate Reports --card\n" in text
    assert "  2. Click Authenticate in MAPS and sign in as reports@example.edu" in text
    assert text.endswith(" of MAPS.\n")


@pytest.mark.parametrize("value", HOSTILE)
def test_no_value_moves_the_cursor_or_breaks_a_line(value):
    text = worksheet_as_text(hostile_worksheet(value))
    assert all(line.isprintable() for line in text.split("\n"))
    assert len(text.split("\n")) >= len(worksheet_as_text(hostile_worksheet("x")).split("\n"))
    assert f"\n  User Name                  {countable(value)}\n" in text
    hint = "is a character that does not show: copy the"
    assert (hint in " ".join(text.split())) == (countable(value) != value)


def test_a_secret_is_shown_only_when_asked_for():
    assert "CANARY" not in worksheet_as_text(hostile_worksheet("x"))
    shown = worksheet_as_text(hostile_worksheet("x", CANARY))
    assert "  Password                   CANARY</script>\"'&<b>`|<U+001B>[31m<U+0000>" in shown
    assert (
        "\nThis worksheet contains secrets in plain text: delete it when you are done.\n" in shown
    )
