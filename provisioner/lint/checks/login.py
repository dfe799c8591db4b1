"""How a server signs in to its mail server, and whether the provider takes that."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.config.issue import Issue
from provisioner.lint.context import LintContext
from provisioner.lint.rule import ERROR, WARNING, rule
from provisioner.lint.server import ServerView
from provisioner.providers.catalogue import is_loopback
from provisioner.providers.provider import PasswordLogin, Provider
from provisioner.security_level import LEVELS, PASSWORD_LEVELS, Level

_LEVEL = "/smtp_security_level"
_WITH_TOKENS = "set smtp_security_level: oauth2, and the settings below `oauth2`"
_NO_LEVEL = Level("")  # not in the schema, which says so


def signs_in(server: ServerView) -> bool:
    return server.text(_LEVEL) == "oauth2" or _signs_in_by_password(server)


def mailbox(server: ServerView) -> str:
    """What it signs in as; empty if nothing says it."""
    return server.text("/user_name") or server.text("/oauth2/login_hint")


def _signs_in_by_password(server: ServerView) -> bool:
    """By a password method, or by one that auto_detect finds."""
    level = server.text(_LEVEL)
    return level in PASSWORD_LEVELS or (level == "auto_detect" and server.has("/password"))


def _may_be_taken(server: ServerView, provider: Provider) -> bool:
    """Whether the provider has the server's method, as far as is known."""
    level, known = server.text(_LEVEL), provider.smtp_auth_methods
    return level == "auto_detect" or not known or level in known


def _provider_with_passwords(
    state: PasswordLogin, server: ServerView, context: LintContext
) -> Provider | None:
    """The provider that a password goes to, if its passwords are in this state."""
    if not _signs_in_by_password(server):
        return None
    provider = context.provider(server.text("/host"))
    return provider if provider.password_login == state else None


def secret_without_tls(server: ServerView) -> str:
    """What would cross the network readable, in words; empty if nothing would."""
    if server.get("/use_tls") not in (None, False):
        return ""
    name = server.text(_LEVEL)
    if name == "auto_detect":
        return "the password" if server.has("/password") else ""
    level = LEVELS.get(name, _NO_LEVEL)
    return f"the {level.secret}" if level.is_sent else ""


@rule("cleartext-login", ERROR)
def cleartext_login(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """A secret that would cross the network readable; auto_detect may come to plain or login."""
    secret = secret_without_tls(server)
    if not secret:
        return
    if not is_loopback(server.text("/host")):
        is_said = server.has("/use_tls")
        yield Issue(
            "/use_tls" if is_said else _LEVEL,
            f"without TLS, {secret} is sent in plain text",
            "set use_tls: true" if is_said else "add use_tls: true",
        )


@rule("password-login-ended", ERROR)
def password_login_ended(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """A password for a provider that takes none any more; the day is a fact of the catalogue."""
    if provider := _provider_with_passwords("ended", server, context):
        since = f" since {day}" if (day := provider.password_login_ends) else ""
        message = f"{provider.label} has accepted no password from mail programs{since}"
        yield Issue(_LEVEL, message, _WITH_TOKENS)


@rule("password-login-ending", WARNING)
def password_login_ending(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """A warning also after the day: until the provider ends it, it can be switched on again."""
    provider = _provider_with_passwords("ending", server, context)
    if provider is None or not _may_be_taken(server, provider):
        return
    day = provider.password_login_ends
    if day is None:
        said = "is disabling password sign-in for mail programs"
    elif context.today.isoformat() < day:
        said = f"disables password sign-in for mail programs by default by {day}"
    else:
        said = "has disabled password sign-in for mail programs by default"
    yield Issue(_LEVEL, f"{provider.label} {said}", _WITH_TOKENS)


@rule("app-password-only", WARNING)
def app_password_only(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """Nobody but its owner can see of a password what it is: a comment may say so.

    A method that the provider does not have is unsupported-method's.
    """
    provider = _provider_with_passwords("app_password", server, context)
    if provider and _may_be_taken(server, provider):
        yield Issue(
            _LEVEL,
            f"{provider.label} accepts an app password here, but not the password of the account",
            "set smtp_security_level: oauth2; if it is an app password, ignore this rule in a "
            "comment (`provisioner rules app-password-only` shows how)",
        )


@rule("unsupported-method", ERROR)
def unsupported_method(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """auto_detect picks what there is. Where passwords have ended, another rule says it."""
    level = server.text(_LEVEL)
    mechanisms = LEVELS.get(level, _NO_LEVEL).mechanisms
    if level != "none" and not mechanisms:
        return
    provider = context.provider(server.text("/host"))
    ended = provider.password_login == "ended"  # noqa: S105
    if _may_be_taken(server, provider) or (ended and level != "none"):
        return
    said = f"has no {mechanisms[0]}" if mechanisms else "accepts no email without a sign-in"
    better = "oauth2" if "oauth2" in provider.smtp_auth_methods else "login"
    yield Issue(_LEVEL, f"{provider.label} {said}", f"set smtp_security_level: {better}")
