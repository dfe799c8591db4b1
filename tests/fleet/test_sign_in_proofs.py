"""What a push finds out about sign-ins is what `status` says of them."""

import dataclasses
from pathlib import Path

import pytest

from provisioner.demo.mail_server import Failure
from provisioner.errors import TokenStoreError
from provisioner.fleet.host_result import HostResult, HostState
from provisioner.fleet.mail_proof import MailProof
from provisioner.fleet.sign_in_proofs import SignInProof, recorded, sign_in_proofs
from provisioner.hosts.entry import ServerEntry
from provisioner.mail.session import SmtpResult
from provisioner.model.project import Project
from tests.fleet.signed_in_fleet import signed_in_fleet
from tests.fleet.test_plan_checks import SERVER, TOKENS

FOLDER = Path("/nowhere")
PROJECT = Project(root=FOLDER, servers_path=FOLDER, inventory_path=FOLDER, tokens_path=FOLDER)

SENT = SmtpResult(outcome="sent", stage="data")
SIGNED_IN = SmtpResult(outcome="authenticated", stage="auth")
REFUSED = SmtpResult(outcome="wrong", stage="auth", code=535, reply="no")
AWAY = SmtpResult(outcome="unreachable", stage="connect")
NO_SENDER = SmtpResult(outcome="wrong", stage="mail", code=550, reply="no")


def proofs(*results):
    """(host, whether the token was refused) of each proof, each result from a host of its own."""
    hosts = [
        HostResult(
            host=f"maps{number}",
            state=HostState.DELIVERED,
            mails=(MailProof("Reports", result, None, None),),
        )
        for number, result in enumerate(results, 1)
    ]
    entries = {"Reports": ServerEntry(server=SERVER, token_set=TOKENS)}
    found = sign_in_proofs(hosts, entries, PROJECT)
    assert all(proof.tokens is TOKENS for proof in found)
    return [(proof.host, bool(proof.refused)) for proof in found]


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([SENT], [("maps1", False)]),
        ([SIGNED_IN], [("maps1", False)]),
        ([REFUSED], [("maps1", True)]),
        ([REFUSED, SENT, REFUSED], [("maps2", False)]),
        ([AWAY], []),
        ([AWAY, REFUSED], [("maps2", True)]),
        ([NO_SENDER], []),
    ],
)
def test_a_mail_taken_anywhere_proves_and_only_a_refused_token_is_one(results, expected):
    assert proofs(*results) == expected


def test_a_server_without_tokens_has_no_sign_in():
    host = HostResult(
        host="maps1", state=HostState.DELIVERED, mails=(MailProof("Reports", SENT, None, "sent"),)
    )
    assert sign_in_proofs([host], {"Reports": ServerEntry(server=SERVER)}, PROJECT) == ()


def test_what_cannot_be_noted_is_a_warning():
    class Full:
        def locked(self, _name):
            raise TokenStoreError("the disk is full")

    told = list(recorded(Full(), [SignInProof(TOKENS, "maps1")], at=1.0))
    assert told == ["Reports: `status` will not know of this push: the disk is full"]


@pytest.fixture
def fleet(tmp_path, monkeypatch):
    with signed_in_fleet(tmp_path, monkeypatch) as fleet:
        yield fleet


@pytest.mark.long
def test_status_says_from_which_host_a_token_was_taken_or_refused(fleet):
    fleet.pushed(password=fleet.secret)
    kept = fleet.store.load("Reports")
    assert kept.proven_by == "maps1"
    status = fleet.run("status", "Reports").stdout
    assert "the mail server took the token on " in status
    assert ", from maps1" in status

    fleet.limit_to(5)
    with fleet.store.locked("Reports") as locked:  # as a new sign-in would leave it
        locked.save(dataclasses.replace(kept, grant_id="another", handed_over_to=None))
    fleet.mail.behaviour.failures["auth"] = Failure("535 5.7.3 Authentication unsuccessful")
    said = fleet.pushed(password=fleet.secret, exit_code=4)
    assert "wrong at auth 535" in said
    status = fleet.run("status", "Reports").stdout
    assert "not proven any more: the mail server refuses the token: localhost, asked by" in status
