"""`provisioner rules`: what `validate` looks for, and why."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from provisioner.errors import ExitCode, UsageError


def rules(
    rule: Annotated[
        str | None, typer.Argument(metavar="[RULE]", help="A rule's id.", show_default="all")
    ] = None,
) -> int:
    """List the rules of `validate`, or show a rule's page: the problem, what is correct, and why.

    Examples:

      provisioner rules

      provisioner rules plaintext-secret
    """
    from provisioner.lint.rule_pages import page, rule_pages

    if rule is None:
        for entry in rule_pages():
            sys.stdout.write(f"{entry.rule:<24}{entry.title}\n")
        return ExitCode.DONE
    sys.stdout.write(_page(rule, page(rule)))
    return ExitCode.DONE


def _page(rule: str, text: str | None) -> str:
    if text is not None:
        return text
    from provisioner.lint.nearest import nearest
    from provisioner.lint.rule_pages import rule_pages

    near = nearest(rule, [entry.rule for entry in rule_pages()])
    remedy = f"did you mean {near}?" if near else "`provisioner rules` lists them"
    raise UsageError(f"there is no rule {rule!r}", remedy=remedy)
