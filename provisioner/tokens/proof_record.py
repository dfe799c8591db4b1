"""What the mail server said to a token, noted beside the tokens."""

from __future__ import annotations

from dataclasses import replace

from provisioner.tokens.store import TokenStore
from provisioner.tokens.token_set import TokenSet


def record_proof(
    store: TokenStore, proven: TokenSet, *, at: float, by: str | None = None
) -> TokenSet:
    """The tokens that lie there then; those of another sign-in stay as they are.

    `at` in Unix seconds; `by` names the host that asked, None: this machine. LockHeld,
    TokenStoreError.
    """
    with store.locked(proven.server_name) as entry:
        stored = entry.load()
        if stored is None or stored.grant_id != proven.grant_id:
            return proven
        noted = replace(stored, proven_at=int(at), proven_by=by, unproven=None)
        entry.save(noted)
        return noted


def record_refusal(store: TokenStore, refused: TokenSet, why: str) -> None:
    """The same of a token that was not taken: when one was, before, stays known."""
    with store.locked(refused.server_name) as entry:
        stored = entry.load()
        if stored is not None and stored.grant_id == refused.grant_id:
            entry.save(replace(stored, unproven=why))
