"""The test mail: what a conversation is given, what it answers, and what that proves."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Word = Annotated[str, Meta(max_length=200)]
Line = Annotated[str, Meta(max_length=1000)]
Reply = Annotated[str, Meta(max_length=12_000)]  # at most 20 lines of 500 characters


class SmtpAnswer(Struct, frozen=True, kw_only=True):
    """Facts of one conversation, from this machine or from a host.

    `done`: it came as far as it was to come (250 to the message; 235 to AUTH without one; 250 to
    EHLO without a sign-in). stage: resolve, connect, tls, greeting, ehlo, starttls, auth, mail,
    rcpt, data. A reply ended it (`code`, `reply`: its lines joined by LF, without their code), or
    something else did: `error` is one word for that, `about` what it is about. `challenge`: the
    text of the 334 in which a provider says why it refuses a token (RFC 7628 section 3.2.2).
    """

    done: bool
    stage: Word = ""
    code: Annotated[int, Meta(ge=100, le=599)] | None = None
    reply: Reply = ""
    error: Word | None = None
    about: Line | None = None
    reason: Word | None = None
    mechanism: Word | None = None
    tls: Word | None = None
    challenge: Annotated[str, Meta(max_length=4000)] | None = None
    transcript: Annotated[list[Line], Meta(max_length=60)] = []
