"""`provisioner revoke`: a sign-in taken back, at the provider and here."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.app import code_of
from provisioner.cli.options import ProjectOptions, RequiredServers, Yes
from provisioner.cli.output import print_text
from provisioner.errors import ExitCode, PersonNeeded, gravest
from provisioner.text import proposed_command

if TYPE_CHECKING:
    from provisioner.credentials.project_secrets import OpenProject
    from provisioner.credentials.store import TokenSet
    from provisioner.model.email_server import EmailServer
    from provisioner.providers.provider import Provider
    from provisioner.secret import Secret

Local = Annotated[
    bool, typer.Option("--local", help="Only delete the tokens here; do not contact the provider.")
]

_NOTHING = "not signed in; there is nothing to revoke"
_STILL_GOOD = (
    "MAPS hosts that received them, and anyone else with a copy, can use them until the sign-in is "
    "revoked at the provider"
)
_DEAD = (
    "MAPS hosts still have their copy, which is now invalid: their mail stops when the access "
    "token expires, or earlier; sign in again and push"
)


def revoke(
    options: ProjectOptions,
    servers: RequiredServers,
    yes: Yes = False,
    local: Local = False,
) -> int:
    """Revoke a sign-in at the provider (RFC 7009) and delete its tokens.

    The tokens are kept if the provider is unreachable or rejects the request, or has no known
    revocation endpoint: revoke the sign-in on the page of the provider that is printed, then pass
    `--local` to delete the tokens. MAPS hosts keep their copy until the next push. Stored sign-ins
    that are no longer declared can be revoked too; `status` lists them.

    Examples:

      provisioner revoke Reports

      provisioner revoke Reports Alerts --local --yes
    """
    opened = options.open()
    found = dict(_found(name, opened) for name in servers)
    codes = {} if local else {n: code_of(partial(_check, n, s, opened)) for n, s in found.items()}
    ready = [name for name in found if codes.get(name, ExitCode.DONE) is ExitCode.DONE]
    kept = [name for name in ready if opened.store.exists(name)]
    if kept and not _agreed(kept, yes=yes, local=local):
        print("Nothing was revoked.")
        return ExitCode.PERSON_NEEDED
    work = _delete if local else _revoke
    return gravest([*codes.values(), *(code_of(partial(work, name, opened)) for name in ready)])


def _found(name: str, opened: OpenProject) -> tuple[str, EmailServer | None]:
    """The name as it is stored and the server that declares it, if one does.

    UsageError: there is neither.
    """
    wanted = name.casefold()
    declared = [server.server_name for server in opened.project.servers if server.oauth2]
    if name not in declared and opened.store.exists(name):  # readable or not
        return name, None
    if wanted not in map(str.casefold, declared):
        for kept in opened.secrets.undeclared():
            if kept.server_name.casefold() == wanted:
                return kept.server_name, None
    [server] = opened.project.oauth2_servers([name])
    return server.server_name, server


def _check(name: str, server: EmailServer | None, opened: OpenProject) -> None:
    """PersonNeeded if there is something to revoke, and no way to do that from here."""
    if not opened.store.exists(name):
        return
    if server is None:
        raise _not_declared(name, opened)
    if _endpoint(server, opened) is None:
        provider = opened.secrets.provider(server)
        setting = f"providers: {{{provider.name}: {{revocation_url: URL}}}}"
        raise PersonNeeded(
            f"{name}: {provider.label} has no revocation endpoint that is known; nothing was "
            "deleted",
            remedy=f"{_by_hand(provider)}\n"
            f"then delete the tokens: {proposed_command('revoke', name, '--local')}\n"
            f"or, if there is an endpoint, name it in provisioner.yml ({setting}) and accept it: "
            f"{proposed_command('accept', name)}",
        )


def _endpoint(server: EmailServer, opened: OpenProject) -> str | None:
    from provisioner.oauth.revoking import revocation_endpoint

    assert server.oauth2 is not None  # noqa: S101  `oauth2_servers` chose it
    provider = opened.secrets.provider(server)
    return revocation_endpoint(server.oauth2.access_token_url, provider)


def _not_declared(name: str, opened: OpenProject) -> PersonNeeded:
    """To end it at the provider takes the client secret, which only a server file names."""
    from provisioner.providers.catalogue import provider_for

    kept = next((k for k in opened.secrets.undeclared() if k.server_name == name), None)
    who = f" as {kept.tokens.identity}" if kept and kept.tokens and kept.tokens.identity else ""
    way = kept.accepted.get("client_secret") if kept else None
    url = way.parts.get("access_token_url") if way else None
    provider = provider_for(url, opened.project.providers) if url else None
    at = f" at {provider.label}" if provider else ""
    return PersonNeeded(
        f"{name}: the stored sign-in{who}{at} is no longer declared; nothing was deleted",
        remedy=f"{_by_hand(provider)}\n"
        f"then delete the tokens: {proposed_command('revoke', name, '--local')}\n"
        f"or restore its server file, then run: {proposed_command('revoke', name)}",
    )


def _agreed(names: list[str], *, yes: bool, local: bool) -> bool:
    from provisioner.cli.prompts import confirm, require_terminal

    if yes:
        return True
    require_terminal("nothing was revoked: not confirmed")
    what = "Delete the tokens of" if local else "End the sign-in and delete the tokens of"
    return confirm(f"{what} {', '.join(names)}?")


def _delete(name: str, opened: OpenProject) -> None:
    """Whether they can be read or not."""
    if not opened.store.exists(name):
        print_text(f"{name}: {_NOTHING}")
        return
    with opened.store.locked(name) as entry:
        entry.delete()
    print_text(f"{name}: the tokens are deleted here\n  {_STILL_GOOD}")


def _revoke(name: str, opened: OpenProject) -> None:
    """Revoke, then delete, under the lock. Whatever fails leaves the tokens alone.

    PersonNeeded, when all is done, if a host may have a token that replaced ours: RFC 7009
    section 2.2 has 200 for one that is no good any more, too.
    """
    if not opened.store.exists(name):
        print_text(f"{name}: {_NOTHING}")
        return
    server = opened.project.server(name)
    endpoint = _endpoint(server, opened)
    assert endpoint is not None  # noqa: S101  `_check` has seen to it
    # Before the lock is held: what is accepted on the way is written under it.
    secret = _client_secret(server, opened)
    with opened.store.locked(name) as entry:
        found = entry.read()
        if found is None or found.tokens is None:  # another run was faster
            print_text(f"{name}: {_NOTHING}")
            return
        lines = _revoked(endpoint, server, found.tokens, secret, opened)
        entry.delete()
    print_text("\n  ".join([f"{name}: the tokens are deleted here", *lines]))
    if holder := found.tokens.handed_over_to:
        raise PersonNeeded(
            f"{name}: {holder} received the refresh token, and may have a newer one, with which "
            "it can still send",
            remedy=_by_hand(opened.secrets.provider(server)),
        )


def _client_secret(server: EmailServer, opened: OpenProject) -> Secret:
    """PersonNeeded if the declaration has gone elsewhere since the sign-in."""
    try:
        return opened.secrets.client_secret(server)
    except PersonNeeded as changed:
        local = proposed_command("revoke", server.server_name, "--local")
        remedy = f"{changed.remedy}\nor only delete the tokens: {local}"
        raise PersonNeeded(changed.message, remedy=remedy) from None


def _revoked(
    endpoint: str,
    server: EmailServer,
    tokens: TokenSet,
    secret: Secret,
    opened: OpenProject,
) -> list[str]:
    """What was done at the provider, in words."""
    from provisioner.oauth.revoking import revoke_grant
    from provisioner.providers.endpoints import host_of

    host = host_of(endpoint)
    remark = revoke_grant(endpoint, server, tokens, secret, ca_file=opened.project.ca_file)
    if tokens.handed_over_to:
        return [f"they are revoked at {host}"]
    return [f"the sign-in has ended at {host}", *([remark] if remark else ()), _DEAD]


def _by_hand(provider: Provider | None) -> str:
    page = provider.consent_page_url if provider else None
    where = f"at {page}" if page else "on the account page of the mailbox"
    return (
        f"end the sign-in: revoke the consent of the app {where}, or have an administrator revoke "
        "the account's sign-in sessions"
    )
