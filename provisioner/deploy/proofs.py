"""What mail servers said to tokens, in `.provisioner/proofs.json`: of this checkout alone.

Not beside the tokens: to look at hosts must not change a file that git knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec.structs import replace

from provisioner.credentials.expiry import LastProof
from provisioner.deploy.entry import ServerEntry
from provisioner.deploy.result import HostResult
from provisioner.deploy.state_dir import state_dir, state_path
from provisioner.errors import FileUnusable, ProvisionerError
from provisioner.model.project import Project
from provisioner.oauth.gates import Proof
from provisioner.oauth.proof import proof_from
from provisioner.private_file import exclusive_lock, process_owner, read_private, replace_file
from provisioner.providers.catalogue import provider_for

_FILE = "proofs.json"
_LOCK_WAIT_SECONDS = 60.0


def sign_in_proofs(
    hosts: Iterable[HostResult], entries: Mapping[str, ServerEntry], project: Project, *, at: float
) -> dict[str, LastProof]:
    """Of each server one at most: what one host has proven, no refusal elsewhere disproves."""
    found: dict[str, LastProof] = {}
    for host in hosts:
        for mail in host.mails:
            entry = entries.get(mail.server)
            if entry is None or entry.token_set is None:
                continue
            provider = provider_for(entry.server.host, project.providers)
            asked = f"{entry.server.host}, asked by {host.host}"
            said, grant = proof_from(mail.smtp, asked, provider.name), entry.token_set.grant_id
            if said.proof is Proof.ACCEPTED:
                proof = LastProof(grant_id=grant, at=int(at), by=host.host)
            elif said.proof is Proof.REFUSED:
                proof = LastProof(grant_id=grant, refused=said.detail)
            else:
                continue
            if mail.server not in found or found[mail.server].refused:
                found[mail.server] = proof
    return found


def read_proofs(root: Path) -> Mapping[str, LastProof]:
    """Server name -> the last proof. What cannot be read proves nothing, and is no error."""
    try:
        raw = read_private(state_path(root) / _FILE)
        return msgspec.json.decode(raw or b"{}", type=dict[str, LastProof])
    except (OSError, ProvisionerError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def note_proofs(root: Path, proofs: Mapping[str, LastProof]) -> None:
    """FileUnusable, LockHeld. When a grant that is now refused was last accepted stays known."""
    folder = state_dir(root)
    with exclusive_lock(
        folder / f".{_FILE}.lock",
        f"the proofs of {root}",
        owner=process_owner(),
        remedy="wait until that run has ended",
        wait_seconds=_LOCK_WAIT_SECONDS,
    ):
        known = dict(read_proofs(root))
        for name, proof in proofs.items():
            before = known.get(name)
            if proof.refused and before and before.grant_id == proof.grant_id:
                known[name] = replace(before, refused=proof.refused)
            else:
                known[name] = proof
        try:
            replace_file(folder / _FILE, msgspec.json.encode(known))
        except OSError as error:
            raise FileUnusable(
                f"cannot write {folder / _FILE}: {error.strerror}",
                remedy="check the owner, mode and free space of the project folder",
            ) from None


def note_or_warn(root: Path, proofs: Mapping[str, LastProof]) -> list[str]:
    """Note those of a push, whose work is done; a warning if that fails."""
    try:
        if proofs:
            note_proofs(root, proofs)
    except ProvisionerError as error:
        names = ", ".join(proofs)
        return [f"{names}: `status` will not know of this push: {error.message}"]
    return []
