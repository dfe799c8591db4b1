"""What proves a host in each mode, and what an old document that fails means."""

import pytest

from provisioner.fleet.mail_proof import MailProof
from provisioner.fleet.post_check import (
    MailMode,
    accepted_proofs,
    broken_before,
    canaries,
    check_of,
)
from provisioner.smtp.client import SmtpResult

DUE = [("maps1", ["Reports"]), ("maps2", ["Reports", "Alerts"]), ("maps3", ["Alerts"])]


def test_the_first_host_where_a_server_is_due_is_its_canary():
    assert canaries(DUE) == {
        "maps1": {"Reports"},
        "maps2": {"Alerts"},
        "maps3": frozenset(),
    }


@pytest.mark.parametrize(
    ("mode", "checks"),
    [
        (MailMode.FULL, ["mail", "mail", "mail", "mail"]),
        (MailMode.AUTH_ONLY, ["auth", "auth", "auth", "auth"]),
        (MailMode.CANARY_ONLY, ["mail", "auth", "mail", "auth"]),
        (MailMode.NONE, ["none", "none", "none", "none"]),
    ],
)
def test_how_each_host_is_proven(mode, checks):
    chosen = canaries(DUE)
    pairs = [(host, server) for host, servers in DUE for server in servers]
    assert [check_of(mode, host, server, chosen) for host, server in pairs] == checks


@pytest.mark.parametrize("mode", list(MailMode))
def test_a_sign_in_is_enough_only_where_it_was_asked_for(mode):
    asked_for = mode in (MailMode.AUTH_ONLY, MailMode.CANARY_ONLY)
    assert ("authenticated" in accepted_proofs(mode)) is asked_for


def proof(outcome):
    return MailProof("Reports", SmtpResult(outcome=outcome, stage="auth"), None, None)


def test_an_old_document_that_is_refused_too_was_broken_before():
    assert "Reports cannot send with that one either" in broken_before([proof("wrong")])


@pytest.mark.parametrize("outcome", ["sent", "authenticated", "inconclusive", "unreachable"])
def test_an_old_document_that_is_not_refused_is_not_called_broken(outcome):
    assert broken_before([proof(outcome)]) == ""
