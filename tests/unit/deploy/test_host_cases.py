"""What a push does on one host, case by case: which operations in which calls, and what follows."""

import json
from contextlib import ExitStack
from dataclasses import replace as with_facts

import pytest
from msgspec.structs import replace

from provisioner.host import mail_turns, protocol
from provisioner.host.protocol import (
    DOCUMENT,
    STATE,
    CallTimeout,
    InvalidResponse,
    RunAnswer,
    Unreachable,
    WriteAnswer,
)
from provisioner.host.result import HostState
from provisioner.host.transaction import require_delivered, require_given_back
from tests.unit.deploy.host_steps import (
    PUT_OFF,
    REFUSED,
    SENT,
    UNREACHABLE,
    add,
    carry_out_steps,
    change,
    deliver,
    lose,
    move,
    push_between,
    raises,
    rekey,
    run,
    write,
)
from tests.unit.deploy.memory_host import MemoryHost
from tests.unit.deploy.runs import APPLY, entry, limit, mail, oauth2_entry, run_input, worker

TWO, THREE, THEIRS = entry("Two"), entry("Three"), entry("Theirs", password="theirs")
ONE_CONNECTION = {"Reports": limit(connections=1)}
AUTH, NONE = {"Reports": "auth"}, {"Reports": "none"}
BOTH_AUTH = {"Reports": "auth", "Two": "auth"}
SERVICE, CLUSTER = {"service": "MAPS"}, {**APPLY, "cluster": "argos"}
TEST = {**APPLY, "test_command": ["test"]}
URL = {"Reports": "https://login.example.edu/token"}
PAST, LATER = 1_700_000_000, 2_000_000_000
GONE = {"status": 400, "body": '{"error":"invalid_grant","error_description":"AADSTS700082: x"}'}
ARCHIVE, OTHER = "email-servers.before-2.json", "email-servers.before-99.json"
UNVERIFIED, RESTORED = "delivered, not verified: not_verified", "restored: mail_refused"
NOT_CHECKED = "delivered, not verified: not_checked"
PLAN = run(2502, mode="plan", then="would change")
AT_ONCE = "read | write before-2,state,json; run; write state; smtp; write state"
RESET, REFUSING = Unreachable("Connection reset", began=True), Unreachable("refused", began=False)


def oauth(port=2501, **changes):
    """The server Reports with a token. `of_client`: what else is different in `oauth2`."""
    of_client = changes.pop("of_client", {})
    made = oauth2_entry(port=port, **changes)
    made["oauth2"].update(of_client)
    return made


def answers(*each):
    """A mail server that answers one conversation after another."""
    rest = iter(each)
    return lambda _operation: dict(next(rest))


def cases(of):
    return pytest.mark.parametrize("steps", of.values(), ids=of)


