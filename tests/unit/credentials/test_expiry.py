"""When a sign-in will end, by the facts of its provider, and what `status` says of it."""

import time
from datetime import date

import pytest

from provisioner.credentials.expiry import near_ends, predict_expiry, refresh_is_due, sign_in_state
from provisioner.credentials.proofs import LastProof, Refused
from provisioner.errors import ExitCode
from provisioner.providers.all_providers import GOOGLE, MICROSOFT
from provisioner.providers.catalogue import provider_for
from provisioner.reports.layout import laid_out
from provisioner.reports.sign_ins import states_as_text
from tests.support.oauth_samples import keep, oauth_server, secrets_in, token_set

NOW = 1_900_000_000
DAY = 86400
UNKNOWN = provider_for("sso.example.edu")
AGING = UNKNOWN._replace(maximum_age_days=365)

# Token endpoints that make a provider of the catalogue the one that issued the tokens.
OF_MICROSOFT = {"access_token_url": "https://login.microsoftonline.com/t/oauth2/v2.0/token"}
OF_GOOGLE = {"access_token_url": "https://oauth2.googleapis.com/token"}


def shown(states, width=None):
    """As a terminal of so many columns has it."""
    return laid_out(states_as_text(states, now=NOW), width=width)


def tokens(signed_in=0, refreshed=0, **changes):
    """Of a sign-in and a refresh so many days ago."""
    return token_set(
        obtained_at=int(NOW - signed_in * DAY), refreshed_at=int(NOW - refreshed * DAY), **changes
    )


def ending(days, *, after=0):
    """Signed in so many days ago; the provider said when the refresh token ends."""
    return tokens(after, after, refresh_token_expires_at=int(NOW + days * DAY))


@pytest.mark.parametrize(
    ("provider", "kept", "days", "reason"),
    [
        (MICROSOFT, tokens(300, 10), 80, "90 days unused"),
        (GOOGLE, tokens(300, 10), 170, "180 days unused"),
        (AGING, tokens(300, 10), 65, "365 days after the sign-in"),
        (AGING._replace(idle_expiry_days=30), tokens(300, 10), 20, "30 days unused"),
        (AGING._replace(idle_expiry_days=90), tokens(300, 10), 65, "365 days after the sign-in"),
        (GOOGLE, ending(6), 6, "as Google stated"),
        (UNKNOWN, tokens(3000, 3000), None, "sso.example.edu: lifetime of unused tokens unknown"),
    ],
)
def test_the_first_known_end_is_told_with_its_reason(provider, kept, days, reason):
    at = None if days is None else NOW + days * DAY
    end = predict_expiry(kept, provider)
    assert (end.at, end.reason) == (at, reason)


@pytest.mark.parametrize(
    ("provider", "kept", "refresh", "told"),
    [
        # A refresh at half of the idle time, or of what is assumed of it.
        (MICROSOFT, tokens(400, 44.9), False, []),
        (MICROSOFT, tokens(400, 45), True, []),
        (MICROSOFT, tokens(400, 75.9), True, []),
        (MICROSOFT, tokens(400, 76), True, ["refresh before"]),
        (MICROSOFT, tokens(400, 400), True, ["sign in again"]),
        (UNKNOWN, tokens(400, 6.9), False, []),
        (UNKNOWN, tokens(400, 7), True, []),
        # A sign-in two weeks before an end that no refresh puts off.
        (AGING, tokens(350.9, 6.9), False, []),
        (AGING, tokens(351, 7), True, ["sign in before"]),
        (AGING, tokens(400), False, ["sign in again"]),
        # One end hides no other; what has ended, does.
        (AGING._replace(idle_expiry_days=90), tokens(351, 80), True,
         ["sign in before", "refresh before"]),
        (AGING._replace(idle_expiry_days=90), tokens(351, 91), True, ["sign in again"]),
        # The provider's own word: a new refresh token comes with a refresh, or does not.
        (GOOGLE, ending(3, after=4), False, ["sign in before"]),
        (MICROSOFT, ending(3, after=4), True, ["refresh before"]),
        # One for seven days is not due at once.
        (GOOGLE, ending(7), False, []),
        (GOOGLE, ending(3.5, after=3.5), False, ["sign in before"]),
        # A clock that is a little ahead, and one that was far ahead: of what it wrote nothing ends.
        (MICROSOFT, tokens(400, -0.9), False, []),
        (MICROSOFT, tokens(400, -400), True, []),
        # What another machine refreshes is never due here.
        (MICROSOFT, tokens(400, 400, handed_over_to="maps1"), False, []),
    ],
)  # fmt: skip
def test_when_a_refresh_or_a_sign_in_is_due(provider, kept, refresh, told):
    assert refresh_is_due(kept, provider, now=NOW) is refresh
    problems = list(near_ends(oauth_server(), kept, provider, now=NOW))
    assert [problem.remedy.partition(":")[0] for problem in problems] == told
    assert {problem.exit_code for problem in problems} <= {ExitCode.PERSON_NEEDED}


