"""Nobody came back from the browser: why that may be."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.errors import SignInFailed
from provisioner.oauth.callback_request import OTHER_STATE
from provisioner.oauth.listener import CallbackListener


def nobody_came(listener: CallbackListener, seconds: float, *, where: str) -> SignInFailed:
    """The error. Several errors of providers never leave the browser: say which they may be."""
    return SignInFailed(
        f"{where}no answer came to {listener.redirect_uri} within {seconds:g} s",
        remedy="\n  ".join(_hints(listener)),
    )


def _hints(listener: CallbackListener) -> Iterator[str]:
    yield "if the browser shows an error, its words tell; the likely ones:"
    scheme, _, port = listener.redirect_uri.partition("://localhost:")
    yield (
        f"- the redirect address is not registered: at Microsoft register {scheme}://localhost "
        "(any port) under the platform Web; at Google make a client of type Desktop app; where "
        f"the port counts, register {listener.redirect_uri} and keep it with --port {port}"
    )
    yield "- client_id or tenant is wrong, or an administrator must consent to the app first"
    yield (
        "- the browser runs on another machine, and its localhost is not this one: run there "
        f"ssh -L {port}:localhost:{port} THIS-MACHINE, and here the same with --port {port}"
    )
    if listener.strays[listener.wrong_scheme]:
        yield (
            f"- a browser came with {listener.wrong_scheme}: use_https_on_callback and the "
            "registered address must agree"
        )
    if listener.strays[OTHER_STATE]:
        yield "- an answer to another sign-in came and was ignored: an old tab?"
