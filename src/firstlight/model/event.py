"""Events: the lines of the custody log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and why.

    Args:
        name: ``os:NAME`` until sign-in exists.
        purpose: As given by ``--reason`` or ``FIRSTLIGHT_REASON``; None is "not stated".
    """

    name: str
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One change of state.

    Args:
        event_seq: From 1, without gaps.
        at: Aware UTC.
        tool: Program and version.
        action: Verb phrase from the registry in ``guard.custody``.
        inputs: JSON text: what went in, by digest.
        outputs: JSON text: table name to [row count, SHA-256 over the rows written].
        previous_sha256: Of the event before; 32 zero bytes for the first.
        sha256: Over all the fields above.
    """

    event_seq: int
    at: datetime
    actor: str
    purpose: str | None
    tool: str
    action: str
    inputs: str
    outputs: str
    previous_sha256: bytes
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Break:
    """Where the log or the store differs from what was recorded."""

    event_seq: int | None
    code: str
    reason: str