# On a host where the server Reports (port 2501) is delivered, applied and verified.
CASES = {
    # -- what a push does
    "a plan reads once": [
        run(2502, mode="plan", then="would change", calls="read",
            servers="Reports changed /port=2501>2502"),
    ],
    "one call delivers, applies, verifies and settles": [
        run(2502, holds='"password of Reports"', sent="reports", calls=AT_ONCE),
        run(2502, then="unchanged", calls="read"),
    ],
    "what a plan has read is not read again": [
        PLAN,
        run(2502, plan="fresh",
            calls="write before-2,state,json; run; write state; smtp; write state"),
    ],
    "without an apply command it is delivered": [
        deliver(2502, calls="read | write before-2,state,json; smtp; write state"),
        deliver(2502, then="unchanged"),
    ],
    "a limit and an apply command make two calls; without anything to apply one does": [
        run(2502, limits=ONE_CONNECTION,
            calls="read | write before-2,state,json; run; write state"
                  " | write; smtp; write state"),
        deliver(2501, limits=ONE_CONNECTION,
                calls="read | write before-3,state,json; smtp; write state,before-2"),
    ],
    "the document before is kept and no older one": [
        run(2502, archives={"before-2": "2501"}),
        run(2503, archives={"before-3": "2502"}, facts={"generation": 3},
            calls="read | write before-3,state,json; run; write state; smtp;"
                  " write state,before-2"),
    ],
    "what is verified of a server lasts until that one changes": [
        run(2501, TWO, sent="two"),
        run(2502, TWO, sent="reports",
            servers="Reports changed /port=2501>2502; Two unchanged sent"),
        run(2502, TWO, then="unchanged"),
    ],
    "one server is not to be verified and another is": [
        run(2502, TWO, checks={**NONE, "Two": "mail"}, then=NOT_CHECKED,
            facts={"unverified": ["Reports"]}),
        run(2502, TWO, sent="reports"),
    ],
    "a sign-in is less than an email": [
        run(2502, checks=AUTH, sent="", emails="Reports authenticated"),
        run(2502, checks=AUTH, then="unchanged"),
        run(2502, mode="plan", then="would change", servers="Reports unchanged authenticated"),
    ],
    "what is only to be applied": [
        deliver(2502),
        run(2502, calls="read | write; run; write state"),
    ],
    "a document that was removed by hand comes again": [
        run(2501, ports=[2501], edits=[lose(DOCUMENT)], facts={"edited": False}),
        run(2501, then="unchanged"),
        run(2501, ports=[2501], edits=[lose(DOCUMENT), rekey("77")]),
        run(2501, then="unchanged"),
    ],
    "a document was removed by hand, and nothing is declared": [
        run(edits=[lose(DOCUMENT)], then="unchanged", calls="read"),
    ],
    "what lies there as it is declared is only verified": [
        run(2501, same=True, edits=[lose(STATE)],
            calls="read | write state; run; write state; smtp; write state"),
        run(2501, then="unchanged"),
    ],
    "to look changes nothing and tells what lies there": [
        run(mode="status", declared=["Reports"], then="unchanged", calls="read",
            servers="Reports unchanged sent",
            on={"read": {"strangers": ["notes.txt"], "time": "2027-01-15T08:00:07Z"},
                "holder": "bert (run 2)"},
            facts={"holder": "bert (run 2)", "strangers": ["notes.txt"], "generation": 1,
                   "applied": True, "skew": 7.0, "delivery.run_id": "run-1",
                   "delivery.owner": "anna@desk", "delivery.commit": "c0ffee"}),
        run(mode="status", declared=[], then="unchanged", servers="Reports orphaned"),
        run(mode="status", then="unchanged", settings={}, facts={"applied": None}),
        run(mode="status", declared=["Reports"], then="unchanged", edits=[change("2501", "2599")],
            facts={"edited": True, "applied": False}),
    ],
    "names are the same whatever their case": [
        run(entry("REPORTS", port=2501, password="password of Reports"),
            servers="REPORTS changed /server_name=Reports>REPORTS", ports=[2501]),
    ],
    "what lies there is told by its fingerprint": [
        PLAN,
        run(2502, plan="saved"),
        run(2502, plan="saved", then="unchanged"),
        run(2503, plan="saved", then="drifted: moved"),
    ],

    # -- applying
    "a failing apply command takes the delivery back, and MAPS is known to have that": [
        run(2502, apply={2502: 1}, then="restored: apply_failed", ports=[2501],
            facts={"apply.exit": 1, "about": "said"}, calls=AT_ONCE),
        run(2501, then="unchanged"),
    ],
    "the way back fails, too": [
        run(2502, apply={2502: 1, 2501: 1}, then="unknown: back_failed", ports=[2501]),
        run(2501),
    ],
    "neither direction was begun": [
        run(2502, apply={2502: None, 2501: None}, then="restored: apply_failed", ports=[2501]),
        run(2501),
    ],
    "the way back was not begun": [
        run(2502, apply={2502: 1, 2501: None}, then="unknown: back_failed", ports=[2501]),
        run(2501),
    ],
    **{
        f"the disk is full {when}": [
            run(2502, on={"disk_full_from": step}, then=then, ports=[port]),
            run(2502),
        ]
        for when, step, then, port in (
            ("for the archive", 0, "failed: enospc", 2501),
            ("for the state", 1, "failed: enospc", 2501),
            ("for the document", 2, "failed: enospc", 2501),
            ("once it is applied", 5, "delivered, not verified: not_heard", 2502),
            ("once it is verified", 7, "delivered, not verified: not_heard", 2502),
        )
    },
    "the disk is full on the way back": [
        run(2502, apply={2502: 1}, on={"disk_full_from": 6}, then="unknown: back_failed",
            ports=[2502]),
    ],
    "an interrupted apply is done by the next push": [
        run(2502, on={"kill_at": 3}, then="unknown: other"),
        run(2502, calls="read | write; run; write state; smtp; write state"),
    ],
    "--no-restart leaves MAPS alone": [
        run(2502, settings=SERVICE, restart=False, then="delivered, not applied",
            calls="read | write before-2,state,json; smtp; write state"),
        run(2502, settings=SERVICE, calls="read | write; restart; write state"),
    ],
    "a later apply that fails takes an unverified document back": [
        deliver(2502, mail={2502: PUT_OFF}, then=UNVERIFIED),
        run(2502, apply={2502: 1}, then="restored: apply_failed", ports=[2501]),
    ],
    **{
        f"a service that cannot be restarted, {touched=}": [
            run(2502, settings=SERVICE, then=then, ports=[2501],
                on={"restart": lambda touched=touched: {"done": False, "touched": touched,
                                                        "reason": "no_service"}}),
        ]
        for touched, then in ((False, "restored: apply_failed"), (True, "unknown: back_failed"))
    },
    "what somebody else had put there comes back each time": [
        run(2501, then="unchanged"),
        *(run(2502, mail={2502: REFUSED}, then=RESTORED, edits=edits,
              facts={"generation": generation}, same=True)
          for generation, edits in ((8, [lose(STATE), add(generation=7)]), (9, []))),
    ],

    # -- test emails
    "a refused email takes the delivery back": [
        run(2502, mail={2502: REFUSED}, then=RESTORED, ports=[2501], same=True,
            emails="Reports wrong", baseline="Reports sent",
            calls=f"{AT_ONCE} | write state,json; run; write state; smtp; write state"),
        run(2501, then="unchanged"),
    ],
    "a baseline that is refused, too": [
        run(2502, mail={2502: REFUSED, 2501: REFUSED}, then="unknown: baseline_wrong", ports=[2501],
            baseline="Reports wrong"),
    ],
    "a baseline that says nothing takes nothing back": [
        run(2502, mail={2502: REFUSED, 2501: PUT_OFF}, then=RESTORED,
            baseline="Reports inconclusive"),
    ],
    "a baseline that only MAPS can verify": [
        run(entry(port=2501, smtp_security_level="cram_sha1"), emails="Reports unverifiable"),
        run(2502, mail={2502: REFUSED}, then=RESTORED, emails="Reports wrong",
            baseline="Reports unverifiable"),
    ],
    "an edited archive is nothing to send from": [
        run(2502, mail={2502: REFUSED}, then=RESTORED, baseline="", same=True,
            edits=[lose(STATE), change("2501", '"twenty-five"')]),
    ],
    "an email put off for longer than the budget is unverified and stays": [
        deliver(2502, mail={2502: PUT_OFF}, mail_budget=6, emails="Reports inconclusive x3",
                then=UNVERIFIED, ports=[2502], facts={"unverified": ["Reports"]}),
        deliver(2502, calls="read | write; smtp; write state"),
    ],
    "an unverified document is nothing to go back to": [
        run(2502, mail={2502: PUT_OFF}, then=UNVERIFIED),
        run(2503, mail={2503: REFUSED}, then=RESTORED, ports=[2501]),
    ],
    "an unverified document that a person edited is one to go back to": [
        run(2502, mail={2502: PUT_OFF}, then=UNVERIFIED),
        run(2503, edits=[change("2502", "2599")], mail={2503: REFUSED}, then=RESTORED,
            ports=[2599]),
    ],
    "what an earlier run left unverified is the next one's, to say and to take back": [
        run(2502, mail={2502: PUT_OFF}, then=UNVERIFIED),
        run(2502, mail={2502: PUT_OFF}, run_id="run-2", then=UNVERIFIED),
        run(mode="status", declared=["Reports"], then="unchanged",
            facts={"delivery.run_id": "run-2", "delivery.settled": False}),
        run(2503, mail={2503: PUT_OFF}, then=UNVERIFIED, archives={"before-2": "2501"}),
        run(2503, mail={2503: REFUSED}, then=RESTORED, ports=[2501]),
    ],
    "what was verified before is still known once that comes back": [
        run(2501, TWO),
        run(2502, entry("Two", port=2502), mail={2502: PUT_OFF}, then=UNVERIFIED),
        run(2503, entry("Two", port=2502), mail={2502: PUT_OFF, 2503: REFUSED}, then=RESTORED),
        run(2501, TWO, then="unchanged"),
    ],
    "a settled document whose email fails now stays, and is not looked for elsewhere": [
        run(2502, checks=AUTH),
        run(2502, mail={2502: REFUSED}, then=UNVERIFIED),
        run(2502, mail={2502: UNREACHABLE}, then=UNVERIFIED,
            calls="read | write; smtp; write state", ports=[2502]),
    ],
    "a mail server that answers in the place of before": [
        run(2502, mail={2502: UNREACHABLE}, then=RESTORED,
            emails="Reports wrong, but not at smtp.example.edu:2501", ports=[2501],
            asked=("port", [2502, 2501, 2501])),
    ],
    "one that answers nowhere is an outage": [
        run(2502, mail={2502: UNREACHABLE, 2501: UNREACHABLE}, ports=[2502], then=UNVERIFIED),
    ],
    "a certificate has expired on a host whose clock is off": [
        run(2502, then=UNVERIFIED, on={"read": {"time": "2027-01-15T08:06:40Z"}},
            mail={2502: {"done": False, "stage": "tls", "error": "certificate",
                         "about": "certificate has expired"}}),
    ],
    "--mail none twice": [
        deliver(2502, checks=NONE, then=NOT_CHECKED, facts={"unverified": ["Reports"]}),
        deliver(2502, checks=NONE, then="unchanged", calls="read"),
        deliver(2502, sent="reports"),
    ],
    "a level that only MAPS speaks": [
        deliver(entry(smtp_security_level="cram_sha1"), emails="Reports unverifiable", sent=""),
    ],
    "an email put off keeps no other from being sent": [
        deliver(*(entry(name, port=2600 + n) for n, name in enumerate("ABC")), mail={2601: PUT_OFF},
                asked=("port", [2600, 2601, 2602]), then=UNVERIFIED, facts={"unverified": ["B"]}),
        deliver(*(entry(name, port=2600 + n) for n, name in enumerate("ABC")), sent="b"),
    ],
    "a refused email behind one that is put off takes it back": [
        deliver(entry("A", port=2600), entry("B", port=2601), mail_budget=60,
                mail={2600: PUT_OFF, 2601: REFUSED}, then=RESTORED,
                emails="A inconclusive; B wrong"),
    ],
    "a run about other servers settles nothing: what is put off may yet be taken back": [
        deliver(2501, entry("Two", port=2602), mail={2602: PUT_OFF}, then=UNVERIFIED),
        deliver(2503, declared=["Reports", "Two"]),
        deliver(2503, declared=["Reports", "Two"], then="unchanged"),
        deliver(2503, entry("Two", port=2602), mail={2602: REFUSED}, then=RESTORED, ports=[2501]),
    ],
    "all is verified, each in a run that could not settle: that is made up for": [
        deliver(2502, entry("Two", port=2602), checks=BOTH_AUTH, mail={2602: PUT_OFF},
                then=UNVERIFIED),
        deliver(entry("Two", port=2602), declared=["Reports", "Two"], checks={"Two": "auth"}),
        deliver(2502, entry("Two", port=2602), checks=BOTH_AUTH, calls="read | write; write state"),
        deliver(2502, entry("Two", port=2602), checks=BOTH_AUTH, then="unchanged"),
    ],
    "a document of before sends from its own mailbox": [
        run(entry("Alerts"), entry(port=2502, user_name="other@example.edu"), mail={2502: REFUSED},
            then=RESTORED,
            asked=("sender", ["alerts@example.edu", "other@example.edu", "reports@example.edu"])),
        run(entry(port=2502, user_name="other@example.edu"), mail={2502: REFUSED},
            mails={"Reports": mail("alerts@example.edu")}, then=RESTORED,
            asked=("sender", ["alerts@example.edu"] * 2)),
    ],
    "a host that no longer knows its own secret: another run's document lies there": [
        run(2502, mail={2502: {"done": False, "reason": "moved"}}, emails="",
            then="locked by another run: moved"),
    ],

    # -- MAPS' own email
    "MAPS' own email fails": [
        run(2502, settings=TEST, on={"test": lambda: 3}, ports=[2502],
            then="delivered, not verified: test_failed", facts={"test.exit": 3, "about": "said"}),
        run(2502, settings=TEST),
        run(2502, settings=TEST, then="unchanged"),
    ],
    "MAPS' own email is the last word: an inconclusive refresh before it is made up for": [
        run(oauth(2502), settings=TEST, refresh=URL, facts={"test.exit": 3},
            on={"test": lambda: 3, "token_endpoint": lambda _operation: {"status": 503}},
            then="delivered, not verified: test_failed"),
        run(oauth(2502), settings=TEST, refresh=URL,
            on={"token_endpoint": lambda _operation: {"status": 503}},
            calls="read | write; smtp; post; run; write state | write; run; write state"),
    ],
    **{
        f"MAPS is asked for no email where nobody asked for emails, {how}": [
            run(2502, settings=TEST, checks={"Reports": how}, then=then, calls=calls),
        ]
        for how, then, calls in (
            ("auth", "applied", AT_ONCE),
            ("none", NOT_CHECKED, "read | write before-2,state,json; run; write state"),
        )
    },
    "MAPS is not asked for an email while something is unverified": [
        run(2502, TWO, settings=TEST, mail={587: PUT_OFF}, then=UNVERIFIED, facts={"test": None}),
    ],
    "MAPS is not asked for an email with another document": [
        run(2502, settings={**SERVICE, "test_command": ["test"]}, restart=False,
            then="delivered, not applied",
            calls="read | write before-2,state,json; smtp; write state"),
        run(2503, settings={**SERVICE, "test_command": ["test"]},
            calls="read | write before-3,state,json; restart; write state; smtp; run;"
                  " write state,before-2"),
    ],

    # -- who else is there
    "locked": [
        run(2502, at={1: lambda host: setattr(host, "holder", "bert (run 2)")}, ports=[2501],
            then="locked by another run: locked", facts={"about": "bert (run 2)"}),
    ],
    "another run delivers just this in between": [
        PLAN,
        run(2502, plan="fresh", at={0: push_between(2502)}, then="unchanged"),
    ],
    "another run delivers just this in between, and has not verified it": [
        PLAN,
        run(2502, plan="fresh", mail={2502: PUT_OFF}, at={0: push_between(2502)},
            then="locked by another run: delivered"),
    ],
    "another run delivers something else in between": [
        PLAN,
        run(2502, plan="fresh", at={0: push_between(2504)}, ports=[2504],
            then="locked by another run: delivered",
            facts={"about": "bert@desk (run run-2), 2027-01-15T08:00:00Z"}),
    ],
    "a person edits it in between": [
        PLAN,
        run(2502, plan="fresh", run_id="run-2", at={0: change("2501", "2599")},
            then="drifted: moved"),
    ],
    "a saved plan of a host that another run has changed": [
        PLAN,
        run(2504, run_id="run-2"),
        run(2502, plan="saved", then="drifted: moved", ports=[2504]),
    ],
    "another run changes it while a saved plan is pushed: nobody is in the way any more": [
        PLAN,
        run(2502, plan="saved", at={1: push_between(2504)}, then="drifted: moved"),
    ],
    "a saved plan goes on with what it has delivered": [
        PLAN,
        run(2502, plan="saved", on={"kill_at": 3}, then="unknown: other"),
        run(2502, plan="saved"),
    ],
    "a later call of a run finds another document": [
        run(2502, limits=ONE_CONNECTION, at={2: push_between(2504)}, ports=[2504],
            then="locked by another run: moved"),
    ],
    "a way back finds another document: it was delivered, so its token may be in use": [
        run(2502, mail={2502: REFUSED}, at={2: push_between(2504)}, ports=[2504],
            then="locked by another run: moved", emails="Reports wrong"),
    ],
    "a host that keeps moving is left alone": [
        run(2502, then="drifted: moved", calls=f"{AT_ONCE} | {AT_ONCE} | read",
            at={n: lambda host: host.files.update({DOCUMENT: host.files[DOCUMENT] + b" "})
                for n in (1, 3)}),
    ],
    **{
        f"call {number} is not heard: {error}": [
            run(2502, limits=ONE_CONNECTION, at={number: raises(error)}, then=then),
            run(2502),
        ]
        for number, error, then in (
            (0, RESET, "unreachable: other"),
            (1, REFUSING, "unreachable: other"),
            (1, RESET, "unknown: other"),
            (1, InvalidResponse("another shape"), "unknown: invalid_response"),
            (2, InvalidResponse("another shape"), "delivered, not verified: not_heard"),
            (2, RESET, "delivered, not verified: not_heard"),
        )
    },
    **{
        f"a way back that nobody hears of: {error}": [
            run(2502, mail={2502: REFUSED}, at={2: raises(error)}, then=f"unknown: {reason}"),
        ]
        for error, reason in ((RESET, "other"), (REFUSING, "other"),
                              (CallTimeout("too long"), "timeout"))
    },
    "a state that is newer than the archives is read once more": [
        run(2502),
        run(2503, archives={"before-3": "2502"},
            edits=[move(ARCHIVE, OTHER)], at={1: move(OTHER, ARCHIVE)},
            calls="read | read | write before-3,state,json; run; write state; smtp;"
                  " write state,before-2"),
    ],

    **{
        f"an archive that stays missing, {key=}, {mode=}": [
            run(2502),
            run(*declared, edits=[lose(ARCHIVE), rekey(key)], mode=mode, same=True,
                calls="read | read", then="failed: archive_missing",
                facts={"about": f"/etc/maps-provisioner/{ARCHIVE}"}),
            run(mode="status", then="unchanged"),
            run(2502, edits=[lose(STATE)]),
            run(2503),
        ]
        for key, mode, *declared in (("5a", "push", 2503), ("5a", "plan", 2503), ("5a", "rollback"),
                                     ("77", "push", 2502))
    },
    "a document of before that a person put there again has no archive": [
        run(2502),
        run(2503, archives={"before-3": "2502"}),
        run(2504, edits=[move("email-servers.before-3.json", DOCUMENT)]),
    ],

    # -- what others have put there
    "entries of others stay, unknown names too, and are named": [
        run(entry(port=2502, password="another"), prune=True,
            edits=[add({**THEIRS, "Novelty": {"Key": ["x"]}}, generation=7)],
            facts={"generation": 8}, ports=[2502, 587],
            servers="Reports changed /password /port=2501>2502; Theirs orphaned",
            holds='"password": "theirs"'),
    ],
    "prune removes what is ours": [
        run(2501, TWO),
        run(2501, then="unchanged", servers="Reports unchanged sent; Two orphaned"),
        run(2501, prune=True, ports=[2501]),
    ],
    "a server that a run leaves out is no orphan": [
        run(2501, TWO),
        run(2501, declared=["Reports", "Two"], prune=True, then="unchanged"),
    ],
    "what lay there as it is declared is ours from then on": [
        run(2501, TWO, edits=[lose(STATE), add(THEIRS, generation=7)]),
        run(TWO, prune=True, servers="Reports removed; Theirs orphaned; Two unchanged sent"),
    ],
    "a saved plan removes what it named and is ours": [
        run(2501, TWO, THREE),
        run(2501, remove=["TWO", "Reports", "Nobody"], declared=["Reports"],
            servers="Reports unchanged sent; Three orphaned; Two removed"),
    ],
    "edited by hand is put right and archived": [
        run(2501, edits=[change("2501", "2599")], facts={"edited": True},
            archives={"before-2": "2599"}),
    ],
    "a way back brings nothing that was pruned": [
        run(prune=True, ports=[]),
        *[run(2503, mail={2503: REFUSED}, then=RESTORED, ports=[])] * 2,
        run(mode="rollback", then="rolled back", ports=[2501]),
    ],
    "a way back brings nothing that was removed by hand": [
        run(2502),
        run(2503, mail={2503: REFUSED}, then=RESTORED, ports=[], edits=[lose(DOCUMENT)]),
        run(2503, mail={2503: REFUSED}, then=RESTORED, ports=[]),
    ],
    "another spelling is no edit": [run(2501, edits=[add()], then="unchanged")],
    **{
        f"{name} is damaged: {text[:60]}": [
            run(2502, edits=[write(name, text)], then="failed: damaged", calls="read", same=True),
        ]
        for name in (DOCUMENT, STATE)
        for text in (
            "no JSON",
            "[]",
            '{"schema_version": 1, "generation": -1, "servers": []}',
            '{"schema_version": 1, "generation": 1, "servers": [], "servers": []}',
            '{"schema_version": 1, "generation": 1, "servers": [{"server_name": "A"}]}',
            "[" * 5000,
        )
    },
    **{
        f"a newer version wrote {name}": [
            run(2502, edits=[write(name, '{"schema_version": 2, "novelty": []}')],
                then="failed: newer", calls="read",
                facts={"about": f"/etc/maps-provisioner/{name}"}),
        ]
        for name in (DOCUMENT, STATE)
    },
    "the state contradicts itself": [
        run(2502, then="failed: damaged",
            edits=[lambda host: write(STATE, json.dumps(
                {**json.loads(host.files[STATE]), "document": "0f" * 16}))(host)]),
    ],
    **{
        f"a folder that cannot be worked with: {reason} {about}": [
            run(2502, on={"read": answer}, then=f"failed: {reason}", calls="read", same=True,
                facts={"about": about}),
        ]
        for answer, reason, about in (
            ({"done": False, "reason": "not_private", "about": "/etc/x"}, "not_private", "/etc/x"),
            ({"logged": True}, "logged", ""),
        )
    },

    # -- what others can read, and another key
    **{
        f"of {', '.join(opened)} {closing} is closed at port {port}": [
            run(2502),
            run(port, on={"open": set(opened)}, mode="plan", then="would change"),
            run(port, on={"open": set(opened)}, calls=f"read | {closing}"),
        ]
        for opened, port, closing in (
            ([DOCUMENT], 2502, "write json"),
            ([DOCUMENT, STATE], 2502, "write json,state"),
            ([ARCHIVE], 2502, "write before-2"),
            ([DOCUMENT, STATE], 2503, "write before-3,state,json; run; write state; smtp;"
                                      " write state,before-2"),
            ([ARCHIVE], 2503, "write before-3,state,json,before-2; run; write state; smtp;"
                              " write state,before-2"),
        )
    },
    "a folder that others can read is closed by a write of nothing": [
        run(2501, on={"read": {"open": True}}, calls="read | write", facts={"open": [""]}),
    ],
    "another vault key": [
        run(2501, mode="plan", edits=[rekey("77")], then="would change", facts={"rekeyed": True},
            servers="Reports unchanged"),
        run(2501, same=True, sent="reports", calls="read | write state; smtp; write state"),
        run(2501, then="unchanged"),
    ],
    "another vault key: whose it is and what is before it stay known, proofs and prints go": [
        run(2502, TWO),
        run(mode="rollback_plan", edits=[rekey("77")], on={"open": {STATE}}, then="would change",
            facts={"rekeyed": True, "rolled_back_to": 1}),
        run(2502, prune=True, servers="Reports unchanged; Two removed"),
        run(2502, then="unchanged"),
        run(2502, edits=[rekey("78")], on={"open": {STATE}},
            calls="read | write state; smtp; write state"),
        run(2502, edits=[rekey("79"), change("2502", "2599")], ports=[2502]),
    ],
    "another vault key of what MAPS does not have": [
        deliver(2502),
        run(2502, edits=[rekey("77")],
            calls="read | write state; run; write state; smtp; write state"),
    ],

    # -- rollback
    "a rollback and back again": [
        run(2502),
        run(mode="rollback_plan", then="would change", facts={"rolled_back_to": 1}),
        run(mode="rollback", then="rolled back", ports=[2501], facts={"generation": 3}),
        run(mode="rollback", then="rolled back", ports=[2502], facts={"generation": 4}),
    ],
    "a rollback after a restored push goes further": [
        run(2502),
        run(2503, mail={2503: REFUSED}, then=RESTORED),
        run(mode="rollback", then="rolled back", ports=[2501]),
    ],
    "a rollback has nothing that was not there before": [
        run(2502, TWO),
        run(2502, TWO, mode="rollback_plan", then="would change",
            servers="Reports changed /port=2502>2501; Two removed"),
        run(2502, TWO, mode="rollback", secrets={}, then="rolled back", ports=[2501],
            holds='"password of Reports"'),
    ],
    **{
        f"an archive that was {how} is nothing to go back to": [
            run(2502),
            run(mode="rollback", edits=[edit], then="failed: no_archive"),
        ]
        for how, edit in (("edited", change("2501", "25", ARCHIVE)),
                          ("spoilt", write(ARCHIVE, "no JSON")))
    },
    "a refused rollback gives back what was there": [
        run(2502),
        run(mode="rollback", mail={2501: REFUSED}, then=RESTORED, ports=[2502]),
    ],
    "nothing to roll back to": [run(mode="rollback", then="failed: no_archive")],
}  # fmt: skip


