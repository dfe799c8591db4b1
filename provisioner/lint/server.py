"""A declared email server as rules see it: any value may be missing or of the wrong type."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from provisioner.config.document import STDIN, Document, FoundFile
from provisioner.config.issue import Issue
from provisioner.config.pointer import escaped, lies_in
from provisioner.config.vault_text import is_vault_text
from provisioner.lint.schema import schema_named

if TYPE_CHECKING:
    from provisioner.lint.mistakes.copied_text import CopyMistake

SECRETS = ("/password", "/oauth2/client_secret")

# Where a value is looked at for what came along when it was copied, and the values that are
# evidently fine: no sign of Markdown, HTML or a sentence, no scheme but that of a URL.
_COPIED_AT = (
    *("/host", "/client_name", "/user_name", "/test_email/from", "/test_email/to"),
    *(f"/oauth2/{name}_url" for name in ("access_token", "authorization", "refresh_token")),
    *("/oauth2/client_id", "/oauth2/login_hint"),
    *("/oauth2/scope_for_authorize", "/oauth2/scope_for_token"),
)
_NAMES_AT = ("/server_name", "/logging/file_name", "/hosts")
_FINE = re.compile(r"(?![A-Za-z]+:[^/])[A-Za-z0-9](?:[A-Za-z0-9._/:@+ -]*[A-Za-z0-9/])?")


class CorrectedDocument(NamedTuple):
    """`value` is the document as it was meant; `moved`: pointers in it -> in the file."""

    value: Any
    issues: tuple[Issue, ...] = ()
    moved: Mapping[str, str] = MappingProxyType({})

    def in_file(self, issue: Issue) -> Issue:
        """An issue of the value as it was meant, at the place where that was written."""
        pointer = issue.pointer
        around = max((p for p in self.moved if lies_in(pointer, p)), key=len, default=None)
        if around is None:
            return issue
        return issue._replace(pointer=self.moved[around] + pointer[len(around) :])


class ServerView:
    """Reads values by pointer; what is not of the asked type counts as not there.

    `value`: what was meant, where a key or a choice is misspelt; else the document's value. What
    came along with a text that was copied is taken off, too: that is one mistake, which rules
    for it report, and all others look at what was meant.
    """

    def __init__(self, document: Document, value: Mapping[str, Any]) -> None:
        self.document = document
        self._values: dict[str, Any] = {}
        self._texts: dict[str, str] = {}
        self._written: dict[str, str] = {}
        self.remains: dict[str, CopyMistake] = {}
        self._note(value, "")
        self._take_off_remains()

    def get(self, pointer: str) -> Any:
        return self._values.get(pointer)

    def has(self, pointer: str) -> bool:
        """Whether there is a value other than null."""
        return self._values.get(pointer) is not None

    def text(self, pointer: str) -> str:
        return self._texts.get(pointer, "")

    def texts(self, pointers: Iterable[str]) -> Iterator[tuple[str, str]]:
        return ((at, self._texts[at]) for at in pointers if self._texts.get(at))

    @cached_property
    def plain_texts(self) -> list[tuple[str, str]]:
        """Pointer and text of all texts at known places, vault texts left out."""
        known = _known_pointers()
        return [
            (pointer, value)
            for pointer, value in self._texts.items()
            if pointer in known and not ("$" in value and is_vault_text(value))
        ]

    @cached_property
    def written_texts(self) -> list[tuple[str, str]]:
        """The same, with what came along when they were copied."""
        return [(at, self._written.get(at, text)) for at, text in self.plain_texts]

    def written(self, pointer: str) -> str:
        """A text with what came along when it was copied; empty if there is none."""
        return self._written.get(pointer) or self.text(pointer)

    @cached_property
    def is_printable_ascii(self) -> bool:
        """Whether these have no control, invisible or foreign character anywhere."""
        texts = self.written_texts if self._written else self.plain_texts
        joined = "".join(text for _, text in texts)
        return joined.isascii() and joined.isprintable()

    @cached_property
    def as_earlier(self) -> EarlierServer:
        """What is kept of it to compare later servers with."""
        return EarlierServer(self.text("/server_name"), self.document)

    def _take_off_remains(self) -> None:
        """Few values need the close look."""
        texts = self._texts
        doubtful = [at for at in _COPIED_AT if at in texts and not _FINE.fullmatch(texts[at])]
        doubtful += [at for at in _NAMES_AT if at in texts and not texts[at].isascii()]
        if not doubtful:
            return
        from provisioner.lint.mistakes.copied_text import copy_mistake

        for pointer in doubtful:
            text = texts[pointer]
            remains, meant = copy_mistake(pointer, text)
            if remains is not None:
                self.remains[pointer] = remains
                self._written[pointer] = text
                self._values[pointer] = texts[pointer] = meant

    def _note(self, mapping: Mapping[str, Any], above: str) -> None:
        """All values of a mapping and of the mappings in it."""
        for key, value in mapping.items():
            pointer = f"{above}/{escaped(key)}"
            self._values[pointer] = value
            if isinstance(value, str):
                self._texts[pointer] = value
            elif isinstance(value, dict):
                self._note(value, pointer)


class EarlierServer:
    """One of the servers that are compared. Their documents are not all kept in memory."""

    def __init__(self, name: str, document: Document) -> None:
        self.name = name
        self._file = document.source.path, document.source.project
        self._position = document.position
        # Standard input cannot be read again.
        self._document = document if document.source.path == STDIN else None

    @cached_property
    def place(self) -> str:
        """FILE:LINE of its name."""
        document = self._document or self._read_again()
        return f"{document.path}:{document.locate('/server_name').value.start.line}"

    def _read_again(self) -> Document:
        from provisioner.config.files import load_declared

        documents = load_declared(FoundFile(*self._file))
        return documents[min(self._position, len(documents) - 1)]


@cache
def _known_pointers() -> frozenset[str]:
    """Of the fields of a server; not what is below a secret."""
    schema = schema_named("email-server")
    return frozenset(at for at, _ in schema.fields() if schema.spot(at).shown == at)
