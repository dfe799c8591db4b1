"""Text in which every character can be seen, to be typed or compared by a person."""

from __future__ import annotations

import re

from provisioner.lint.invisible_characters import INVISIBLE

# Blanks at the ends, and all but one of several: nobody could count them.
_UNCOUNTED = re.compile(r"\A +| +\Z|(?<= ) +")


def visible(text: str) -> str:
    """The text with `<U+202E>` in the place of each character that does not show as one."""
    counted = _UNCOUNTED.sub(lambda blanks: "".join(map(_named, blanks[0])), text)
    return "".join(
        sign if sign.isprintable() and sign not in INVISIBLE else _named(sign) for sign in counted
    )


def _named(sign: str) -> str:
    return f"<U+{ord(sign):04X}>"
