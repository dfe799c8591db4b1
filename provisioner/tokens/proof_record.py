"""That the mail server took a token, noted beside the tokens."""

from __future__ import annotations

from dataclasses import replace

from provisioner.tokens.store import TokenStore
from provisioner.tokens.token_set import TokenSet


def record_proof(store: TokenStore, proven: TokenSet, *, at: float) -> TokenSet:
    """The tokens that lie there then; those of another sign-in stay as they are.

    `at` in Unix seconds. LockHeld, TokenStoreError.
    """
    with store.locked(proven.server_name) as entry:
        stored = entry.load()
        if stored is None or stored.grant_id != proven.grant_id:
            return proven
        noted = replace(stored, proven_at=int(at), unproven=None)
        entry.save(noted)
        return noted
