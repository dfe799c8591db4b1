"""What a host is asked, and what it answers: bounded types, since a host may be in other hands.

A call is a list of operations, done in order until one is not done. They know no server, no token
and no record. The two host modules (playbooks/library/) are the other side of this file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from provisioner.smtp.client import SmtpAnswer

DOCUMENT = "email-servers.json"
STATE = "state.json"
LARGEST_FILE = 4 * 1024 * 1024  # bytes

Operation = Mapping[str, Any]
# One call of a host: its answers, as long as the list or shorter. Raises Unreachable, Crashed,
# CallTimeout and InvalidResponse.
Call = Callable[[Sequence[Operation]], "list[Answer]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSettings:
    """The same for each call of a host. `key`: 64 hex digits; `keys`: all names of the schema of
    the host document, `shown`: those whose values are public; `lock_wait`: seconds.
    """

    directory: str
    group: str | None
    key: str
    who: str
    lock_wait: int
    keys: list[str]
    shown: list[str]


Caller = Callable[[CallSettings], Call]

Name = Annotated[str, Meta(pattern=r"\A(email-servers(\.before-[0-9]{1,16})?\.json|state\.json)\Z")]
Digest = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Word = Annotated[str, Meta(max_length=200)]
Path = Annotated[str, Meta(max_length=4096)]
ExitCode = Annotated[int, Meta(ge=-(2**31), lt=2**32)]  # Windows has both signs


class FileFound(Struct, frozen=True, kw_only=True):
    """`text`: masked, but for state.json; None: not made of JSON's tokens. `open`: to others."""

    text: Annotated[str, Meta(max_length=4 * LARGEST_FILE)] | None
    digest: Digest
    open: bool


class NotDone(Struct, frozen=True, kw_only=True):
    """Why an operation was not done: one word, and a path or a holder that it is about."""

    reason: Word | None = None
    about: Path | None = None


