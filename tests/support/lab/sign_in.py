"""The authorization-code flow without a browser: what a person would fill in, by plain HTTP."""

import base64
import hashlib
import re
import secrets
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

if TYPE_CHECKING:
    pass

_MOST_STEPS = 12


def sign_in(provider, user, client, scope):
    """Sign in, allow everything asked, exchange the code: the token endpoint's answer."""
    redirect_uri = client.redirect_uris[0] + ":49152"  # never connected to
    verifier = secrets.token_urlsafe(48)
    with provider.session() as browser:
        url = _authorization_url(provider, client, scope, redirect_uri, verifier)
        code = _code(browser, url, user)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    answer = provider.post(provider.token_url, client, form)
    answer.raise_for_status()
    return dict(answer.json())


def _authorization_url(provider, client, scope, redirect_uri, verifier):
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    query = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "scope": scope,
        "prompt": "consent",  # or oidc-provider leaves offline_access out (OIDC Core, 11)
        "state": secrets.token_urlsafe(8),
        "code_challenge": challenge.rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    return f"{provider.authorization_url}?{urlencode(query)}"


def _code(browser, url, user):
    """Walk from page to page until the provider sends the browser to the callback."""
    origin = urlsplit(url)[:2]
    answer = browser.get(url, allow_redirects=False, timeout=10)
    for _ in range(_MOST_STEPS):
        if target := answer.headers.get("location"):
            target = urljoin(answer.url, target)
            if urlsplit(target)[:2] != origin:
                return parse_qs(urlsplit(target).query)["code"][0]
            answer = browser.get(target, allow_redirects=False, timeout=10)
        else:
            answer.raise_for_status()
            form = _filled_in(answer.text, user)
            answer = browser.post(answer.url, data=form, allow_redirects=False, timeout=10)
    raise AssertionError(f"no code after {_MOST_STEPS} steps, last at {answer.url}")


def _filled_in(page, user):
    if 'id="login"' in page:
        return {"step": "login", "login": user, "password": "any"}
    return {"step": "consent", "scope": re.findall(r'name="scope" value="([^"]+)"', page)}
