"""What test emails from hosts say of sign-ins, and noting it where `status` looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from provisioner.errors import ProvisionerError
from provisioner.fleet.host_result import HostResult
from provisioner.fleet.mail_proof import MailProof
from provisioner.hosts.entry import ServerEntry
from provisioner.model.project import Project
from provisioner.oauth.gates import Proof
from provisioner.oauth.proof import proof_from
from provisioner.providers.catalogue import provider_for
from provisioner.tokens.proof_record import record_proof, record_refusal
from provisioner.tokens.store import TokenStore
from provisioner.tokens.token_set import TokenSet


@dataclass(frozen=True, slots=True)
class SignInProof:
    """From `host` the mail server took the token; or not: `refused` says why. Holds no secret."""

    tokens: TokenSet
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
        return SignInProof(tokens, host)
    return SignInProof(tokens, host, said.detail) if said.proof is Proof.REFUSED else None


def recorded(store: TokenStore, proofs: Iterable[SignInProof], *, at: float) -> Iterator[str]:
    """Note them beside the tokens. Yields a warning for each that cannot be noted."""
    for proof in proofs:
        try:
            if proof.refused:
                record_refusal(store, proof.tokens, proof.refused)
            else:
                record_proof(store, proof.tokens, at=at, by=proof.host)
        except ProvisionerError as error:
            name = proof.tokens.server_name
            yield f"{name}: `status` will not know of this push: {error.message}"
