"""The custody log as a file that a stranger verifies: one line a record.

A line is one of: the header (object with ``firstlight-custody``), an event (array: exactly the
bytes that its digest is taken over), the digest of an event that is left out (text), a purpose
(object with ``purpose``), a signed head (object with ``head``). The last line is the head of
exactly the events in the file, so that a file that was cut off has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from firstlight.guard.custody import canonical_json, write_time
from firstlight.model.event import Event

FORMAT_VERSION = 1


def header_line(
    *,
    origin: str,
    keys: Sequence[Mapping[str, str]],
    tool: str,
    first: int,
    last: int,
    is_case: bool,
) -> str:
    """Write the header.

    Args:
        keys: ``public_key``, ``from_at`` and ``endorsement`` of each that signed, oldest first.
        first: The first event that is given in full; earlier ones by digest alone.
        last: The last event of the file.
        is_case: Only events of one case are given in full.
    """
    return canonical_json(
        {
            "firstlight-custody": FORMAT_VERSION,
            "origin": origin,
            "keys": [dict(key) for key in keys],
            "tool": tool,
            "first": first,
            "last": last,
            "is_case": is_case,
        }
    )


def event_line(event: Event) -> str:
    """Write an event: SHA-256 over this line, without its end, is the event's digest."""
    return canonical_json(
        [
            event.event_seq,
            write_time(event.at),
            event.actor,
            event.purpose,
            event.tool,
            event.action,
            event.inputs,
            event.outputs,
            event.previous_sha256,
        ]
    )


def left_out_line(event_sha256: bytes) -> str:
    """Write an event that is left out."""
    return canonical_json(event_sha256.hex())


def purpose_line(fields: Mapping[str, str]) -> str:
    """Write the text of a stated purpose, with its digest and the salt that it is taken with.

    Args:
        fields: ``sha256`` (of salt and text), ``salt``, ``purpose``.
    """
    return canonical_json(dict(fields))


def head_line(note: str) -> str:
    """Write a signed head."""
    return canonical_json({"head": note})
