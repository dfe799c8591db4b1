"""What the end-to-end tests share: an empty project, and mailboxes that no other test uses."""

from itertools import count

import pytest

from tests.end_to_end.project import Project

_NUMBERS = count(1)


@pytest.fixture
def project(tmp_path, lab):
    return Project.make(tmp_path / "project", ca=lab.pki.ca)


@pytest.fixture
def user():
    """A name for a mailbox of this test's own."""
    return f"reports{next(_NUMBERS)}"
