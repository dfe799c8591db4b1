"""What was typed or pasted so far, with the keys that a terminal no longer handles for us."""

from __future__ import annotations

_LONGEST = 64 * 1024
_BACKSPACE, _ERASE_LINE = frozenset(b"\x7f\x08"), ord(b"\x15")
_ENTER = (b"\r", b"\n")


class TypedText:
    """Grows by `feed`. A line break may be one of the text: only silence makes it an Enter."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._is_too_long = False

    def feed(self, received: bytes) -> None:
        """Add what came from the terminal."""
        for byte in received:
            if byte in _BACKSPACE:
                del self._bytes[-1:]
            elif byte == _ERASE_LINE:
                self._bytes.clear()
            elif len(self._bytes) < _LONGEST:
                self._bytes.append(byte)
            else:
                self._is_too_long = True
        if self._is_too_long and received.endswith(_ENTER):
            self._bytes[-1:] = b"\n"

    @property
    def may_be_complete(self) -> bool:
        """Whether it ends with Enter."""
        return self._bytes.endswith(_ENTER)

    def take(self) -> str | None:
        """The text, which is forgotten here; None if it was too long for any address."""
        text = None if self._is_too_long else self._bytes.decode(errors="replace").strip()
        self._bytes.clear()
        self._is_too_long = False
        return text
