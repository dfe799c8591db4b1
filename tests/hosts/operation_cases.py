"""What a host does and answers, as data: for each language that a host module is written in.

A runner makes the folder, gives the call, and compares. Texts of operations and answers may have
`{folder}`, and `{folder}/NAME`, which it writes as its system does. A command is what it is to do
(`Command`). An answer has at least what is said here; no answer may have HIDDEN in it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

KEY = "5f" * 32
KEYS = ["servers", "server_name", "host", "port", "password", "note"]
SHOWN = ["server_name", "host", "port"]
DOCUMENT, STATE, ARCHIVE = "email-servers.json", "state.json", "email-servers.before-3.json"
LARGEST = 4 * 1024 * 1024
HIDDEN = "hidden-"  # begins each secret here


@dataclass(frozen=True)
class Command:
    """What the program of a `run` does: it says `prints`, sleeps, and ends with `exits`."""

    prints: bytes = b""
    sleeps: int = 0
    exits: int = 0


@dataclass(frozen=True)
class Case:
    """`before`, `after`: all files, but for the lock; None: no folder.

    `needs`: "access lists" (who may read is known), "locks" (of two processes), "posix". `opened`:
    what anyone may read before ("": the folder); after a write all is closed. `holder`: words of
    another call that holds the lock.
    """

    name: str
    operations: list[dict[str, Any]]
    answers: list[dict[str, Any]]
    before: dict[str, bytes] | None
    after: dict[str, bytes] | None
    needs: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()
    holder: str | None = None


def call(operations: list[dict[str, Any]], **changed: Any) -> dict[str, Any]:
    """A whole call."""
    return {
        **{"directory": "{folder}", "group": None, "key": KEY, "who": "ann@ws (run r1)"},
        **{"lock_wait": 0, "keys": KEYS, "shown": SHOWN, "operations": operations, **changed},
    }


# -- what hosts compute


def digest(data: bytes) -> str:
    """A file's."""
    return hmac.digest(bytes.fromhex(KEY), data, hashlib.sha256).hex()


def placeholder(token: bytes) -> str:
    """That of a token of JSON as it is spelled, without quotes."""
    return "hmac:" + digest(token)[:32]


def shown(marked: str, encoding: str = "utf-8") -> str:
    """A document as it is shown, with a placeholder for each «token»."""
    return re.sub("«(.*?)»", lambda at: f'"{placeholder(at[1].encode(encoding))}"', marked)


def clear(marked: str, encoding: str = "utf-8") -> bytes:
    """The same as it lies there."""
    return re.sub("[«»]", "", marked).encode(encoding)


def found(data: bytes, text: str | None) -> dict[str, Any]:
    """What `read` says of a file."""
    return {"text": text, "digest": digest(data), "open": False}


# -- operations and their answers

READ = {"op": "read"}


def write(*files: dict[str, str], expect: Any = (), **more: Any) -> dict[str, Any]:
    return {"op": "write", "expect": dict(expect), "files": list(files), **more}


def run(prints: bytes = b"", sleeps: int = 0, exits: int = 0, **more: Any) -> dict[str, Any]:
    return {"op": "run", "argv": Command(prints, sleeps, exits), "timeout": 60, **more}


def smtp(secret: str | None = None, **changed: Any) -> dict[str, Any]:
    """A conversation that can't come far: nothing listens there."""
    asked: dict[str, Any] = {"op": "smtp", "host": "127.0.0.1", "port": 1, "tls": "none"}
    for name in ("ca_file", "client_name", "sender", "recipient", "message"):
        asked[name] = None
    asked.update(mechanisms=["PLAIN"], user="u", secret=secret, timeout=5)
    return {**asked, **changed}


def post(fields: dict[str, str], basic: list[str] | None = None) -> dict[str, Any]:
    """A form to nobody."""
    asked = {"op": "post", "url": "https://127.0.0.1:1/token", "fields": fields, "basic": basic}
    return {**asked, "ca_file": None, "timeout": 5, "keys": ["error"], "shown": ["error"]}


def text(name: str, content: str | bytes) -> dict[str, str]:
    return {"name": name, "text": content if isinstance(content, str) else content.decode()}