# What `status` says.


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def _state(folder, declared=None, proof=None, **changes):
    server, secrets = oauth_server(**declared or {}), secrets_in(folder)
    keep(secrets, server, tokens(**{"expires_at": NOW + 60, **changes}))
    return sign_in_state(server, secrets, proof, now=NOW)


def _text(state):
    return shown([state])


def _codes(state):
    return [problem.exit_code for problem in state.problems]


def _proof(**changes):
    return LastProof(grant_id=token_set().grant_id, **changes)


def test_signed_in(tmp_path):
    state = _state(tmp_path, OF_MICROSOFT, expires_at=NOW + 3599)
    assert state.problems == ()
    assert _text(state) == (
        "SERVER   ACCOUNT              ACCESS  REFRESH      VERIFIED    STATE\n"
        "Reports  reports@example.edu  59 min  ~2030-06-15  2030-03-17  ok\n"
        "\n"
        "Reports: signed in as reports@example.edu, since 2030-03-17\n"
        "  access token until 2030-03-17 18:46 +00:00 (59 min), last refreshed "
        "2030-03-17 17:46 +00:00\n"
        "  refresh token until about 2030-06-15: 90 days unused\n"
        "    or earlier: the sign-in frequency that an administrator set (Conditional Access)\n"
        "    or earlier: sessions revoked by an administrator, or a password that was reset\n"
        "  the mail server accepted the token on 2030-03-17 17:46 +00:00\n"
    )


@pytest.mark.parametrize(
    ("declared", "changes", "codes", "standing", "words"),
    [
        ({}, {"expires_at": NOW, "identity": None}, [], "ok", [
            "signed in as reports@example.edu (the provider does not name the account)",
            "access token expired 2030-03-17 17:46 +00:00, last refreshed",
            "refresh token: end unknown (sso.example.edu: lifetime of unused tokens unknown",
            "Reports  reports@example.edu  expired  unknown  2030-03-17  ok\n",
        ]),
        ({}, {"identity": "delegate@example.edu", "expires_at": NOW + 3 * 3600}, [], "ok", [
            "signed in as delegate@example.edu, mailbox reports@example.edu, since",
            "access token until 2030-03-17 20:46 +00:00 (3 h)",
        ]),
        ({"client_secret_expires": date(2030, 4, 1)}, {}, [], "ok", [
            "  client secret until 2030-04-01\n",
        ]),
        ({"client_secret_expires": date(2031, 1, 1)}, {}, [], "ok", [
            "  client secret until 2031-01-01\n",
        ]),
        ({"client_secret_expires": date(2030, 3, 31)}, {}, [], "ok", []),
        ({"client_secret_expires": date(2030, 3, 30)}, {}, [ExitCode.PERSON_NEEDED], "soon", [
            "  Problem: the client secret expires on 2030-03-30, in 13 days\n    make a new one",
        ]),
        ({"client_secret_expires": date(2030, 3, 17)}, {}, [ExitCode.PERSON_NEEDED], "soon", [
            "on 2030-03-17, today",
        ]),
        ({"client_secret_expires": date(2030, 3, 16)}, {}, [ExitCode.PERSON_NEEDED], "problem", [
            "  Problem: the client secret expired on 2030-03-16\n    make a new one",
        ]),
        (OF_MICROSOFT, {"refreshed": 89.9}, [ExitCode.PERSON_NEEDED], "soon", [
            "until about 2030-03-17: 90 days unused",
            "Problem: the refresh token expires on 2030-03-17 (90 days unused) unless it is used",
            "refresh before: provisioner refresh Reports",
        ]),
        (OF_MICROSOFT, {"refreshed": 90}, [ExitCode.PERSON_NEEDED], "sign in", [
            "Problem: the refresh token has most likely expired: 90 days unused",
            "sign in again: provisioner authenticate Reports",
        ]),
        (OF_MICROSOFT, {"refreshed": 400, "handed_over_to": "maps1"}, [], "ok", [
            "refresh token handed over to maps1, which refreshes it",
        ]),
        (OF_GOOGLE, {"signed_in": 5, "refresh_token_expires_at": NOW + 2 * DAY},
         [ExitCode.PERSON_NEEDED], "soon",
         ["Problem: the refresh token expires on 2030-03-19 (as Google stated"]),
    ],
    ids=range(12),
)  # fmt: skip
def test_states_are_told(tmp_path, declared, changes, codes, standing, words):
    state = _state(tmp_path, declared, **changes)
    assert _codes(state) == codes
    text = _text(state)
    assert text.splitlines()[1].endswith(f"  {standing}")
    assert [part for part in words if part not in text] == []


