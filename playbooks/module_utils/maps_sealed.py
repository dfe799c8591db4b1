"""A module's result on its way through Ansible's masking, which reads every string in it.

Ansible replaces a no_log value wherever it occurs as text: with a password "maps", a server
"maps-reports" would come back as "********-reports", and a code 235 as words if "2" were one. A
result names no secret by construction, so it travels in characters that no secret is made of.
"""

from __future__ import annotations

import json

_PRIVATE_USE = 0xE000


def sealed(facts):
    """`facts` as a string of private-use characters, one a byte of its JSON."""
    return "".join(chr(_PRIVATE_USE + byte) for byte in json.dumps(facts).encode("ascii"))


def opened(text):
    """The facts again; ValueError if anything was changed on the way."""
    return json.loads(bytes(ord(character) - _PRIVATE_USE for character in text).decode("ascii"))
