"""What a scalar means: plain words by the core schema, others by their quotes or their tag."""

from __future__ import annotations

import math
import re
from typing import Any

from yaml.events import MappingStartEvent, ScalarEvent

from provisioner.config.vault_text import is_vault_text

Scalar = str | int | float | bool | None

# The core schema of YAML 1.2 (section 10.3).
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_DECIMAL = re.compile(r"[-+]?[0-9]+", re.ASCII)
_OCTAL = re.compile(r"0o[0-7]+", re.ASCII)
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_NUMBERS = (_DECIMAL, _OCTAL, _HEXADECIMAL, _FLOAT)
_MOST_DIGITS = 400  # Python refuses to read 4,300; nothing here comes near


def plain_value(text: str) -> Scalar:
    """What a plain (unquoted) scalar means; a number beyond all measure is infinite."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "0123456789+-.":
        return text
    return _number(text)


def _number(text: str) -> Scalar:
    if len(text) > _MOST_DIGITS:
        return math.inf if any(form.fullmatch(text) for form in _NUMBERS) else text
    if _DECIMAL.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text):
        return int(text[2:], 8)
    if _HEXADECIMAL.fullmatch(text):
        return int(text[2:], 16)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


# The few tags that a declared file may carry.
_CORE = "tag:yaml.org,2002:"
_SCALARS: dict[str, tuple[type, ...]] = {
    f"{_CORE}int": (int,),
    f"{_CORE}float": (float, int),
    f"{_CORE}bool": (bool,),
    f"{_CORE}null": (type(None),),
}
_KNOWN_TAGS = {
    ScalarEvent: ("!", f"{_CORE}str", "!vault", *_SCALARS),
    MappingStartEvent: ("!", f"{_CORE}map"),
}
_LIST_TAGS = ("!", f"{_CORE}seq")


def key_tag_words(tag: str) -> tuple[str, str] | None:
    """A key is text, and nothing else can be said of it."""
    if tag in ("!", f"{_CORE}str"):
        return None
    return "this tag is before the key", "write it after the colon, before the value; or remove it"


def scalar_value(event: ScalarEvent) -> Scalar:
    """Vault text is told by its own look, so it stays text."""
    is_plain = event.implicit[0] if event.tag is None else event.tag in _SCALARS
    return plain_value(event.value) if is_plain else event.value


def tag_words(event: Any) -> tuple[str, str] | None:
    """What is wrong with a value's tag, and the remedy; None if nothing is."""
    if event.tag not in _KNOWN_TAGS.get(type(event), _LIST_TAGS):
        if event.tag.startswith("!v"):
            return "unknown tag", "did you mean !vault, before ansible-vault text?"
        remedy = "quote text that begins with !, or remove the tag; !vault is the only one here"
        return "unknown tag", remedy
    if event.tag == "!vault" and not is_vault_text(event.value):
        return (
            "the value of !vault is not ansible-vault text",
            "encrypt the value with ansible-vault encrypt_string; keep the | and the indentation",
        )
    if event.tag in _SCALARS and type(plain_value(event.value)) not in _SCALARS[event.tag]:
        return "the value is not of the type that its tag names", "remove the tag"
    return None
