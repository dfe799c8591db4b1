"""The dialog has every field that can be declared, as the page on MAPS has it from its help."""

import re
from itertools import groupby

from provisioner.security_level import SecurityLevel
from provisioner.worksheet.sheet import CHOICES, TABS, dialog_fields
from tests.support.paths import ROOT


def test_fields_are_in_the_order_and_spelling_of_the_dialog():
    page = (ROOT / "docs" / "explanation" / "maps.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| (.*) \| `(.*)` \|$", page, re.MULTILINE)
    assert [(field.tab, field.label, field.name) for field in dialog_fields()] == rows
    assert [tab for tab, _ in groupby(rows, key=lambda row: row[0])] == [*TABS.values()]


def test_each_security_level_has_its_choice_in_the_dialogs_order():
    choices = CHOICES["smtp_security_level"]
    assert list(choices) == list(SecurityLevel)
    assert len(set(choices.values())) == len(choices)
