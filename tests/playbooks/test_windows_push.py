"""push, rollback and the rest on Windows hosts by WinRM, PSRP and ssh, as far as no Windows can be
had: ansible-core's own connection plugins, and what they send, taken apart and run by Mono."""

import json
import re

import pytest

from tests.playbooks.windows.fleet import WAYS, windows_fleet

pytestmark = pytest.mark.long


@pytest.fixture
def fleet(tmp_path, certificate):
    with windows_fleet(tmp_path, 1, certificate) as found:
        yield found


@pytest.mark.parametrize("way", list(WAYS))
def test_delivered(fleet, way):
    machine = fleet.reached("maps1", way)
    ended = fleet.ends(1, "push", "--mail", "none")
    assert fleet.served("maps1") == ["Reports"], ended.stderr
