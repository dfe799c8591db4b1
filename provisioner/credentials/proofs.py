"""What mail servers and providers last said to a sign-in, in `.provisioner/proofs.json`.

Of this checkout alone, and not beside the tokens: to look at hosts must not change a file that git
knows. A refusal counts until it is put right, and keeps nothing from being tried again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from provisioner.errors import FileUnusable, ProvisionerError
from provisioner.private_file import exclusive_lock, read_private, replace_file
from provisioner.state_dir import state_dir, state_path

_FILE = "proofs.json"
_LOCK_WAIT_SECONDS = 60.0

_Time = Annotated[int, Meta(ge=0, le=10**10)]  # Unix seconds: until 2286


class Refused(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A refusal that a person has to put right: what was said, when (Unix seconds), what to do."""

    said: str
    at: _Time
    remedy: str = ""


class LastProof(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of one grant. `at` in Unix seconds.

    `at`: when a mail server last accepted it, from the host `by` (None: this machine), or None.
    `mail`: a mail server has refused it since. `refresh`: the provider has.
    """

    grant_id: str
    at: _Time | None = None
    by: str | None = None
    mail: Refused | None = None
    refresh: Refused | None = None


def read_proofs(root: Path) -> Mapping[str, LastProof]:
    """Server name -> the last proof. What cannot be read proves nothing, and is no error."""
    try:
        raw = read_private(state_path(root) / _FILE)
        return msgspec.json.decode(raw or b"{}", type=dict[str, LastProof])
    except (OSError, ProvisionerError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def note_mail(root: Path, proofs: Mapping[str, LastProof]) -> None:
    """Note what mail servers said. FileUnusable, LockHeld.

    When a grant that is now refused was last accepted stays known; so does a refused refresh,
    which no mail puts right.
    """
    with _noting(root) as known:
        for name, proof in proofs.items():
            before = known.get(name)
            if before is None or before.grant_id != proof.grant_id:
                known[name] = proof
            elif proof.mail is not None:
                known[name] = replace(before, mail=proof.mail)
            else:
                known[name] = replace(proof, refresh=before.refresh)


def note_refresh(root: Path, server_name: str, grant_id: str, refused: Refused | None) -> None:
    """Note that the provider refused a refresh, or (None) that it grants one again."""
    with _noting(root) as known:
        before = known.get(server_name)
        if before is None or before.grant_id != grant_id:
            before = LastProof(grant_id=grant_id)
        known[server_name] = replace(before, refresh=refused)


@contextmanager
def _noting(root: Path) -> Iterator[dict[str, LastProof]]:
    """All that is known, to be changed: written at the end, under a lock."""
    folder = state_dir(root)
    with exclusive_lock(
        folder / f".{_FILE}.lock",
        f"the proofs of {root}",
        remedy="wait until that run has ended",
        wait_seconds=_LOCK_WAIT_SECONDS,
    ):
        known = dict(read_proofs(root))
        yield known
        try:
            replace_file(folder / _FILE, msgspec.json.encode(known))
        except OSError as error:
            raise FileUnusable(
                f"cannot write {folder / _FILE}: {error.strerror}",
                remedy="check the owner, mode and free space of the project folder",
            ) from None
