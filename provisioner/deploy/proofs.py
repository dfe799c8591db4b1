"""What the test emails of a push say of sign-ins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from provisioner.credentials.proofs import LastProof, note_mail
from provisioner.deploy.entry import ServerEntry
from provisioner.errors import ProvisionerError
from provisioner.host.result import HostResult
from provisioner.model.project import Project
from provisioner.oauth.checks import last_proof, login_result
from provisioner.providers.catalogue import provider_for


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
            said = login_result(mail.smtp, asked, provider.name, entry.name)
            proof = last_proof(said, entry.token_set, at=at, by=host.host)
            if proof and (mail.server not in found or found[mail.server].mail):
                found[mail.server] = proof
    return found


def note_or_warn(root: Path, proofs: Mapping[str, LastProof]) -> list[str]:
    """Note those of a push, whose work is done; a warning if that fails."""
    try:
        if proofs:
            note_mail(root, proofs)
    except ProvisionerError as error:
        names = ", ".join(proofs)
        return [f"{names}: `status` will not know of this push: {error.message}"]
    return []
