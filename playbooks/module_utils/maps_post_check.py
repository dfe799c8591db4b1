"""The post-check: what a host does to prove its document, one server after the other."""

from __future__ import annotations

import time

from .maps_conversation import converse, not_held
from .maps_document import account, key_of, refresh_endpoint, token_expiry
from .maps_message import test_message
from .maps_oauth import prove_refresh, refreshed

# How a conversation ended -> the proof that the host remembers.
_PROOFS = {"sent": "sent", "authenticated": "authenticated", "unprovable": "unprovable"}
_PLACE = ("host", "port", "use_tls")


class PostCheck:
    """How one run checks: `envelopes` has server -> from and to, or None to sign in only.

    `run_id` goes into each mail's header; `document` (generation, fingerprint) into its text.
    """

    def __init__(self, envelopes, run_id, document, ca_file, timeout):
        self._envelopes = {name.casefold(): e for name, e in envelopes.items()}
        self._run_id, self._document = run_id, document
        self._ca_file, self._timeout = ca_file, timeout

    def delivered(self, entry, before, refreshable):
        """Prove an entry that was delivered. `before`: the one that would be given back, or None.

        `refreshable`: a refresh, as a trial, does no harm to the tokens.
        """
        mail = self._conversed(entry, account(entry, self._ca_file))
        if mail["outcome"] == "unreachable" and self._answers_elsewhere(entry, before):
            place = "{host}:{port}".format(**before)
            mail = dict(mail, outcome="wrong", worked_before=place)
        refresh = None
        if mail["outcome"] in ("sent", "authenticated") and refreshable:
            refresh = prove_refresh(entry, self._ca_file, self._timeout)
        return _judged(entry, mail, refresh)

    def given_back(self, entry, refresh_at):
        """Prove an entry of an old document, whose access token may have expired meanwhile.

        MAPS would refresh it; we do, without keeping the answer, only where the refresh goes to
        `refresh_at`, an endpoint that leaves the old refresh token valid.
        """
        expires = token_expiry(entry)
        if expires is None or expires > time.time():
            return _judged(entry, self._conversed(entry, account(entry, self._ca_file)), None)
        if not refresh_at or refresh_endpoint(entry) != refresh_at:
            words = "its access token has expired, and only MAPS may refresh it"
            return _judged(entry, not_held("inconclusive", words), None)
        fact, token = refreshed(entry, self._ca_file, self._timeout)
        if token is None:
            words = "its access token has expired, and could not be refreshed"
            return _judged(entry, not_held(fact["outcome"], words), fact)
        fresh = dict(account(entry, self._ca_file), secret=token)
        return _judged(entry, self._conversed(entry, fresh), fact)

    def _conversed(self, entry, smtp_account):
        return converse(smtp_account, self._message(entry), self._timeout)

    def _message(self, entry):
        """The mail to send; None to sign in only. A sender of None is the entry's own mailbox."""
        envelope = self._envelopes.get(key_of(entry))
        sender = envelope and (envelope["from"] or entry.get("user_name"))
        if not sender:
            return None
        return test_message(entry, sender, envelope["to"], self._run_id, self._document)

    def _answers_elsewhere(self, entry, before):
        """Whether nobody answers because this delivery looks for the mail server in a new place."""
        if before is None or all(before.get(name) == entry[name] for name in _PLACE):
            return False
        facts = converse(account(before, self._ca_file), None, self._timeout)
        return facts["stage"] == "auth"  # it answers there: a mistake of ours, and no outage


def is_wrong(mail):
    """What was checked is wrong, by the mail server's word or the token endpoint's."""
    return "wrong" in (mail["outcome"], (mail["refresh"] or {}).get("outcome"))


def _judged(entry, mail, refresh):
    failed = refresh is not None and refresh["outcome"] != "proven"
    proof = None if failed else _PROOFS.get(mail["outcome"])
    return dict(mail, server=entry["server_name"], refresh=refresh, proof=proof)