class ReadAnswer(NotDone, frozen=True, kw_only=True, tag_field="op", tag="read"):
    """The folder. `strangers`: names that are not ours; `logged`: PowerShell logs what it is given;
    `holder`: who holds the lock now; `time`: the host's clock (UTC); `free`: bytes on the disk;
    `account`: who we are there."""

    done: bool
    files: dict[Name, FileFound] = {}
    open: bool = False
    strangers: Annotated[list[Word], Meta(max_length=20)] = []
    logged: bool = False
    time: Annotated[str, Meta(pattern=r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")] | None = None
    writable: bool = True
    free: Annotated[int, Meta(ge=0)] | None = None
    account: Word = ""
    holder: Path | None = None


class WriteAnswer(NotDone, frozen=True, kw_only=True, tag_field="op", tag="write"):
    """`digests`: of what was written, None of what was removed; also of an unfinished list."""

    done: bool
    digests: dict[Name, Digest | None] = {}
    instead: list[Answer] = msgspec.field(name="else", default_factory=list)


class RunAnswer(NotDone, frozen=True, kw_only=True, tag_field="op", tag="run"):
    """A command. `exit` is None where it was killed or never started (`reason`)."""

    done: bool
    exit: ExitCode | None = None
    output: Annotated[str, Meta(max_length=2000)] = ""
    instead: list[Answer] = msgspec.field(name="else", default_factory=list)


class RestartAnswer(NotDone, frozen=True, kw_only=True, tag_field="op", tag="restart"):
    """A service. `touched`: it was told to stop or to start."""

    done: bool
    touched: bool = False
    instead: list[Answer] = msgspec.field(name="else", default_factory=list)


class MailAnswer(SmtpAnswer, frozen=True, kw_only=True, tag_field="op", tag="smtp"):
    """One SMTP conversation."""


class PostAnswer(NotDone, frozen=True, kw_only=True, tag_field="op", tag="post"):
    """One form. `body`: JSON in which only `shown` values are left, cut; None where it is none."""

    done: bool
    status: Annotated[int, Meta(ge=100, le=599)] | None = None
    body: Annotated[str, Meta(max_length=4000)] | None = None
    error: Word | None = None


Answer = ReadAnswer | WriteAnswer | RunAnswer | RestartAnswer | MailAnswer | PostAnswer


class CallFailed(Exception):
    """A call without an answer. `reason`: one word; `words`: of ours, nothing is quoted in them."""

    reason = "failed"

    def __init__(self, words: str = "") -> None:
        super().__init__(words)
        self.words = words


class InvalidResponse(CallFailed):
    """What a host answered is no answer. The text names the place and quotes nothing."""

    reason = "invalid_response"


class Unreachable(CallFailed):
    """Ansible did not get to the host, or lost it. `words`, `kind` (which is the reason), `remedy`:
    ansible/unreachable.

    `began`: operations may have been done; False if the client's own words prove that nothing
    was sent.
    """

    def __init__(self, words: str, began: bool, kind: str = "other", remedy: str = "") -> None:
        super().__init__(words)
        self.began, self.reason, self.remedy = began, kind, remedy


class CallTimeout(CallFailed):
    """A call took longer than all of its operations may; the host may still be at it."""

    reason = "timeout"


class Crashed(CallFailed):
    """A host's module crashed. `words`: type and line of the exception, never its words."""

    reason = "crash"


class VariableUnusable(Exception):
    """A host variable cannot be templated. The text says why, without the host's name."""


def decoded(answers: object, operations: Sequence[Operation]) -> list[Answer]:
    """The answers of a call; InvalidResponse unless they fit the operations one by one."""
    try:
        found = msgspec.convert(answers, list[Answer])
        msgspec.json.encode(found)  # half a surrogate pair would end the worker later
    except (msgspec.ValidationError, RecursionError, UnicodeEncodeError):
        raise InvalidResponse("its answers are not in the expected form") from None
    _require_fit(found, operations)
    return found


def _require_fit(answers: Sequence[Answer], operations: Sequence[Operation]) -> None:
    """Each answer is of its operation; all before the last are done; none is missing."""
    kinds = [answer.__struct_config__.tag for answer in answers]
    if kinds != [operation["op"] for operation in operations[: len(kinds)]]:
        raise InvalidResponse("its answers do not match the operations")
    ended = bool(answers) and not answers[-1].done
    if not all(answer.done for answer in answers[:-1]):
        raise InvalidResponse("it continued after an operation that was not done")
    if len(answers) < len(operations) and not ended:
        raise InvalidResponse("an answer is missing")
    if ended:
        instead = operations[len(answers) - 1].get("else", [])
        _require_fit(getattr(answers[-1], "instead", []), instead)


def longest(operations: Sequence[Operation]) -> float:
    """Seconds that a list of operations may take, with all that is done instead.

    A conversation ends after six times its time-out; a restart stops and starts.
    """
    times = {"run": 1, "restart": 2, "smtp": 6, "post": 6}
    return sum(
        times.get(operation["op"], 0) * float(operation.get("timeout", 0))
        + longest(operation.get("else", []))
        for operation in operations
    )


def read() -> Operation:
    """Look at the folder, without its lock."""
    return {"op": "read"}


def write(files: Sequence[Mapping[str, str]], *, expect: Mapping[str, str | None]) -> Operation:
    """Replace files in order, if those of `expect` have these digests (None: are not there).

    A file is {name, text}, {name, copy: another name}, or {name}, which removes it.
    """
    return {"op": "write", "expect": dict(expect), "files": list(files)}


def run(argv: Sequence[str], timeout: int, *, instead: Sequence[Operation] = ()) -> Operation:
    """Run a command under the lock; it is killed after `timeout` seconds."""
    return _with_instead({"op": "run", "argv": list(argv), "timeout": timeout}, instead)


def restart(service: str, timeout: int, *, instead: Sequence[Operation] = ()) -> Operation:
    """Restart a Windows service; `timeout` in seconds."""
    return _with_instead({"op": "restart", "service": service, "timeout": timeout}, instead)


def _with_instead(operation: dict[str, Any], instead: Sequence[Operation]) -> Operation:
    return {**operation, "else": list(instead)} if instead else operation


def without_folder(operation: Operation) -> Operation:
    """A conversation that has no secret: it needs neither the folder nor its lock."""
    return {**operation, "lock": False}


def post(
    url: str,
    fields: Mapping[str, str],
    *,
    basic: tuple[str, str] | None,
    ca_file: str | None,
    timeout: int,
) -> Operation:
    """Send one form over https (RFC 6749 section 6); `basic`: client id and secret as given."""
    return {
        "op": "post",
        "url": url,
        "fields": dict(fields),
        "basic": list(basic) if basic else None,
        "ca_file": ca_file,
        "timeout": timeout,
        "keys": list(_TOKEN_NAMES + _SHOWN_NAMES),
        "shown": list(_SHOWN_NAMES),
    }


# RFC 6749 sections 5.1 and 5.2, and what Microsoft adds to an error.
_SHOWN_NAMES = (
    *("error", "error_description", "suberror", "trace_id"),
    *("scope", "token_type", "expires_in"),
)
_TOKEN_NAMES = ("access_token", "refresh_token", "id_token")
