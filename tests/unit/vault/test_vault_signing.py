"""Signatures: a published vector, and everything that is not one is refused."""

from __future__ import annotations

import pytest

from firstlight.errors import SignatureError
from firstlight.vault.secret import HomeSecret
from firstlight.vault.signing import HomeSigner, verify_signature

# RFC 8032, section 7.1, test 2.
SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def test_it_signs_as_the_standard_says() -> None:
    signer = HomeSigner(HomeSecret("0" * 16, bytes(32), SEED))
    assert signer.public_key == PUBLIC
    assert signer.sign(b"\x72") == SIGNATURE
    verify_signature(PUBLIC, b"\x72", SIGNATURE)
    assert SEED.hex() not in repr(signer)


OTHER = HomeSecret("00" * 8, bytes(32), bytes(range(32)))


@pytest.mark.parametrize(
    ("key", "message", "signature"),
    [
        (PUBLIC, b"\x73", SIGNATURE),
        (PUBLIC, b"\x72", SIGNATURE[:-1] + b"\x01"),
        (PUBLIC, b"\x72", SIGNATURE[:-1]),
        (PUBLIC, b"\x72", b""),
        (PUBLIC[:-1], b"\x72", SIGNATURE),
        (bytes(32), b"\x72", SIGNATURE),
        (HomeSigner(OTHER).public_key, b"\x72", SIGNATURE),
    ],
)
def test_what_does_not_fit_is_refused(key: bytes, message: bytes, signature: bytes) -> None:
    with pytest.raises(SignatureError):
        verify_signature(key, message, signature)
