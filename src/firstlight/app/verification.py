"""Verifies the home: the custody chain, and every record against its event."""

from __future__ import annotations

from typing import Any

from firstlight.app.home import Home
from firstlight.store.event import count_events
from firstlight.store.verification import verify_store


def verify(home: Home) -> dict[str, Any]:
    """Give the document of ``verify --json``; ``breaks`` names the first break first."""
    breaks = verify_store(home.store)
    return {
        "ok": not breaks,
        "events": 0 if breaks else count_events(home.store),
        "breaks": [
            {"event": item.event_seq, "code": item.code, "reason": item.reason} for item in breaks
        ],
    }
