"""An environment of its own for each test. The lab's fixtures are in tests/support/lab."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest

from provisioner.secret import Secret
from tests.support.own_memory_folder import have_own_memory_folder
from tests.windows.powershells import NONE, powershells

# A CI that starts us in the background has these ignored, and every child would inherit that:
# no test could interrupt anything.
for _number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(
            _number,
            signal.default_int_handler if _number is signal.SIGINT else signal.SIG_DFL,
        )

# Where it is set, each command that a test starts would compile this package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

os.environ["TZ"] = "UTC"  # reports have local times
time.tzset()

pytest_plugins = ["tests.support.lab.fixtures"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update",
        action="store_true",
        help="Rewrite what tests/cli/frozen and tests/unit/lint/test_examples.py expect.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Give each worker of a parallel run its own place for run folders; sort what was named."""
    if hasattr(config, "workerinput") and os.geteuid() == 0:
        have_own_memory_folder()
    # pytest 9.1 forgets a conftest.py if it comes to its folder again: pytest-dev/pytest#14635
    config.args.sort()


def pytest_itemcollected(item: pytest.Item) -> None:
    """What a module or the lab makes for several tests is made once: one worker runs a module of
    such tests. Each worker has a lab of its own."""
    if not isinstance(item, pytest.Function):
        return
    needs_lab = "lab" in item.fixturenames
    if needs_lab:
        item.add_marker("lab")
    made = item._fixtureinfo.name2fixturedefs.values()
    if needs_lab or any(one.scope == "module" for (*_, one) in made):
        item.add_marker(pytest.mark.xdist_group(item.module.__name__))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> Generator[None, None, None]:
    """Say in which PowerShells the module of Windows hosts ran, and what was left out."""
    yield
    skipped = terminalreporter.stats.get("skipped", [])
    left_out = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in skipped
        if report.nodeid.startswith("tests/windows/")
    )
    if NONE in left_out:
        terminalreporter.write_line(f"tests/windows: {NONE}")
    elif left_out:
        names = ", ".join(one.name for one in powershells())
        reasons = "; ".join(f"{count} {why}" for why, count in sorted(left_out.items()))
        terminalreporter.write_line(f"tests/windows: in {names}; left out: {reasons}")


_FOREIGN_PREFIXES = ("ANSIBLE_", "PROVISIONER_", "XDG_")
_FOREIGN_NAMES = {
    "BROWSER",
    "CLICOLOR_FORCE",
    "COLUMNS",
    "FORCE_COLOR",
    "GITHUB_ACTIONS",
    "GITHUB_STEP_SUMMARY",
    "LINES",
    "NO_COLOR",
    "PY_COLORS",
    "SSH_AUTH_SOCK",
}


def _is_foreign(name: str) -> bool:
    return (
        name in _FOREIGN_NAMES
        or name.startswith(_FOREIGN_PREFIXES)
        or name.lower().endswith("_proxy")
    )


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A HOME that does not exist yet, and nothing of the outer environment that steers a run."""
    for name in filter(_is_foreign, list(os.environ)):
        monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("user") / "home"
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    return home


@pytest.fixture(autouse=True)
def no_secrets_of_other_tests(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process knows the secrets of one run; here it is a new run with each test.

    Those that its module has made for all its tests are known.
    """
    values = vars(request.module).values()
    known = {value.reveal() for value in values if isinstance(value, Secret)}
    monkeypatch.setattr("provisioner.secret.known_secrets", known)
    monkeypatch.setattr("provisioner.text.known_secrets", known)
