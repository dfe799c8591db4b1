"""The table of operations on this host, in this process."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from tests.host_module.operation_cases import CASES, HIDDEN, Case
from tests.host_module.posix_host import Host, check, load


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name[:60])
def test_a_case(host: Host, case: Case) -> None:
    check(host, case)
