"""One sign-in of one server: an answer, then checked, proven and saved."""

from __future__ import annotations

from contextlib import AbstractContextManager

from provisioner.credentials.store import TokenSet
from provisioner.oauth.acceptance import Acceptance
from provisioner.oauth.browser_flow import Answer


def sign_in(way: AbstractContextManager[Answer], context: Acceptance) -> TokenSet:
    """All of it, or SignInFailed and the old tokens as they were."""
    with way as answer:
        saved = context.accept(answer.response, issuer=answer.issuer)
        answer.saved = saved
    return saved
