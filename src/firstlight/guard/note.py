"""Signed notes: text signed by a key, in a form that tools of others read (C2SP signed-note)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from firstlight.errors import SignatureError, UsageError

NOTE_MAX_BYTES = 64 * 1024
SIGNATURES_MAX = 32
_ED25519 = b"\x01"
_DASH = "\u2014 "


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that notes are verified with.

    Args:
        name: Of the log it signs; without spaces and plus signs.
        key: Ed25519, 32 bytes.
    """

    name: str
    key: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell the keys of one name apart; no proof of anything."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.key).digest()[:4]

    @property
    def text(self) -> str:
        """The key as one word, in the form in which such tools take it."""
        encoded = base64.b64encode(_ED25519 + self.key).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"


def read_public_key(text: str) -> PublicKey:
    """Read what ``PublicKey.text`` gives.

    Raises:
        UsageError: Not of that form, or not an Ed25519 key.
    """
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    try:
        raw = base64.b64decode(encoded, validate=True)
        found = PublicKey(name, raw[1:])
        if raw[:1] != _ED25519 or len(raw) != 33 or found.key_id.hex() != key_id or not name:
            raise ValueError
    except (binascii.Error, ValueError) as error:
        raise UsageError("a public key is not of the form that a checkpoint states") from error
    return found


@dataclass(frozen=True, slots=True)
class Note:
    """A text with its signatures.

    Args:
        text: What is signed; ends with a newline.
        signatures: Name, key id and signature of each.
    """

    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    def is_signed_by(self, key: PublicKey) -> bool:
        """Whether this key signed the text.

        A signature that names the key and does not verify spoils the note, whatever other
        signatures it has.
        """
        named = [
            signature
            for name, key_id, signature in self.signatures
            if name == key.name and key_id == key.key_id
        ]
        return bool(named) and all(_verifies(key.key, self.text, one) for one in named)


def sign_note(text: str, key: PublicKey, sign: Callable[[bytes], bytes]) -> str:
    """Sign a text; returns the note."""
    signature = base64.b64encode(key.key_id + sign(text.encode())).decode()
    return f"{text}\n{_DASH}{key.name} {signature}\n"


def read_note(note: str) -> Note:
    """Read a note; nothing is verified.

    Raises:
        SignatureError: Not of the form of a signed note.
    """
    text, parting, below = note.rpartition("\n\n")
    if not parting or len(note) > NOTE_MAX_BYTES or not below.endswith("\n"):
        raise SignatureError("a signed head is not in the form of one")
    if any(character < " " and character != "\n" for character in note):
        raise SignatureError("a signed head is not in the form of one")
    lines = below.splitlines()
    if not lines or len(lines) > SIGNATURES_MAX:
        raise SignatureError("a signed head has no signature, or too many")
    return Note(text + "\n", tuple(_read_signature(line) for line in lines))


def _read_signature(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureError("a signature is not in the form of one") from error
    if not line.startswith(_DASH) or not name or len(raw) <= 4:
        raise SignatureError("a signature is not in the form of one")
    return name, raw[:4], raw[4:]


def _verifies(key: bytes, text: str, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def signer_of(note: Note, keys: Sequence[PublicKey]) -> PublicKey | None:
    """Give the first of these keys that signed a note."""
    return next((key for key in keys if note.is_signed_by(key)), None)
