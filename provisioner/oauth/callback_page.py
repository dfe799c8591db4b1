"""The page that the browser shows at the end of a sign-in. Everything in it is escaped."""

from __future__ import annotations

from html import escape

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; background: #eef1f5; color: #1d2733; margin: 0;
  display: grid; place-items: center; min-height: 100vh }}
main {{ background: #fff; border-radius: 12px; padding: 2rem 2.5rem; max-width: 36rem;
  box-shadow: 0 2px 18px #0002; border-top: 6px solid {colour}; overflow-wrap: anywhere }}
h1 {{ font-size: 1.25rem; margin: 0 0 .75rem }} p {{ margin: .5rem 0; white-space: pre-line }}
</style></head><body><main><h1>{title}</h1>{paragraphs}</main></body></html>
"""
_GOOD, _DOUBTFUL, _BAD = "#1d7a46", "#b7791f", "#b3261e"


def signed_in_page(server_name: str, identity: str | None, unproven: str | None) -> str:
    """The tokens are saved."""
    who = f"Signed in as {identity}. " if identity else ""
    if unproven is None:
        return _page(_GOOD, f"{server_name}: signed in", f"{who}The mail server accepts the token.",
                     "You can close this tab.")  # fmt: skip
    return _page(
        _DOUBTFUL,
        f"{server_name}: signed in, not yet proven",
        f"{who}The tokens are saved, but the mail server has not confirmed them: {unproven}",
        "You can close this tab; the terminal says more.",
    )


def failed_page(server_name: str, message: str, remedy: str) -> str:
    """Nothing was saved."""
    return _page(
        _BAD,
        f"{server_name}: not signed in",
        message,
        remedy,
        "Nothing was saved; earlier tokens are untouched.",
    )


def stray_page(reason: str) -> str:
    """For a request that belongs to no sign-in of now. `reason` is one of our own."""
    return _page(
        _BAD,
        "This is not the sign-in that is waited for",
        f"The request was ignored: {reason}.",
        "If this is an old tab, close it and use the newest one, or start again.",
    )


def wrong_scheme_page(redirect_uri: str) -> str:
    """For a browser that came with https to a callback of http, or the other way round."""
    scheme = redirect_uri.partition(":")[0]
    return _page(
        _BAD,
        f"The callback expects {scheme}",
        f"The redirect address of this sign-in is {redirect_uri}.",
        f"Register that address at the provider, with {scheme}, and sign in again. If the browser "
        "changed the address by itself: paste the address of this page where the sign-in waits.",
    )


def _page(colour: str, title: str, *paragraphs: str) -> str:
    written = "".join(f"<p>{escape(text)}</p>" for text in paragraphs if text)
    return _PAGE.format(colour=colour, title=escape(title), paragraphs=written)
