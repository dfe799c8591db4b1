"""`revoke` as a user runs it, against the embedded provider."""

import json
import re

import pytest
from msgspec.structs import replace

from provisioner.errors import ExitCode
from provisioner.secret import Secret
from tests.cli.desk import Desk
from tests.support.scripted_http import json_answer, scripted_server
from tests.support.scripted_provider import ScriptedProvider
from tests.support.terminal import CTRL_C

VAULT_PASSWORD = "a-vault-password-for-tests"
ACCEPTED = ("--accept-destination", "Reports")  # the fact that is tried is not what was accepted


class Office(Desk):
    """A desk where Reports is signed in, and the requests of `revoke` are seen."""

    def __init__(self, folder, provider):
        super().__init__(folder, provider)
        self.use_key(VAULT_PASSWORD)
        self.endpoint("/revoke")
        self.does("authenticate", "Reports", "--no-smtp-check")
        self.asked = []
        provider.observe = lambda path, parameters, _: self.asked.append(
            (path, parameters.get("token_type_hint", ""))
        )

    def endpoint(self, revocation_url):
        """What provisioner.yml says of the provider; empty: nothing."""
        fact = {"providers": {"localhost": {"revocation_url": revocation_url}}}
        self.write("provisioner.yml", fact if revocation_url else {})

    def rename(self, name):
        """Nothing declares Reports any more."""
        self.change("server_name: Reports", f"server_name: {name}")


@pytest.fixture
def office(tmp_path):
    with ScriptedProvider() as provider:
        yield Office(tmp_path / "project", provider)


def test_the_grant_ends_and_then_the_tokens_go(office):
    finished = office.ends(ExitCode.DONE, "revoke", "reports", "--yes")
    assert "Reports: the tokens are deleted here\n  the sign-in has ended at localhost" in (
        finished.stdout
    )
    assert "MAPS hosts still have their copy" in finished.stdout
    assert office.asked == [("/revoke", "refresh_token"), ("/revoke", "access_token")]
    assert office.token_files() == []
    assert office.run("status").returncode == ExitCode.PERSON_NEEDED
    again = office.ends(ExitCode.DONE, "revoke", "Reports", "--yes")
    assert again.stdout == "Reports: not signed in; there is nothing to revoke\n"


def test_a_terminal_is_asked_first(office):
    question = "End the sign-in and delete the tokens of Reports? [y/N] "
    with office.at_terminal("revoke", "Reports") as terminal:
        terminal.answer(question, "n")
        assert terminal.ends() == ExitCode.PERSON_NEEDED
        assert "Nothing was revoked." in terminal.output
    with office.at_terminal("revoke", "Reports") as terminal:
        terminal.wait_for(re.escape(question))
        terminal.type(CTRL_C)
        assert terminal.ends() == ExitCode.INTERRUPTED
    assert office.asked == []
    assert len(office.token_files()) == 1
    with office.at_terminal("revoke", "Reports") as terminal:
        terminal.answer(question, "y")
        assert terminal.ends() == ExitCode.DONE
    assert office.token_files() == []


def test_of_what_is_not_there_nobody_is_asked(office):
    office.does("revoke", "Reports", "--yes")
    with office.at_terminal("revoke", "Reports") as terminal:
        assert terminal.ends() == ExitCode.DONE
        assert terminal.output == "Reports: not signed in; there is nothing to revoke\n"


def test_where_nobody_can_be_asked_yes_is_needed(office):
    finished = office.ends(ExitCode.USAGE, "revoke", "Reports")
    assert "confirm with --yes" in finished.stderr
    assert office.asked == []
    assert len(office.token_files()) == 1


def test_without_an_endpoint_a_person_ends_the_sign_in_and_nothing_is_deleted(office):
    office.endpoint("")
    for options in ((), ("--yes", *ACCEPTED)):
        finished = office.ends(ExitCode.PERSON_NEEDED, "revoke", "Reports", *options)
        assert "has no revocation endpoint that is known; nothing was deleted" in finished.stderr
        assert "revoke the consent of the app on the account page of the mailbox" in finished.stderr
        assert "provisioner revoke Reports --local" in finished.stderr
        assert "providers: {localhost: {revocation_url: URL}}" in finished.stderr
    assert office.asked == []
    assert len(office.token_files()) == 1
    local = office.ends(ExitCode.DONE, "revoke", "Reports", "--local", "-y")
    assert "can use them until the sign-in is revoked" in local.stdout
    assert office.token_files() == []
    again = office.run("revoke", "Reports", "--yes")
    assert again.returncode == ExitCode.DONE, "there is nothing left to do"


@pytest.mark.parametrize(
    "answer",
    [
        json_answer("{}", status="503 Busy", headers="Retry-After: 0\r\n"),
        json_answer("{}", status="404 Not Found"),
        json_answer('{"error": "unsupported_token_type"}', status="400 Bad Request"),
        b"",
    ],
)
def test_what_was_not_revoked_is_kept(office, answer):
    before = office.tokens()
    with scripted_server([answer] * 4) as server:
        office.endpoint(f"http://localhost:{server.port}/revoke")
        finished = office.run("revoke", "Reports", "--yes", *ACCEPTED)
    assert finished.returncode == ExitCode.FAILURE
    assert "Error: Reports: the revocation" in finished.stderr
    assert "deleted" not in finished.stdout
    assert office.tokens() == before