def copy(name: str, source: str) -> dict[str, str]:
    return {"name": name, "copy": source}


def done(op: str, **more: Any) -> dict[str, Any]:
    return {"op": op, "done": True, **more}


def wrote(files: dict[str, bytes | None]) -> dict[str, Any]:
    """A write that is done, with the digests of what was written or removed."""
    digests = {name: None if data is None else digest(data) for name, data in files.items()}
    return done("write", digests=digests)


def refused(op: str, reason: str, about: str = "{folder}", **more: Any) -> dict[str, Any]:
    return {"op": op, "done": False, "reason": reason, "about": about, **more}


# -- documents

OLD = '{"servers": [{"host": "mail.example", "port": 25, "password": «"hidden-old-one"»}]}'
NEW = '{"servers": [{"host": "mail.example", "port": 25, "password": «"hidden-new-one"»}]}'
D, D2, S, S2 = clear(OLD), clear(NEW), b'{"generations": 1}', b'{"generations": 2}'
LIES = {DOCUMENT: D, STATE: S}
KNOWN = placeholder(b'"hidden-old-one"')
UNKNOWN = "hmac:" + "0" * 32

MARKED = {
    "one value": OLD,
    "any spelling of names and values, any white space": (
        ' {\r\n"password" :\t«"hidden-\\u00e4\\/"» ,"host":"a",«"p\\u0061ssword"»:«"hidden-1"»}\n'
    ),
    "names and numbers that nobody knows": (
        '{«"hidden-name"»: «-1.5e3», "note": [«1», true, null, "", «"host"», {}], "port": 25}'
    ),
    "only the value itself of a name that is shown": (
        '{"host": {"password": «"hidden-1"»}, "port": [«"hidden-2"»], "server_name": "A: b"}'
    ),
    "a document that ends early": '{"host": "a", "password":',
    "nothing at all": "",
    "a word": "«hidden-word»",
    "a name without a colon": '{«"password"» «"hidden-1"», «"host"» «"hidden-2"»}',
    "what looks like a placeholder": f'{{"password": «"{UNKNOWN}"», "host": "{UNKNOWN}"}}',
    "all that Unicode has": '{"password": «"hidden-ä€😀"», "host": "ä€😀\u2028"}',
    "one of 100 KB": f'{{"password": «"hidden-{"x" * 100_000}"»}}',
}
NO_TEXT = {
    "a text that never ends": b'{"password": "hidden-1}',
    "what is no JSON": b"password=hidden-1",
    "a line break in a text": b'{"password": "hidden-\n1"}',
    "what is no UTF-8 and is shown": b'{"host": "\xff", "password": "hidden-1"}',
    "half of a pair in UTF-8": b'{"host": "\xed\xa0\x80"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
}


def case(
    name: str, asked: Any, said: Any, before: Any = ..., after: Any = ..., **more: Any
) -> Case:
    """One, of one operation or of several, where LIES lies unless something else is said."""
    operations, answers = (one if isinstance(one, list) else [one] for one in (asked, said))
    before = LIES if before is ... else before
    return Case(name, operations, answers, before, before if after is ... else after, **more)


def masking() -> list[Case]:
    """Documents as they are shown; each is written back from that byte for byte."""
    cases = []
    for name, marked in MARKED.items():
        data, files = clear(marked), {DOCUMENT: clear(marked), STATE: b"{}"}
        seen = {DOCUMENT: found(data, shown(marked)), STATE: found(b"{}", "{}")}
        cases.append(case(f"masks: {name}", READ, done("read", files=seen), files))
        asked = write(text(ARCHIVE, shown(marked)), expect={DOCUMENT: digest(data)})
        said = wrote({ARCHIVE: data})
        after = {**files, ARCHIVE: data}
        cases.append(case(f"fills in: {name}", asked, said, files, after))
    for name, data in NO_TEXT.items():
        said = done("read", files={DOCUMENT: found(data, None)})
        cases.append(case(f"never shows: {name}", READ, said, {DOCUMENT: data}))
    return cases


# -- cases

