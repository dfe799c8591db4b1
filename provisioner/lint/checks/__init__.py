"""The lint rules, by theme. To add one: a function in its theme, its page, an example."""

from __future__ import annotations

from provisioner.config.issue import Severity
from provisioner.lint.checks import (
    login,
    mail_server,
    names,
    oauth_urls,
    scopes,
    secrets,
    sender,
    tenants,
    text,
)
from provisioner.lint.rule import WARNING, Rule

# What is said of one place stands in this order.
THEMES = (mail_server, login, sender, text, tenants, scopes, oauth_urls, secrets, names)
RULES: tuple[Rule, ...] = tuple(
    value for theme in THEMES for value in vars(theme).values() if isinstance(value, Rule)
)
IGNORABLE = frozenset(rule.id for rule in RULES if rule.can_be_ignored)

# What is only advice of those that are no rules of a theme.
UNUSED_IGNORE = "unused-ignore"
OTHER_ADVICE = frozenset({"byte-order-mark", "line-ends", UNUSED_IGNORE})
_SEVERITIES = {rule.id: rule.severity for rule in RULES} | dict.fromkeys(OTHER_ADVICE, WARNING)


def severity_of(rule_id: str) -> Severity:
    """How bad it is what a rule finds; what the schema says is an error."""
    return _SEVERITIES.get(rule_id, Severity.ERROR)
