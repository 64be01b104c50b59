"""The secret of a home: the master key that wraps all others, and the seed that signs."""

from __future__ import annotations

import hmac
import json
import os
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from firstlight.errors import KeyWrongError

KEY_SIZE_BYTES = 32
FORM = "firstlight-key-1"
_PREVIOUS_MAX = 4


@dataclass(frozen=True, slots=True, eq=False)
class HomeSecret:
    """What opens one home and signs for it. It is never stored inside the home in the clear.

    Args:
        secret_id: Public name, 16 hexadecimal digits; stays through rotations.
        master: Wraps the keys of the home and of its cases.
        signing_seed: Seed of the Ed25519 key.
        previous: Older masters, while a rotation is unfinished; newest first.
    """

    secret_id: str
    master: bytes = field(repr=False)
    signing_seed: bytes = field(repr=False)
    previous: tuple[bytes, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Refuse keys of a wrong size.

        Raises:
            KeyWrongError: A size or the name is not as it must be.
        """
        keys = (self.master, self.signing_seed, *self.previous)
        is_named = len(self.secret_id) == 16 and set(self.secret_id) <= set("0123456789abcdef")
        if not is_named or any(len(key) != KEY_SIZE_BYTES for key in keys):
            raise KeyWrongError("this is not a key of Firstlight, or it is damaged")

    @classmethod
    def generate(cls) -> HomeSecret:
        """Make a new secret from the system's random source."""
        return cls(os.urandom(8).hex(), os.urandom(KEY_SIZE_BYTES), os.urandom(KEY_SIZE_BYTES))

    def rotated(self, *, is_signing_renewed: bool = False) -> HomeSecret:
        """Return this secret with a new master; the one until now opens files until the end."""
        return replace(
            self,
            master=os.urandom(KEY_SIZE_BYTES),
            signing_seed=os.urandom(KEY_SIZE_BYTES) if is_signing_renewed else self.signing_seed,
            previous=(self.master, *self.previous),
        )

    def settled(self) -> HomeSecret:
        """Return this secret without older masters."""
        return replace(self, previous=())

    def to_json(self) -> str:
        """Write it as JSON, with a check sum against slips in copying."""
        plain = {
            "form": FORM,
            "secret_id": self.secret_id,
            "master": self.master.hex(),
            "signing_seed": self.signing_seed.hex(),
            "previous": [key.hex() for key in self.previous],
        }
        return json.dumps({**plain, "check": _check_sum(plain)}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> HomeSecret:
        """Read what ``to_json`` wrote.

        Raises:
            KeyWrongError: It is something else, or damaged. The message quotes nothing of it.
        """
        parts = _parse(text)
        # Raised outside the handler: a decoder's error carries the text, and the text is the key.
        if parts is None:
            raise KeyWrongError("this is not a key of Firstlight, or it is damaged")
        return cls(*parts)

    def __eq__(self, other: object) -> bool:
        """Compare in constant time."""
        if not isinstance(other, HomeSecret):
            return NotImplemented
        return hmac.compare_digest(self.to_json().encode(), other.to_json().encode())

    def __hash__(self) -> int:
        """Hash by the public name alone."""
        return hash(self.secret_id)


def _check_sum(plain: dict[str, Any]) -> str:
    return sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


def _parse(text: str | bytes) -> tuple[str, bytes, bytes, tuple[bytes, ...]] | None:
    try:
        plain = json.loads(text)
        check = str(plain.pop("check"))
        is_whole = hmac.compare_digest(check.encode(), _check_sum(plain).encode())
        if not is_whole or plain["form"] != FORM or len(plain["previous"]) > _PREVIOUS_MAX:
            return None
        return (
            str(plain["secret_id"]),
            bytes.fromhex(plain["master"]),
            bytes.fromhex(plain["signing_seed"]),
            tuple(bytes.fromhex(key) for key in plain["previous"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
