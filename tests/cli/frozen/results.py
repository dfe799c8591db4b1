"""Sign-ins at a fixed time: the one place of these tests that knows the inside."""

import time
from contextlib import contextmanager
from datetime import date

from provisioner.credentials.expiry import Problem, SignInState, TokenExpiry
from provisioner.credentials.proofs import LastProof
from provisioner.reports.layout import laid_out
from provisioner.reports.sign_ins import states_as_json, states_as_text
from tests.support.oauth_samples import token_set

NOW = 1_900_000_000
DAY = 86400


def rendered_sign_ins(monkeypatch):
    """File name -> text, at NOW and in UTC."""
    monkeypatch.setattr(time, "time", lambda: float(NOW))
    with in_utc(monkeypatch):
        return {
            "sign_ins.txt": laid_out(states_as_text(sign_ins(), now=NOW)),
            "sign_ins_60.txt": laid_out(states_as_text(sign_ins(), now=NOW), width=60),
            "sign_ins.json": states_as_json(sign_ins(), now=NOW),
        }


@contextmanager
def in_utc(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def sign_ins():
    """Signed in, signed in for the last days, and never."""
    tokens = token_set(
        expires_at=NOW + 3000,
        obtained_at=NOW - 30 * DAY,
        refreshed_at=NOW - DAY,
    )
    proof = LastProof(grant_id=tokens.grant_id, at=NOW - DAY)
    return [
        SignInState(
            server_name="Reports",
            mailbox="reports@example.edu",
            client_secret_expires=date(2030, 4, 1),
            tokens=tokens,
            proof=proof,
            end=TokenExpiry(NOW + 60 * DAY, "it ends after 90 days without a refresh"),
            early_ends=("a new password of the mailbox ends it",),
        ),
        SignInState(
            server_name="Alerts",
            mailbox="alerts@example.edu",
            tokens=tokens,
            proof=proof,
            end=TokenExpiry(NOW + 2 * DAY, "it ends after 90 days without a refresh"),
            problems=(Problem("it ends within a week", "sign in", blocks=False, standing="soon"),),
        ),
        SignInState(
            server_name="News",
            mailbox="news@example.edu",
            problems=(Problem("not signed in", "sign in", standing="sign in"),),
        ),
    ]
