"""What mail servers said to tokens, in `.provisioner/proofs.json`: of this checkout alone.

Not beside the tokens: to look at hosts must not change a file that git knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec.structs import replace

from provisioner.credentials.expiry import LastProof
from provisioner.credentials.store import TokenSet
from provisioner.deploy.state_dir import state_dir, state_path
from provisioner.errors import FileUnusable, ProvisionerError
from provisioner.fleet.host_result import HostResult
from provisioner.fleet.mail_proof import MailProof
from provisioner.hosts.entry import ServerEntry
from provisioner.model.project import Project
from provisioner.oauth.gates import Proof
from provisioner.oauth.proof import proof_from
from provisioner.private_file import exclusive_lock, process_owner, read_private, replace_file
from provisioner.providers.catalogue import provider_for

_FILE = "proofs.json"
_LOCK_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class SignInProof:
    """From `host` the mail server accepted the token; or not: `refused` says why. No secret."""

    server_name: str
    grant_id: str
    host: str
    refused: str = ""


def sign_in_proofs(
    hosts: Iterable[HostResult], entries: Mapping[str, ServerEntry], project: Project
) -> tuple[SignInProof, ...]:
    """One a server at most: what one host has proven, no refusal elsewhere disproves."""
    found: dict[str, SignInProof] = {}
    for host in hosts:
        for mail in host.mails:
            entry = entries.get(mail.server)
            if entry is None or entry.token_set is None:
                continue
            proof = _proof(mail, entry, entry.token_set, host.host, project)
            if proof is not None and (mail.server not in found or found[mail.server].refused):
                found[mail.server] = proof
    return tuple(found.values())


def _proof(
    mail: MailProof, entry: ServerEntry, tokens: TokenSet, host: str, project: Project
) -> SignInProof | None:
    provider = provider_for(entry.server.host, project.providers)
    said = proof_from(mail.smtp, f"{entry.server.host}, asked by {host}", provider.name)
    if said.proof is Proof.ACCEPTED:
        return SignInProof(entry.name, tokens.grant_id, host)
    refused = said.proof is Proof.REFUSED
    return SignInProof(entry.name, tokens.grant_id, host, said.detail) if refused else None


def note_proofs(root: Path, proofs: Iterable[SignInProof], *, at: float) -> list[str]:
    """Note them; a warning for each that cannot be noted."""
    warnings = []
    for proof in proofs:
        try:
            if proof.refused:
                note_refused(root, proof.server_name, proof.grant_id, proof.refused)
            else:
                note_accepted(root, proof.server_name, proof.grant_id, at=at, by=proof.host)
        except ProvisionerError as error:
            name = proof.server_name
            warnings.append(f"{name}: `status` will not know of this push: {error.message}")
    return warnings


def read_proofs(root: Path) -> Mapping[str, LastProof]:
    """Server name -> the last proof. What cannot be read proves nothing, and is no error."""
    try:
        raw = read_private(state_path(root) / _FILE)
        return msgspec.json.decode(raw or b"{}", type=dict[str, LastProof])
    except (OSError, ProvisionerError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def note_accepted(
    root: Path, server_name: str, grant_id: str, *, at: float, by: str | None
) -> None:
    """A mail server accepted a token of this grant; `by`: the host from which, None: here."""
    _note(root, server_name, lambda _: LastProof(grant_id=grant_id, at=int(at), by=by))


def note_refused(root: Path, server_name: str, grant_id: str, why: str) -> None:
    """A mail server refused it. When one accepted it before stays known."""

    def refused(before: LastProof | None) -> LastProof:
        same = before if before and before.grant_id == grant_id else LastProof(grant_id=grant_id)
        return replace(same, refused=why)

    _note(root, server_name, refused)


def _note(root: Path, server_name: str, change: Callable[[LastProof | None], LastProof]) -> None:
    """FileUnusable, LockHeld."""
    folder = state_dir(root)
    with exclusive_lock(
        folder / f".{_FILE}.lock",
        f"the proofs of {root}",
        owner=process_owner(),
        remedy="wait until that run has ended",
        wait_seconds=_LOCK_WAIT_SECONDS,
    ):
        proofs = dict(read_proofs(root))
        proofs[server_name] = change(proofs.get(server_name))
        try:
            replace_file(folder / _FILE, msgspec.json.encode(proofs))
        except OSError as error:
            raise FileUnusable(
                f"cannot write {folder / _FILE}: {error.strerror}",
                remedy="check the owner, mode and free space of the project folder",
            ) from None
