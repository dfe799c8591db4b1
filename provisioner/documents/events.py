"""Which parser reads which text."""

from __future__ import annotations

from provisioner.documents.builder import NextEvent
from provisioner.errors import ProvisionerError

try:
    from yaml._yaml import CParser
except ImportError:  # PyYAML built from source where libyaml's headers were missing
    CParser = None  # type: ignore[assignment,misc]


def events_of(text: str, *, is_json: bool) -> NextEvent:
    """A function that gives one event a call."""
    if is_json:
        from provisioner.documents.json_events import JsonEvents

        return JsonEvents(text).next
    if CParser is None:
        raise ProvisionerError(
            "PyYAML was installed without libyaml",
            remedy="install its wheel: pip install --force-reinstall --only-binary :all: PyYAML",
        )
    return CParser(text).get_event
