"""Sealing a secret under a passphrase: Argon2id, then AES-256-GCM.

Source: RFC 9106 (Argon2), section 4: three passes over at least 64 MiB with four lanes. Twice
    that memory is used.
"""

from __future__ import annotations

import json
import os
import unicodedata
from dataclasses import asdict, dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from firstlight.errors import KeyMissingError, KeyWrongError, SettingError
from firstlight.vault.sealing import NONCE_SIZE_BYTES

FORM = "firstlight-sealed-key-1"
NEW_PASSPHRASE_MIN_CHARS = 12
_DISTINCT_CHARS_MIN = 5
_SALT_SIZE_BYTES = 16


@dataclass(frozen=True, slots=True)
class PassphraseCost:
    """What one try of a passphrase costs.

    Args:
        memory_kib: Memory in KiB.
        iterations: Passes over it.
        lanes: Lanes, each of which may be a thread.
    """

    memory_kib: int = 128 * 1024
    iterations: int = 3
    lanes: int = 4


_COST_MAX = PassphraseCost(memory_kib=2 * 1024 * 1024, iterations=32, lanes=64)


def check_new_passphrase(passphrase: str) -> None:
    """Refuse a passphrase that is too easily tried out.

    Raises:
        SettingError: Shorter than 12 characters, or of fewer than 5 different ones.
    """
    if len(passphrase) < NEW_PASSPHRASE_MIN_CHARS:
        raise SettingError(
            f"the passphrase is too short: at least {NEW_PASSPHRASE_MIN_CHARS} characters"
        )
    if len(set(passphrase)) < _DISTINCT_CHARS_MIN:
        raise SettingError(
            f"the passphrase is too plain: at least {_DISTINCT_CHARS_MIN} different characters"
        )


def seal_under_passphrase(
    plain: bytes, passphrase: str, *, secret_id: str, cost: PassphraseCost
) -> bytes:
    """Seal; the result is JSON that says how, and for which secret.

    Cost: One Argon2id of the cost given: about 0.4 s and 128 MiB with the default.
    """
    head = {
        "form": FORM,
        "secret_id": secret_id,
        "kdf": "argon2id",
        **asdict(cost),
        "salt": os.urandom(_SALT_SIZE_BYTES).hex(),
        "nonce": os.urandom(NONCE_SIZE_BYTES).hex(),
    }
    sealed = _aead(passphrase, head).encrypt(bytes.fromhex(head["nonce"]), plain, _bound(head))
    return (json.dumps({**head, "sealed": sealed.hex()}, indent=1) + "\n").encode("ascii")


def open_under_passphrase(sealed: bytes, passphrase: str) -> bytes:
    """Open what ``seal_under_passphrase`` made.

    Raises:
        KeyWrongError: Another passphrase, or the file was altered: which, cannot be told.
        KeyMissingError: There is not enough memory here.
    """
    head, content = _read(sealed)
    try:
        return _aead(passphrase, head).decrypt(bytes.fromhex(head["nonce"]), content, _bound(head))
    except (InvalidTag, ValueError):
        raise KeyWrongError(
            "the passphrase does not open this key (or the sealed file was altered)"
        ) from None


def secret_id_of(sealed: bytes) -> str:
    """Read for which secret a sealed file is.

    Raises:
        KeyWrongError: The file is something else.
    """
    return str(_read(sealed)[0]["secret_id"])


def _read(sealed: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        plain = json.loads(sealed)
        content = bytes.fromhex(plain.pop("sealed"))
        cost = {name: plain[name] for name in asdict(_COST_MAX)}
        is_known = plain["form"] == FORM and plain["kdf"] == "argon2id"
        is_bounded = all(
            type(value) is int and 1 <= value <= getattr(_COST_MAX, name)
            for name, value in cost.items()
        )
        is_sized = (
            len(bytes.fromhex(plain["nonce"])) == NONCE_SIZE_BYTES
            and len(bytes.fromhex(plain["salt"])) == _SALT_SIZE_BYTES
            and cost["memory_kib"] >= 8 * cost["lanes"]
        )
        plain["secret_id"].encode("ascii")
        if is_known and is_bounded and is_sized:
            return plain, content
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise KeyWrongError("this is not a sealed key of Firstlight, or it is damaged")


def _aead(passphrase: str, head: dict[str, Any]) -> AESGCM:
    try:
        key = Argon2id(
            salt=bytes.fromhex(head["salt"]),
            length=32,
            iterations=head["iterations"],
            lanes=head["lanes"],
            memory_cost=head["memory_kib"],
        ).derive(unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogateescape"))
    except MemoryError as error:
        raise KeyMissingError(
            f"not enough memory to try the passphrase: {head['memory_kib'] // 1024} MiB are needed"
        ) from error
    return AESGCM(key)


def _bound(head: dict[str, Any]) -> bytes:
    return json.dumps(head, sort_keys=True).encode("ascii")