def test_a_token_that_is_dead_already_is_as_good_as_revoked(office):
    dead = json_answer('{"error": "invalid_token"}', status="400 Bad Request")
    with scripted_server([dead, json_answer("{}", status="404 Not Found")]) as server:
        office.endpoint(f"http://localhost:{server.port}/revoke")
        finished = office.run("revoke", "Reports", "--yes", *ACCEPTED)
    assert finished.returncode == ExitCode.DONE, finished.stderr
    assert "did not revoke the access token itself" in finished.stdout
    assert office.token_files() == []


def test_a_host_with_a_newer_token_may_go_on(office):
    """Whoever revokes one that was replaced is told 200, too (RFC 7009 section 2.2)."""
    office.keep(replace(office.tokens(), handed_over_to="maps1"))
    finished = office.ends(ExitCode.PERSON_NEEDED, "revoke", "Reports", "--yes")
    assert "maps1 received the refresh token, and may have a newer one" in finished.stderr
    assert "revoke the consent of the app on the account page" in finished.stderr
    assert "worth nothing" not in finished.stdout
    assert ("/revoke", "refresh_token") in office.asked
    assert office.token_files() == []


def test_a_wrong_client_secret_keeps_the_tokens(office):
    office.provider.client_secret = Secret("another")
    finished = office.ends(ExitCode.FAILURE, "revoke", "Reports", "--yes")
    assert "the revocation at localhost: invalid_client" in finished.stderr
    assert len(office.token_files()) == 1


def test_another_host_gets_nothing_on_the_word_of_a_file_alone(office):
    with scripted_server([json_answer("{}")] * 2) as elsewhere:
        office.endpoint(f"http://127.0.0.1:{elsewhere.port}/steal")
        finished = office.ends(ExitCode.PERSON_NEEDED, "revoke", "Reports", "--yes")
        assert f"/revoke to http://127.0.0.1:{elsewhere.port}/steal" in finished.stderr
        with office.at_terminal("revoke", "Reports") as terminal:
            terminal.answer("Reports? [y/N] ", "y")
            terminal.answer("differs from the accepted destination. Accept the change? [y/N] ", "n")
            assert terminal.ends() == ExitCode.PERSON_NEEDED
        assert elsewhere.requests == []
        assert len(office.token_files()) == 1
        with office.at_terminal("revoke", "Reports") as terminal:
            terminal.answer("Reports? [y/N] ", "y")
            terminal.answer("Accept the change? [y/N] ", "y")
            assert terminal.ends() == ExitCode.DONE
        assert len(elsewhere.requests) == 2


def test_a_changed_declaration_gets_nothing_and_local_still_forgets(office):
    office.change("client_id: ", "client_id: other-")
    finished = office.ends(ExitCode.PERSON_NEEDED, "revoke", "Reports", "--yes")
    assert "only delete the tokens: provisioner revoke Reports --local" in finished.stderr
    assert office.asked == []
    office.does("revoke", "Reports", "--local", "--yes")
    assert office.token_files() == []


def test_a_sign_in_that_no_file_declares_is_found_and_can_be_ended(office):
    """To end it at the provider takes the client secret, which only the server file named."""
    office.rename("Alerts")
    status = office.run("status")
    assert (
        "Reports: no server file declares it, but its sign-in is stored here, signed in as "
        "reports@example.edu\n  end it: provisioner revoke Reports\n"
    ) in status.stdout
    told = json.loads(office.run("status", "--format", "json").stdout)
    assert told["undeclared"] == [{"server": "Reports", "identity": "reports@example.edu"}]
    finished = office.ends(ExitCode.PERSON_NEEDED, "revoke", "reports", "--yes")
    assert (
        "Reports: the stored sign-in as reports@example.edu at localhost is no longer declared; "
        "nothing was deleted"
    ) in finished.stderr
    assert "provisioner revoke Reports --local" in finished.stderr
    assert len(office.token_files()) == 1
    office.does("revoke", "reports", "--local", "--yes")
    assert office.token_files() == []
    assert office.asked == []
    assert office.run("revoke", "Reports", "--local", "--yes").returncode == ExitCode.USAGE
    assert "no server file declares" not in office.run("status").stdout


def test_a_name_that_differs_in_case_only_is_another_one(office):
    """What `status` proposes for the old name must not go to the new one."""
    office.rename("reports")
    assert "end it: provisioner revoke Reports\n" in office.run("status").stdout
    assert office.run("revoke", "Reports", "--yes").returncode == ExitCode.PERSON_NEEDED
    office.does("revoke", "Reports", "--local", "--yes")
    assert office.token_files() == []


def test_local_deletes_what_cannot_be_read(office):
    office.rename("Alerts")
    office.token_files()[0].write_text("damaged")
    office.does("revoke", "Reports", "--local", "--yes")
    assert office.token_files() == []


def test_one_that_fails_holds_up_no_other(office):
    office.declare_another("Alerts")
    office.run("authenticate", "Alerts", "--no-smtp-check")
    damaged = next(path for path in office.token_files() if path.name.startswith("alerts"))
    damaged.write_text("damaged")
    finished = office.ends(ExitCode.FAILURE, "revoke", "Alerts", "Reports", "--yes")
    assert "Error: " in finished.stderr
    assert "Reports: the tokens are deleted here" in finished.stdout
    assert office.token_files() == [damaged]
