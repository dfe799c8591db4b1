"""What is shown of texts: of a document what is known to be public, of others all but secrets.

Runs on MAPS hosts (Python 3.8, standard library) and, loaded by file, on the workstation. Each call
loads it, so it imports only what Ansible has loaded by then.
"""

from __future__ import annotations

import base64
import json
import re
from itertools import groupby
from urllib.parse import quote, quote_plus

_TOKEN = re.compile(
    rb'\s*("[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*"|[{}\[\]:,]|[-+\w.]+)\s*'
)  # a string in this order: its parts exclude each other, so a long one takes no stack
_PLAIN = frozenset((b"{", b"}", b"[", b"]", b":", b",", b"null", b"true", b"false", b'""'))


def replace_hidden(data, keys, shown, new):
    """`data` with new(token) for what is not known to be public; None if JSON's tokens are not all.

    `keys`: the names that may be seen; `shown`: those whose values may be, too.
    By tokens and not by meaning, so that a damaged or odd document shows no more than a good one.
    """
    keys, shown = ({b'"%s"' % name.encode() for name in names} for names in (keys, shown))
    pieces, at, copied, before, last = [], 0, 0, b"", b""
    while at < len(data):
        match = _TOKEN.match(data, at)
        if match is None:
            return None
        token, at = match[1], match.end()
        is_public = (
            token in _PLAIN
            or (token in keys and data[at : at + 1] == b":")
            or (last == b":" and before in shown)
        )
        if not is_public:
            pieces += data[copied : match.start(1)], new(token)
            copied = match.end(1)
        before, last = last, token
    return b"".join([*pieces, data[copied:]])


_PIECE = 12  # an echo may be cut off anywhere, so any piece of a secret this long is masked
_SHORTEST = 4  # shorter ones are found in ordinary text by chance
_GRAM, _STEP = 6, 7  # each piece holds a whole one of the grams that begin at every 7th character

# And what turns a line around, and halves of surrogate pairs: no terminal is to get them.
_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))")
_PERCENT = re.compile("%[0-9A-F]{2}")


class Mask:
    """Takes the secrets of a call out of text from outside, however that spells them."""

    def __init__(self):
        self._values = set()
        self._spellings = set()

    def add(self, value):
        """A secret: the text itself."""
        if value and len(value) >= _SHORTEST:
            self._values.add(value)

    def text(self, text):
        """`text` with *** for each secret, and for each piece of one."""
        text = _ESCAPE.sub(_unescaped, text)  # \/ and \u002B are the same text to who reads JSON
        hidden = bytearray(len(text))
        pieces = self._pieces_in(text)
        for width in sorted({len(piece) for piece in pieces}):
            for start in range(len(text) - width + 1):
                if text[start : start + width] in pieces:
                    hidden[start : start + width] = b"\1" * width
        masked, end = [], 0
        for is_hidden, stretch in groupby(hidden):
            start, end = end, end + sum(1 for _ in stretch)
            masked.append("***" if is_hidden else text[start:end])
        return "".join(masked)

    def line(self, text, limit):
        """The same on one line without control characters, cut at `limit`."""
        return _one_line(self.text(text), limit)

    def lines(self, texts, limit):
        """The same for several. One search for all: with a long document it takes a second."""
        masked = self.text("\n".join(texts)).split("\n") if texts else []
        return [_one_line(text, limit) for text in masked]

    def document(self, data, keys, shown, limit):
        """JSON on one line, with *** for all that is not public, too; None if it is no JSON."""
        masked = replace_hidden(data, keys, shown, lambda _token: b'"***"')
        return None if masked is None else self.line(masked.decode("utf-8", "replace"), limit)

    def _pieces_in(self, text):
        """What of the secrets is in `text`: pieces of 12, and shorter spellings whole.

        The secrets may be a document of 4 MiB: of its pieces only those are looked at that share
        a gram with the text.
        """
        while self._values:
            self._spellings.update(_spellings(self._values.pop()))
        grams = {text[at : at + _GRAM] for at in range(len(text) - _GRAM + 1)}
        windows = {text[at : at + _PIECE] for at in range(len(text) - _PIECE + 1)}
        found = set()
        for spelling in self._spellings:
            if len(spelling) < _PIECE:
                found.update([spelling] if spelling in text else [])
                continue
            for at in range(0, len(spelling) - _GRAM + 1, _STEP):
                if spelling[at : at + _GRAM] in grams:
                    around = spelling[max(0, at - _STEP + 1) : at + _PIECE]
                    near = {around[i : i + _PIECE] for i in range(len(around) - _PIECE + 1)}
                    found |= near & windows
        return found


def _unescaped(match):
    if not match[1]:
        return "/" if match[2] == "/" else match[0]
    meant = chr(int(match[1], 16))
    return match[0] if meant < " " or meant in '"\\' or "\ud800" <= meant <= "\udfff" else meant


def _one_line(text, limit):
    line = _CONTROL.sub(" ", text).strip(" ")
    return line if len(line) <= limit else line[: limit - 3] + "..."


def _spellings(value):
    """As it is, in JSON and in JSON within JSON, in URLs, and in base64 at each offset."""
    found = {value}
    for is_ascii in (False, True):
        once = json.dumps(value, ensure_ascii=is_ascii)[1:-1]
        found.update((once, json.dumps(once, ensure_ascii=is_ascii)[1:-1]))
    raw = value.encode("utf-8", "surrogatepass")
    for url in (quote(raw, safe=""), quote_plus(raw)):
        found.update((url, _PERCENT.sub(lambda match: match[0].lower(), url)))
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw).decode("ascii").rstrip("=")
        encoded = encoded[(0, 2, 3)[offset] : -1]
        found.update((encoded, encoded.replace("+", "-").replace("/", "_")))
    return {spelling for spelling in found if len(spelling) >= _SHORTEST}
