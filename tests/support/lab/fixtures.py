"""The lab's pytest fixtures: each worker has a lab, each part of it started by the first test
that asks."""

from typing import TypeVar

import pytest

from tests.support.lab.errors import LabError
from tests.support.lab.lab import Lab

Part = TypeVar("Part")


def _had(start):
    """A part, or a failure in the lab's own words instead of a traceback."""
    try:
        return start()
    except LabError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def lab():
    """The lab of this test run."""
    with _had(Lab.open) as lab:
        yield lab


@pytest.fixture(scope="session")
def provider(lab):
    """The OAuth2 provider that does not rotate refresh tokens."""
    return _had(lambda: lab.provider)


@pytest.fixture(scope="session")
def rotating_provider(lab):
    """The OAuth2 provider that rotates refresh tokens."""
    return _had(lambda: lab.rotating_provider)


@pytest.fixture(scope="session")
def mail(lab):
    """The mail servers and mailboxes."""
    return _had(lambda: lab.mail)


@pytest.fixture(scope="session")
def fleet(lab):
    """The sshd hosts, up; what earlier tests wrote on them is there until `fleet.reset()`."""
    return _had(lambda: lab.fleet)


@pytest.fixture(scope="session")
def chromium(lab):
    """The browser."""
    return _had(lambda: lab.chromium)
