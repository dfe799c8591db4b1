"""What is said of a token endpoint whose TLS fails."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from provisioner.oauth.https_post import tls_advice
from provisioner.oauth.token_endpoint import TokenEndpoint, TokenRequestError
from provisioner.secret import Secret
from tests.support.scripted_http import scripted_server


def test_a_connection_that_breaks_off_is_no_old_version():
    fault = ssl.SSLEOFError(8, "EOF occurred in violation of protocol (_ssl.c:1000)")
    assert "broke off" in tls_advice(fault).cause
    assert "no TLS version in common" in tls_advice(ssl.SSLError()).cause


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize(
    ("kind", "cause", "remedy"),
    [
        ("expired", "its TLS certificate has expired", "renewed"),
        ("early", "its TLS certificate is not valid yet: the clock", "correct the clock"),
        ("old", "it has no TLS version in common with this machine (1.2 or newer)", "updated"),
    ],
)
def test_property_22_a_clock_and_an_old_version_are_not_an_unknown_ca(
    tmp_path, kind, cause, remedy
):
    now, day, ca = datetime.now(UTC), timedelta(days=1), trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    begin, end = {"expired": (now - 2 * day, now - day), "early": (now + day, now + 2 * day)}.get(
        kind, (now - day, now + day)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost", not_before=begin, not_after=end).configure_cert(context)
    if kind == "old":
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with scripted_server([], tls=context) as server:
        endpoint = TokenEndpoint(
            url=f"https://localhost:{server.port}/",
            field="access_token_url",
            client_id="maps",
            client_secret=Secret("CANARY-client-secret"),
            ca_file=tmp_path / "ca.pem",
            pauses=(),
        )
        with pytest.raises(TokenRequestError) as caught:
            endpoint.refresh(Secret("CANARY-refresh"), scope=None)
    assert f"localhost cannot be used: {cause}" in caught.value.message
    assert remedy in caught.value.remedy
