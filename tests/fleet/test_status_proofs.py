"""What `status` says of a token after a push: from which host it was taken, or refused."""

import pytest
from msgspec.structs import replace

from provisioner.demo.mail_server import Failure
from provisioner.secret import Secret
from tests.fleet.signed_in_fleet import signed_in_fleet
from tests.oauth_samples import kept


@pytest.fixture
def fleet(tmp_path):
    with signed_in_fleet(tmp_path) as fleet:
        yield fleet


@pytest.mark.long
def test_status_says_from_which_host_a_token_was_taken_or_refused(fleet):
    fleet.pushed(password=fleet.secret)
    status = fleet.run("status", "Reports").stdout
    assert "the mail server took the token on " in status
    assert ", from maps1" in status

    fleet.limit_to(5)
    secrets = fleet.secrets
    tokens = replace(kept(secrets), handed_over_to=None)  # as a new sign-in would leave it
    secrets.save(secrets.project.servers[0], Secret(fleet.secret), tokens)
    fleet.mail.behaviour.failures["auth"] = Failure("535 5.7.3 Authentication unsuccessful")
    said = fleet.pushed(password=fleet.secret, exit_code=4)
    assert "wrong at auth 535" in said
    status = fleet.run("status", "Reports").stdout
    assert ", from maps1" in status
    assert "not proven any more: the mail server refuses the token: localhost, asked by" in status
