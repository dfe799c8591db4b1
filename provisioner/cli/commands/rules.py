"""`provisioner rules`: what `validate` looks for, and why."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from provisioner.cli.completion import complete_rule
from provisioner.errors import ExitCode


def rules(
    rule: Annotated[
        str | None,
        typer.Argument(
            metavar="[RULE]",
            help="A rule's id.",
            show_default="all",
            autocompletion=complete_rule,
        ),
    ] = None,
) -> int:
    """List the rules of `validate`, or show a rule's page: the problem, what is correct, and why.

    Examples:

      provisioner rules

      provisioner rules plaintext-secret
    """
    from provisioner.lint.rule import rule_page, rule_pages, unknown_rule

    if rule is None:
        for entry in rule_pages():
            sys.stdout.write(f"{entry.rule:<24}{entry.title}\n")
        return ExitCode.DONE
    text = rule_page(rule)
    if text is None:
        raise unknown_rule(rule)
    sys.stdout.write(text)
    return ExitCode.DONE
