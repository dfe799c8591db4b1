"""`status` and `refresh` as a user runs them, against the embedded provider and mail server."""

import json
import re
import time
from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from provisioner.credentials.proofs import read_proofs
from provisioner.errors import ExitCode
from tests.cli.desk import Desk
from tests.support.mail_samples import certificate  # noqa: F401  a fixture
from tests.support.scripted_mail_server import Failure, MailBehavior, ScriptedMailServer
from tests.support.scripted_provider import ScriptedAnswer, ScriptedProvider, TokenFacts

DAY = 86400
VAULT_PASSWORD = "a-vault-password-for-tests"


class Office(Desk):
    """A desk with a mail server, and a hand in the token files. Nobody is asked unless told."""

    def __init__(self, folder, provider, mail, ca):
        super().__init__(folder, provider)
        self.asked = []
        self.mail = mail
        provider.observe = lambda path, *_: self.asked.append(path)
        self.change("port: 9\n", f"port: {mail.port}\n")
        self.write("ca.pem", ca)
        self.use_key(VAULT_PASSWORD)
        self.facts("")

    def facts(self, facts):
        """What is known of the provider."""
        (self.folder / "provisioner.yml").write_text(
            f"ca_file: ca.pem\nproviders:\n  localhost: {{refresh_token_rotation: none{facts}}}\n"
        )

    def keep(self, **changes):
        """Change the tokens."""
        super().keep(replace(self.tokens(), **changes))
        self.asked.clear()
        return self.tokens()

    def proven_at(self):
        proof = read_proofs(self.folder).get("Reports")
        return proof.at if proof else None

    def mail_refuses(self, refuses):
        """Whether the mail server rejects every token, as it is."""
        refusal = Failure("535 5.7.8 Authentication failed.")
        self.mail.behavior.failures = {"auth": refusal} if refuses else {}


@pytest.fixture
def office(tmp_path, certificate):  # noqa: F811
    with ScriptedProvider() as provider:
        behavior = MailBehavior(check_token=provider.token_facts)
        with ScriptedMailServer(certificate, behavior) as mail:
            office = Office(tmp_path / "project", provider, mail, certificate.ca_pem)
            office.does("authenticate", "Reports", "--no-smtp-check")
            office.asked.clear()
            yield office


def test_status_asks_nobody_and_check_asks_the_mail_server(office):
    plain = office.ends(ExitCode.DONE, "status")
    assert "not verified yet: the SMTP check was skipped" in plain.stdout
    assert office.asked == []

    before = office.token_files()[0].read_bytes()
    checked = office.ends(ExitCode.DONE, "status", "--check")
    assert "the mail server accepted the token just now" in checked.stdout
    assert checked.stderr == "asking localhost about Reports\n"
    assert office.asked == ["/introspect"]  # by the mail server: the token still lives
    proven = office.proven_at()
    assert abs(proven - time.time()) < 60
    assert "the mail server accepted the token on 2" in office.run("status").stdout
    assert office.token_files()[0].read_bytes() == before


def test_check_refreshes_only_what_has_expired(office):
    old = office.keep(expires_at=0)
    office.does("status", "--check")
    assert office.asked == ["/token", "/introspect"]
    assert office.tokens() == old, "the old refresh token is as good: no file of git changes"


def test_check_leaves_the_token_of_a_host_alone(office):
    office.keep(expires_at=0, handed_over_to="maps1")
    finished = office.ends(ExitCode.FAILURE, "status", "--check")
    assert "was handed over to maps1" in finished.stdout
    assert office.asked == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], ExitCode.DONE, "Reports: skipped: its refresh token was handed over to maps1, "),
        (["--due"], ExitCode.DONE, ""),
        (["Reports"], ExitCode.FAILURE, ""),
    ],
)
def test_a_refresh_of_all_passes_over_the_token_of_a_host(office, arguments, code, said):
    office.facts(", maximum_age_days: 1")  # an end that would call for a person
    office.keep(expires_at=0, refreshed_at=0, obtained_at=0, handed_over_to="maps1")
    finished = office.ends(code, "refresh", *arguments)
    assert finished.stdout.startswith(said)
    assert bool(finished.stdout) is bool(said)
    assert office.asked == []


