"""How a server stands with its provider, by what is on disk: nobody is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from provisioner.errors import ExitCode, ProvisionerError
from provisioner.model.email_server import EmailServer
from provisioner.tokens.destinations import check_destinations
from provisioner.tokens.store import TokenStore
from provisioner.tokens.token_set import TokenSet


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInState:
    """`problem` and `remedy` are empty if the tokens can be used."""

    server_name: str
    mailbox: str | None
    client_secret_expires: date | None = None
    tokens: TokenSet | None = None
    problem: str = ""
    remedy: str = ""
    exit_code: ExitCode = ExitCode.DONE


def sign_in_state(server: EmailServer, store: TokenStore) -> SignInState:
    """The state of one server that uses OAuth2."""
    name = server.server_name
    state = SignInState(
        server_name=name,
        mailbox=server.mailbox,
        client_secret_expires=server.oauth2.client_secret_expires if server.oauth2 else None,
    )
    try:
        state = replace(state, tokens=store.load(name))
        if state.tokens is not None:
            check_destinations(state.tokens, server)
            return state
    except ProvisionerError as error:
        return replace(state, problem=error.message, remedy=error.remedy, exit_code=error.exit_code)
    return replace(
        state,
        problem="nobody has signed in yet",
        remedy=f"run: provisioner authenticate '{name}'",
        exit_code=ExitCode.PERSON_NEEDED,
    )
