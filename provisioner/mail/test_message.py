"""The words of the test email: the same from here as from a host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.mail.conversation import host_code


def test_message(
    *, server_name: str, host: str, port: int, sender: str, recipient: str, run_id: str
) -> Mapping[str, Any]:
    """The message for an SMTP conversation: which server, which machine, which run, by whom."""
    server = {"server_name": server_name, "host": host, "port": port}
    message: Mapping[str, Any] = host_code("maps_message").test_message(
        server, sender, recipient, run_id
    )
    return message


test_message.__test__ = False  # type: ignore[attr-defined]  # not a pytest function