def test_a_new_sign_in_tells_which_host_has_the_token_before(office):
    assert "still holds" not in office.run("authenticate", "Reports", "--no-smtp-check").stderr
    office.keep(handed_over_to="maps1")
    finished = office.ends(ExitCode.DONE, "authenticate", "Reports", "--no-smtp-check")
    assert "maps1 still holds the token that was handed over before" in finished.stderr
    assert "provisioner push Reports" in finished.stderr
    assert office.tokens().handed_over_to is None


REFUSED_BY_MAIL = "the mail server rejects the token: localhost, auth"


def test_a_mail_server_that_refuses_is_told_until_it_accepts(office):
    office.does("status", "--check")
    proven = office.proven_at()
    office.mail_refuses(True)
    finished = office.ends(ExitCode.PERSON_NEEDED, "status", "--check", "--format", "json")
    [server] = json.loads(finished.stdout)["servers"]
    assert server["usable"] is False
    assert REFUSED_BY_MAIL in server["problems"][0]["message"]
    assert office.proven_at() == proven, "when it was last accepted stays known"
    office.asked.clear()
    for command in (("status",), ("refresh", "--due")):
        told = office.run(*command)
        assert told.returncode == ExitCode.PERSON_NEEDED, command
        assert REFUSED_BY_MAIL in told.stdout + told.stderr
    assert office.asked == []
    assert "refused" in office.run("status").stdout.splitlines()[1]
    refused = office.run("test-email", "Reports")
    assert refused.returncode == ExitCode.PERSON_NEEDED, "one cause, one exit code"
    office.mail_refuses(False)
    office.does("test-email", "Reports")
    for command in (("status",), ("refresh", "--due")):
        assert office.run(*command).returncode == ExitCode.DONE, command


@pytest.mark.parametrize("command", [("status", "--check"), ("test-email", "Reports")])
def test_a_token_that_ended_early_is_renewed_once(office, command):
    """As after a revoked session: the mail server says 401 before the token's time is over."""
    ended = office.keep(expires_at=int(time.time()) + 3000).access_token.reveal()
    check = office.mail.behavior.check_token
    office.mail.behavior.check_token = lambda token: (
        TokenFacts(active=False) if token == ended else check(token)
    )
    office.does(*command)
    assert office.asked == ["/token", "/introspect"]
    office.mail.behavior.check_token = lambda token: TokenFacts(active=False)
    office.asked.clear()
    office.ends(ExitCode.PERSON_NEEDED, *command)
    assert office.asked == ["/token"], "once"
    assert 'It says: "' in office.run("status").stdout


def test_a_refused_test_email_is_told_until_somebody_signs_in(office):
    office.mail_refuses(True)
    assert office.run("test-email", "Reports").returncode == ExitCode.PERSON_NEEDED
    assert office.run("status").returncode == ExitCode.PERSON_NEEDED
    office.does("authenticate", "Reports", "--no-smtp-check")
    assert office.run("status").returncode == ExitCode.DONE, "another grant, not verified yet"


@pytest.mark.parametrize(
    ("error", "remedy"),
    [("invalid_grant", "provisioner authenticate Reports\n"), ("invalid_client", "client")],
)
def test_a_refused_refresh_is_told_until_one_is_granted(office, error, remedy):
    """Though the access token lives on, and no refresh is due."""
    refusal = ScriptedAnswer(400, json.dumps({"error": error}))
    office.behave(scripted_answers=(refusal,) * 20)
    assert office.run("refresh", "Reports").returncode == ExitCode.PERSON_NEEDED
    office.asked.clear()
    told = office.ends(ExitCode.PERSON_NEEDED, "status", "--format", "json")
    [server] = json.loads(told.stdout)["servers"]
    assert server["usable"] is False
    assert f"the refresh at localhost: {error}" in server["problems"][0]["message"]
    assert remedy in server["problems"][0]["remedy"]
    assert office.asked == []
    for command in (("refresh", "--due"), ("status", "--check")):
        assert office.run(*command).returncode == ExitCode.PERSON_NEEDED, command
        assert "/token" in office.asked, "it is tried anew"
        office.asked.clear()
    office.behave(scripted_answers=())
    office.asked.clear()
    office.does("refresh", "--due")
    assert office.asked == ["/token"]
    office.does("status")


