"""The embedded provider's pages."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; background: #eef1f5; color: #1d2733; margin: 0;
  display: grid; place-items: center; min-height: 100vh }}
main {{ background: #fff; border-radius: 12px; padding: 2rem 2.5rem; width: 22rem;
  box-shadow: 0 2px 18px #0002 }}
h1 {{ font-size: 1.25rem; margin: 0 0 .75rem }} p {{ margin: .5rem 0 }}
input {{ font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; margin: .25rem 0 1rem;
  border: 1px solid #9aa7b5; border-radius: 6px }}
button {{ font: inherit; padding: .5rem 1.25rem; border: 0; border-radius: 6px; cursor: pointer }}
.accept {{ background: #1659b7; color: #fff }} .cancel {{ background: #e3e8ee; margin-left: .5rem }}
small {{ color: #5a6775 }}
</style></head><body><main>{body}</main></body></html>
"""

_LOGIN = """<h1>Sign in to Demo Mail</h1>
<p>The application <b>{client_id}</b> asks to: <b>{scope}</b></p>
<form method="post" action="/authorize">
{hidden}
<label for="mailbox">Mailbox</label>
<input id="mailbox" name="mailbox" value="{mailbox}" autofocus required>
<button class="accept" name="decision" value="accept">Accept</button>
<button class="cancel" name="decision" value="cancel" formnovalidate>Cancel</button>
</form>
<p><small>This provider belongs to the demo. It runs on this machine and asks for no password.
</small></p>"""


_FORM_POST = """<h1>Back to the application</h1>
<form method="post" action="{action}">
{hidden}
<button class="accept">Continue</button>
</form>
<script>document.forms[0].submit()</script>"""


def login_page(request: Mapping[str, str], mailbox: str) -> str:
    """Mailbox, Accept, Cancel; the authorization request travels along in hidden fields."""
    body = _LOGIN.format(
        client_id=escape(request["client_id"]),
        scope=escape(request.get("scope", "")),
        mailbox=escape(request.get("login_hint") or mailbox),
        hidden=_hidden(request),
    )
    return _PAGE.format(title="Sign in to Demo Mail", body=body)


def form_post_page(redirect_uri: str, answer: Mapping[str, str]) -> str:
    """https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html"""
    body = _FORM_POST.format(action=escape(redirect_uri), hidden=_hidden(answer))
    return _PAGE.format(title="Back to the application", body=body)


def _hidden(fields: Mapping[str, str]) -> str:
    return "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )


def error_page(error: str, description: str) -> str:
    """What a person sees where the error must not be sent to the application."""
    body = f"<h1>Demo Mail: {escape(error)}</h1><p>{escape(description)}</p>"
    return _PAGE.format(title="Demo Mail: error", body=body)
