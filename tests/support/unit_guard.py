"""Hold `make unit` to its word: tests/unit starts nothing that is installed apart
from Python and git. A child's own children are not seen."""

import sys
from pathlib import PurePath

import pytest

_NOT_HERE = ("ansible", "chromium", "node", "sshd", "sudo", "unshare")


def _refuse_programs(event, arguments):
    if event == "subprocess.Popen":
        program = PurePath(str(arguments[0])).name
        if program.startswith(_NOT_HERE):
            raise AssertionError(
                f"a unit test starts {program}: it belongs elsewhere, or is `long`"
            )


@pytest.hookimpl(trylast=True)  # after -m has chosen
def pytest_collection_modifyitems(items):
    on_the_lab = [item.nodeid for item in items if item.get_closest_marker("lab")]
    if on_the_lab:
        raise pytest.UsageError(f"not in tests/unit, since it needs the lab: {on_the_lab}")


def pytest_sessionstart():
    sys.addaudithook(_refuse_programs)
