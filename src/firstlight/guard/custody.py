"""The custody log as a hash chain: canonical JSON, event digests, and the check of a chain."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from firstlight.errors import InternalError
from firstlight.model.event import Break, Event

GENESIS_SHA256 = bytes(32)
"""What the first event names as the event before it."""

ACTIONS: Mapping[str, str] = MappingProxyType(
    json.loads(files("firstlight.guard").joinpath("actions.json").read_text("utf-8"))
)
"""Every action an event may have, and what it says."""


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return {"hex": bytes(value).hex()}
    raise InternalError("a value cannot be written as canonical JSON")


_CANONICAL = json.JSONEncoder(
    ensure_ascii=True,
    allow_nan=False,
    sort_keys=True,
    separators=(",", ":"),
    default=_plain,
)


def canonical_json(value: Any) -> str:
    """Write a plain value as JSON in one way only.

    ASCII, keys sorted, no spaces, floats by their shortest form that reads back alike, bytes
    as ``{"hex": "..."}``.

    Raises:
        InternalError: A value is not plain, or a float is not finite.
    """
    try:
        return _CANONICAL.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InternalError("a value cannot be written as canonical JSON") from error


def write_time(at: datetime) -> str:
    """Write an aware time as UTC text, always with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def read_time(text: str) -> datetime:
    """Read what ``write_time`` wrote.

    Raises:
        ValueError: The text is of another form.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or write_time(at) != text:
        raise ValueError("a time is not in its one form")
    return at


def event_sha256(
    *,
    event_seq: int,
    at: str,
    actor: str,
    purpose: str | None,
    tool: str,
    action: str,
    inputs: str,
    outputs: str,
    previous_sha256: bytes,
) -> bytes:
    """Digest an event: SHA-256 over the canonical JSON array of all its fields, in this order.

    Args:
        at: As ``write_time`` writes it.
        inputs: Canonical JSON text.
        outputs: Canonical JSON text.
    """
    fields = [event_seq, at, actor, purpose, tool, action, inputs, outputs, previous_sha256]
    return sha256(canonical_json(fields).encode("ascii")).digest()


class ChainCheck:
    """Follows events one by one and names each place where the chain breaks.

    After a break it goes on from the event as it stands, so that one break is one finding.
    """

    def __init__(self) -> None:
        self._next_seq = 1
        self._previous = GENESIS_SHA256

    def step(self, event: Event) -> list[Break]:
        """Check the next event against the one before it."""
        seq, found = event.event_seq, []
        if seq > self._next_seq:
            gap = f"events {self._next_seq} to {seq - 1} are missing"
            found.append(Break(self._next_seq, "event-missing", gap))
        elif seq < self._next_seq:
            found.append(Break(seq, "event-order", "an event is out of order"))
        elif event.previous_sha256 != self._previous:
            found.append(Break(seq, "event-link", "an event does not name the one before it"))
        if event.action not in ACTIONS:
            found.append(Break(seq, "event-action", "an event has an action that is not known"))
        if event.sha256 != sha256_of(event):
            found.append(Break(seq, "event-altered", "an event differs from its own digest"))
        self._next_seq = seq + 1
        self._previous = event.sha256
        return found


def sha256_of(event: Event) -> bytes:
    """Digest a whole event from its fields, its own ``sha256`` left out."""
    return event_sha256(
        event_seq=event.event_seq,
        at=write_time(event.at),
        actor=event.actor,
        purpose=event.purpose,
        tool=event.tool,
        action=event.action,
        inputs=event.inputs,
        outputs=event.outputs,
        previous_sha256=event.previous_sha256,
    )


def check_chain(events: Iterable[Event]) -> Break | None:
    """Find the first break of a chain of events, None when it is whole.

    Evidence: A chain shows that nothing inside it was altered, removed or reordered. It cannot
        show by itself that the newest events were not cut off: compare the last digest with one
        written down elsewhere.
    """
    check = ChainCheck()
    for event in events:
        found = check.step(event)
        if found:
            return found[0]
    return None
