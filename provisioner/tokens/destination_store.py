"""The record of accepted destinations at rest, and whether it counts on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from provisioner.secret import Secret
from provisioner.tokens.destination_record import (
    Accepted,
    DestinationRecord,
    new_record,
    record_from,
    record_text,
)
from provisioner.tokens.known_stores import KnownStores
from provisioner.tokens.sealed_folder import SealedFolder

RECORD_FILE = "destinations.vault"

_LOCK_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class DestinationStore:
    """`key_is_the_users_own`: nobody who changes the project's files can have chosen the key.

    `accepting` is the same folder, for writing: its key is made if there is none yet.
    """

    project: Path
    files: SealedFolder
    accepting: SealedFolder
    known: KnownStores
    key_is_the_users_own: Callable[[], bool]

    def load(self) -> DestinationRecord | None:
        """What lies there, or None."""
        text = self.files.read(RECORD_FILE)
        return None if text is None else record_from(text, origin=str(self._file))

    def distrust(self, record: DestinationRecord | None) -> str | None:
        """Why the record does not count here, in words; None if it does, or was never made."""
        known = self.known.store_of(self.project)
        if record is None:
            return known and f"{self._file} is gone, in which the accepted destinations were"
        if known == record.store:
            return None
        if known is not None:
            return f"{self._file} is not the one that this machine knows"
        if not self.key_is_the_users_own():
            return (
                f"{self._file} may have come with its key: vault_password is named in the project "
                "itself, and this machine does not know the file"
            )
        return None

    def accept(self, accepted: Callable[[Secret], Iterable[Accepted]]) -> None:
        """Record what `accepted` makes of the record's digest key. On return it is on disk.

        What lies there and does not count is not added to: it would count from then on.
        """
        with self.accepting.locked(
            RECORD_FILE, "the accepted destinations", wait_seconds=_LOCK_WAIT_SECONDS
        ):
            found = self.load()
            base = found if found and not self.distrust(found) else self._new(found)
            record = base.with_accepted(accepted(base.digest_key))
            if record != found:
                self.accepting.write(RECORD_FILE, record_text(record))
        self.known.remember(self.project, record.store)

    def _new(self, found: DestinationRecord | None) -> DestinationRecord:
        """One that is not there at all may lie on another branch: both are to be one store.

        Not with a key that others may know: they would learn the name, and could forge it.
        """
        same = found is None and self.key_is_the_users_own()
        return new_record(self.known.store_of(self.project) if same else None)

    @property
    def _file(self) -> Path:
        return self.files.path / RECORD_FILE
