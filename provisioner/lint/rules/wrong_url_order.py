"""The URL of the sign-in page where the token endpoint belongs, or the other way round."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "wrong-url-order"
SEVERITY = Severity.ERROR

_SIGN_IN = frozenset({"authorize", "auth", "authorization", "request_auth"})
_TOKEN = frozenset({"token", "get_token"})


def check(server: Declaration, _surroundings: Surroundings) -> Iterator[Remark]:
    """Told by the last part of the path, which all known providers name alike."""
    if _ending(server.text("/oauth2/authorization_url")) in _TOKEN:
        yield Remark(
            "/oauth2/authorization_url",
            "this looks like the token endpoint",
            "write the address of the sign-in page; are the two URLs swapped?",
        )
    for pointer in ("/oauth2/access_token_url", "/oauth2/refresh_token_url"):
        if _ending(server.text(pointer)) in _SIGN_IN:
            yield Remark(
                pointer,
                "this looks like the address of the sign-in page",
                "write the token endpoint; are the two URLs swapped?",
            )


@lru_cache(maxsize=1024)
def _ending(url: str) -> str:
    try:
        return urlsplit(url).path.rstrip("/").rpartition("/")[2].casefold()
    except ValueError:  # a bracket without its twin
        return ""
