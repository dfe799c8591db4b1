"""Secrets are a type: they print as ***, and only `.reveal()` gives their text."""

from __future__ import annotations

from typing import NoReturn

MASK = "***"

# The text of every Secret of this process, for `text.redact`. They are never removed: a provider
# may echo an authorization code that was used up, and a weak set would lose one of two equal ones.
known_secrets: set[str] = set()


class Secret:
    """Text that no print, log, repr, format, exception or pickle shows.

    `.reveal()` belongs at the rim only: where bytes leave for their destination.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text
        known_secrets.add(text)

    def reveal(self) -> str:
        return self._text

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        from hmac import compare_digest  # brings OpenSSL along, and few runs compare secrets

        return compare_digest(
            self._text.encode(errors="surrogatepass"), other._text.encode(errors="surrogatepass")
        )

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")


def keyed_digest(key: bytes, content: bytes) -> str:
    """HMAC-SHA-256: without the key it tells nothing of the content."""
    from hmac import digest

    return digest(key, content, "sha256").hex()
