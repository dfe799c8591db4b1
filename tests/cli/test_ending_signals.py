"""Signals that end a run, also where Python would lose or double them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from provisioner.cli.ending_signals import ending_signals


def test_each_ending_signal_is_an_interrupt_and_its_handler_comes_back() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        before = signal.getsignal(number)
        with pytest.raises(KeyboardInterrupt), ending_signals():
            os.kill(os.getpid(), number)
        assert signal.getsignal(number) is before


def test_a_second_signal_does_not_interrupt_the_tidying() -> None:
    tidied = []

    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)
            tidied.append(True)

    with pytest.raises(KeyboardInterrupt), ending_signals():
        work()
    assert tidied == [True]


def test_after_the_tidying_a_signal_counts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provisioner.cli.ending_signals._TIDYING_SECONDS", -1)
    with ending_signals():
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGTERM)


class _Finalized:
    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_that_python_loses_in_a_finalizer_is_found_by_the_check() -> None:
    with ending_signals() as signals:
        signals.check()
        _Finalized()
        with pytest.raises(KeyboardInterrupt):
            signals.check()


def test_what_nohup_ignores_stays_ignored() -> None:
    script = (
        "import os, signal\nfrom provisioner.cli.ending_signals import ending_signals\n"
        "with ending_signals():\n    os.kill(os.getpid(), signal.SIGHUP)\nprint('still here')"
    )
    finished = subprocess.run(
        ["nohup", sys.executable, "-c", script],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert finished.stdout == "still here\n", finished.stderr
