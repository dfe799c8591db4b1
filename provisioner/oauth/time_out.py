"""Nobody came back from the browser: why that may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from provisioner.advice.pages import page_error_lines
from provisioner.errors import SignInFailed
from provisioner.model.email_server import OAuth2Settings
from provisioner.oauth.callback_request import OTHER_STATE
from provisioner.oauth.invitation import tunnel
from provisioner.oauth.listener import CallbackListener
from provisioner.providers.provider import Provider


def nobody_came(
    listener: CallbackListener,
    seconds: float,
    *,
    where: str,
    provider: Provider,
    settings: OAuth2Settings,
) -> SignInFailed:
    """The error. Several errors of providers never leave the browser: say which they may be."""
    lines = [
        *_seen(listener),
        *_to_register(listener.redirect_uri, provider),
        *_elsewhere(listener),
        f"If the browser shows an error of {provider.label}, its words tell; the likely ones:",
        *page_error_lines(provider, settings, listener.redirect_uri),
    ]
    return SignInFailed(
        f"{where}no answer came to {listener.redirect_uri} within {seconds:g} s",
        remedy="\n".join(lines),
    )


def _seen(listener: CallbackListener) -> Iterator[str]:
    """What came instead, and what that means."""
    if not listener.strays:
        yield "Nothing at all came there."
        return
    yield f"What came was not the answer: {_counted(listener.strays)}."
    if listener.strays[listener.wrong_scheme]:
        yield (
            f"- a browser came with {listener.wrong_scheme}: use_https_on_callback and the "
            "registered address must agree"
        )
    if listener.strays[OTHER_STATE]:
        yield "- an answer to another sign-in came and was ignored: an old tab?"


def _counted(strays: Counter[str]) -> str:
    return ", ".join(f"{count} x {reason}" for reason, count in strays.most_common())


def _to_register(redirect_uri: str, provider: Provider) -> Iterator[str]:
    port = redirect_uri.rpartition(":")[2]
    yield (
        f"The redirect URI to register is exactly {redirect_uri}; where the provider takes any "
        f"port of localhost, without the port; else keep it with --port {port}."
    )
    if provider.console_url:
        yield f"  {provider.console_url}"


def _elsewhere(listener: CallbackListener) -> Iterator[str]:
    yield (
        "If the browser runs on another machine, its localhost is not this one. Run there first, "
        f"with --port {listener.port} here:"
    )
    yield f"  {tunnel(listener.redirect_uri)}"
    yield "or paste the address on which the browser ends where the sign-in waits."