# On a host on which there is nothing.
CASES_OF_A_NEW_HOST = {
    "there is nothing, and nothing is to be there": [
        run(mode="status", then="unchanged", servers="",
            facts={"generation": None, "before": None, "delivery": None, "edited": False,
                   "applied": False}),
        run(mode="plan", then="unchanged", facts={"before": None, "fingerprint": None}),
        run(then="unchanged"),
    ],
    "nothing lies there, and the folder is open to others": [
        run(on={"read": {"open": True}}, then="delivered, not applied", calls="read | write state"),
        run(then="unchanged"),
        run(2502),
    ],
    **{
        f"what differs is named, a secret is not shown: {fields}": [
            deliver(old),
            deliver(new, mode="plan", then="would change", servers=f"Reports changed {fields}"),
            deliver(new, sent="reports"),
        ]
        for old, new, fields in (
            (entry(), entry(password="another"), "/password"),
            (oauth(), oauth(of_client={"client_secret": "another"}), "/oauth2/client_secret"),
            (oauth(), oauth(of_client={"scope_for_token": "smtp"}),
             "/oauth2/scope_for_token=None>smtp"),
            (oauth(), oauth(token="2", grant="g2"), "/oauth2/token"),
        )
    },
    "from a password to OAuth2": [
        deliver(entry(port=2501)),
        deliver(oauth(), lacks="password of", travels="- | access token 1, client secret, "
                                                      "refresh token 1"),
    ],
    "an email put off is tried again within the budget": [
        deliver(2502, mail_budget=60, emails="Reports sent x3",
                edits=[lambda host: setattr(host, "mail", answers(PUT_OFF, PUT_OFF, SENT))]),
    ],
    "a first delivery that fails leaves an empty document": [
        run(2502, apply={2502: 1}, then="restored: apply_failed", ports=[],
            holds='"generation": 2'),
        run(2501, holds='"generation": 3'),
    ],
    **{
        f"what MAPS has long had stays when its first apply fails with {code}": [
            deliver(2502),
            run(2502, apply={2502: code}, then=then, same=True),
            run(2502),
        ]
        for code, then in ((1, "unknown: apply_failed"), (None, "failed: apply_failed"))
    },

    # -- tokens
    "another grant is delivered": [
        deliver(oauth()),
        deliver(oauth(token="2", grant="g2"), servers="Reports changed /oauth2/token",
                holds="access token 2", sent="reports"),
    ],
    "a token that a person edited is put right": [
        deliver(oauth()),
        deliver(oauth(), edits=[change("refresh token 1", "something else")],
                servers="Reports changed /oauth2/token", holds="refresh token 1"),
    ],
    **{
        f"a token of the same grant, {edited=}, {expired=}, {verified=}": [
            deliver(oauth(expires=PAST if expired else LATER),
                    mail={} if verified else {2501: PUT_OFF},
                    then="delivered, not applied" if verified
                    else UNVERIFIED),
            deliver(oauth(token="2"), edits=[change('"client_id": "client"', '"client_id": "x"')]
                    if edited else [],
                    holds="access token 2" if edited or (expired and not verified)
                    else "access token 1",
                    then="unchanged" if verified and not edited else "delivered, not applied"),
        ]
        for edited in (False, True)
        for expired in (False, True)
        for verified in (False, True)
    },
    "a token that lies there is not sent again, nor is any other secret": [
        deliver(oauth(), TWO, asked=("secret", ["hmac", "hmac"])),
        deliver(oauth(25), entry("Two", password="password of Nobody"),
                travels="- | password of Nobody"),
    ],
    "a refresh is tried where it does no harm": [
        deliver(oauth(), refresh=URL, calls="read | write state,json; smtp; post; write state",
                emails="Reports sent refresh verified"),
        deliver(oauth(token="2", grant="g2"), refresh=URL, then="restored: refresh_refused",
                on={"token_endpoint": lambda _operation: GONE},
                emails="Reports sent refresh wrong"),
    ],
    **{
        f"a way back where {how} keeps the token that was used last: {keeps}": [
            run(old, TWO),
            run(new, TWO, rotation=["Reports"], ports=[2501, 587], same=not keeps,
                then=RESTORED if how == "an email is refused"
                else "restored: apply_failed",
                mail={2502: REFUSED} if how == "an email is refused" else {},
                apply={2502: code} if how != "an email is refused" else {},
                facts={"kept_tokens": ["Reports"] if keeps else []},
                holds="refresh token 2" if keeps else "", lacks="refresh token 1" if keeps
                else "refresh token 2"),
            run(oauth(token="2", grant="g2") if keeps else old, TWO, rotation=["Reports"],
                then="unchanged" if how == "an email is refused" or not keeps else "applied"),
        ]
        for how, code in (("an email is refused", 0), ("an apply command fails", 1),
                          ("nothing is begun", None))
        for keeps, old, new in (
            (True, oauth(), oauth(2502, token="2", grant="g2")),
            # another account's is no use to the document of before
            *((False, oauth(), oauth(2502, token="2", grant="g2", **changes)) for changes in (
                {"user_name": "other@example.edu"},
                {"of_client": {"client_id": "another"}},
                {"of_client": {"access_token_url": "https://x.example.edu/token"}},
                {"of_client": {"refresh_token_url": "https://x.example.edu/token"}},
            )),
            (False, entry(port=2501), oauth(2502, token="2", grant="g2")),
        )
    },
    "a way back keeps its own token where nothing newer was delivered": [
        run(oauth()),
        run(oauth(2502, of_client={"token": None}), rotation=["Reports"], apply={2502: 1},
            then="restored: apply_failed", same=True),
    ],
    "a way back over an unverified document knows whose the servers of before are": [
        deliver(oauth(), TWO),
        deliver(oauth(2502, token="2", grant="g2"), prune=True, mail={2502: PUT_OFF},
                rotation=["Reports"], then=UNVERIFIED, ports=[2502]),
        deliver(oauth(2503, token="3", grant="g3"), mail={2503: REFUSED}, rotation=["Reports"],
                then=RESTORED, ports=[2501, 587], facts={"kept_tokens": ["Reports"]}),
        deliver(oauth(token="3", grant="g3"), prune=True,
                servers="Reports unchanged sent; Two removed"),
    ],
    **{
        f"a baseline of an expired token gets the controller's of its grant, now {grant}": [
            deliver(oauth(expires=PAST), TWO, asked=("secret", ["hmac", "hmac"])),
            deliver(oauth(2502, token="2", grant=grant), TWO, mail={2502: REFUSED}, then=RESTORED,
                    baseline=baseline, travels=travels,
                    asked=("secret", ["hmac", "access token 2"][: 1 + bool(baseline)])),
        ]
        for grant, baseline, travels in (
            ("g1", "Reports sent", "- | access token 2, refresh token 2 | access token 2"),
            ("g2", "", "- | access token 2, refresh token 2 | -"),
        )
    },
    "a baseline whose token has not expired uses it": [
        deliver(oauth()),
        deliver(oauth(2502, token="2"), mail={2502: REFUSED}, then=RESTORED,
                baseline="Reports sent", asked=("secret", ["hmac", "hmac"])),
    ],
    "a rollback brings the newest token of its grant, the controller's": [
        deliver(oauth()),
        deliver(oauth(2502, token="3", grant="g2")),
        deliver(oauth(2503, token="4", grant="g2")),
        deliver(oauth(2503, token="5", grant="g2"), mode="rollback", then="rolled back",
                ports=[2502], holds="refresh token 5"),
    ],
    "a rollback brings the newest token of its grant, that which lies there": [
        deliver(oauth()),
        deliver(oauth(2502, token="3", grant="g2")),
        deliver(oauth(2503, token="4", grant="g2")),
        deliver(mode="rollback", then="rolled back", ports=[2502], holds="refresh token 4"),
    ],
    "a rollback brings no token of another grant": [
        deliver(oauth()),
        deliver(oauth(2502, token="2", grant="g2")),
        deliver(oauth(2502, token="2", grant="g2"), mode="rollback", then="rolled back",
                ports=[2501], holds="refresh token 1"),
    ],
    "a rollback where tokens rotate strictly brings no used one": [
        deliver(oauth()),
        deliver(oauth(2502, token="2", grant="g2")),
        deliver(oauth(2502, token="2", grant="g2"), mode="rollback", rotation=["REPORTS"],
                then="rolled back", ports=[2501], holds="refresh token 2"),
    ],
    **{
        f"a {mode} where tokens rotate strictly and the only one is used: {now['user_name']}": [
            deliver(oauth()),
            deliver(now),
            deliver(now, mode=mode, rotation=["REPORTS"], then="failed: dead_token", calls="read",
                    facts={"about": "Reports"}),
        ]
        for mode in ("rollback_plan", "rollback")
        for now in (oauth(2502, token="2", grant="g2", user_name="other@example.edu"),
                    entry(port=2502))
    },
}  # fmt: skip


