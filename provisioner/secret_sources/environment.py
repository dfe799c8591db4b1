"""`{env: NAME}`."""

from __future__ import annotations

from provisioner.errors import SecretUnavailable
from provisioner.secret import Secret
from provisioner.secret_sources.context import SourceContext
from provisioner.secret_sources.reference import EnvironmentVariable


def read(reference: EnvironmentVariable, context: SourceContext) -> Secret:
    """The variable's value."""
    value = context.environment.get(reference.name)
    if value is None:
        raise SecretUnavailable(
            f"the environment variable {reference.name} is not set",
            remedy=f"set it for this run: `read -rs {reference.name}; export {reference.name}`",
        )
    return Secret(value)