READS = [
    case(
        "reads where no folder is",
        READ,
        done("read", files={}, open=False, strangers=[], logged=False, writable=True, holder=None),
        before=None,
    ),
    case(
        "a conversation without secrets makes no folder",
        smtp(mechanisms=[], user=None, lock=False),
        {"op": "smtp", "done": False, "stage": "connect", "error": "unreachable"},
        before=None,
    ),
    case(
        "a form without secrets makes no folder",
        {**post({}), "lock": False},
        {"op": "post", "done": False, "error": "unreachable"},
        before=None,
    ),
    case(
        "a conversation without secrets waits for no lock",
        smtp(mechanisms=[], user=None, lock=False),
        {"op": "smtp", "done": False, "stage": "connect", "error": "unreachable"},
        holder="bob@ws (run r9)",
        needs=("locks",),
    ),
    case(
        "without the folder nothing fills in a placeholder",
        smtp(UNKNOWN, lock=False),
        {"op": "smtp", "done": False, "reason": "moved"},
        before=None,
    ),
    case(
        "reads all that is ours, the state as it is",
        READ,
        done(
            "read",
            files={
                DOCUMENT: found(D, shown(OLD)),
                ARCHIVE: found(D2, shown(NEW)),
                STATE: found(S + KNOWN.encode(), S.decode() + KNOWN),
            },
            strangers=["Notes.txt", "email-servers.before-x.json"],
            holder=None,
        ),
        before={
            **{DOCUMENT: D, ARCHIVE: D2, STATE: S + KNOWN.encode(), STATE + ".new": b"hidden-1"},
            **{"Notes.txt": b"hidden-2", "email-servers.before-x.json": b"{}"},
        },
    ),
    case(
        "tells twenty strangers, and those of state.json's folder alone",
        READ,
        done("read", strangers=[f"a{number:02}" for number in range(20)]),
        before={STATE: S, **{f"a{number:02}": b"" for number in range(30)}},
    ),
    case(
        "reads a state that is no UTF-8",
        READ,
        done("read", files={STATE: found(b"\xff", None)}),
        before={STATE: b"\xff"},
    ),
    case("reads 4 MiB", READ, done("read"), before={STATE: b" " * LARGEST}),
    case(
        "reads no more than 4 MiB",
        READ,
        refused("read", "efbig", "{folder}/" + DOCUMENT),
        before={STATE: S, DOCUMENT: b" " * (LARGEST + 1)},
    ),
    case(
        "reads a folder that others may read",
        READ,
        done(
            "read",
            open=True,
            files={DOCUMENT: {**found(D, shown(OLD)), "open": True}, STATE: found(S, S.decode())},
        ),
        opened=("", DOCUMENT),
        needs=("access lists",),
    ),
    *(
        case(
            f"reads no archive of more than 4 MiB either: {asked['op']}",
            asked,
            refused(asked["op"], "efbig", "{folder}/" + ARCHIVE),
            before={**LIES, ARCHIVE: b" " * (LARGEST + 1)},
        )
        for asked in (run(), write(text(DOCUMENT, "{}")))
    ),
    *(
        case(
            f"refuses a folder of somebody else: {asked['op']}",
            asked,
            refused(asked["op"], "strangers"),
            before={"passwd": b"root"},
        )
        for asked in (READ, write(text(STATE, "{}")), run(), smtp(), post({}))
    ),
    case(
        "tells who holds the lock, and waits for nobody",
        READ,
        done("read", holder="bob@ws (run r0)", files={STATE: found(S, S.decode())}),
        before={STATE: S},
        holder="bob@ws (run r0)",
        needs=("locks",),
    ),
]

