"""A name to sign in with that is the test email's sender, too, and can be none."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.mail_login import mailbox, signs_in
from provisioner.lint.remark import Remark
from provisioner.lint.rules.invisible_character import check as invisible_characters
from provisioner.lint.rules.lookalike_character import check as lookalike_characters
from provisioner.lint.surroundings import Surroundings

ID = "sender-form"
SEVERITY = Severity.ERROR


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """Characters that came along unseen are other rules'."""
    if not server.fact(_has_strange_sender) or not signs_in(server):
        return
    pointer = "/user_name" if server.text("/user_name") else "/oauth2/login_hint"
    for others in (invisible_characters, lookalike_characters):
        if any(remark.pointer == pointer for remark in others(server, surroundings)):
            return
    yield Remark(
        pointer,
        "the test email would have this as its sender, and that has to be an address in ASCII",
        "name one that the mailbox may send as: test_email: {from: reports@example.edu}",
    )


def _has_strange_sender(server: Declaration) -> bool:
    name = mailbox(server)
    return not name.isascii() and not server.text("/test_email/from")