@cases(CASES)
def test_a_host_with_a_settled_document(steps, tmp_path):
    carry_out_steps(MemoryHost(), [run(2501), *steps], tmp_path)


@cases(CASES_OF_A_NEW_HOST)
def test_a_host_that_has_nothing(steps, tmp_path):
    carry_out_steps(MemoryHost(), steps, tmp_path)


# -- turns: what hangs on time, on another host, or on the run's end


def test_where_it_is_in_which_phase(tmp_path):
    host, phases = MemoryHost(), []
    carry_out_steps(host, [run(2501)], tmp_path)
    host.mail = lambda operation: dict(REFUSED if operation["port"] == 2502 else SENT)
    work = run_input(host, [entry(port=2502)], limits=ONE_CONNECTION, turns=str(tmp_path))
    host.calls.clear()
    result = with_facts(worker(host, work, **APPLY), phase=phases.append).answer().result
    assert [one.proof for one in result.baseline] == ["sent"]
    assert phases == ["read", "deliver", "verify", "restore"]
    assert host.calls[1:] == [
        ["write before-2,state,json", "run", "write state"],
        ["write", "smtp", "write state"],
        ["write state,json", "run", "write state"],
        ["write", "smtp", "write state"],
    ]


@pytest.mark.parametrize(
    ("answer", "then", "calls"),
    [
        # MAPS itself sends once all emails are sent
        (SENT, "delivered, not applied", "read | write state,json; smtp; write state"
                 " | write; smtp; write state | write; smtp; run; write state"),
        # and a refused one ends the rounds
        (REFUSED, "restored: mail_refused", "read | write state,json; smtp; write state"
                  " | write state,json"),
    ],
)  # fmt: skip
def test_a_minute_allows_so_many(answer, then, calls, tmp_path, monkeypatch):
    monkeypatch.setattr(mail_turns, "_MINUTE", 0.2)
    step = deliver(
        *map(entry, "ABC"),
        limits=dict.fromkeys("ABC", limit(per_minute=1)),
        then=then,
        mail={587: answer},
        calls=calls,
    )
    step = with_facts(step, settings={"test_command": ["test"]})
    carry_out_steps(MemoryHost(), [step], tmp_path)


