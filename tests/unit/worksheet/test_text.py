"""A worksheet in a terminal. tests/cli/frozen has whole ones, in each format."""

import pytest

from provisioner.text import countable
from provisioner.worksheet.render import worksheet_as_text
from tests.unit.worksheet.samples import CANARY, HOSTILE, hostile_worksheet


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
