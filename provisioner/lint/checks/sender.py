"""Who signs in and sends, and how the MAPS host introduces itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from provisioner.config.issue import Issue
from provisioner.lint.checks.login import mailbox, signs_in
from provisioner.lint.checks.mail_server import is_ip_address
from provisioner.lint.checks.text import has_odd_character, placeholder_in
from provisioner.lint.context import LintContext
from provisioner.lint.rule import ERROR, WARNING, rule
from provisioner.lint.schema import schema_named
from provisioner.lint.server import ServerView
from provisioner.providers.catalogue import is_loopback
from provisioner.providers.lookalikes import is_typo, with_known_suffix

_USER, _HINT, _FROM = "/user_name", "/oauth2/login_hint", "/test_email/from"
_CLIENT_NAME = "/client_name"
_BECOMES = {
    "refused": "rejects the message unless the mailbox may send as it",
    "rewritten": "replaces it with the mailbox's address unless it is a confirmed alias",
}


@rule("unknown-mailbox", WARNING)
def unknown_mailbox(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """Under oauth2 only; the password methods need a user_name anyway."""
    level = "/smtp_security_level"
    if server.text(level) != "oauth2" or not isinstance(server.get("/oauth2"), dict):
        return
    name = mailbox(server)
    if not server.has(_USER) and not server.has(_HINT):
        yield Issue(
            level,
            "no mailbox is declared: any account that signs in would be accepted",
            "add user_name: the mailbox's address",
        )
    elif name and "@" not in name:
        provider = context.provider(server.text("/host"))
        if provider.login_name == "address" or "\\" in name:
            who = provider.label if provider.login_name == "address" else "OAuth2"
            yield Issue(
                _USER if server.text(_USER) else _HINT,
                f"{who} identifies accounts by their full address",
                "write the mailbox's address, such as reports@example.edu",
            )


@rule("no-sender", WARNING)
def no_sender(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """Other methods have a user_name, or the account that signed in. Without a project, or with
    settings that are wrong, nothing is known of the sender that provisioner.yml may name.
    """
    if not (server.document.source.project and context.knows_settings):
        return
    level, own = server.text("/smtp_security_level"), server.get("/test_email")
    is_wrong = own is not None and not isinstance(own, dict)  # another finding
    sender = mailbox(server) or server.has(_FROM) or context.test_email.get("from")
    if level in ("none", "auto_detect") and not (sender or is_wrong):
        yield Issue(
            "/smtp_security_level",
            "there is no mailbox to send a test email from, so a push skips this server",
            "add `from: you@example.edu` to test_email"
            if own
            else "add `test_email: {from: you@example.edu, to: you@example.edu}`",
        )


@rule("foreign-sender", WARNING)
def foreign_sender(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """Aliases and plus addresses are other senders, too. Says nothing where nobody knows."""
    sender, account = server.text(_FROM), mailbox(server)
    if not sender or sender.casefold() == account.casefold() or not signs_in(server):
        return
    provider = context.provider(server.text("/host"))
    becomes = _BECOMES.get(provider.foreign_sender)
    if becomes and _address().fullmatch(sender) and _address().fullmatch(account):
        yield Issue(
            _FROM,
            f"this sender is not the mailbox that signs in: {provider.label} {becomes}",
            "remove `from`, or let the mailbox send as it and ignore this rule in a comment "
            "(`provisioner rules foreign-sender` shows how)",
        )


@cache
def _address() -> re.Pattern[str]:
    """The form of a bare mail address, as the schema has it."""
    return re.compile(schema_named("email-server").content["$defs"]["mail_address"]["pattern"])


_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+")


@rule("sender-form", ERROR, can_be_ignored=False)
def sender_form(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """A name to sign in with that is the test email's sender, too, and can be none.

    Names without @ are left alone: mail servers may know what to do with them. Characters that
    came along unseen are other rules', and so are placeholders.
    """
    pointer = _USER if server.text(_USER) else _HINT
    name = server.text(pointer)
    if _PLAIN_ADDRESS.fullmatch(name) or server.text(_FROM) or not signs_in(server):
        return
    if name.isascii():
        is_none = "@" in name and name.isprintable() and not _address().fullmatch(name)
        if is_none and placeholder_in(pointer, name) is None:
            yield Issue(
                pointer,
                "this is not an email address, and the test email would have it as its sender",
                "write one address, such as reports@example.edu; if this is the name to sign in "
                "with, set the sender: test_email: {from: reports@example.edu}",
            )
    elif not has_odd_character(pointer, name):
        yield Issue(
            pointer,
            "the test email would have this as its sender, which must be an address in ASCII",
            "set one that the mailbox may send as: test_email: {from: reports@example.edu}",
        )


# Domains in which anyone may have a mailbox, and whose misspellings are not.
_WELL_KNOWN = (
    *("gmail.com", "googlemail.com", "outlook.com", "hotmail.com"),
    *("yahoo.com", "icloud.com"),
)


@rule("doubtful-address", WARNING)
def doubtful_address(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """A domain that does not exist, or that is a letter away from a well-known one."""
    for pointer, text in server.texts((_USER, _HINT, _FROM, "/test_email/to")):
        domain = text.rpartition("@")[2] if "@" in text else ""
        found = _doubt_about_domain(domain) if domain else None
        if found is not None:
            yield Issue(pointer, *found, part=(len(text) - len(domain), len(text)))


@lru_cache(maxsize=1024)
def _doubt_about_domain(domain: str) -> tuple[str, str] | None:
    name = domain.casefold()
    near = [known for known in _WELL_KNOWN if name[:1] == known[0] and is_typo(name, known)]
    if name in _WELL_KNOWN or len(name) > 255:
        return None
    if near:
        return f"this domain looks like {near[0]}, misspelled", f"did you mean {near[0]}?"
    whole = with_known_suffix(name)
    if not whole:
        return None
    suffix, meant = (one.rpartition(".")[2] for one in (name, whole))
    return f"there is no top-level domain .{suffix}", f"did you mean .{meant}?"


# What the schema takes.
_POSSIBLE_NAME = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}")
_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9-]*[A-Za-z0-9]")


@rule("doubtful-client-name", WARNING)
def doubtful_client_name(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """RFC 5321 section 4.1.1.1: a full domain name, or an address in brackets."""
    name = server.text(_CLIENT_NAME)
    if not _POSSIBLE_NAME.fullmatch(name) or is_loopback(server.text("/host")):
        return  # what is not even possible is the schema's
    if is_ip_address(name) or name.startswith("["):
        if not _is_address_literal(name):
            yield Issue(
                _CLIENT_NAME,
                "an IP address in EHLO has brackets: [192.0.2.1], [IPv6:2001:db8::1]",
                "write it with brackets, or better the full host name of the MAPS host",
            )
        return
    doubt = _doubt_about(name, may_be_short=signs_in(server))
    if doubt:
        yield Issue(
            _CLIENT_NAME,
            doubt,
            "write the full host name of the MAPS host, such as maps.example.edu",
        )


def _doubt_about(name: str, *, may_be_short: bool) -> str:
    if "_" in name:
        return "the client name contains an underscore, which mail servers may reject"
    if not _DOMAIN.fullmatch(name):
        return "the client name is not a host name, which mail servers may reject"
    if "." in name or may_be_short:
        return ""
    return "the client name is not a full host name: mail servers may reject it without a sign-in"


def _is_address_literal(name: str) -> bool:
    if not name.startswith("[") or not name.endswith("]"):
        return False
    inner = name[1:-1]
    if inner[:5].casefold() == "ipv6:":
        return ":" in inner[5:] and is_ip_address(inner[5:])
    return ":" not in inner and is_ip_address(inner)
