"""What keeps any parser from reading a file as YAML or JSON, whatever the file is for."""

from __future__ import annotations

from pathlib import Path

from provisioner.documents.defect import Defect, DefectFound
from provisioner.documents.events import events_of
from provisioner.documents.reading import file_bytes, text_of
from provisioner.documents.yaml_problems import defect_of


def syntax_defect(path: Path) -> Defect | None:
    """The first one, in words that quote nothing of the file; None if it can be read."""
    from yaml import YAMLError

    text = ""
    try:
        text = text_of(file_bytes(path))
        next_event = events_of(text, is_json=path.suffix == ".json")
        while next_event() is not None:
            pass
    except DefectFound as found:
        return found.defect
    except YAMLError as error:
        return defect_of(error, text.splitlines())
    return None