@pytest.mark.parametrize(
    ("settings", "calls", "then"),
    [
        ({}, 0, "not started: interrupted"),  # it has delivered nothing
        (APPLY, 1, "delivered, not verified: not_heard"),  # and nobody hears of the emails
    ],
)
def test_a_run_that_ends_waits_for_no_turn(settings, calls, then, tmp_path):
    host = MemoryHost()
    carry_out_steps(host, [run(2501)], tmp_path)
    host.calls.clear()
    work = run_input(host, [entry(port=2502)], limits=ONE_CONNECTION, turns=str(tmp_path))
    with ExitStack() as taken:

        def take():
            if len(host.calls) == calls:
                turn = mail_turns.mailbox_turns(tmp_path, [ONE_CONNECTION["Reports"]], lambda: True)
                taken.enter_context(turn)

        host.between = take
        ours = with_facts(worker(host, work, **settings), goes_on=lambda: False)
        result = ours.answer().result
    assert f"{result.state}: {result.reason}" == then


@pytest.mark.parametrize(
    ("settings", "then"),
    [
        ({}, "failed: turns"),
        (APPLY, "delivered, not verified: not_heard"),
        (CLUSTER, "failed: turns"),
    ],
)
def test_where_turns_cannot_be_noted(settings, then, tmp_path):
    """As on a full disk: what was not touched is told as that."""
    host = MemoryHost()
    missing = str(tmp_path / "missing")
    work = run_input(host, [entry()], limits={"Reports": limit(per_minute=9)}, turns=missing)
    result = worker(host, work, **settings).answer().result
    assert f"{result.state}: {result.reason}" == then
    assert result.about.startswith(missing)


