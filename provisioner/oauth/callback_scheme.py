"""The scheme of a callback: http, or https with a certificate; and what to say in the other one."""

from __future__ import annotations

import ssl
import threading

from provisioner.oauth.callback_certificate import CallbackCertificate, new_certificate


class CallbackScheme:
    """`certificate` makes it https."""

    def __init__(self, certificate: CallbackCertificate | None) -> None:
        self.certificate = certificate
        self._explaining: CallbackCertificate | None = None
        self._making = threading.Lock()

    @property
    def name(self) -> str:
        """http or https."""
        return "https" if self.certificate else "http"

    @property
    def wrong(self) -> str:
        """In words: what a browser did that came with the other one."""
        return "http instead of https" if self.certificate else "https instead of http"

    def authorities(self, port: int) -> frozenset[str]:
        """What a browser says as Host; it leaves the port out where it is the scheme's own."""
        own = 443 if self.certificate else 80
        bare = {"localhost"} if port == own else set()
        return frozenset({f"localhost:{port}", *bare})

    def context(self) -> ssl.SSLContext:
        """For a browser that speaks TLS.

        Without https a certificate is made as soon as there is a browser to explain that to.
        """
        with self._making:
            self._explaining = self.certificate or self._explaining or new_certificate()
            return self._explaining.context
