"""A command line of ours in a remedy: whatever the server is called, it can be pasted as it is."""

from __future__ import annotations

import shlex


def proposed_command(command: str, server_name: str, *options: str) -> str:
    """`provisioner COMMAND NAME OPTIONS`; each of `options` is quoted where it needs that.

    A name that begins with - would be an option: it goes behind `--`, where none can follow.
    """
    name = shlex.quote(server_name)
    words = [*options, "--", name] if server_name.startswith("-") else [name, *options]
    return " ".join(["provisioner", command, *words])


def accept_destination(server_name: str) -> str:
    """The option that accepts where a server's secrets go."""
    sign = "=" if server_name.startswith("-") else " "
    return f"--accept-destination{sign}{shlex.quote(server_name)}"