def test_a_run_that_ends_does_not_try_again():
    host = MemoryHost(mail=lambda _operation: dict(PUT_OFF))
    ours = worker(host, run_input(host, [entry()], mail_budget=60))
    result = with_facts(ours, goes_on=lambda: False).answer().result
    assert (result.state, result.mails[0].attempts) == (HostState.UNVERIFIED, 1)


def test_a_sign_in_takes_no_message_from_a_minute(tmp_path):
    limits = {"Reports": limit(per_minute=1)}
    carry_out_steps(MemoryHost(), [run(2501, checks=AUTH, limits=limits)], tmp_path)
    assert not list(tmp_path.glob("*.messages"))


def of_cluster(name, host, run_id, turns):
    """A push of another host that shares the cluster."""
    work = run_input(host, [entry(port=2502)], run_id=run_id, turns=str(turns))
    work = replace(work, hosts={name: work.hosts["maps1"]})
    return with_facts(worker(host, work, **CLUSTER), host=name).answer().result


@pytest.mark.parametrize(
    ("fails", "then", "second"),
    [
        ({}, "applied", "applied"),
        ({"apply": {2502: 1}}, "restored: apply_failed", "not started"),
        ({"mail": {2502: REFUSED}}, RESTORED, "applied"),  # MAPS is well there
        ({"mail": {2502: REFUSED}, "apply": {2501: 1}}, "unknown: back_failed", "not started"),
    ],
)
def test_which_host_of_a_cluster_follows(fails, then, second, tmp_path):
    first, other = MemoryHost(), MemoryHost()
    step = run(2502, settings=CLUSTER, then=then, run_id="r1", **fails)
    repeated = [step] if fails else []  # a host waits for no mark of its own
    carry_out_steps(first, [run(2501, settings=CLUSTER), step, *repeated], tmp_path)
    result = of_cluster("maps2", other, "r1", tmp_path)
    assert result.state == second
    if second == "not started":
        assert (result.reason, result.about) == ("cluster", "maps1")
        assert other.calls == [["read"]]
        assert of_cluster("maps2", other, "r2", tmp_path).state is HostState.APPLIED


def test_a_write_that_ended_once_the_document_was_there():
    """The folder could not be flushed: it may lie there or not, and MAPS was not told."""
    wrote = WriteAnswer(done=False, reason="eio", digests={STATE: "0" * 64, DOCUMENT: "0" * 64})
    back = [protocol.write([], expect={}), protocol.run(["apply"], 5)]
    assert require_given_back([wrote], back) == (HostState.UNKNOWN, "eio", "")
    forward = [protocol.write([], expect={}), protocol.run(["apply"], 5, instead=back)]
    assert require_delivered([wrote], forward, writes=True) == (HostState.UNKNOWN, "eio", "")
    assert require_delivered([wrote], forward, writes=False) == (HostState.FAILED, "eio", "")
    failed = RunAnswer(done=False, exit=1, output="said", instead=[wrote])
    ending = require_delivered([replace(wrote, done=True), failed], forward, writes=True)
    assert ending == (HostState.UNKNOWN, "back_failed", "said")
