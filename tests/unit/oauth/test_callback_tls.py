"""The user's own certificate: taken when a browser would, refused with words otherwise."""

import os
import socket
import ssl
import threading
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from provisioner.errors import ExitCode, UsageError
from provisioner.oauth.callback_tls import own_certificate
from tests.support.certificates import issued, key_of


class Pair:
    """Certificate and key files, as a user would have them, with one thing changed."""

    def __init__(self, folder):
        self.certificate, self.key = folder / "callback.pem", folder / "callback.key"
        self.private = key_of("localhost")
        self.write_key()
        self.write_certificate()

    def write_key(self, encryption=None, form=PrivateFormat.PKCS8):
        self.key.write_bytes(
            self.private.private_bytes(Encoding.PEM, form, encryption or NoEncryption())
        )
        self.key.chmod(0o600)

    def write_certificate(self, *, names=("localhost",), days=1, starts=-1):
        begins, ends = timedelta(days=starts), timedelta(days=days)
        made = issued("localhost", names=names, begins=begins, ends=ends)
        self.certificate.write_bytes(made.pem)

    def refused(self):
        with pytest.raises(UsageError) as caught:
            own_certificate(self.certificate, self.key)
        assert caught.value.remedy
        assert caught.value.exit_code == ExitCode.USAGE
        return caught.value


@pytest.fixture
def pair(tmp_path):
    return Pair(tmp_path)


def test_property_18_a_browser_that_trusts_it_sees_no_warning(pair):
    made = own_certificate(pair.certificate, pair.key)
    ours, theirs = socket.socketpair()
    trusting = ssl.create_default_context(cafile=str(pair.certificate))

    def serve():
        made.context.wrap_socket(ours, server_side=True).close()

    serving = threading.Thread(target=serve)
    serving.start()
    with trusting.wrap_socket(theirs, server_hostname="localhost") as secured:
        der = secured.getpeercert(binary_form=True)
    serving.join()
    assert der == ssl.PEM_cert_to_DER_cert(pair.certificate.read_text())
    assert made.is_own


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_property_18_an_encrypted_key_asks_no_terminal(pair, form):
    pair.write_key(BestAvailableEncryption(b"CANARY"), form)
    error = pair.refused()
    assert error.message == f"the private key {pair.key} is encrypted"
    assert "openssl pkey" in error.remedy


def test_property_18_a_key_of_another_certificate(pair):
    pair.private = key_of("another")
    pair.write_key()
    assert "does not belong to the certificate" in pair.refused().message


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_property_18_a_key_that_others_can_read(pair, mode):
    pair.key.chmod(mode)
    error = pair.refused()
    assert f"(mode {mode:04o})" in error.message
    assert f"chmod 600 {pair.key}" in error.remedy


def _swap(pair):
    pair.certificate.chmod(0o600)
    pair.certificate, pair.key = pair.key, pair.certificate


def _garbage(pair):
    pair.certificate.write_text("-----BEGIN CERTIFICATE-----\nCANARY\n-----END CERTIFICATE-----\n")


def _broken_key(pair):
    pair.key.write_text("-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----\n")


def _pipe(pair):
    pair.certificate.unlink()
    os.mkfifo(pair.certificate)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda pair: pair.write_certificate(names=("example.edu",)), "is not for localhost"),
        (lambda pair: pair.write_certificate(names=()), "is not for localhost"),
        (lambda pair: pair.write_certificate(starts=-3, days=-1), ", not now"),
        (lambda pair: pair.write_certificate(starts=2, days=3), ", not now"),
        (lambda pair: pair.certificate.unlink(), "cannot be read: No such file"),
        (lambda pair: pair.key.unlink(), "--callback-key {key} cannot be read: No such file"),
        (lambda pair: pair.certificate.write_bytes(b""), "contains no PEM certificate"),
        (lambda pair: pair.key.write_bytes(b"\x00"), "contains no PEM private key"),
        (_garbage, "contains no PEM certificate"),
        (_pipe, "--callback-cert {certificate} is not a file"),
        (_swap, "--callback-cert {certificate} contains no PEM certificate"),
        (_broken_key, "TLS cannot use {certificate} with {key}"),
    ],
)
def test_property_18_what_no_browser_would_take(pair, spoil, words):
    spoil(pair)
    message = pair.refused().message
    assert words.format(certificate=pair.certificate, key=pair.key) in message
    assert "CANARY" not in message