WRITES = [
    case(
        "delivers for the first time",
        write(text(STATE, S), text(DOCUMENT, D), expect={DOCUMENT: None}),
        wrote({STATE: S, DOCUMENT: D}),
        before=None,
        after=LIES,
    ),
    case(
        "archives, replaces, removes in this order",
        write(
            copy("email-servers.before-4.json", DOCUMENT),
            text(STATE, S2),
            text(DOCUMENT, D2),
            {"name": ARCHIVE},
            {"name": "email-servers.before-1.json"},
            expect={DOCUMENT: digest(D), STATE: digest(S), ARCHIVE: digest(D2)},
        ),
        wrote(
            {
                "email-servers.before-4.json": D,
                STATE: S2,
                DOCUMENT: D2,
                ARCHIVE: None,
                "email-servers.before-1.json": None,
            }
        ),
        before={**LIES, ARCHIVE: D2},
        after={DOCUMENT: D2, STATE: S2, "email-servers.before-4.json": D},
    ),
    *(
        case(
            f"has moved: {name}",
            [write(text(STATE, "{}"), expect=expect), READ],
            refused("write", "moved", "{folder}/" + next(reversed(expect)), digests={}),
        )
        for name, expect in {
            "other bytes": {DOCUMENT: digest(D), STATE: digest(D)},
            "a file that was not there": {DOCUMENT: None},
            "a file that is gone": {ARCHIVE: digest(D)},
        }.items()
    ),
    case("writes nothing", write(), wrote({})),
    case(
        "closes what others may read",
        write(copy(DOCUMENT, DOCUMENT), copy(STATE, STATE)),
        wrote({DOCUMENT: D, STATE: S}),
        opened=("", DOCUMENT, STATE),
        needs=("access lists",),
    ),
    case(
        "copies bytes as they are",
        write(copy(ARCHIVE, DOCUMENT), copy(DOCUMENT, ARCHIVE)),
        wrote({ARCHIVE: b"\xff\0", DOCUMENT: b"\xff\0"}),
        before={STATE: S, DOCUMENT: b"\xff\0"},
        after={STATE: S, DOCUMENT: b"\xff\0", ARCHIVE: b"\xff\0"},
    ),
    case(
        "copies what is not there: what was done until then stays, and is told",
        write(text(STATE, S2), copy(DOCUMENT, ARCHIVE), text(ARCHIVE, "{}")),
        refused("write", "moved", "{folder}/" + ARCHIVE, digests={STATE: digest(S2)}),
        after={DOCUMENT: D, STATE: S2},
    ),
    case(
        "fills in no placeholder where values are shown",
        write(text(DOCUMENT, f'{{"host": "{KNOWN}"}}')),
        done("write"),
        after={STATE: S, DOCUMENT: f'{{"host": "{KNOWN}"}}'.encode()},
    ),
    case(
        "fills in no placeholder in state.json",
        write(text(STATE, f'{{"password": "{KNOWN}"}}')),
        done("write"),
        after={DOCUMENT: D, STATE: f'{{"password": "{KNOWN}"}}'.encode()},
    ),
    case(
        "fills in what an archive has",
        write(text(DOCUMENT, f'["{KNOWN}", "{placeholder(b"77")}"]')),
        done("write"),
        before={STATE: S, ARCHIVE: b'{"password": "hidden-old-one", "note": 77}'},
        after={
            **{STATE: S, ARCHIVE: b'{"password": "hidden-old-one", "note": 77}'},
            DOCUMENT: b'["hidden-old-one", 77]',
        },
    ),
    case(
        "fills in what the same call has brought",
        [write(text(DOCUMENT, D2)), write({"name": DOCUMENT}), write(text(ARCHIVE, shown(NEW)))],
        [done("write"), done("write"), done("write")],
        after={STATE: S, ARCHIVE: D2},
    ),
    case(
        "writes nothing with a placeholder that it does not know",
        write(text(STATE, "{}"), text(DOCUMENT, f'{{"password": "{UNKNOWN}"}}')),
        refused("write", "moved", digests={}),
    ),
    case(
        "writes nothing that is no JSON",
        write(text(STATE, "{}"), text(DOCUMENT, '{"password": "hidden-1}')),
        refused("write", "damaged", "{folder}/" + DOCUMENT, digests={}),
    ),
    case(
        "writes nothing larger than 4 MiB",
        write(text(DOCUMENT, "{}"), text(STATE, "ä" * (LARGEST // 2) + "!")),
        refused("write", "efbig", "{folder}/" + STATE, digests={}),
    ),
    *(
        case(
            f"has no other files: {how} {name!r}",
            asked,
            refused("write", "einval", name, digests={}),
        )
        for name in (
            *("../state.json", "push.lock", "email-servers.json.new", "email-servers.before-.json"),
            *("state.json\n", "state.json:x", "email-servers.before-\u0663.json", "c:state.json"),
        )
        for how, asked in {
            "writes": write(text(STATE, "{}"), text(name, "{}")),
            "removes": write(text(STATE, "{}"), {"name": name}),
            "copies": write(text(STATE, "{}"), copy(STATE, name)),
            "expects": write(text(STATE, "{}"), expect={name: None}),
        }.items()
    ),
    case(
        "removes what a killed call has left, and nothing of strangers",
        write(),
        done("write"),
        before={
            **{**LIES, "notes.json.new": b"", "push.lock.new": b""},
            **{DOCUMENT + ".new": b"hidden-1", ARCHIVE + ".new": b"", STATE + ".new": b""},
        },
        after={**LIES, "notes.json.new": b"", "push.lock.new": b""},
    ),
    case(
        "tells of the lock that it does not get",
        [write(text(STATE, "{}")), READ],
        refused("write", "locked", "bob@ws (run r0)"),
        holder="bob@ws (run r0)",
        needs=("locks",),
    ),
]


def told(name: str, prints: bytes, output: str, before: bytes = D) -> Case:
    """A command's output."""
    said = done("run", exit=0, output=output)
    return case(f"shows {name}", run(prints), said, {STATE: S, DOCUMENT: before})


def in_base64(offset: int, altchars: bytes) -> Case:
    """The first and last characters of base64 also hold bits of what is around."""
    secret = "hidden-é???>>>?>?>0123456789"
    said = base64.b64encode(b"u:"[:offset] + secret.encode(), altchars).decode()
    assert altchars.decode()[0] in said
    assert altchars.decode()[1] in said
    kept = said.rstrip("=")
    output = kept[: (0, 2, 3)[offset]] + "***" + said[len(kept) - 1 :]
    name = f"no secret in base64 with {altchars.decode()} behind {offset} characters"
    return told(name, said.encode(), output, json.dumps([secret]).encode())


ODD = "hidden-é/+? \"x\\y' &=%"  # has another spelling everywhere
ODD_DOCUMENT = clear(f'{{"password": {json.dumps(ODD)}}}')
SPELLINGS = {
    "as it is": ODD,
    "in JSON": json.dumps(ODD)[1:-1],
    "in JSON with its own letters": json.dumps(ODD, ensure_ascii=False)[1:-1],
    "in JSON within JSON": json.dumps(json.dumps(ODD)[1:-1])[1:-1],
    "in a URL": quote(ODD, safe=""),
    "in a URL in small letters": re.sub("%..", lambda at: at[0].lower(), quote(ODD, safe="")),
    "in a form": quote_plus(ODD),
    "in JSON that escapes more": json.dumps(ODD)[1:-1].replace("/", "\\/").replace("+", "\\u002B"),
}
RUNS = [
    told("its output", "said: é\tx\n".encode(), "said: é\tx\n"),
    told("no control characters", b"a\x1b[1mb\x07\r\n\x7fc", "a[1mb\nc"),
    told("2,000 characters of much", b"x" * 100_000 + b"\n" + b"y" * 3000, "y" * 2000),
    told("one line that never ends", b"z" * 100_000, "z" * 2000),
    told("the end of one long line", b"z" * 100_000 + b"\n", "z" * 1999 + "\n"),
    told(
        "no end of a secret that it has alone",
        b"hidden-old-one\n" + b"hidden-old-one" * 1170 + b"\n.",
        "***\n.",
    ),
    told("no secret", b"it is hidden-old-one.", "it is ***."),
    told("no piece of one", b"it is hidden-old-o", "it is ***"),
    told("none in UTF-16", "it is hidden-old-one.".encode("utf-16-le"), "it is ***."),
    told("none in Latin-1", "<hidden-é>".encode("latin-1"), "<***>", '["hidden-é"]'.encode()),
    told("no name that nobody knows", b"hidden-name", "***", b'{"hidden-name": 1}'),
    told("what is public", b"mail.example 25 password", "mail.example 25 password"),
    *(
        told(f"no secret {name}", f"<{spelled}>".encode(), "<***>", ODD_DOCUMENT)
        for name, spelled in SPELLINGS.items()
    ),
    *(in_base64(offset, altchars) for offset in range(3) for altchars in (b"+/", b"-_")),
    case(
        "shows no secret that the same call has written, nor one that it has removed",
        [write(text(DOCUMENT, D2)), run(b"hidden-new-one, hidden-old-one")],
        [done("write"), done("run", output="***, ***")],
        after={STATE: S, DOCUMENT: D2},
    ),
    case(
        "runs what fails",
        [run(b"no", exits=3), READ],
        {"op": "run", "done": False, "exit": 3, "output": "no"},
    ),
    case(
        "kills what takes too long",
        {**run(b"slow", sleeps=60), "timeout": 1},
        {"op": "run", "done": False, "exit": None, "output": "slow"},
    ),
    case(
        "runs no program that is not there",
        {**run(), "argv": ["{folder}/no-such-program"]},
        refused("run", "not_started", "{folder}/no-such-program"),
    ),
    case(
        "shows no secret in the name of a program",
        {**run(), "argv": ["{folder}/hidden-old-one"]},
        refused("run", "not_started", "{folder}/***"),
    ),
    case(
        "makes the folder for a command's lock",
        run(),
        done("run", exit=0, output=""),
        before=None,
        after={},
    ),
]

LISTS = [
    case(
        "goes back where applying fails, and ends there",
        [
            write(text(DOCUMENT, D2), expect={DOCUMENT: digest(D)}),
            run(exits=1, **{"else": [write(text(DOCUMENT, shown(OLD))), run(b"back"), READ]}),
            write(text(STATE, S2)),
        ],
        [
            wrote({DOCUMENT: D2}),
            {
                **{"op": "run", "done": False, "exit": 1},
                "else": [
                    wrote({DOCUMENT: D}),
                    done("run", output="back"),
                    done("read", holder=None),
                ],
            },
        ],
    ),
    case(
        "goes no way back where nothing failed",
        [run(**{"else": [write({"name": STATE})]}), READ],
        [done("run", exit=0), done("read")],
    ),
    case(
        "tells of a way back that fails, too",
        write(expect={STATE: None}, **{"else": [run(exits=2), write({"name": STATE})]}),
        refused(
            *("write", "moved", "{folder}/" + STATE),
            **{"else": [{"op": "run", "done": False, "exit": 2}]},
        ),
    ),
    case(
        "knows no other operations",
        [READ, {"op": "dance"}, READ],
        [done("read"), refused("dance", "no_operation", "dance")],
    ),
    case(
        "restarts nothing without a service manager",
        {"op": "restart", "service": "MAPS", "timeout": 5, "else": [READ]},
        refused("restart", "no_operation", "restart", **{"else": [done("read")]}),
        needs=("posix",),
    ),
    *(
        case(
            f"sends nothing with a placeholder that it does not know: {name}",
            [asked, READ],
            refused(asked["op"], "moved"),
        )
        for name, asked in {
            "smtp": smtp(UNKNOWN),
            "client_secret": post({"client_secret": UNKNOWN}),
            "refresh_token": post({"refresh_token": UNKNOWN}),
            "basic": post({}, ["id", UNKNOWN]),
        }.items()
    ),
    *(
        case(
            f"only connects, and touches nothing: {asked['op']}",
            {**asked, "lock": False},
            {"op": asked["op"], "done": False, "error": "unreachable"},
            before=None,
        )
        for asked in (smtp(mechanisms=[], user=None), post({}))
    ),
    *(
        case(
            f"takes the lock for what is written: {asked['op']}",
            {**asked, "lock": False},
            refused(asked["op"], "strangers"),
            before={"passwd": b"root"},
        )
        for asked in (write(text(STATE, "{}")), run())
    ),
    *(
        case(
            f"knows no placeholder where it only connects: {asked['op']}",
            {**asked, "lock": False},
            refused(asked["op"], "moved"),
        )
        for asked in (smtp(UNKNOWN), post({"refresh_token": UNKNOWN}))
    ),
]

CASES = [*masking(), *READS, *WRITES, *RUNS, *LISTS]
