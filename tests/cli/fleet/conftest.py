"""Fleets of folders, by how many hosts a test wants."""

import pytest

from tests.cli.fleet.local_fleet import local_fleet


@pytest.fixture
def fleet(tmp_path):
    with local_fleet(tmp_path, 1) as fleet:
        yield fleet


@pytest.fixture
def three_hosts(tmp_path):
    with local_fleet(tmp_path, 3) as fleet:
        yield fleet
