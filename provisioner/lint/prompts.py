"""What may stand in `prompt`."""

from __future__ import annotations

from provisioner.lint.nearest import nearest, same_letters
from provisioner.providers.provider import OFFLINE_SCOPE, Provider

# https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
STANDARD = ("login", "consent", "select_account", "none")


def wrong_prompt(prompt: str, provider: Provider) -> tuple[str, str] | None:
    """What is wrong with it, and the remedy; None if nothing is known to be.

    A provider that is not known may have values of its own.
    """
    values = prompt.split()
    known = provider.prompts or STANDARD
    whole = next((value for value in known if same_letters(value) == same_letters(prompt)), prompt)
    if whole != prompt:
        return "there is no such prompt", f"did you mean {whole}?"
    for value in values:
        if value not in known:
            problem = _unknown(value, known, is_complete=bool(provider.prompts), who=provider.label)
            if problem is not None:
                return problem
    if "none" in values:
        return _silent(values)
    if provider.single_prompt and len(values) > 1:
        return f"{provider.label} takes one value at once", "keep one, as a rule select_account"
    return None


def _unknown(
    value: str, known: tuple[str, ...], *, is_complete: bool, who: str
) -> tuple[str, str] | None:
    if value in (OFFLINE_SCOPE, "offline"):
        return "offline access is asked for by a scope, not by prompt", (
            "remove it here; `provisioner rules no-offline-access` says where it belongs"
        )
    near = nearest(value, known)
    if near is not None:
        return "there is no such prompt", f"did you mean {near}?"
    if is_complete:
        return f"{who} knows no such prompt", f"write one of {_useful(known)}"
    return None


def _useful(known: tuple[str, ...]) -> str:
    return ", ".join(value for value in STANDARD if value in known and value != "none")


def _silent(values: list[str]) -> tuple[str, str]:
    if len(values) > 1:
        return "none beside another value is refused by the provider", "remove none"
    return (
        "with none the sign-in page asks nothing: nobody could sign in or consent",
        "remove it, or write select_account or consent",
    )