def test_a_refused_refresh_that_was_put_right_elsewhere_is_told_no_more(office):
    """Tokens that came with git: refreshed on another machine, or handed over to a host by it."""
    refusal = ScriptedAnswer(400, json.dumps({"error": "invalid_client"}))
    office.behave(scripted_answers=(refusal,) * 2)
    assert office.run("refresh", "Reports").returncode == ExitCode.PERSON_NEEDED
    before = office.tokens()
    for came in ({"refreshed_at": int(time.time()) + 60}, {"handed_over_to": "maps1"}):
        office.keep(**{"refreshed_at": before.refreshed_at, "handed_over_to": None, **came})
        assert office.run("status").returncode == ExitCode.DONE, came
        office.does("test-email", "Reports")
        assert "/token" not in office.asked


def test_a_fault_of_the_provider_is_no_refusal(office):
    office.behave(scripted_answers=(ScriptedAnswer(503, headers={"Retry-After": "0"}),) * 3)
    assert office.run("refresh", "Reports").returncode == ExitCode.FAILURE
    office.does("status")


@pytest.mark.parametrize(
    ("facts", "kept", "within", "code", "words"),
    [
        # An idle time of 90 days, used 60 days ago; then 80 days ago.
        (", idle_expiry_days: 90", 60, None, ExitCode.DONE, ""),
        (", idle_expiry_days: 90", 60, "31d", ExitCode.PERSON_NEEDED, "unless it is used"),
        (", idle_expiry_days: 90", 60, "4w", ExitCode.DONE, ""),
        (", idle_expiry_days: 90", 80, None, ExitCode.PERSON_NEEDED, "provisioner refresh Reports"),
        (", idle_expiry_days: 90", 80, "12h", ExitCode.DONE, ""),
        (", maximum_age_days: 90", 60, "31d", ExitCode.PERSON_NEEDED, "only a new sign-in extends"),
    ],
)
def test_within_says_how_early_a_person_wants_to_know(office, facts, kept, within, code, words):
    office.facts(facts)
    at = int(time.time()) - kept * DAY
    office.keep(refreshed_at=at, obtained_at=at)
    finished = office.ends(code, "status", *(["--within", within] if within else []))
    assert words in finished.stdout


def test_the_end_of_a_client_secret_is_told_by_status_and_by_due(office):
    for days, code, word in ((15, ExitCode.DONE, "ok"), (13, ExitCode.PERSON_NEEDED, "soon")):
        day = date.today() + timedelta(days=days)
        declared = re.sub(r"\n  client_secret_expires: .*", "", office.declared.read_text())
        declared = declared.replace("oauth2:", f"oauth2:\n  client_secret_expires: {day}")
        office.declared.write_text(declared)
        finished = office.ends(code, "status")
        assert finished.stdout.splitlines()[1].endswith(word)
        assert office.run("refresh", "--due").returncode == code
    office.does("status", "--within", "24h")


@pytest.mark.parametrize("within", ["30", "1m", "-1d", ""])
def test_within_wants_a_unit(office, within):
    finished = office.ends(ExitCode.USAGE, "status", f"--within={within}")
    assert "12h, 30d, 2w" in finished.stderr


def test_check_does_not_take_an_unreachable_mail_server_for_a_refusal(office):
    office.change(f"port: {office.mail.port}", "port: 1")
    moved = office.ends(ExitCode.PERSON_NEEDED, "status", "--check")
    assert "port changed from" in moved.stdout
    office.does("refresh", "Reports", "--accept-destination", "Reports")
    finished = office.run("status", "--check", "--format", "json")
    assert finished.returncode == ExitCode.FAILURE
    [server] = json.loads(finished.stdout)["servers"]
    assert server["usable"] is True
    assert "not verified: localhost, connect" in server["problems"][0]["message"]


def test_status_of_some_servers_and_of_wrong_names(office):
    office.declare_another("Alerts")
    assert office.run("status").returncode == ExitCode.PERSON_NEEDED
    one = office.ends(ExitCode.DONE, "status", "reports")
    assert "Alerts" not in one.stdout
    unknown = office.ends(ExitCode.USAGE, "status", "Nope")
    assert "declared servers: Alerts, Reports" in unknown.stderr
    assert office.run("status", "--hosts", "--within", "0d").returncode == ExitCode.USAGE


