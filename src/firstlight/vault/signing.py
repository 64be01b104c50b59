"""Signing with the home's own key: Ed25519 (RFC 8032)."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from firstlight.errors import SignatureError
from firstlight.vault.secret import HomeSecret


class HomeSigner:
    """Signs for one home (``model.ports.Signer``)."""

    __slots__ = ("_private", "_public")

    def __init__(self, secret: HomeSecret) -> None:
        self.take_up(secret)

    def take_up(self, secret: HomeSecret) -> None:
        """Go on signing under a newer state of the secret."""
        self._private = Ed25519PrivateKey.from_private_bytes(secret.signing_seed)
        self._public = self._private.public_key().public_bytes_raw()

    @property
    def public_key(self) -> bytes:
        """The key that verifies, 32 bytes."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """Sign; 64 bytes."""
        return self._private.sign(message)


def verify_signature(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Check a signature.

    Raises:
        SignatureError: It is not by this key over this message, or the key is not one.
    """
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise SignatureError("a signature is not by the key that it names") from None
