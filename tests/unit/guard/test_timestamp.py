"""Time stamps: asked for, made by a service of our own (openssl), verified without a network."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firstlight.errors import SignatureError, UsageError
from firstlight.guard.der import with_sorted_certificates
from firstlight.guard.timestamp import make_request, verify_response

CONTENT = b"the head of a log"
CONFIGURATION = """
[tsa]
default_tsa = service
[service]
serial = ./serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1, millisecs:500
ess_cert_id_alg = sha256
{certificates}
"""


class Service:
    """A time stamp service of a place, with a root of its own."""

    def __init__(self, place: Path) -> None:
        self.place = place
        subject = ["-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        self._openssl("req", "-x509", *subject, "-keyout", "ca.key", "-out", "ca.pem", "-days",
                      "30", "-subj", "/CN=Root of the service")  # fmt: skip
        self._openssl("req", *subject, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj",
                      "/CN=The service")  # fmt: skip
        (place / "ext").write_text(
            "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n"
        )
        self._openssl("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                      "-CAcreateserial", "-out", "tsa.pem", "-days", "30", "-extfile",
                      "ext")  # fmt: skip
        (place / "serial").write_text("01\n")

    def answer(self, request: bytes, certificates: str = "") -> bytes:
        """Stamp a request; the answer carries the service's certificate, and others as told."""
        (self.place / "config").write_text(CONFIGURATION.format(certificates=certificates))
        (self.place / "request").write_bytes(request)
        self._openssl("ts", "-reply", "-config", "config", "-queryfile", "request", "-out",
                      "response")  # fmt: skip
        return (self.place / "response").read_bytes()

    @property
    def root(self) -> bytes:
        return (self.place / "ca.pem").read_bytes()

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(
            ["openssl", *arguments], cwd=self.place, check=True, capture_output=True, timeout=60
        )


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl program to make a time stamp service of")
    return Service(tmp_path_factory.mktemp("service"))


@pytest.fixture(scope="module")
def response(service: Service) -> bytes:
    return service.answer(make_request(CONTENT))


def test_a_time_stamp_verifies_and_says_what_it_proves(service: Service, response: bytes) -> None:
    stamp = verify_response(CONTENT, response, service.root)
    assert abs(stamp.at - datetime.now(UTC)) < timedelta(minutes=5)
    assert (stamp.accuracy_s, stamp.policy) == (1.5, "1.2.3.4.1")
    assert stamp.signer == "CN=The service"


def test_certificates_may_come_in_any_order(service: Service) -> None:
    answers = [
        service.answer(make_request(CONTENT), f"certs = {name}") for name in ("ca.pem", "tsa.pem")
    ]
    for answer in answers:
        assert verify_response(CONTENT, answer, service.root).policy == "1.2.3.4.1"


def test_another_content_is_refused(service: Service, response: bytes) -> None:
    with pytest.raises(SignatureError):
        verify_response(CONTENT + b".", response, service.root)


def test_another_service_is_refused(service: Service, response: bytes, tmp_path: Path) -> None:
    with pytest.raises(SignatureError):
        verify_response(CONTENT, response, Service(tmp_path).root)


def test_a_changed_response_is_refused(service: Service, response: bytes) -> None:
    # What is not signed (the certificates' order, the words of the status) may differ.
    kept = 0
    for place in range(0, len(response), 7):
        changed = bytearray(response)
        changed[place] ^= 0x20
        try:
            stamp = verify_response(CONTENT, bytes(changed), service.root)
        except SignatureError:
            continue
        kept += 1
        assert stamp == verify_response(CONTENT, response, service.root), place
    assert kept < 5


@pytest.mark.parametrize("junk", [b"", b"junk", b"\x30\x80" * 50, bytes(2_000_000)])
def test_what_is_no_response_is_refused(service: Service, junk: bytes) -> None:
    with pytest.raises(SignatureError):
        verify_response(CONTENT, junk, service.root)
    assert with_sorted_certificates(junk) == junk


@pytest.mark.parametrize("pem", [b"", b"junk", b"-----BEGIN CERTIFICATE-----\n-----END"])
def test_what_is_no_certificate_is_refused(response: bytes, pem: bytes) -> None:
    with pytest.raises(UsageError):
        verify_response(CONTENT, response, pem)


def test_a_refusal_of_the_service_is_told(service: Service) -> None:
    request = make_request(CONTENT)
    refused = service.answer(request[:20])
    with pytest.raises(SignatureError, match=r"refused|form"):
        verify_response(CONTENT, refused, service.root)


def test_nothing_cannot_be_stamped() -> None:
    with pytest.raises(UsageError):
        make_request(b"")
