"""Why TLS to a provider failed: a clock, an old version and an unknown CA are different things."""

from __future__ import annotations

import ssl

from provisioner.advice.explain import Advice, explain


def tls_advice(fault: BaseException) -> Advice:
    """The advice for an exception of a library around OpenSSL's, which may lie deep in it."""
    found: BaseException | None = fault
    while found is not None and not isinstance(found, ssl.SSLError):
        inner = (getattr(found, "reason", None), *found.args)
        found = next((one for one in inner if isinstance(one, BaseException)), None)
    if isinstance(found, ssl.SSLCertVerificationError):
        return explain("https", {"certificate"}, found.verify_message)
    return explain("https", {"tls"}, str(found))
