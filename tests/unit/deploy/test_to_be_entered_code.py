"""The exit code while a person has values to enter into MAPS: the least grave of all."""

import pytest

from provisioner.deploy.record import HostFinished, RunFinished, RunRecord, WarningGiven
from provisioner.errors import ExitCode
from provisioner.host.result import HostState
from provisioner.host.to_enter import ServerToEnter
from tests.unit.deploy.pushes import STATES, result_of, run_started

LEFT = [ServerToEnter(name="Reports", change="new")]
LEFT_HOST = result_of("z", "D", to_enter=LEFT)


def code(*hosts, command="push", **options):
    record = RunRecord(run_started(command, **options))
    for host in hosts:
        record.add(HostFinished(result=host))
    return record.exit_code


@pytest.mark.parametrize("command", ["plan", "push", "rollback", "status"])
def test_a_person_must_act_while_something_is_to_be_entered(command):
    assert code(LEFT_HOST, command=command) is ExitCode.PERSON_NEEDED
    assert code(result_of("a", "D", to_enter=[]), command=command) is ExitCode.DONE
    assert code(LEFT_HOST, command=command, to_be_entered="ignore") is ExitCode.DONE


def test_who_records_it_is_not_asked_again():
    assert code(LEFT_HOST, command="entered") is ExitCode.DONE


@pytest.mark.parametrize("letter", [letter for letter in STATES if letter not in "UADBS"])
def test_whatever_else_happened_counts_first(letter):
    alone = code(result_of("a", letter))
    assert alone is not ExitCode.DONE
    assert code(result_of("a", letter), LEFT_HOST) is alone


def test_warnings_and_signals_count_first():
    record = RunRecord(run_started())
    record.add(HostFinished(result=LEFT_HOST))
    record.add(WarningGiven(text="no", exit_code=ExitCode.FAILURE))
    assert record.exit_code is ExitCode.FAILURE
    record.add(RunFinished(exit_code=ExitCode.INTERRUPTED, interrupted="SIGINT"))
    assert record.exit_code is ExitCode.INTERRUPTED


def test_it_is_done_for_a_resume_and_stops_nothing():
    assert LEFT_HOST.state is HostState.DELIVERED
    assert LEFT_HOST.meaning.done
    assert not LEFT_HOST.meaning.stops
    assert LEFT_HOST.junit == "skipped"
