"""A push at a terminal: the plan is shown and asked about."""

import pytest

from tests.support.terminal import CTRL_C

pytestmark = pytest.mark.long


def answered(fleet, question, answer, *arguments):
    """-> (exit code, what was shown before the question)."""
    with fleet.at_a_terminal("push", *arguments) as terminal:
        terminal.wait_for(question)
        shown = terminal.output
        terminal.type(answer)
        return terminal.ends(), shown


def unasked(fleet, *arguments):
    with fleet.at_a_terminal("push", *arguments) as terminal:
        assert terminal.ends() == 0, terminal.output
        assert "[y/N]" not in terminal.output
        return terminal.output


def test_the_plan_is_shown_and_asked_about(fleet):
    question = r"Push to 1 host\? \[y/N\] "
    code, shown = answered(fleet, question, "n\n")
    assert code == 6
    assert "+ Reports: added" in shown
    with fleet.at_a_terminal("push") as terminal:
        terminal.wait_for(question)
        terminal.type(CTRL_C)
        assert terminal.ends() == 130
        assert "nothing was changed on a host: interrupted" in terminal.output
    assert not fleet.document().exists()
    assert answered(fleet.with_ansible(), question, "y\n")[0] == 0
    assert fleet.served("maps1") == ["Reports"]
    assert "unchanged" in unasked(fleet.without_ansible()), "there is nothing to ask about"

    fleet.declare("Reports", maximum_emails_per_minute=5)
    shown = unasked(fleet, "--yes")
    assert "maximum_emails_per_minute: null -> 5" in shown.partition("delivered, never entered")[0]


def test_of_a_saved_plan_only_what_is_removed_is_asked_about(fleet):
    fleet.declare("Alerts")
    fleet.ends(2, "plan", "--out", "plan.json")
    assert "maps1: Alerts added, Reports added" in unasked(fleet, "--plan", "plan.json")
    fleet.undeclare("Alerts")
    fleet.ends(2, "plan", "--prune", "--out", "plan.json")
    question = r"Remove Alerts from 1 host\? \[y/N\] "
    code, shown = answered(fleet, question, "n\n", "--plan", "plan.json")
    assert (code, "maps1: Alerts removed" in shown) == (6, True)
    assert answered(fleet, question, "yes\n", "--plan", "plan.json")[0] == 0
    assert fleet.served("maps1") == ["Reports"]