BY_MAPS2 = Refused(said="refused, asked by maps2", at=NOW + 120)


@pytest.mark.parametrize(
    ("proof", "unproven", "words"),
    [
        (None, "no SMTP", ["  not verified yet: no SMTP\n"]),
        (_proof(at=NOW + 60), "no SMTP", ["accepted the token on 2030-03-17 17:47 +00:00\n"]),
        (_proof(at=NOW + 60, by="maps1"), None, ["token on 2030-03-17 17:47 +00:00, from maps1\n"]),
        (_proof(at=NOW + 60, by="maps1", mail=BY_MAPS2), None, [
            "17:47 +00:00, from maps1\n",
            "  Problem: refused, asked by maps2 (on 2030-03-17 17:48 +00:00)\n",
        ]),
        (_proof(mail=BY_MAPS2), None, ["17:46 +00:00\n", "  Problem: refused, asked by maps2"]),
        (_proof(mail=BY_MAPS2), "no SMTP", ["  not verified yet: no SMTP\n", "  Problem: refused"]),
        (_proof(refresh=BY_MAPS2), None, ["17:46 +00:00\n", "  Problem: refused"]),
        (LastProof(grant_id="another", at=NOW + 60, by="maps1"), "no SMTP", [
            "  not verified yet: no SMTP\n",
        ]),
    ],
    ids=range(8),
)  # fmt: skip
def test_what_mail_servers_said_at_the_sign_in_and_since(tmp_path, proof, unproven, words):
    text = _text(_state(tmp_path, proof=proof, unproven=unproven)).partition("\n\n")[2]
    assert [part for part in words if part not in text] == []
    assert ("proven" in text) is any("proven" in part for part in words)
    assert ("Problem" in text) is any("Problem" in part for part in words)
    assert ("accepted the token" in text) is any("17:4" in part for part in words)


def test_nobody_signed_in_and_a_changed_destination(tmp_path):
    secrets = secrets_in(tmp_path)
    missing = sign_in_state(oauth_server("Alerts"), secrets, None, now=NOW)
    assert _codes(missing) == [ExitCode.PERSON_NEEDED]
    assert _text(missing) == (
        "SERVER  ACCOUNT              ACCESS  REFRESH  VERIFIED  STATE\n"
        "Alerts  reports@example.edu  -       -        -         sign in\n"
        "\n"
        "Alerts: not signed in, mailbox reports@example.edu\n"
        "  Problem: not signed in\n"
        "    run: provisioner authenticate Alerts\n"
    )
    keep(secrets, oauth_server(), tokens())
    other = oauth_server(client_id="other", client_secret_expires=date(2030, 1, 1))
    changed = sign_in_state(other, secrets, None, now=NOW)
    assert _codes(changed) == [ExitCode.PERSON_NEEDED] * 2
    assert "Reports: tokens: client_id changed from maps to other; nothing was sent" in _text(
        changed
    )


def test_an_unreadable_file_is_this_servers_problem(tmp_path):
    _state(tmp_path)
    secrets = secrets_in(tmp_path)
    secrets.store.path("Reports").write_text("damaged")
    state = sign_in_state(oauth_server(), secrets, None, now=NOW)
    assert _codes(state) == [ExitCode.FAILURE]
    assert "is not ansible-vault text" in shown([state])


def test_long_names_are_whole(tmp_path):
    name = "Reports of the office of admissions"
    server = oauth_server(name, user_name="a" * 50 + "@example.edu")
    state = sign_in_state(server, secrets_in(tmp_path), None, now=NOW)
    table = shown([state], 80).splitlines()
    assert max(map(len, table)) <= 80
    assert table[1] == name
    assert table[2] == f"    account: {'a' * 50}@example.edu"
    assert any(line.startswith(f"{name}: ") for line in table)


def test_no_server_of_oauth2():
    assert shown([]).startswith("No server uses OAuth2")
