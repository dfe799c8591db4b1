"""The formats in which plan and push report. To add one: its file, one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from provisioner.fleet.outcome import Outcome
from provisioner.reports.outcome_json import outcome_json
from provisioner.reports.outcome_junit import outcome_junit
from provisioner.reports.outcome_markdown import outcome_markdown
from provisioner.reports.outcome_text import outcome_text

# `providers` of the second argument: server name -> its provider's name, for the words of errors
RENDERERS: Mapping[str, Callable[[Outcome, Mapping[str, str]], str]] = {
    "text": outcome_text,
    "json": lambda outcome, _providers: outcome_json(outcome),
    "junit": outcome_junit,
    "markdown": outcome_markdown,
}

FILE_FORMATS = ("junit", "json", "markdown")
