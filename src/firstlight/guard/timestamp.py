"""Time stamps of an independent service (RFC 3161), asked for and verified without a network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from firstlight.errors import SignatureError, UsageError
from firstlight.guard.der import with_sorted_certificates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse, VerifierBuilder

RESPONSE_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """What a verified time stamp proves: the content existed at this time.

    Args:
        at: As the service states it, UTC.
        accuracy_s: Either way, None where the service states none.
        policy: Of the service, an object identifier.
        serial_number: Of the time stamp.
        signer: Name in the certificate that signed it, None where the token carries none.
    """

    at: datetime
    accuracy_s: float | None
    policy: str
    serial_number: int
    signer: str | None


def make_request(content: bytes) -> bytes:
    """Write a request for a time stamp over a content: its SHA-256 and a nonce, DER.

    Raises:
        UsageError: The content is empty.
    """
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    if not content:
        raise UsageError("an empty file cannot be time-stamped")
    builder = TimestampRequestBuilder().data(content).hash_algorithm(HashAlgorithm.SHA256)
    return builder.build().as_bytes()


def verify_response(content: bytes, response: bytes, certificates_pem: bytes) -> TimeStamp:
    """Verify a time stamp over a content.

    Args:
        response: As the service sent it, DER.
        certificates_pem: Those that the unit trusts for this service: its root, and what stands
            between where the response does not carry it.

    Raises:
        UsageError: The certificates cannot be read.
        SignatureError: The response is not one, is of another content, or is not signed under
            these certificates.
    Evidence: It proves that the content existed when the service says; the service's clock and
        key are taken on its word.
    """
    from rfc3161_client import VerificationError, decode_timestamp_response

    builder = _verifier(_read_certificates(certificates_pem))
    if len(response) > RESPONSE_MAX_BYTES:
        raise SignatureError("a time stamp is not in the form of one")
    try:
        found = decode_timestamp_response(with_sorted_certificates(response))
        status = found.status
        if status == 0:
            builder.build().verify_message(found, content)
            return _facts(found)
    except VerificationError as error:
        raise SignatureError(
            "a time stamp is not of this content, or not by this service", detail=str(error)
        ) from error
    except (ValueError, TypeError, AssertionError) as error:
        raise SignatureError("a time stamp is not in the form of one", detail=str(error)) from error
    raise SignatureError("the service refused the time stamp", detail=f"status {status}")


def _read_certificates(pem: bytes) -> Sequence[Certificate]:
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(pem)
    except ValueError as error:
        raise UsageError("the certificates are not in PEM form") from error


def _verifier(certificates: Sequence[Certificate]) -> VerifierBuilder:
    from rfc3161_client import VerifierBuilder

    # A unit that trusts the service's own certificate and no root says so by giving it alone.
    roots = [one for one in certificates if one.issuer == one.subject] or list(certificates)
    between = [one for one in certificates if one not in roots]
    return VerifierBuilder(roots=roots, intermediates=between)


def _facts(found: TimeStampResponse) -> TimeStamp:
    token = found.tst_info
    stated = token.accuracy
    accuracy_s = None
    if stated is not None:
        accuracy_s = (stated.seconds or 0) + (stated.millis or 0) / 1e3 + (stated.micros or 0) / 1e6
    return TimeStamp(
        at=token.gen_time.astimezone(UTC),
        accuracy_s=accuracy_s,
        policy=token.policy.dotted_string,
        serial_number=token.serial_number,
        signer=_signer(found),
    )


def _signer(found: TimeStampResponse) -> str | None:
    from cryptography.x509 import load_der_x509_certificate

    named = {(one.issuer, one.serial_number) for one in found.signed_data.signer_infos}
    for raw in found.signed_data.certificates:
        certificate = load_der_x509_certificate(raw)
        if (certificate.issuer, certificate.serial_number) in named:
            return certificate.subject.rfc4514_string()
    return None
