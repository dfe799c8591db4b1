"""Characters that take no place on the screen, or look as if there were none."""

from __future__ import annotations

JOINERS = "\u200c\u200d"
DIRECTION_MARKS = "\u061c\u200e\u200f"
TAGS = "".join(map(chr, range(0xE0020, 0xE0080)))
_ALWAYS = "\u00ad\u034f\u115f\u1160\u180e\u200b\u2060\u2061\u2062\u2063\u2064\u3164\ufeff\uffa0"
INVISIBLE = frozenset(_ALWAYS + JOINERS + DIRECTION_MARKS + TAGS)
