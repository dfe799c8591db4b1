"""A prompt that the provider refuses, or with which nobody can sign in."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.oauth_urls import AUTHORIZATION_URL
from provisioner.lint.prompts import wrong_prompt
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "prompt-value"
SEVERITY = Severity.ERROR

_PROMPT = "/oauth2/prompt"


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """One remark is enough: the first thing that is wrong. `=` is another rule's."""
    prompt = server.text(_PROMPT)
    if not prompt or "=" in prompt:
        return
    found = wrong_prompt(prompt, surroundings.provider(server.text(AUTHORIZATION_URL)))
    if found is not None:
        yield Remark(_PROMPT, *found)
