"""The table of operations in PowerShell, and what only Windows hosts have."""

from __future__ import annotations

import json

import pytest

from tests.host_module.operation_cases import CASES, HIDDEN
from tests.windows.host import fitting


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name[:60])
def test_a_case(host, case):
    host.need(*case.needs)
    host.put(case.before, case.opened)
    with host.held(case.holder):
        answers = host.ask(*case.operations)
    wanted = host.written(case.answers)
    assert fitting(answers, wanted) == wanted
    assert host.files() == (case.before if case.after is ... else case.after)
    assert HIDDEN not in json.dumps(answers)
