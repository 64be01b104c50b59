"""Hashes as lists write them: hexadecimal or base64, under many names."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from functools import lru_cache

from firstlight.model.hashlist import HASH_SIZE_BYTES, HashAlgorithm

KEY_ORDER = (
    HashAlgorithm.MD5,
    HashAlgorithm.SHA1,
    HashAlgorithm.SHA256,
    HashAlgorithm.PDQ,
    HashAlgorithm.PHOTODNA,
)

_NAMES = {
    "md5": HashAlgorithm.MD5,
    "md5hash": HashAlgorithm.MD5,
    "hashmd5": HashAlgorithm.MD5,
    "md5sum": HashAlgorithm.MD5,
    "sha1": HashAlgorithm.SHA1,
    "sha1hash": HashAlgorithm.SHA1,
    "hashsha1": HashAlgorithm.SHA1,
    "sha1sum": HashAlgorithm.SHA1,
    "sha256": HashAlgorithm.SHA256,
    "sha256hash": HashAlgorithm.SHA256,
    "hashsha256": HashAlgorithm.SHA256,
    "sha256sum": HashAlgorithm.SHA256,
    "sha2256": HashAlgorithm.SHA256,
    "pdq": HashAlgorithm.PDQ,
    "pdqhash": HashAlgorithm.PDQ,
    "hashpdq": HashAlgorithm.PDQ,
    "imagepdq": HashAlgorithm.PDQ,
    "photodna": HashAlgorithm.PHOTODNA,
    "photodnahash": HashAlgorithm.PHOTODNA,
    "pdna": HashAlgorithm.PHOTODNA,
    "pdnahash": HashAlgorithm.PHOTODNA,
    "hashphotodna": HashAlgorithm.PHOTODNA,
}


def plain_name(name: str) -> str:
    """Reduce a column's or hash's name to lower-case letters and digits."""
    return "".join(char for char in name.lower() if char.isascii() and char.isalnum())


@lru_cache(maxsize=4096)
def named_algorithm(name: str) -> HashAlgorithm | None:
    """Return the algorithm that a name in usual spelling means; None for any other."""
    return _NAMES.get(plain_name(name))


def decode_hash(algorithm: HashAlgorithm, text: str) -> bytes | None:
    """Decode a hash of exactly the algorithm's size; None where the text is none.

    Args:
        text: Hexadecimal in either case, or base64; outer blanks and quotes do not count.
    """
    text = text.strip(" \t\r\n\"'")
    size = HASH_SIZE_BYTES[algorithm]
    if len(text) == 2 * size:
        try:
            raw = bytes.fromhex(text)
        except ValueError:
            return None
        # fromhex passes over blanks inside the text.
        return raw if len(raw) == size else None
    if len(text) == 4 * ((size + 2) // 3):
        try:
            raw = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return None
        return raw if len(raw) == size else None
    return None


def is_unset(text: str) -> bool:
    """Whether a hash's place holds nothing: blank, or zeros only."""
    return not text.strip(" \t\r\n\"'0") or text.strip().lower() in {"null", "none", "n/a", "-"}


def make_key(hashes: Iterable[tuple[HashAlgorithm, bytes]]) -> str:
    """Name an entry by its first digest: ``md5:...``, else the next in order."""
    algorithm, raw = min(hashes, key=_key_rank)
    return f"{algorithm.value}:{raw.hex()}"


_RANKS = {algorithm: rank for rank, algorithm in enumerate(KEY_ORDER)}


def _key_rank(item: tuple[HashAlgorithm, bytes]) -> int:
    return _RANKS[item[0]]
