"""The signed head of the custody log: what is signed, and what it shows of a log.

A head is a checkpoint in the form that witnesses of transparency logs read and countersign
(C2SP tlog-checkpoint): origin, number of events, root of the RFC 6962 tree over the events'
digests; then three lines of our own: the digest of the last event, its time, and the key.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from firstlight.errors import FirstlightError, SignatureError
from firstlight.guard.custody import read_time, write_time
from firstlight.guard.note import (
    Note,
    PublicKey,
    read_note,
    read_public_key,
    sign_note,
    signer_of,
)
from firstlight.guard.tree import EventTree
from firstlight.model.event import Break

if TYPE_CHECKING:
    from firstlight.model.ports import Signer

REWRITTEN, TRUNCATED, UNSIGNED = "head-rewritten", "head-truncated", "head-signature"
OTHER_LOG, MISSING = "head-of-another-log", "head-missing"


@dataclass(frozen=True, slots=True)
class Head:
    """What a signed head states.

    Args:
        origin: Names the log.
        size: Events it covers: the first to this one.
        root: Of the tree over their digests.
        chain: Digest of the last of them.
        at: Time of the last of them, as its event has it.
        key: That it says it is signed with.
    """

    origin: str
    size: int
    root: bytes
    chain: bytes
    at: datetime
    key: PublicKey

    @property
    def text(self) -> str:
        """What is signed."""
        return (
            f"{self.origin}\n{self.size}\n{_encoded(self.root)}\n"
            f"chain {_encoded(self.chain)}\nat {write_time(self.at)}\nkey {self.key.text}\n"
        )


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head with the note that carries it."""

    head: Head
    note: Note
    file_text: str

    @property
    def line(self) -> str:
        """One line for a terminal or a notebook."""
        head = self.head
        return (
            f"custody: {head.size} events, head {head.chain.hex()}, "
            f"signed by key {head.key.key_id.hex()}"
        )


def sign_head(
    signer: Signer, origin: str, *, tree: EventTree, chain: bytes, at: datetime
) -> SignedHead:
    """Sign the head of a log.

    Args:
        tree: Over all its events.
        chain: Digest of the last event.
        at: Time of the last event.
    """
    key = PublicKey(origin, signer.public_key)
    head = Head(origin, tree.size, tree.root(), chain, at, key)
    return read_head(sign_note(head.text, key, signer.sign))


def read_head(text: str) -> SignedHead:
    """Read a signed head from a checkpoint file; nothing is verified.

    Raises:
        SignatureError: Not of the form of one.
    """
    note = read_note(text)
    try:
        origin, size, root, chain, at, key = note.text.splitlines()
        head = Head(
            origin,
            int(size),
            base64.b64decode(root, validate=True),
            base64.b64decode(_after("chain ", chain), validate=True),
            read_time(_after("at ", at)),
            read_public_key(_after("key ", key)),
        )
    except (ValueError, binascii.Error, FirstlightError) as error:
        raise SignatureError("a signed head is not in the form of one") from error
    # One form only: what is compared later is then all that is written.
    if head.text != note.text or head.size < 1 or len(head.chain) != 32:
        raise SignatureError("a signed head is not in the form of one")
    return SignedHead(head, note, text)


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _after(word: str, line: str) -> str:
    if not line.startswith(word):
        raise ValueError
    return line.removeprefix(word)


def check_signature(head: SignedHead, keys: Sequence[bytes]) -> Break | None:
    """Check that one of these Ed25519 keys signed a head under the name of its log."""
    names = [PublicKey(head.head.origin, key) for key in keys]
    if signer_of(head.note, names) is None:
        return Break(head.head.size, UNSIGNED, "a signed head is not signed by a key of this log")
    return None


class HeadCheck:
    """Follows the digests of a log's events and compares them with signed heads.

    Args:
        heads: In any order.
    """

    def __init__(self, heads: Sequence[SignedHead]) -> None:
        self._waiting = sorted((one.head for one in heads), key=lambda head: -head.size)
        self._tree = EventTree()
        self.root: bytes | None = None

    def step(self, event_sha256: bytes) -> list[Break]:
        """Take the next event's digest; give what differs from the heads of this length."""
        tree, found = self._tree, []
        tree.add(event_sha256)
        while self._waiting and self._waiting[-1].size == tree.size:
            head = self._waiting.pop()
            if head.chain != event_sha256:
                found.append(_rewritten(head, "has another digest than the head signed at it"))
            elif head.root != tree.root():
                found.append(_rewritten(head, "or one before it is not what its head signs"))
        return found

    def rest(self) -> list[Break]:
        """Give the heads of events that are not there."""
        size = self._tree.size
        return [
            Break(
                size + 1,
                TRUNCATED,
                f"events {size + 1} to {head.size} were signed and are not there",
            )
            for head in reversed(self._waiting)
        ]


def _rewritten(head: Head, reason: str) -> Break:
    return Break(head.size, REWRITTEN, f"event {head.size} {reason}")
