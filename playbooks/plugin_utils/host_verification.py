"""Whether a connection makes sure that it talks to the host it means. Pure."""

from __future__ import annotations

import re
import shlex

# Stronger than ~/.ssh/config, which may say otherwise; and nobody is there to be asked.
STRICT = "-o StrictHostKeyChecking=yes"

_ARGUMENTS = ("ssh_args", "ssh_common_args", "ssh_extra_args")
# accept-new trusts whoever answers first, and the first push carries every secret.
_UNCHECKED = frozenset(("no", "off", "false", "accept-new"))
_REMEDY = (
    "; whoever answers in place of the host would get its secrets. Take that away, and put the "
    "host's key into known_hosts (ssh-keyscan, then compare it with the one the host shows)"
)


def why_unverified(option):
    """What switches off the check of the host's key; empty if nothing does.

    `option(name)` is the connection's own setting, from wherever it comes; None if it has none.
    """
    if option("host_key_checking") is False:
        return "host_key_checking is off (a host variable, or ansible.cfg)" + _REMEDY
    if option("host_key_auto_add") is True:
        return "host_key_auto_add is on (a host variable, or ansible.cfg)" + _REMEDY
    for name in _ARGUMENTS:
        setting = _unchecked(option(name) or "")
        if setting:
            return f"{name} has {setting}" + _REMEDY
    return ""


def _unchecked(arguments):
    try:
        words = shlex.split(arguments)
    except ValueError:
        return "an unpaired quote"
    for option in _options(words):
        # ssh_config(5): keywords in any case, and `=` or blanks before the value
        name, _, value = re.sub(r"[=\s]+", "=", option.strip(), count=1).partition("=")
        value = value.strip().strip('"').lower()
        if name.lower() == "stricthostkeychecking" and value in _UNCHECKED:
            return f"StrictHostKeyChecking={value}"
    return ""


def _options(words):
    """What follows each -o, in the same word or in the next."""
    for word, following in zip(words, [*words[1:], ""]):
        if word == "-o":
            yield following
        elif word.startswith("-o"):
            yield word[2:]
