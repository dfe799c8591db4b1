"""The few tags that a declared file may carry."""

from __future__ import annotations

from typing import Any

from yaml.events import MappingStartEvent, ScalarEvent, SequenceStartEvent

from provisioner.documents.core_schema import Scalar, plain_value
from provisioner.documents.vault_text import is_vault_text

_CORE = "tag:yaml.org,2002:"
_SCALARS: dict[str, tuple[type, ...]] = {
    f"{_CORE}int": (int,),
    f"{_CORE}float": (float, int),
    f"{_CORE}bool": (bool,),
    f"{_CORE}null": (type(None),),
}
_TEXTS = ("!", f"{_CORE}str", "!vault")
_COLLECTIONS = {
    MappingStartEvent: ("!", f"{_CORE}map"),
    SequenceStartEvent: ("!", f"{_CORE}seq"),
}


def tagged_value(event: ScalarEvent) -> Scalar:
    """The value of a scalar with a tag; vault text is told by its own look, so it stays text."""
    return plain_value(event.value) if event.tag in _SCALARS else event.value


def tag_defect(event: Any) -> tuple[str, str] | None:
    """What is wrong with a value's tag, and the remedy; None if nothing is."""
    if type(event) is not ScalarEvent:
        return None if event.tag in _COLLECTIONS[type(event)] else _unknown(event.tag)
    if event.tag == "!vault" and not is_vault_text(event.value):
        return (
            "!vault stands before something that is no ansible-vault text",
            "make it with: ansible-vault encrypt_string; keep the | and the indentation",
        )
    if event.tag in _SCALARS and type(plain_value(event.value)) not in _SCALARS[event.tag]:
        return "the value is not of the kind that its tag names", "remove the tag"
    return None if event.tag in (*_TEXTS, *_SCALARS) else _unknown(str(event.tag))


def key_tag_defect(event: Any) -> tuple[str, str] | None:
    """What is wrong with a key's tag: a key is text, and nothing else can be said of it."""
    if event.tag in ("!", f"{_CORE}str"):
        return None
    return "a tag stands before a key", "write it behind the colon, before the value; or remove it"


def _unknown(tag: str) -> tuple[str, str]:
    if tag.startswith("!v"):
        return "this tag is not known", "did you mean !vault, before ansible-vault text?"
    return "this tag is not known", "remove it; the one tag that email servers use is !vault"
