"""The test email: what it says of itself, whoever sends it."""

from __future__ import annotations

import socket


def test_message(server, sender, recipient, run_id, document=None):
    """The message for a conversation. `server`: an entry, for its name, host and port.

    `document`: generation and fingerprint of the document that the host sends with, as one text.
    """
    name, place = server["server_name"], f"{server['host']}:{server['port']}"
    which = f"Document:  {document}\n" if document else ""
    body = (
        f'This test email went through the MAPS email server "{name}",\n'
        f"with the settings and the sign-in that are declared for it.\n"
        f"\n"
        f"Server:    {place}\n"
        f"Sent from: {socket.gethostname()}\n"
        f"Run:       {run_id}\n"
        f"{which}"
        f"\n"
        f"It was sent by maps-provisioner and not by MAPS: it proves the\n"
        f"settings and the sign-in, not MAPS itself. No answer is needed.\n"
    )
    return {
        "from": sender,
        "to": recipient,
        "subject": f'Test email of the MAPS email server "{name}"',
        "body": body,
        "headers": {
            "X-Maps-Provisioner-Run": run_id,
            "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answer to this
        },
    }
