"""The Merkle tree over the events' digests (RFC 6962): one hash for a log of any length.

Only the roots of the complete subtrees on the right edge are kept, so that adding an event
costs one or two hashes, and a log of a billion events keeps thirty of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from firstlight.errors import InternalError


class EventTree:
    """The tree over the first ``size`` events of a log.

    Args:
        size: Events in it.
        edge: Roots of the complete subtrees, the largest first; one for each 1 bit of ``size``.

    Source: RFC 6962, section 2.1; a leaf is an event's own digest.
    """

    def __init__(self, size: int = 0, edge: Sequence[bytes] = ()) -> None:
        if size < 0 or len(edge) != size.bit_count() or any(len(one) != 32 for one in edge):
            raise InternalError("the edge of a tree does not fit its size")
        self.size = size
        self._edge = list(edge)

    @property
    def edge(self) -> tuple[bytes, ...]:
        """What must be kept to go on from here."""
        return tuple(self._edge)

    def add(self, event_sha256: bytes) -> None:
        """Add the next event."""
        node, size = sha256(b"\x00" + event_sha256).digest(), self.size
        while size & 1:
            node = sha256(b"\x01" + self._edge.pop() + node).digest()
            size >>= 1
        self._edge.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Give the root; that of an empty tree is the digest of nothing."""
        if not self._edge:
            return sha256(b"").digest()
        *left, node = self._edge
        for one in reversed(left):
            node = sha256(b"\x01" + one + node).digest()
        return node
