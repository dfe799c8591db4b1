"""Waits for the answer in two places at once: the callback address, and the terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from provisioner.advice.pages import shown_error
from provisioner.model.email_server import OAuth2Settings
from provisioner.oauth.callback_request import OTHER_STATE, Callback
from provisioner.oauth.listener import CallbackListener
from provisioner.oauth.paste_prompt import PastePrompt
from provisioner.oauth.pasted_answer import Misfit, pasted_answer
from provisioner.secret import Secret


def first_answer(
    listener: CallbackListener,
    *,
    seconds: float,
    state: Secret,
    settings: OAuth2Settings,
    terminal: int | None,
    announce: Callable[[str], None],
    check: Callable[[], None],
) -> Callback | None:
    """The first answer; None when the time is over. `terminal`: where one may be pasted.

    `check` is called twice a second, and may end it by an exception.
    """

    def entered(text: str | None) -> None:
        if text == "":  # Enter alone
            return
        found = pasted_answer(text, redirect_uri=listener.redirect_uri, state=state)
        if isinstance(found, Misfit):
            shown = found.is_elsewhere and shown_error(text or "", settings, listener.redirect_uri)
            announce(shown or f"Not taken: {found.reason}. Still waiting.")
        elif listener.take(found):
            announce("The pasted address is the answer.")

    prompt = contextlib.nullcontext() if terminal is None else PastePrompt(terminal, entered)
    with prompt:
        return listener.wait(seconds, check)


def stray_line(reason: str, redirect_uri: str) -> str | None:
    """What the person who waits should know of a request that was not the answer, if anything."""
    scheme = redirect_uri.partition(":")[0]
    if reason == OTHER_STATE:
        return "The end of another sign-in came and was ignored: an old tab?"
    if reason.endswith(f" instead of {scheme}"):
        return (
            f"A browser came with {reason}. The redirect address is {redirect_uri}: is it "
            "registered so? A browser that insists on https for localhost (HSTS) needs "
            "use_https_on_callback: true, or its address pasted here."
        )
    return None
