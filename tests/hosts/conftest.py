"""The host of the tests here: this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts.posix_host import PosixHost


@pytest.fixture
def host(tmp_path: Path) -> PosixHost:
    """A folder of its own."""
    return PosixHost(tmp_path)