def test_what_a_sign_in_leaves_for_status(office):
    office.behave(token_answer={"refresh_token_expires_in": 604799})
    before = int(time.time())
    office.does("authenticate", "Reports")
    kept = office.tokens()
    assert kept.unproven is None
    assert 0 <= kept.refresh_token_expires_at - before - 604799 < 60
    status = office.run("status").stdout
    assert "as localhost stated" in status
    assert "the mail server accepted the token on 2" in status


def test_a_test_email_is_a_proof(office):
    office.does("test-email", "Reports")
    assert office.proven_at() is not None
    status = office.run("status").stdout
    assert "the mail server accepted the token on 2" in status
    assert "not verified yet" not in status


def test_a_proof_that_cannot_be_noted_is_one_all_the_same(office):
    (office.folder / ".provisioner").write_text("no folder")
    mailed = office.ends(ExitCode.DONE, "test-email", "Reports")
    assert "warning: `status` will not show this: " in mailed.stderr
    checked = office.ends(ExitCode.FAILURE, "status", "--check", "--format", "json")
    [server] = json.loads(checked.stdout)["servers"]
    assert server["usable"] is True
    assert server["tokens"]["proven_at"] is not None
    assert "the result could not be saved" in server["problems"][0]["message"]


# refresh


def test_refresh_goes_on_past_failures_and_all_is_every_server(office):
    office.declare_another("Alerts")
    for arguments in (("--all",), (), ("Alerts", "Reports")):
        finished = office.ends(ExitCode.PERSON_NEEDED, "refresh", *arguments)
        assert "Error: not signed in: Alerts" in finished.stderr
        assert "Reports: refreshed; the access token is good until" in finished.stdout
    both = office.ends(ExitCode.USAGE, "refresh", "--all", "Reports")
    assert "exclude each other" in both.stderr


def test_due_is_quiet_until_half_of_the_idle_time_is_over(office):
    office.facts(", idle_expiry_days: 90")
    now = int(time.time())
    office.declare_another("Alerts")  # nobody has signed in: nothing of it could end
    office.keep(refreshed_at=now - 44 * DAY)
    quiet = office.run("refresh", "--due")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (ExitCode.DONE, "", "")
    assert office.asked == []
    office.keep(refreshed_at=now - 46 * DAY)
    due = office.ends(ExitCode.DONE, "refresh", "--due")
    assert "Reports: refreshed" in due.stdout
    assert office.asked == ["/token"]
    assert office.run("refresh", "--due").stdout == ""


def test_due_tells_of_an_end_that_no_refresh_puts_off(office):
    office.facts(", maximum_age_days: 90, idle_expiry_days: 90")
    office.keep(obtained_at=int(time.time()) - 85 * DAY)
    finished = office.ends(ExitCode.PERSON_NEEDED, "refresh", "--due", "Reports")
    assert "Error: Reports: the refresh token expires on 2" in finished.stderr
    assert "(90 days after the sign-in); only a new sign-in extends it" in finished.stderr
    assert "sign in before: provisioner authenticate Reports" in finished.stderr
    assert office.asked == []
    assert office.run("status").returncode == ExitCode.PERSON_NEEDED


def test_due_fails_as_a_refresh_does_and_hides_no_refusal(office):
    busy = (ScriptedAnswer(503, headers={"Retry-After": "0"}),)
    for refused, code in ((False, ExitCode.FAILURE), (True, ExitCode.PERSON_NEEDED)):
        office.mail_refuses(refused)
        office.run("test-email", "Reports")
        office.keep(refreshed_at=0)
        office.behave(scripted_answers=busy * (6 if refused else 3))  # each is given once
        finished = office.ends(code, "refresh", "--due")
        assert "stored tokens are unchanged" in finished.stderr
        assert (REFUSED_BY_MAIL in finished.stderr) is refused
        office.behave(scripted_answers=())


# authenticate --card


def test_the_card_asks_nobody_and_needs_no_key(office, home):
    finished = office.ends(ExitCode.DONE, "authenticate", "Reports", "--card", "--port", "8400")
    assert "Registration card: Reports, at localhost" in finished.stdout
    assert "  Sent at sign-in  http://localhost:8400\n" in finished.stdout
    assert office.asked == []
    office.declare_another("New Reports")
    first = office.run("authenticate", "New Reports", "--no-smtp-check")
    assert "provisioner authenticate 'New Reports' --card" in first.stderr
    again = office.run("authenticate", "New Reports", "--no-smtp-check")
    assert "--card" not in again.stderr
