"""Sealing under one key: AES-256-GCM, keyed hashes, and the wrapping of keys by a master key.

Source: NIST SP 800-38D, section 8.3: with random 96-bit nonces one key seals at most 2**32
    times. A case of a hundred million records stays far below that.
"""

from __future__ import annotations

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from firstlight.errors import KeyWrongError, SealBrokenError

SEAL_VERSION = b"\x01"
NONCE_SIZE_BYTES = 12
TAG_SIZE_BYTES = 16
SEAL_OVERHEAD_BYTES = 1 + NONCE_SIZE_BYTES + TAG_SIZE_BYTES
_WRAP_FORM = b"FLK1"
_MASTER_ID_SIZE_BYTES = 8
_WRAPPED_SIZE_BYTES = 4 + _MASTER_ID_SIZE_BYTES + NONCE_SIZE_BYTES + 32 + TAG_SIZE_BYTES


def derive(root: bytes, info: bytes, size_bytes: int = 32) -> bytes:
    """Derive a key for one use from a root key (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=size_bytes, salt=None, info=info).derive(root)


class SealingKey:
    """One unwrapped key: seals, opens and hashes; its parts are derived once.

    Cost: A seal or an opening is one AES-GCM call and one nonce.
    """

    __slots__ = ("_aead", "_mac_keys", "_root")

    def __init__(self, root: bytes) -> None:
        self._root = root
        self._aead = AESGCM(derive(root, b"seal"))
        self._mac_keys: dict[str, bytes] = {}

    def seal(self, context: bytes, plain: bytes) -> bytes:
        """Seal: version byte, nonce, ciphertext and tag."""
        nonce = os.urandom(NONCE_SIZE_BYTES)
        return SEAL_VERSION + nonce + self._aead.encrypt(nonce, plain, context)

    def open(self, context: bytes, sealed: bytes) -> bytes:
        """Open what ``seal`` made.

        Raises:
            SealBrokenError: Altered, or sealed for something else.
        """
        if len(sealed) < SEAL_OVERHEAD_BYTES or sealed[:1] != SEAL_VERSION:
            raise SealBrokenError("sealed content is not of a known form")
        try:
            return self._aead.decrypt(sealed[1:13], sealed[13:], context)
        except InvalidTag:
            raise SealBrokenError(
                "sealed content was altered, or was sealed for something else"
            ) from None

    def mac(self, use: str, value: bytes) -> bytes:
        """HMAC-SHA256 under a key of this use."""
        key = self._mac_keys.get(use)
        if key is None:
            key = self._mac_keys[use] = derive(self._root, b"mac:" + use.encode("utf-8"))
        return hmac.digest(key, value, "sha256")


class MasterKey:
    """A master key at work: wraps and unwraps the keys of a key folder."""

    __slots__ = ("_aead", "master_id")

    def __init__(self, master: bytes) -> None:
        self._aead = AESGCM(derive(master, b"wrap"))
        # Public: tells which master wrapped a file, so that a wrong key and damage differ.
        self.master_id = derive(master, b"master-id", _MASTER_ID_SIZE_BYTES)

    def wrap(self, name: str, key: bytes) -> bytes:
        """Wrap a key for the file of this name."""
        nonce = os.urandom(NONCE_SIZE_BYTES)
        head = _WRAP_FORM + self.master_id
        return head + nonce + self._aead.encrypt(nonce, key, _bound(head, name))

    def unwrap(self, name: str, wrapped: bytes) -> bytes:
        """Unwrap the key in the file of this name.

        Raises:
            KeyWrongError: Another master wrapped it.
            SealBrokenError: The file was altered, or belongs elsewhere.
        """
        if not hmac.compare_digest(master_id_of(wrapped), self.master_id):
            raise KeyWrongError("this key does not open this home: another master key wraps it")
        try:
            return self._aead.decrypt(wrapped[12:24], wrapped[24:], _bound(wrapped[:12], name))
        except InvalidTag:
            raise SealBrokenError("a key file was altered, or belongs elsewhere") from None


def master_id_of(wrapped: bytes) -> bytes:
    """Read which master wrapped a key.

    Raises:
        SealBrokenError: The file is not a wrapped key.
    """
    if len(wrapped) != _WRAPPED_SIZE_BYTES or wrapped[:4] != _WRAP_FORM:
        raise SealBrokenError("a key file was altered: it is not a wrapped key")
    return wrapped[4:12]


def _bound(head: bytes, name: str) -> bytes:
    return b"firstlight-key-file:" + head + b":" + name.encode("utf-8")
