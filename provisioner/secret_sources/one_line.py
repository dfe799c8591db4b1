"""What a client secret or password looks like, whatever it is: one line of text."""

from __future__ import annotations

from provisioner.errors import SecretUnavailable
from provisioner.secret import Secret

_NEVER_IN_ONE = frozenset("\0\r\n")


def one_line(secret: Secret, field: str) -> Secret:
    """The secret; SecretUnavailable for what no provider gave and no dialog took.

    RFC 6749 appendix A.2. So a pull request that names another file - a key of ssh, the
    environment in /proc - does not get that sent away.
    """
    if _NEVER_IN_ONE.isdisjoint(secret.reveal()):
        return secret
    raise SecretUnavailable(
        f"{field}: the secret is not one line",
        remedy="is this the right file, variable or command? It must give the secret alone",
    )
